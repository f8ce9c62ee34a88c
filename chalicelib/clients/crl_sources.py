"""Where the CRLs of authorities are: the setting `crls`, a JSON object from a distinguished name to URLs.

No certificate says where a CRL is fetched: its extension is the word of a caller (RFC 5280 8).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from chalicelib.clients import distinguished_name
from chalicelib.clients.distinguished_name import Name
from chalicelib.fetch import https_url
from chalicelib.fetch.documents import FetchError
from chalicelib.protocol_types import Json
from chalicelib.settings import text_of

MAX_URLS = 20
"""URLs of one authority."""


class CrlSourcesError(ValueError):
    """The setting can't be used. The message says why."""


@lru_cache(maxsize=4)
def read(text: str) -> Mapping[Name, tuple[str, ...]]:
    """The URLs by authority. An authority without URLs publishes no CRL. Raises CrlSourcesError."""
    try:
        given: Json = json.loads(text_of(text), object_pairs_hook=list)
    except OSError as problem:
        raise CrlSourcesError(f"{text} can't be read: {type(problem).__name__}") from None
    except ValueError:
        given = None
    if not isinstance(given, list) or (not given and text.strip().startswith("[")):
        raise CrlSourcesError("it is not a JSON object")
    found: dict[Name, tuple[str, ...]] = {}
    for pair in given:
        if not isinstance(pair, tuple):
            raise CrlSourcesError("it is not a JSON object")
        authority, urls = pair
        name = distinguished_name.read(authority)
        if name in found:
            raise CrlSourcesError(f"{authority} stands there more than once")
        found[name] = _urls(authority, urls)
    return found


def _urls(authority: str, urls: Json) -> tuple[str, ...]:
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise CrlSourcesError(f"{authority} must have a list of URLs")
    if len(urls) > MAX_URLS:
        raise CrlSourcesError(f"{authority} has more than {MAX_URLS} URLs")
    for url in urls:
        try:
            https_url.of(url, plain=True)
        except FetchError as problem:
            raise CrlSourcesError(f"{authority}: {url[:100]} {problem}") from None
    return tuple(dict.fromkeys(urls))
