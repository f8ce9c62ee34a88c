"""The gateway's ports: which TLS they speak, whom they ask for a certificate, what HTTP they take."""

import socket
import ssl
import time

import pytest
from OpenSSL import SSL

from local import https_server
from local.certificates import Certificates
from local.https_server import Incoming, Outgoing, Server
from local.ports import PortTaken

ALLOWED = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384")


@pytest.fixture
def serve(certificates):
    """A function: starts a server whose answer says what came; gives it and the list of what came."""
    started = []

    def start(*, required=True, answer=None):
        came: list[Incoming] = []

        def keep(request):
            came.append(request)
            return Outgoing(200, (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")), b"hello")

        server = Server(0, certificates.server(), answer or keep, requests_certificates=required)
        server.start()
        started.append(server)
        return server, came

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def connect(certificates):
    """A function: a TLS connection by the standard library, with a client certificate or none."""
    opened = []

    def to(server, *, certificate=None, tls=None):
        tls = tls or ssl.create_default_context(cafile=certificates.trusted)
        if certificate:
            tls.load_cert_chain(certificate.file)
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        opened.append(raw)
        connection = tls.wrap_socket(raw, server_hostname="localhost")
        opened.append(connection)
        return connection

    yield to
    for connection in opened:
        connection.close()


GET = b"GET /path?a=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def send_request(connection, request=GET):
    """The answer's status, headers and body."""
    connection.sendall(request)
    return read(connection)


def read(connection):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        received = connection.recv(1)
        assert received, f"the connection ended after {head!r}"
        head += received
    first, *lines = head.decode().strip().split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    length = int(dict(headers)["Content-Length"])
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(first.split()[1]), headers, body


def offer(server, *, version, suites):
    """The version and suite that the server takes of what a willing client offers. Raises SSL.Error with its alert."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.set_cipher_list(f"{suites}:@SECLEVEL=0".encode())
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.settimeout(None)
        connection = SSL.Connection(context, raw)
        connection.set_connect_state()
        connection.do_handshake()
        return connection.get_protocol_version_name(), connection.get_cipher_name()


# TLS


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_tls_1_0_and_1_1_are_refused(serve, required, version):
    server, _ = serve(required=required)
    with pytest.raises(SSL.Error, match="alert protocol version"):
        offer(server, version=version, suites="ALL")


@pytest.mark.parametrize("suite", ALLOWED)
def test_two_suites_of_tls_1_2_are_taken(serve, suite):
    server, _ = serve()
    assert offer(server, version=SSL.TLS1_2_VERSION, suites=suite) == ("TLSv1.2", suite)


def test_no_other_suite_of_tls_1_2_is_taken(serve):
    server, _ = serve()
    others = ":".join(["ALL", *(f"!{suite}" for suite in ALLOWED)])
    with pytest.raises(SSL.Error, match="alert handshake failure"):
        offer(server, version=SSL.TLS1_2_VERSION, suites=others)


def test_who_can_speak_tls_1_3_does(serve, connect):
    server, _ = serve()
    assert connect(server).version() == "TLSv1.3"


def test_the_server_is_known_by_the_dev_authority_alone(serve, connect, tmp_path):
    server, _ = serve()
    outsider = Certificates(tmp_path).trusted
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(server, tls=ssl.create_default_context(cafile=outsider))


# Client certificates


@pytest.mark.parametrize("maximum", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_one_port_asks_for_a_certificate_and_the_other_does_not(serve, connect, certificates, maximum):
    for required in (True, False):
        server, came = serve(required=required)
        tls = ssl.create_default_context(cafile=certificates.trusted)
        tls.maximum_version = maximum
        client = certificates.client("fintech")
        send_request(connect(server, certificate=client, tls=tls))
        assert came[0].certificate == (client.certificate if required else None)


def test_an_unverified_certificate_is_passed_to_the_endpoint(serve, connect, certificates):
    server, came = serve()
    own = certificates.self_signed("own")
    send_request(connect(server, certificate=own))
    assert came[0].certificate == own.certificate


def test_a_client_without_a_certificate_is_let_in_for_the_endpoint_to_answer(serve, connect):
    server, came = serve()
    assert send_request(connect(server))[0] == 200
    assert came[0].certificate is None


# HTTP


def test_a_connection_serves_one_request_after_another(serve, connect):
    server, came = serve()
    connection = connect(server)
    post = b"POST /path HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    for request in (GET, post, GET):
        assert send_request(connection, request)[0] == 200
    assert [(request.method, request.body) for request in came] == [("GET", b""), ("POST", b"abc"), ("GET", b"")]


def test_headers_keep_their_repeats_both_ways(serve, connect):
    server, came = serve()
    _, headers, _ = send_request(connect(server), GET[:-2] + b"DPoP: one\r\ndpop: two\r\n\r\n")
    assert came[0].headers == (("Host", "localhost"), ("DPoP", "one"), ("dpop", "two"))
    assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1", "b=2"]


def test_each_answer_has_a_date_and_no_word_about_the_server(serve, connect):
    server, _ = serve()
    _, headers, body = send_request(connect(server))
    assert dict(headers)["Date"].endswith("GMT")
    assert "Server" not in dict(headers)
    assert body == b"hello"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 10_240 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (GET[:-2] + b"A: " + b"a" * 10_240 + b"\r\n\r\n", 431),
        (GET[:-2] + b"".join(b"A%d: a\r\n" % n for n in range(101)) + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485761\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10485761\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"\x00\xff\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_in_json_and_the_connection_ends(serve, connect, request_, status):
    server, came = serve()
    connection = connect(server)
    answered, headers, body = send_request(connection, request_)
    assert (answered, body) == (status, b'{"error":"invalid_request"}')
    assert dict(headers)["Connection"] == "close"
    assert connection.recv(1) == b""
    assert came == []


def test_a_body_of_the_largest_size_is_taken(serve, connect):
    server, came = serve()
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % https_server.MAX_BODY_BYTES_IN
    assert send_request(connect(server), head + b"a" * https_server.MAX_BODY_BYTES_IN)[0] == 200
    assert len(came[0].body) == https_server.MAX_BODY_BYTES_IN


def test_a_body_that_ends_early_reaches_no_function(serve, connect):
    server, came = serve()
    connection = connect(server)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
    connection.shutdown(socket.SHUT_RDWR)
    time.sleep(0.2)
    assert came == []


@pytest.mark.parametrize("sent", [b"", b"\x16\x03"])
def test_who_never_finishes_the_handshake_is_let_go(serve, monkeypatch, sent):
    monkeypatch.setattr(https_server, "TIMEOUT", 0.2)
    server, _ = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(sent)
        assert raw.recv(1) == b""


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHo", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na"]
)
def test_who_never_finishes_a_request_is_let_go(serve, connect, monkeypatch, sent):
    monkeypatch.setattr(https_server._Handler, "timeout", 0.2)
    server, came = serve()
    connection = connect(server)
    if sent:
        connection.sendall(sent)
    assert connection.recv(1) == b""
    assert came == []


def test_a_slow_handshake_keeps_nobody_waiting(serve, connect):
    server, _ = serve()
    with socket.create_connection(("127.0.0.1", server.port)):
        assert send_request(connect(server))[0] == 200


def test_a_port_that_is_taken_is_named(serve, certificates):
    server, _ = serve()
    with pytest.raises(PortTaken, match=f"port {server.port} is already taken"):
        Server(server.port, certificates.server(), lambda _: Outgoing(200), requests_certificates=False)


def test_a_stopped_server_ends_its_connections_and_frees_its_port(serve, connect, certificates):
    server, _ = serve()
    connection = connect(server)
    send_request(connection)
    server.stop()
    assert connection.recv(1) == b""
    Server(server.port, certificates.server(), lambda _: Outgoing(200), requests_certificates=False).server_close()
