"""Connections to AWS by Python's own HTTP client, in botocore's `before-send` (its documentation, Events).

botocore signs, repeats and reads as before. What it would send through urllib3 goes through http.client, which takes a third
less CPU for a call (decision 0070).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import botocore
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from urllib3.util.wait import wait_for_read

from chalicelib.protocol_types import Untyped
from chalicelib.settings import AWS_CONNECT_SECONDS, AWS_READ_SECONDS

AUTHORITIES = "authorities"
"""The folder beside botocore's bundle with its authorities, each in a file by the hash of its name (ducat_cdk/authorities.py)."""


def use(session: Untyped, client: Untyped) -> None:
    """Have the client send through connections of its own. Where the environment names a proxy, botocore goes on sending."""
    url = client.meta.endpoint_url
    if not get_environ_proxies(url):
        client.meta.events.register("before-send", Connections(url, session.get_config_variable("ca_bundle")).send)


class Connections:
    """Connections to one host of AWS that are used again. Threads take and give them back: a list's `pop` is atomic.

    `endpoint_url`: the client's. `bundle`: a file of the authorities to trust; None: botocore's.
    """

    def __init__(self, endpoint_url: str, bundle: str | None) -> None:
        self._url = endpoint_url.rstrip("/")
        self._bundle = bundle
        self._idle: list[HTTPConnection] = []

    def send(self, request: Untyped, **_: object) -> Untyped:
        """The AWSResponse; None for another host, whose request botocore then sends. Raises the exceptions of botocore's own."""
        url: str = request.url
        if not url.startswith(f"{self._url}/"):
            return None
        connection = self._taken() or self._opened()
        again = False
        try:
            connection.request(request.method, url[len(self._url) :], request.body, request.headers)
            response = connection.getresponse()
            answer = AWSResponse(url, response.status, response.getheaders(), _Body(response.read()))
            again = not response.will_close
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (HTTPException, OSError) as error:
            raise ConnectionClosedError(endpoint_url=url, request=request, error=error) from error
        finally:
            if again:
                self._idle.append(connection)
            else:
                connection.close()  # What comes on it later would be taken for the answer to another request.
        return answer

    def _taken(self) -> HTTPConnection | None:
        """A connection that is still open. AWS closes what is idle, and a container may have been frozen meanwhile."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not wait_for_read(connection.sock, timeout=0):
                return connection
            connection.close()  # All that can be read from an idle connection is its end.

    def _opened(self) -> HTTPConnection:
        parts = urlsplit(self._url)
        host, port = parts.hostname or "", parts.port
        try:
            if parts.scheme == "http":
                connection = HTTPConnection(host, port, timeout=AWS_CONNECT_SECONDS)
                connection.connect()
            else:
                connection = _encrypted(host, port, self._bundle)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        connection.sock.settimeout(AWS_READ_SECONDS)
        return connection


def _encrypted(host: str, port: int | None, bundle: str | None) -> HTTPConnection:
    folder = Path(botocore.__file__).with_name(AUTHORITIES)
    if bundle is None and folder.is_dir():
        try:
            return _connected(host, port, _trusting_folder(folder))
        except ssl.SSLCertVerificationError:
            pass  # Should OpenSSL ever hash names in another way, the same authorities are in the bundle.
    return _connected(host, port, _trusting_bundle(bundle))


def _connected(host: str, port: int | None, trusting: ssl.SSLContext) -> HTTPConnection:
    connection = HTTPSConnection(host, port, timeout=AWS_CONNECT_SECONDS, context=trusting)
    connection.connect()
    return connection


@cache
def _trusting_folder(folder: Path) -> ssl.SSLContext:
    """Trust in botocore's authorities, of which OpenSSL reads the one that it needs."""
    return ssl.create_default_context(capath=str(folder))


@cache
def _trusting_bundle(bundle: str | None) -> ssl.SSLContext:
    """Trust in all authorities of that file, or of botocore's own. To read those takes 20 ms of CPU."""
    return ssl.create_default_context(cafile=get_cert_path(bundle or True))


class _Body(BytesIO):
    """What AWSResponse reads, whole."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()
