"""Client authentication by certificate (RFC 8705 2). The certificate is the one that TLS verified, never a header's."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from unicodedata import normalize

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.errors import InvalidClient
from chalicelib.keys.jose import JoseError, require_size
from chalicelib.profiles import Profile
from chalicelib.storage.records import Client

FURTHER_NAMES: Mapping[str, x509.ObjectIdentifier] = {
    name: x509.ObjectIdentifier(oid)
    for oid, names in {
        "1.2.840.113549.1.9.1": ("E", "EMAIL", "EMAILADDRESS"),
        "2.5.4.5": ("SN", "SERIALNUMBER"),
        "2.5.4.8": ("S",),
        "2.5.4.15": ("BUSINESSCATEGORY",),
        "2.5.4.97": ("ORGANIZATIONIDENTIFIER",),
        "1.3.6.1.4.1.311.60.2.1.3": ("JURISDICTIONCOUNTRYNAME", "JURISDICTIONOFINCORPORATIONCOUNTRYNAME"),
    }.items()
    for name in names
}
"""Names of attributes that certificate tools write and RFC 4514 3 does not list."""

STRINGS: Mapping[int, str] = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""How ASN.1's kinds of string are encoded, by their BER tags."""

ATTRIBUTE = re.compile(
    r"(?P<escaped>\\.)|(?P<before>^|[,+])(?P<type>[A-Za-z0-9.-]+)=(?:#(?P<ber>([0-9A-Fa-f]{2})+)(?=[,+]|$))?", re.DOTALL
)
"""Where an attribute of a DN begins, and its value where that is written in hex (RFC 4514 2.4, 3)."""

UNREADABLE = (
    *(ValueError, TypeError, UnsupportedAlgorithm, JoseError),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What comes of reading a certificate that is none, or that holds what nobody reads: some of it only at the part in question."""

Name = tuple[frozenset[tuple[str, str]], ...]


def presented(pem: str | None, profile: Profile, *, now: int) -> x509.Certificate:
    """The client's certificate, in its time and with a key of the profile's size. Raises InvalidClient."""
    if pem is None:
        raise InvalidClient("client authentication failed", detail="no client certificate")
    try:
        certificate = _load(pem)
        require_size(certificate.public_key(), rsa_key_bits=profile.rsa_key_bits, ec_key_bits=profile.ec_key_bits)
    except UNREADABLE as problem:
        raise _unusable(problem) from None
    instant = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= instant <= certificate.not_valid_after_utc:
        raise InvalidClient("client authentication failed", detail="the certificate is not in its time")
    return certificate


def require_registered_name(certificate: x509.Certificate, client: Client) -> x509.Certificate:
    """The certificate, if it carries the one name that the client registered (RFC 8705 2.1.2). Raises InvalidClient."""
    try:
        if client.tls_client_auth_subject_dn is not None:
            carried = _comparable(certificate.subject) == distinguished_name(client.tls_client_auth_subject_dn)
        else:
            carried = any(expected in _alternatives(certificate, kind) for kind, expected in _registered_names(client))
    except UNREADABLE as problem:
        raise _unusable(problem) from None
    if not carried:
        raise InvalidClient("client authentication failed", detail="the certificate's name is not the registered one")
    return certificate


def _unusable(problem: Exception) -> InvalidClient:
    return InvalidClient(
        "client authentication failed", detail=f"the certificate can't be used: {type(problem).__name__}"
    )


def x5c(certificate: x509.Certificate) -> str:
    """The certificate as a JWK holds it (RFC 7517 4.7): DER in base64."""
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def require_registered_certificate(certificate: x509.Certificate, client: Client) -> x509.Certificate:
    """The certificate, if it is one of the client's JWK Set (RFC 8705 2.2.2). Raises InvalidClient."""
    sent = certificate.public_bytes(Encoding.DER)
    keys = (client.jwks or {}).get("keys", ())
    if not any(b64decode(key["x5c"][0]) == sent for key in keys if key.get("x5c")):
        raise InvalidClient("client authentication failed", detail="the certificate is not registered")
    return certificate


@lru_cache(maxsize=256)
def distinguished_name(text: str) -> Name:
    """A DN written as RFC 4514 says, ready to compare. Raises ValueError where it can't be read, or names nothing."""
    if not text:
        raise ValueError("an empty name")
    return _comparable(x509.Name.from_rfc4514_string(ATTRIBUTE.sub(_plain, text), FURTHER_NAMES))


def _plain(found: re.Match[str]) -> str:
    """An attribute's beginning as cryptography reads it: the type in capitals, and no value in hex."""
    if found["escaped"]:
        return found[0]
    value = "" if found["ber"] is None else _text(bytes.fromhex(found["ber"]))
    return f"{found['before']}{found['type'].upper()}=" + "".join(f"\\{byte:02x}" for byte in value.encode())


def _text(ber: bytes) -> str:
    """The text of a string in BER. Raises ValueError where it is something else."""
    kind, size, body = ber[0], int.from_bytes(ber[1:2], "big"), ber[2:]
    if size > 0x80:
        octets = size & 0x7F
        size, body = int.from_bytes(body[:octets], "big"), body[octets:]
    if kind not in STRINGS or len(body) != size:
        raise ValueError("no text")
    return body.decode(STRINGS[kind])


@lru_cache(maxsize=256)
def _load(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _comparable(name: x509.Name) -> Name:
    """Attributes without regard to case, runs of spaces, string type or order within an RDN (RFC 4517 4.2.11, 4.2.15)."""
    return tuple(frozenset((a.oid.dotted_string, _folded(str(a.value))) for a in rdn) for rdn in name.rdns)


def _folded(value: str) -> str:
    """A text prepared for caseIgnoreMatch (RFC 4518 2)."""
    return " ".join(normalize("NFKC", value.casefold()).split())


def _registered_names(client: Client) -> Iterator[tuple[type[x509.GeneralName], str]]:
    """The one subject alternative name that the client registered."""
    if client.tls_client_auth_san_dns is not None:
        yield x509.DNSName, client.tls_client_auth_san_dns.lower()
    if client.tls_client_auth_san_uri is not None:
        yield x509.UniformResourceIdentifier, client.tls_client_auth_san_uri
    if client.tls_client_auth_san_ip is not None:
        yield x509.IPAddress, str(ip_address(client.tls_client_auth_san_ip))
    if client.tls_client_auth_san_email is not None:
        yield x509.RFC822Name, _mailbox(client.tls_client_auth_san_email)


def _alternatives(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {_alternative(name) for name in names if isinstance(name, kind)}


def _alternative(name: x509.GeneralName) -> str:
    value = str(name.value)
    if isinstance(name, x509.DNSName):
        return value.lower()
    return _mailbox(value) if isinstance(name, x509.RFC822Name) else value


def _mailbox(address: str) -> str:
    """The host without regard to case, the local part as it is (RFC 5280 7.5)."""
    local, _, host = address.rpartition("@")
    return f"{local}@{host.lower()}"
