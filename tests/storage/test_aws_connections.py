"""Connections to AWS by http.client: what botocore's own would do is done, and no answer is taken for another's."""

from __future__ import annotations

import io
import os
import select
import socket
import ssl
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import create_urllib3_context
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib import assembly, aws_connections
from chalicelib.aws_connections import AUTHORITIES, Connections
from ducat_cdk import authorities
from local.certificates import Certificates

SILENT = b""
"""No answer, until the connection is closed."""
SHORT = 0.05


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/x-amz-json-1.0", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


@dataclass
class Server:
    """`answers`: to each request on any connection, in order; the last one again and again.

    `then_close`: numbers of requests after whose answers the connection is closed. `connections`, `requests`: what came.
    """

    answers: list[bytes]
    then_close: tuple[int, ...] = ()
    tls: ssl.SSLContext | None = None
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    open: list[socket.socket] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, host: str = "127.0.0.1"):
        listening = socket.create_server((host, 0))
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        try:
            yield f"{'https' if self.tls else 'http'}://localhost:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            for one in self.open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                accepted = listening.accept()[0]
                self.open.append(accepted)
                threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), ExitStack() as stack:
            if self.tls:
                accepted = stack.enter_context(self.tls.wrap_socket(accepted, server_side=True))
            self.connections += 1
            stream = accepted.makefile("rb")
            while line := stream.readline():
                headers = b""
                while (header := stream.readline()) not in (b"\r\n", b""):
                    headers += header
                length = next(
                    int(one[15:]) for one in headers.split(b"\r\n") if one.lower().startswith(b"content-length:")
                )
                self.requests.append(line + headers + stream.read(length))
                number = len(self.requests) - 1
                said = self.answers[min(number, len(self.answers) - 1)]
                accepted.sendall(said)
                if number in self.then_close:
                    accepted.shutdown(socket.SHUT_RDWR)
                    self.closed.set()
                    return


def request(url: str, body: bytes = b'{"Key": 1}', path: str = "/") -> Any:
    made = AWSRequest("POST", f"{url}{path}", data=body, headers={"X-Amz-Target": "DynamoDB_20120810.GetItem"})
    return made.prepare()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(aws_connections, "AWS_READ_SECONDS", SHORT)
    monkeypatch.setattr(aws_connections, "AWS_CONNECT_SECONDS", 1)


# What is sent, and what comes back


def test_a_request_goes_as_botocore_made_it_and_its_answer_comes_whole():
    large = b'{"Item": "' + b"x" * 300_000 + b'"}'
    server = Server([answer(large, "x-amzn-RequestId: 1", "x-amz-crc32: 5", status="400 Bad Request")])
    with server.running() as url:
        came = Connections(url, None).send(request(url))
    assert (came.status_code, came.content) == (400, large)
    assert came.headers["X-AMZN-REQUESTID"] == "1"
    assert came.url == f"{url}/"
    assert server.requests[0].startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n" in server.requests[0]
    assert b"\r\nHost: localhost:" in server.requests[0]
    assert b"\r\nAccept-Encoding: identity\r\n" in server.requests[0]
    assert server.requests[0].endswith(b'{"Key": 1}')


def test_an_answer_in_chunks_is_read_whole():
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n'
    server = Server([chunked])
    with server.running() as url:
        connections = Connections(url, None)
        assert connections.send(request(url)).content == b'{"a": 1}'
        assert connections.send(request(url)).content == b'{"a": 1}'
    assert server.connections == 1


def test_what_goes_to_another_host_is_left_to_botocore():
    for other in ("http://localhost:1", "http://localhost:12", "https://localhost:1", "http://localhost:1.example"):
        assert (
            Connections("http://localhost:1/" if other != "http://localhost:1" else "http://x", None).send(
                request(other)
            )
            is None
        )


def test_an_endpoint_may_have_a_path_and_an_address_for_its_host(monkeypatch):
    """AWS_ENDPOINT_URL may name a gateway's path, and an IPv6 address without a port (RFC 3986 3.2.2)."""
    server = Server([answer()])
    with server.running() as url:
        Connections(f"{url}/aws", None).send(request(f"{url}/aws"))
    assert server.requests[0].startswith(b"POST /aws/ HTTP/1.1\r\n")
    called = []

    def refuse(address, *_, **__):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    for url in ("http://[::1]", "https://[2001:db8::443]", "https://[::1]:8443"):
        with pytest.raises(EndpointConnectionError):
            Connections(url, None).send(request(url))
    assert called == [("::1", 80), ("2001:db8::443", 443), ("::1", 8443)]


# Which connection is used


def test_a_connection_is_used_again_and_two_threads_have_two():
    server = Server([answer()])
    with server.running() as url:
        connections = Connections(url, None)
        for _ in range(3):
            connections.send(request(url))
        assert server.connections == 1
        both = threading.Barrier(2)
        taken = connections._taken
        connections._taken = lambda: (both.wait(5), taken())[1]  # Both ask for one before either gives one back.
        threads = [threading.Thread(target=connections.send, args=(request(url),)) for _ in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert (server.connections, len(connections._idle)) == (2, 2)


def test_a_connection_that_was_closed_while_it_was_idle_costs_no_attempt():
    server = Server([answer(b"1"), answer(b"2")], then_close=(0,))
    with server.running() as url:
        connections = Connections(url, None)
        assert connections.send(request(url)).content == b"1"
        assert server.closed.wait(5)
        assert connections.send(request(url)).content == b"2"
    assert server.connections == 2


def test_a_connection_that_is_to_be_closed_is_not_kept():
    server = Server([answer(b"1", "Connection: close")])
    with server.running() as url:
        connections = Connections(url, None)
        connections.send(request(url))
        assert connections._idle == []


def test_a_connection_of_http_1_0_is_used_again_where_the_server_says_so():
    kept = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n"
    ended = b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n3"
    trailed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\nX-Trailer: 1\r\n\r\n"
    server = Server([trailed, kept + b"2", ended, b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"4")])
    with server.running() as url:
        connections = Connections(url, None)
        assert [connections.send(request(url)).content for _ in range(4)] == [b"1", b"2", b"3", b"4"]
    assert server.connections == 2


# What fails


def test_a_late_answer_is_never_that_to_the_next_request():
    """The connection on which a request timed out is closed: its answer may still come."""
    server = Server([SILENT, answer(b"second"), answer(b"third")])
    with server.running() as url:
        connections = Connections(url, None)
        began = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            connections.send(request(url))
        assert time.monotonic() - began < 2
        assert connections._idle == []
        assert (connections.send(request(url)).content, server.connections) == (b"second", 2)
        # Nor is what comes while nothing is asked.
        server.open[-1].sendall(answer(b"late"))
        assert select.select([connections._idle[0].sock], [], [], 5)[0]
        assert (connections.send(request(url)).content, server.connections) == (b"third", 3)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"no HTTP at all\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 4\r\n\r\n{}{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
    ],
    ids=["half", "other", "none", "headers", "cut", "two-lengths", "no-length", "half-chunk"],
)
def test_a_broken_answer_is_a_closed_connection(said):
    server = Server([said], then_close=(0,))
    with server.running() as url:
        connections = Connections(url, None)
        with pytest.raises(ConnectionClosedError):
            connections.send(request(url))
        assert connections._idle == []


def test_the_answer_after_an_interim_one_is_not_that_to_the_next_request():
    """RFC 9110 15.2: the final one is still to come. http.client knows that of 100 alone."""
    server = Server([b"HTTP/1.1 103 Early Hints\r\n\r\n", answer(b"second")])
    with server.running() as url:
        connections = Connections(url, None)
        with pytest.raises(ConnectionClosedError):
            connections.send(request(url))
        with suppress(OSError):
            server.open[0].sendall(answer(b"first"))
        assert (connections.send(request(url)).content, server.connections) == (b"second", 2)


def test_what_is_no_http_for_another_reason_is_known_to_botocore_too():
    server = Server([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"])
    with server.running() as url:
        connections = Connections(url, None)
        with pytest.raises(HTTPClientError):
            connections.send(request(url))
        assert connections._idle == []


def test_of_the_connections_that_died_with_a_frozen_container_one_attempt_is_lost():
    """Each of them would cost an attempt, and of these there are three."""
    server = Server([SILENT, answer(b"2")])
    with server.running() as url:
        connections = Connections(url, None)
        idle = [connections._opened() for _ in range(3)]
        connections._idle += idle
        with pytest.raises(ReadTimeoutError):
            connections.send(request(url))
        assert [one.sock for one in idle] == [None] * 3
        assert connections.send(request(url)).content == b"2"


def test_whatever_fails_no_descriptor_is_left_open(certificates, tls):
    def fail():
        server = Server([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", SILENT], then_close=(0,))
        with server.running() as url:
            for _ in range(2):
                with pytest.raises(HTTPClientError):
                    Connections(url, None).send(request(url))
        server = Server([answer()], tls=tls)
        with server.running() as url, pytest.raises(SSLError):
            Connections(url, None).send(request(url))

    fail()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        fail()
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # Of the servers here, one may just be ending.


def test_whoever_does_not_listen_can_not_be_reached(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EndpointConnectionError):
        Connections(f"http://localhost:{port}", None).send(request(f"http://localhost:{port}"))

    def slow(*_, **__):
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", slow)
    with pytest.raises(ConnectTimeoutError):
        Connections(f"http://localhost:{port}", None).send(request(f"http://localhost:{port}"))


def test_botocore_repeats_what_failed_and_reads_errors_as_ever():
    conflict = answer(b'{"__type": "x#ConditionalCheckFailedException", "message": "no"}', status="400 Bad Request")
    server = Server([b"", answer(b'{"Item": {}}'), conflict], then_close=(0,))
    with server.running() as url:
        session = botocore.session.get_session()
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 3, "mode": "standard"})
        client = session.create_client("dynamodb", "eu-central-1", endpoint_url=url, config=config)
        aws_connections.use(session, client)
        monkey = pytest.MonkeyPatch()
        with monkey.context() as patch:
            patch.setattr("time.sleep", lambda _: None)
            found = client.get_item(TableName="a-table", Key={"pk": {"S": "x"}})
            assert found["ResponseMetadata"]["RetryAttempts"] == 1
            with pytest.raises(client.exceptions.ConditionalCheckFailedException):
                client.get_item(TableName="a-table", Key={"pk": {"S": "x"}})
    assert (len(server.requests), server.connections) == (3, 2)


# Whom it trusts


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server().file)
    return context


def test_the_named_bundle_is_trusted_and_read_once(certificates, tls):
    aws_connections._trusting_bundle.cache_clear()
    server = Server([answer()], tls=tls)
    with server.running() as url:
        for _ in range(2):
            connections = Connections(url, str(certificates.trusted))
            assert connections.send(request(url)).status_code == 200
            assert connections.send(request(url)).status_code == 200
    assert server.connections == 2
    assert aws_connections._trusting_bundle.cache_info().misses == 1


def test_nobody_else_is_trusted_and_each_under_its_own_name_alone(certificates, tls, tmp_path):
    """Neither an unknown authority's certificate nor that of another host, and there is no setting that trusts them."""
    server = Server([answer()], tls=tls)
    with server.running() as url:
        other = Certificates(tmp_path).trusted
        with pytest.raises(SSLError):
            Connections(url, str(other)).send(request(url))
        named = aws_connections._trusting_bundle(str(certificates.trusted))
        assert (named.verify_mode, named.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert named.minimum_version >= ssl.TLSVersion.TLSv1_2
    with server.running("127.0.0.2") as url:
        elsewhere = url.replace("localhost", "127.0.0.2")
        with pytest.raises(SSLError, match="IP address mismatch"):
            Connections(elsewhere, str(certificates.trusted)).send(request(elsewhere))
    assert server.requests == []


def test_what_was_decrypted_already_is_not_the_answer_to_the_next_request(certificates, tls):
    """A poll sees only what is still encrypted. http.client reads eight kilobytes; a record of TLS has up to sixteen."""
    padded = answer(b"1" * (io.DEFAULT_BUFFER_SIZE - len(answer(b"1" * 8000)) + 8000))
    assert len(padded) == io.DEFAULT_BUFFER_SIZE
    server = Server([padded + answer(b"stale"), answer(b"2")], tls=tls)
    with server.running() as url:
        connections = Connections(url, str(certificates.trusted))
        connections.send(request(url))
        assert connections.send(request(url)).content == b"2"
    assert server.connections == 2


def issued(folder: Path, **days: int) -> tuple[Path, ssl.SSLContext]:
    """A file with an authority that has no extension but that it is one, and the TLS of a server whose certificate it signed.

    `ended`: days since the server's certificate expired.
    """
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name, host = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("Inspecting proxy", "localhost")
    )

    def signed(subject: x509.Name, until: datetime, extension: x509.ExtensionType) -> bytes:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
        made = made.not_valid_after(until).add_extension(extension, critical=False)
        return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    until = now + timedelta(days=1)
    root = folder / "bank.crt"
    root.write_bytes(b"# The bank's\r\n" + signed(name, until, x509.BasicConstraints(ca=True, path_length=None)))
    own = folder / "server.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    own.write_bytes(
        signed(
            host,
            until - timedelta(days=1 + days.get("ended", -1)),
            x509.SubjectAlternativeName([x509.DNSName("localhost")]),
        )
        + key.private_bytes(pem, pkcs8, serialization.NoEncryption())
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(own)
    return root, serving


def test_what_botocore_trusts_is_trusted_and_no_more(monkeypatch, tmp_path):
    """Its own context. Python's default refuses from 3.13 on an authority such as many proxies have that inspect TLS."""
    default = ssl.create_default_context

    def of_python_3_13(**given):
        context = default(**given)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", of_python_3_13)
    root, serving = issued(tmp_path)
    with Server([answer()], tls=serving).running() as url:
        assert Connections(url, str(root)).send(request(url)).status_code == 200
    ours, botocores = aws_connections._trusting_bundle(str(root)), create_urllib3_context()
    for setting in (
        "options",
        "verify_flags",
        "verify_mode",
        "minimum_version",
        "maximum_version",
        "post_handshake_auth",
    ):
        assert getattr(ours, setting) == getattr(botocores, setting), setting
    assert ours.get_ciphers() == botocores.get_ciphers()
    assert ours.check_hostname


def test_a_certificate_that_has_expired_is_refused(tmp_path):
    root, serving = issued(tmp_path, ended=1)
    with Server([answer()], tls=serving).running() as url, pytest.raises(SSLError, match="expired"):
        Connections(url, str(root)).send(request(url))


def test_a_bundle_that_can_not_be_read_is_named(tls, tmp_path):
    """By botocore's exception for it. Without its name an operator would look for the fault at AWS."""
    with Server([answer()], tls=tls).running() as url, pytest.raises(SSLError, match=r"absent\.pem"):
        Connections(url, str(tmp_path / "absent.pem")).send(request(url))


@pytest.fixture
def packaged(tmp_path, monkeypatch, certificates):
    """botocore as it is packaged, whose one authority is that of the servers here."""
    bundle = tmp_path / "botocore" / "cacert.pem"
    bundle.parent.mkdir()
    bundle.write_text(f"# The authority\n{certificates.trusted.read_text()}")
    authorities.write(bundle)
    monkeypatch.setattr(aws_connections.botocore, "__file__", str(bundle.with_name("__init__.py")))
    monkeypatch.setattr(aws_connections, "get_cert_path", lambda verify: str(bundle) if verify is True else verify)
    aws_connections._trusting_bundle.cache_clear()
    yield bundle.with_name(AUTHORITIES)
    aws_connections._trusting_bundle.cache_clear()


def test_of_botocores_authorities_the_one_that_is_needed_is_read(packaged, tls):
    server = Server([answer()], tls=tls)
    with server.running() as url:
        assert Connections(url, None).send(request(url)).status_code == 200
    assert aws_connections._trusting_bundle.cache_info().misses == 0


def test_a_named_bundle_is_trusted_alone(packaged, tls, tmp_path):
    """Also where it does not know the server and botocore's own authorities do."""
    server = Server([answer()], tls=tls)
    with server.running() as url, pytest.raises(SSLError):
        Connections(url, str(Certificates(tmp_path / "other").trusted)).send(request(url))
    assert server.requests == []


def test_authorities_under_other_names_are_found_in_the_bundle(packaged, tls):
    for file in packaged.iterdir():
        file.rename(packaged / "00000000.0")
    server = Server([answer()], tls=tls)
    with server.running() as url:
        assert Connections(url, None).send(request(url)).status_code == 200
    assert aws_connections._trusting_bundle.cache_info().misses == 1


def test_a_handshake_that_failed_for_another_reason_is_not_repeated(packaged, tls):
    server = Server([answer()], tls=tls)
    with server.running("127.0.0.2") as url:
        elsewhere = url.replace("localhost", "127.0.0.2")
        with pytest.raises(SSLError, match="IP address mismatch"):
            Connections(elsewhere, None).send(request(elsewhere))
    assert len(server.open) == 1


def test_an_authority_of_neither_is_refused(packaged, tls, tmp_path):
    for file in (*packaged.iterdir(), packaged.with_name("cacert.pem")):
        file.write_text(Certificates(tmp_path / "other").trusted.read_text())
    server = Server([answer()], tls=tls)
    with server.running() as url, pytest.raises(SSLError):
        Connections(url, None).send(request(url))
    assert server.requests == []


# Who uses it


@pytest.mark.parametrize(
    ("environment", "ours"),
    [
        ({}, True),
        ({"HTTPS_PROXY": "http://proxy.bank.example:3128"}, False),
        ({"https_proxy": "http://proxy.bank.example:3128", "NO_PROXY": ".amazonaws.com"}, True),
        ({"HTTP_PROXY": "http://proxy.bank.example:3128", "NO_PROXY": "localhost"}, True),
    ],
    ids=["none", "proxy", "excepted", "for-http"],
)
def test_where_a_proxy_is_set_botocore_sends(monkeypatch, environment, ours):
    for name in [one for one in os.environ if one.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    registered = []

    class Client:
        class meta:
            endpoint_url = "https://dynamodb.eu-central-1.amazonaws.com"

            class events:
                register = staticmethod(lambda name, handler: registered.append((name, handler)))

    class Session:
        get_config_variable = staticmethod(lambda name: None)

    aws_connections.use(Session, Client)
    assert [name for name, _ in registered] == ["before-send"] * ours


@pytest.mark.parametrize(
    "environment", [{"AWS_CA_BUNDLE": "a.pem"}, {"REQUESTS_CA_BUNDLE": "r.pem"}, {}, {"BOTOCORE_TCP_KEEPALIVE": "true"}]
)
def test_what_the_environment_says_to_botocore_holds(monkeypatch, environment):
    """Its two names of a bundle, of which the first is the stronger, and what is left to it to do."""
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "BOTOCORE_TCP_KEEPALIVE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("_HANDLER", "app.token")
    registered = []
    session = botocore.session.get_session()
    events = SimpleNamespace(register=lambda name, handler: registered.append(handler.__self__._bundle))
    meta = SimpleNamespace(endpoint_url="https://kms.eu-central-1.amazonaws.com", events=events)
    assembly._connected(SimpleNamespace(session=session, client=SimpleNamespace(meta=meta)))
    verify = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    assert registered == ([] if "BOTOCORE_TCP_KEEPALIVE" in environment else [verify])


def test_the_authorities_of_the_package_are_those_of_the_bundle(tmp_path):
    """Each certificate is in a file by the hash of its subject (OpenSSL, `SSL_CTX_load_verify_dir`), alike ones numbered."""
    source = Path(botocore.__file__).with_name("cacert.pem").read_text()
    certificates = authorities.CERTIFICATE.findall(source)
    assert len(certificates) == source.count("BEGIN CERTIFICATE") > 100
    bundle = tmp_path / "cacert.pem"
    bundle.write_text(source + certificates[0])
    authorities.write(bundle)
    written = {file.name: file.read_text().strip() for file in (tmp_path / AUTHORITIES).iterdir()}
    assert sorted(written.values()) == sorted([*certificates, certificates[0]])
    first = next(name for name, text in written.items() if text == certificates[0])
    assert {f"{first[:8]}.0", f"{first[:8]}.1"} <= set(written)
