"""Certificates for one machine: made when first needed, kept in a folder that git ignores, renewed before they expire.

Two authorities. The one that a developer may tell a browser to trust signs for this machine alone (RFC 5280 4.2.1.10), so that
its key is of no use elsewhere; the other signs client certificates. A file holds a certificate and its private key.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = Path(__file__).resolve().parent.parent / ".local"

RSA_BITS = 2048
CERTIFICATE_LIFETIME = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=7)

HOSTS: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
)
THIS_MACHINE: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_network("127.0.0.0/8")),
    x509.IPAddress(ip_network("::1/128")),
)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, and the one file that holds both."""

    certificate: x509.Certificate
    key: Any
    file: Path

    @property
    def subject_dn(self) -> str:
        """The subject as RFC 4514 writes it, which is how RFC 8705 2.1.2 registers it."""
        return self.certificate.subject.rfc4514_string()

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


class Certificates:
    """Every certificate in one folder, each made at its first use."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    @property
    def trusted(self) -> Path:
        """The certificate, without its key, of the authority that servers here are known by."""
        file = self.folder / "dev-ca.crt"
        pem = self._servers_authority().pem
        if not file.is_file() or file.read_text() != pem:
            _write(file, pem.encode(), mode=0o644)
        return file

    @property
    def clients_authority(self) -> Pair:
        """The authority that signs client certificates, for a gateway that asks for one it knows."""
        return self._pair("dev-clients-ca", _name("Ducat dev clients CA"), _ec_key)

    def server(self) -> Pair:
        """A server certificate for localhost, of an RSA key as FAPI 1.0's TLS 1.2 suites need."""
        return self._pair(
            "server", _name("localhost"), _rsa_key, HOSTS, ExtendedKeyUsageOID.SERVER_AUTH, self._servers_authority()
        )

    def client(self, name: str, *sans: x509.GeneralName, organization: str = "Fintech Ltd") -> Pair:
        """A client certificate that the clients' authority signed."""
        subject = _name(name, organization)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH
        return self._pair(f"client-{name}", subject, _ec_key, sans, usage, self.clients_authority)

    def self_signed(self, name: str, *sans: x509.GeneralName) -> Pair:
        """A client certificate that nobody else signed."""
        return self._pair(f"self-signed-{name}", _name(name), _ec_key, sans, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _servers_authority(self) -> Pair:
        return self._pair("dev-ca", _name("Ducat dev CA"), _rsa_key, constrained=True)

    def _pair(
        self,
        name: str,
        subject: x509.Name,
        new_key: Any,
        sans: tuple[x509.GeneralName, ...] = (),
        usage: x509.ObjectIdentifier | None = None,
        issuer: Pair | None = None,
        *,
        constrained: bool = False,
    ) -> Pair:
        file = self.folder / f"{name}.pem"
        if file.is_file():
            found = _read(file)
            if _still_good(found, subject, sans, issuer):
                return found
        key = new_key()
        signed = _sign(subject, key, sans, usage, issuer, constrained=constrained)
        _write(file, signed.public_bytes(serialization.Encoding.PEM) + _key_pem(key), mode=0o600)
        return Pair(signed, key, file)


def _still_good(pair: Pair, subject: x509.Name, sans: tuple[x509.GeneralName, ...], issuer: Pair | None) -> bool:
    """Whether a kept certificate says what is asked, has time left and was signed by the authority as it is now."""
    certificate = pair.certificate
    if certificate.not_valid_after_utc - datetime.now(UTC) < RENEWED_BEFORE:
        return False
    if certificate.subject != subject or _sans(certificate) != sans:
        return False
    try:
        certificate.verify_directly_issued_by((issuer or pair).certificate)
    except (ValueError, InvalidSignature):
        return False
    return True


def _sign(
    subject: x509.Name,
    key: Any,
    sans: tuple[x509.GeneralName, ...],
    usage: x509.ObjectIdentifier | None,
    issuer: Pair | None,
    *,
    constrained: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + CERTIFICATE_LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
        .add_extension(_key_usage(authority=usage is None), critical=True)
    )
    if issuer is not None:
        signer = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer)
        builder = builder.add_extension(identifier, critical=False)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    if constrained:
        builder = builder.add_extension(x509.NameConstraints(THIS_MACHINE, None), critical=True)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, organization: str = "Ducat dev") -> x509.Name:
    attributes = ((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(x509.NameAttribute(*pair) for pair in (*attributes, (NameOID.COMMON_NAME, common_name)))


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, RSA_BITS)


def _ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _sans(certificate: x509.Certificate) -> tuple[x509.GeneralName, ...]:
    try:
        return tuple(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return ()


def _key_pem(key: Any) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def _read(file: Path) -> Pair:
    return Pair(*_loaded(file.read_bytes()), file)


@cache
def _loaded(pem: bytes) -> tuple[x509.Certificate, Any]:
    """The certificate and the key. Once for each content, since a key of RSA is checked for primes for 20 ms."""
    return x509.load_pem_x509_certificate(pem), serialization.load_pem_private_key(pem, None)


def _write(file: Path, content: bytes, *, mode: int) -> None:
    """All at once, so that another process finds the old file or the new one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.touch(mode=mode)
    fresh.write_bytes(content)
    fresh.replace(file)
