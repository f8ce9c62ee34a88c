"""Connections to AWS by Python's own HTTP client, in botocore's `before-send` (its documentation, Events).

botocore signs, repeats and reads as before. What it would send through urllib3 goes through http.client, which takes a third
less CPU for a call (decision 0070).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BytesIO
from pathlib import Path
from socket import socket
from urllib.parse import urlsplit

import botocore
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import create_urllib3_context, get_cert_path
from botocore.utils import get_environ_proxies
from urllib3.util.wait import wait_for_read

from chalicelib.protocol_types import Untyped
from chalicelib.settings import AWS_CONNECT_SECONDS, AWS_READ_SECONDS

AUTHORITIES = "authorities"
"""The folder beside botocore's bundle with its authorities, each in a file by the hash of its name (ducat_cdk/authorities.py)."""

NO_AUTHORITY = (2, 18, 19, 20, 21)
"""OpenSSL's codes of a chain that ends at no authority that it found (X509_STORE_CTX_get_error)."""


def use(session: Untyped, client: Untyped, *, bundle: str | None = None) -> None:
    """Have the client send through connections of its own.

    Where the environment names a proxy, or wants TCP keep-alive, botocore goes on sending.
    `bundle`: REQUESTS_CA_BUNDLE, which botocore reads where no `ca_bundle` is configured.
    """
    url = client.meta.endpoint_url
    if not get_environ_proxies(url).get(urlsplit(url).scheme) and not session.get_config_variable("tcp_keepalive"):
        configured = session.get_config_variable("ca_bundle")
        client.meta.events.register("before-send", Connections(url, configured or bundle).send)


class Connections:
    """Connections to one host of AWS that are used again. Threads take and give them back: a list's `pop` is atomic.

    `endpoint_url`: the client's. `bundle`: a file of the authorities to trust; None: botocore's.
    """

    def __init__(self, endpoint_url: str, bundle: str | None) -> None:
        parts = urlsplit(endpoint_url)
        self._url = f"{parts.scheme}://{parts.netloc}"
        self._encrypts = parts.scheme != "http"
        # Without a port http.client would take the end of an IPv6 address for one.
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._encrypts else 80)
        self._bundle = bundle
        self._idle: list[HTTPConnection] = []

    def send(self, request: Untyped, **_: object) -> Untyped:
        """The AWSResponse; None for another host, whose request botocore then sends. Raises the exceptions of botocore's own."""
        url: str = request.url
        if not url.startswith(f"{self._url}/"):
            return None
        connection = self._taken() or self._opened()
        try:
            connection.request(request.method, url[len(self._url) :], request.body, request.headers)
            response = connection.getresponse()
            headers = response.getheaders()
            answer = AWSResponse(url, response.status, headers, _Body(_body(response, headers)))
        except BaseException as error:
            connection.close()  # What comes on it later would be taken for the answer to another request.
            self._close_idle()  # After a container was frozen they are as dead. The next attempt opens a new one.
            if isinstance(error, Exception):
                raise _as_botocores(error, request) from error
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return answer

    def _taken(self) -> HTTPConnection | None:
        """A connection that is still open. AWS closes what is idle, and a container may have been frozen meanwhile."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not _readable(connection.sock):
                return connection
            connection.close()  # It has ended, or something came that nobody asked for.

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _opened(self) -> HTTPConnection:
        try:
            if self._encrypts:
                connection: HTTPConnection = _encrypted(self._host, self._port, self._bundle)
            else:
                connection = HTTPConnection(self._host, self._port, timeout=AWS_CONNECT_SECONDS)
                connection.connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        connection.sock.settimeout(AWS_READ_SECONDS)
        return connection


def _readable(sock: socket) -> bool:
    """Whether something can be read at once. Of a TLS record some may be decrypted already, which a poll does not see."""
    return wait_for_read(sock, timeout=0) or (isinstance(sock, ssl.SSLSocket) and sock.pending() > 0)


def _body(response: HTTPResponse, headers: list[tuple[str, str]]) -> bytes:
    """The body of the answer. Raises HTTPException unless the answer is the final one, and whole.

    http.client takes an interim answer for the final one (RFC 9110 15.2), which the next request then gets. It takes the first
    of two lengths (RFC 9112 6.3), and an answer that ends within its headers for an empty one, which botocore reads as success.
    """
    lengths = {value for name, value in headers if name.lower() == "content-length"}
    framed = response.chunked or response.length is not None
    body = response.read()
    if response.status < 200 or len(lengths) > 1 or (not framed and (lengths or not body)):
        raise HTTPException("no whole answer")
    return body


def _as_botocores(error: Exception, request: Untyped) -> Exception:
    """The exception by which botocore knows whether to try again."""
    made: Exception
    if isinstance(error, TimeoutError):
        made = ReadTimeoutError(endpoint_url=request.url, error=error)
    elif isinstance(error, HTTPException | OSError):
        made = ConnectionClosedError(endpoint_url=request.url, request=request, error=error)
    else:
        made = HTTPClientError(error=error)
    return made


def _encrypted(host: str, port: int, bundle: str | None) -> HTTPConnection:
    folder = Path(botocore.__file__).with_name(AUTHORITIES)
    if bundle is None and folder.is_dir():
        try:
            return _connected(host, port, _trusting_folder(folder))
        except ssl.SSLCertVerificationError as error:
            if error.verify_code not in NO_AUTHORITY:
                raise
            # Should OpenSSL ever hash names in another way, the same authorities are in the bundle.
    return _connected(host, port, _trusting_bundle(bundle))


def _connected(host: str, port: int, trusting: ssl.SSLContext) -> HTTPConnection:
    connection = HTTPSConnection(host, port, timeout=AWS_CONNECT_SECONDS, context=trusting)
    connection.connect()
    return connection


@cache
def _trusting_folder(folder: Path) -> ssl.SSLContext:
    """Trust in botocore's authorities, of which OpenSSL reads the one that it needs."""
    return _trusting(capath=str(folder))


@cache
def _trusting_bundle(bundle: str | None) -> ssl.SSLContext:
    """Trust in all authorities of that file, or of botocore's own. To read those takes 20 ms of CPU."""
    return _trusting(cafile=get_cert_path(bundle or True))


def _trusting(**authorities: str) -> ssl.SSLContext:
    """botocore's own context, with those authorities.

    Python's default is stricter from 3.13 on: it refuses an authority without the extensions of RFC 5280, such as that of a
    proxy that inspects TLS, which AWS_CA_BUNDLE names.
    """
    context: ssl.SSLContext = create_urllib3_context()
    context.check_hostname = True
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(**authorities)
    except OSError as error:
        raise ssl.SSLError(f"{authorities}: {error}") from error
    return context


class _Body(BytesIO):
    """What AWSResponse reads, whole."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()
