"""Accepted URLs of documents: https, a host name, no user information and no fragment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.fetch.documents import FetchError

MAX_LENGTH = 2000
"""Characters of a URL."""

LABEL = r"(?:[a-z0-9-]{0,61}[a-z0-9])?"
URL = re.compile(
    rf"https://(?P<host>(?:[a-z0-9]{LABEL}\.)*[a-z]{LABEL})(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<target>(?:[/?][a-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?)",
    re.IGNORECASE | re.ASCII,
)
"""The last label of a host name begins with a letter. Some parsers read anything else as an address."""


@dataclass(frozen=True)
class HttpsUrl:
    """A parsed URL. `host`: in lower case. `target`: path and query of the request."""

    host: str
    port: int
    target: str


def of(url: str) -> HttpsUrl:
    """The parsed URL. Raises FetchError if it is not accepted."""
    found = URL.fullmatch(url) if len(url) <= MAX_LENGTH else None
    if found is None or len(found["host"]) > 253:
        raise FetchError("must be an https URL with a host name, without user information and fragment")
    port = int(found["port"] or 443)
    if not 0 < port < 1 << 16:
        raise FetchError("the port must be 1 to 65535")
    target = found["target"]
    return HttpsUrl(found["host"].lower(), port, target if target.startswith("/") else f"/{target}")
