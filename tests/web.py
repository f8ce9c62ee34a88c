"""The web as the bank sees it: documents that a test has put there."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.fetch import https_url
from chalicelib.fetch.documents import FetchError


class Web:
    """documents.DocumentFetcher. `pages`: by URL, document or exception. `fetched_urls`: the URLs fetched, in order. `plain`:
    http URLs too."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain = plain
        self.pages: dict[str, bytes | Exception] = {}
        self.fetched_urls: list[str] = []

    def put(self, url: str, page: Any) -> str:
        """The URL, where a page now is: bytes, a text, or anything else as JSON."""
        said = page if isinstance(page, str | bytes) else json.dumps(page)
        self.pages[url] = said if isinstance(said, bytes) else said.encode()
        return url

    def get(self, url: str, *, max_bytes: int) -> bytes:
        https_url.of(url, plain=self._plain)
        self.fetched_urls.append(url)
        page = self.pages.get(url, FetchError("it answered 404"))
        if isinstance(page, Exception):
            raise page
        if len(page) > max_bytes:
            raise FetchError("it is too large")
        return page
