"""A network of one's own: names that resolve to what a test says, public addresses that lead to servers of this process."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.fetch.https import Https


@pytest.fixture(scope="session", autouse=True)
def no_public_authorities() -> Iterator[None]:
    """The system trusts nobody else: reading a hundred and fifty authorities for each test took most of its CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", os.devnull)
        yield


HOST = "keys.fintech.example"
PUBLIC = "93.184.216.34"
OTHER = "2606:2800:220:1::1"


@dataclass
class Network:
    """`names`: each look-up of a name gets the next of its answers, and the last one from then on. `machines`: ports by address.

    `looked_up`, `connected`: the names and the addresses that were asked for, in order.
    """

    names: dict[str, list[Any]] = field(default_factory=dict)
    machines: dict[str, int] = field(default_factory=dict)
    looked_up: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)

    def resolve(self, host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if not host[-1].isalpha() or ":" in host:  # an address, on the way to its connection
            self.connected.append(host)
            if host not in self.machines:
                raise ConnectionRefusedError
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", self.machines[host]))]
        self.looked_up.append(host)
        answers = self.names.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        now = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(now):
            now = now()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in now]


Talk = Callable[[socket.socket], object]
Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


class Server:
    """A TLS server. `talk` gets each connection after its request; `requests` and `server_names` (SNI) are what came."""

    def __init__(self, talk: Talk, pem: Path, *, tls: bool = True) -> None:
        self.requests: list[str] = []
        self.server_names: list[str | None] = []
        self._talk, self._listening = talk, socket.create_server(("127.0.0.1", 0))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context is not None:
            self._context.load_cert_chain(pem)
            self._context.sni_callback = lambda _, name, __: self.server_names.append(name)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(raw,), daemon=True).start()

    def _answer(self, raw: socket.socket) -> None:
        raw.settimeout(10)
        with suppress(OSError), raw:
            if self._context is None:
                self._talk(raw)
                return
            with self._context.wrap_socket(raw, server_side=True) as connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    more = connection.recv(4096)
                    if not more:
                        return
                    request += more
                self.requests.append(request.decode())
                self._talk(connection)
                with suppress(OSError):
                    connection.unwrap()

    def close(self) -> None:
        self._listening.close()


def _signed(
    name: str, key: ec.EllipticCurvePrivateKey, *, issuer: Authority | None = None, days: int = 30
) -> x509.Certificate:
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    authority = issuer is None
    by, signer = (subject, key) if issuer is None else (issuer[0].subject, issuer[1])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False), critical=True
        )
    )
    if issuer is not None:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(identifier, critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Certificate and key of the only authority of that network."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _signed("An authority", key), key


@pytest.fixture(scope="session")
def identity(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function: the file of a server's certificate and key, for a name. `days`: how long it lasts."""
    folder = tmp_path_factory.mktemp("identities")

    def make(name: str = HOST, *, days: int = 30, issuer: Authority | None = authority) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        file = folder / f"{name}{days}{len(list(folder.iterdir()))}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signed = _signed(name, key, issuer=issuer, days=days)
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
        return file

    return make


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network(names={HOST: [[PUBLIC]]})
    monkeypatch.setattr(socket, "getaddrinfo", made.resolve)
    return made


@pytest.fixture
def serve(network: Network, identity: Callable[..., Path]) -> Iterator[Callable[..., Server]]:
    """A function: what to say, to the server that says it at an address of the network."""
    running: list[Server] = []

    def start(talk: Talk | bytes, *, at: str = PUBLIC, pem: Path | None = None, tls: bool = True) -> Server:
        said = talk if callable(talk) else lambda connection: connection.sendall(talk)
        server = Server(said, pem or identity(), tls=tls)
        running.append(server)
        network.machines[at] = server.port
        return server

    yield start
    for server in running:
        server.close()


@pytest.fixture
def trusted(authority: Authority) -> str:
    """The network's authority, as the adapter takes it."""
    return authority[0].public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def documents(trusted: str) -> Https:
    """The adapter as it ships, but that it knows the network's authority. It waits longer, as this machine may be busy."""
    return Https(seconds=20.0, authorities=trusted)


@pytest.fixture
def hasty(trusted: str) -> Https:
    """The same, which waits for less."""
    return Https(seconds=0.5, authorities=trusted)
