"""HTTP/1.1 over TLS on one port, as API Gateway's front has it: a request in, an answer out, and nothing of ours in an error.

TLS 1.3, and of TLS 1.2 the two suites that FAPI 1.0 Advanced 8.5 and FAPI 2.0 5.2.1 have in common for an RSA certificate. The
port that asks for client certificates takes any or none: whether one is right is for the endpoints to say, in OAuth's words.
pyOpenSSL, since the standard library can't ask for a certificate without verifying its chain.
"""

from __future__ import annotations

import errno
import logging
import re
import socket
import socketserver
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from threading import Lock, Thread
from typing import Any

from cryptography import x509
from OpenSSL import SSL
from urllib3.contrib.pyopenssl import WrappedSocket
from urllib3.util import wait_for_read

from local.certificates import Pair
from local.ports import PortTaken

TLS_1_2_SUITES = b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"

MAX_URL_BYTES = 10_240
MAX_HEADER_BYTES = 10_240
MAX_BODY_BYTES_IN = 10 * 1024 * 1024
TIMEOUT = 30
"""Seconds for the handshake, and for each piece of a request."""

Headers = tuple[tuple[str, str], ...]

log = logging.getLogger("ducat.local")


@dataclass(frozen=True)
class Incoming:
    """A request as it came: `target` still encoded, header names and repeats as sent."""

    method: str
    target: str
    headers: Headers
    body: bytes
    address: str
    certificate: x509.Certificate | None

    def header(self, name: str) -> str | None:
        """The last value of a header, or None."""
        return next((value for key, value in reversed(self.headers) if key.lower() == name), None)


@dataclass(frozen=True)
class Outgoing:
    """An answer. Date and Content-Length are added on the wire."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class Server(socketserver.ThreadingTCPServer):
    """One TLS port, a thread a connection. `answer` must not raise."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        identity: Pair,
        answer: Callable[[Incoming], Outgoing],
        *,
        requests_certificates: bool,
        host: str = "127.0.0.1",
    ) -> None:
        """Bind the port; 0 for a free one. Raises PortTaken."""
        self.answer = answer
        self._tls = _context(identity, requests_certificates=requests_certificates)
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        try:
            super().__init__((host, port), _Handler)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(port) from None

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread, so that a slow handshake keeps nobody waiting."""
        with self._lock:
            self._open.add(request)
        try:
            request.settimeout(TIMEOUT)
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            connection = _shake_hands(self._tls, request)
            _Handler(connection, client_address, self)
            connection.shutdown(socket.SHUT_WR)
        except (SSL.Error, OSError) as problem:
            log.debug("connection lost: %s", type(problem).__name__)
        finally:
            with self._lock:
                self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.exception("a connection failed")


class _Handler(BaseHTTPRequestHandler):
    """One connection's requests, one after the other."""

    protocol_version = "HTTP/1.1"
    command = ""
    timeout = TIMEOUT
    server: Server

    def handle_one_request(self) -> None:
        self.close_connection = True
        try:
            self.raw_requestline = self.rfile.readline(MAX_URL_BYTES + 1)
            if not self.raw_requestline:
                return
            if len(self.raw_requestline) > MAX_URL_BYTES:
                self.send_error(414)
            elif self.parse_request():
                self._write(self.server.answer(self._read()))
        except _Refused as refusal:
            self.send_error(refusal.status)
        except TimeoutError:
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        _body_length(self.headers)
        return super().handle_expect_100()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A refusal of the front itself, after which the connection can't be trusted to be in step."""
        self.close_connection = True
        self.request_version = self.protocol_version  # else an answer to what is no HTTP/1.1 would have no headers
        self._write(Outgoing(code, (("Content-Type", "application/json"),), b'{"error":"invalid_request"}'))

    def log_message(self, format: str, *args: Any) -> None:
        """The endpoints write the log."""

    def _read(self) -> Incoming:
        headers = tuple((name, str(value)) for name, value in self.headers.items())
        if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADER_BYTES:
            raise _Refused(431)
        if self.request_version not in ("HTTP/1.0", "HTTP/1.1") or len(self.headers.get_all("Host", ())) != 1:
            raise _Refused(400)
        if any("\r" in value or "\n" in value for _, value in headers):
            raise _Refused(400)
        length = _body_length(self.headers)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError
        certificate = self.connection.connection.get_peer_certificate(as_cryptography=True)
        return Incoming(self.command, self.path, headers, body, self.client_address[0], certificate)

    def _write(self, answer: Outgoing) -> None:
        self.send_response_only(answer.status)
        for name, value in (*answer.headers, ("Date", formatdate(usegmt=True))):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _body_length(headers: Message[str, str]) -> int:
    """Bytes of the body. Raises _Refused where the length is not plainly given: RFC 9112 6.3."""
    if "Transfer-Encoding" in headers:
        raise _Refused(411)
    lengths = headers.get_all("Content-Length", ["0"])
    if len(lengths) != 1 or not re.fullmatch("[0-9]{1,12}", lengths[0]):
        raise _Refused(400)
    if int(lengths[0]) > MAX_BODY_BYTES_IN:
        raise _Refused(413)
    return int(lengths[0])


def _context(identity: Pair, *, requests_certificates: bool) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(TLS_1_2_SUITES)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # a resumed session would not show its certificate again
    context.use_certificate_file(str(identity.file))
    context.use_privatekey_file(str(identity.file))
    if requests_certificates:
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    return context


def _shake_hands(tls: SSL.Context, raw: socket.socket) -> Any:
    connection = SSL.Connection(tls, raw)
    connection.set_accept_state()
    while True:
        try:
            connection.do_handshake()
            return WrappedSocket(connection, raw)
        except SSL.WantReadError:
            if not wait_for_read(raw, TIMEOUT):
                raise TimeoutError from None


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is gone already
