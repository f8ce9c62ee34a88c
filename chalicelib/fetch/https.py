"""Documents over HTTPS. The URL is not trusted, because it may lead to a machine of our own network.

The host's name is resolved once. All its addresses must be public, and only these are connected to, so a later change of the
name has no effect. Redirects, proxies and compression are not supported. Only this file uses urllib3, sockets and TLS.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import cached_property
from http.client import HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Event, Thread

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.response import BaseHTTPResponse

from chalicelib.fetch import https_url
from chalicelib.fetch.documents import FetchError
from chalicelib.fetch.https_url import HttpsUrl

SECONDS = 3.0
"""Seconds from the name's lookup to the last byte."""

SECONDS_OF_A_JOB = 20.0
"""The same where nobody waits for the answer, and the document may be large."""

PUBLIC_V6 = IPv6Network("2000::/3")
"""Global unicast (RFC 4291 2.4). It has neither mapped IPv4 addresses nor those of NAT64."""
NOT_PUBLIC = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments (RFC 6890), which older Pythons know by parts
    IPv4Network("192.88.99.0/24"),  # 6to4, and below Teredo: an IPv4 address within, of any kind (RFC 7526, RFC 4380)
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
)
"""Networks that is_global accepts and that are not public."""

Address = IPv4Address | IPv6Address


class Https:
    """documents.DocumentFetcher.

    `authorities`: certificates (PEM) that are trusted in addition to the system's.
    `loopback`: this machine's own addresses are accepted too. Both are for the laptop (`local/`) and its sandbox. No setting
    has them.
    `plain`: http URLs are accepted too, because the caller verifies the document's signature.
    """

    def __init__(
        self, *, seconds: float = SECONDS, authorities: str = "", loopback: bool = False, plain: bool = False
    ) -> None:
        self._seconds, self._plain = seconds, plain
        self._authorities = authorities
        self._loopback = loopback

    def get(self, url: str, *, max_bytes: int) -> bytes:
        """The document at the URL, if the response is 200 with at most `max_bytes` bytes in time. Raises FetchError."""
        fetch = _Fetch(
            https_url.of(url, plain=self._plain), max_bytes, self._tls, seconds=self._seconds, loopback=self._loopback
        )
        Thread(target=fetch.run, daemon=True).start()
        return fetch.result()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._authorities:
            context.load_verify_locations(cadata=self._authorities)
        return context


class _Fetch:
    """One fetch in its own thread, because neither a resolver nor a slow server knows our deadline."""

    def __init__(self, where: HttpsUrl, max_bytes: int, tls: ssl.SSLContext, *, seconds: float, loopback: bool) -> None:
        self._where, self._max_bytes, self._tls = where, max_bytes, tls
        self._seconds, self._loopback = seconds, loopback
        self._done = Event()
        self._connection: HTTPConnection | None = None
        self._late = False
        self._body = b""
        self._problem: Exception | None = None

    def run(self) -> None:
        try:
            self._body = self._read(self._send_request())
        except Exception as problem:
            self._problem = problem
        finally:
            if self._connection is not None:
                self._connection.close()
            self._done.set()

    def result(self) -> bytes:
        """The body. Raises FetchError."""
        if not self._done.wait(self._seconds):
            self._abandon()
            raise FetchError("it timed out")
        problem = self._problem
        if isinstance(problem, HTTPError | HTTPException | OSError | ValueError):
            raise FetchError(f"it can't be reached or read ({type(problem).__name__})") from problem
        if problem is not None:
            raise problem
        return self._body

    def _abandon(self) -> None:
        """End the thread's read after the deadline."""
        self._late = True
        sock = None if self._connection is None else self._connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _send_request(self) -> BaseHTTPResponse:
        """The response of the first address that accepts a connection."""
        for address in public_addresses(self._where, loopback=self._loopback):
            if self._late:
                break
            self._connection = connection = self._connection_to(address)
            try:
                connection.connect()
            except NewConnectionError:
                continue
            connection.request(
                "GET", self._where.target, headers=self._headers(), preload_content=False, decode_content=False
            )
            return connection.getresponse()
        raise FetchError("no address accepts a connection")

    def _connection_to(self, address: Address) -> HTTPConnection:
        if not self._where.tls:
            return HTTPConnection(str(address), self._where.port, timeout=self._seconds)
        return HTTPSConnection(
            str(address),
            self._where.port,
            timeout=self._seconds,
            ssl_context=self._tls,
            cert_reqs="CERT_REQUIRED",
            server_hostname=self._where.host,  # SNI, and the name in the certificate.
        )

    def _headers(self) -> dict[str, str]:
        host, port = self._where.host, self._where.port
        return {
            "Host": host if port == (443 if self._where.tls else 80) else f"{host}:{port}",
            "User-Agent": "ducat",
            "Accept": "*/*",
            "Accept-Encoding": "identity",  # A small body may unpack to a large one.
        }

    def _read(self, answer: BaseHTTPResponse) -> bytes:
        if answer.status != 200:
            raise FetchError(f"it answered {answer.status}")  # A redirect could lead to an unchecked address.
        if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise FetchError("it is compressed")
        body = b""
        while len(body) <= self._max_bytes:
            more = answer.read(self._max_bytes + 1 - len(body), decode_content=False)
            if not more:
                return body
            body += more
        raise FetchError("it is too large")


def public_addresses(where: HttpsUrl, *, loopback: bool = False) -> list[Address]:
    """All addresses of the host, in order. Raises FetchError if one is not public, or there is none."""
    found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = [ip_address(str(entry[4][0])) for entry in found]
    for address in addresses:
        if not (_is_public(address) or (loopback and address.is_loopback)):
            raise FetchError("it has an address that is not public")
    return list(dict.fromkeys(addresses))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in PUBLIC_V6:
        return False
    return address.is_global and not address.is_multicast and not any(address in one for one in NOT_PUBLIC)
