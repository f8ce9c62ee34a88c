"""Accepted URLs of documents: https, a host name, no user information and no fragment. Of signed documents http too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.fetch.documents import FetchError

MAX_LENGTH = 2000
"""Characters of a URL."""

LABEL = r"(?:[a-z0-9-]{0,61}[a-z0-9])?"
URL = re.compile(
    rf"http(?P<tls>s?)://(?P<host>(?:[a-z0-9]{LABEL}\.)*[a-z]{LABEL})(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<target>(?:[/?][a-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?)",
    re.IGNORECASE | re.ASCII,
)
"""The last label of a host name begins with a letter. Some parsers read anything else as an address."""


@dataclass(frozen=True)
class HttpsUrl:
    """A parsed URL. `host`: in lower case. `target`: path and query of the request. `tls`: it is an https URL."""

    host: str
    port: int
    target: str
    tls: bool = True


def of(url: str, *, plain: bool = False) -> HttpsUrl:
    """The parsed URL. `plain`: an http URL is accepted too. Raises FetchError if it is not accepted."""
    found = URL.fullmatch(url) if len(url) <= MAX_LENGTH else None
    if found is None or len(found["host"]) > 253 or not (plain or found["tls"]):
        scheme = "http or https" if plain else "https"
        raise FetchError(f"must be an {scheme} URL with a host name, without user information and fragment")
    tls = bool(found["tls"])
    port = int(found["port"] or (443 if tls else 80))
    if not 0 < port < 1 << 16:
        raise FetchError("the port must be 1 to 65535")
    target = found["target"]
    return HttpsUrl(found["host"].lower(), port, target if target.startswith("/") else f"/{target}", tls)
