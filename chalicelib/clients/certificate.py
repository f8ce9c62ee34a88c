"""Client authentication by certificate (RFC 8705 2). The certificate comes from the TLS layer, never from a header."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.clients import distinguished_name
from chalicelib.clients.jwk_set import certificates
from chalicelib.errors import InvalidClient
from chalicelib.keys.jose import JoseError, public_key, require_size
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Jwk
from chalicelib.storage.records import Client

UNREADABLE = (
    *(ValueError, TypeError, UnsupportedAlgorithm, JoseError),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""The exceptions for a certificate that can't be read. Some occur only when a part is read."""

NETSCAPE_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
"""An extension from before X.509 v3. A verifier may still take it as the mark of an authority."""


def require_usable(certificate: x509.Certificate, profile: Profile, *, now: int) -> x509.Certificate:
    """The certificate, if it is within its validity period and its key is large enough for the profile. Raises InvalidClient."""
    try:
        require_size(certificate.public_key(), profile.key_sizes)
    except UNREADABLE as problem:
        raise _unusable(problem) from None
    instant = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= instant <= certificate.not_valid_after_utc:
        raise InvalidClient("client authentication failed", detail="the certificate has expired or is not yet valid")
    return certificate


def require_registered_name(certificate: x509.Certificate, client: Client) -> x509.Certificate:
    """The certificate, if it has the one name that the client registered (RFC 8705 2.1.2). Raises InvalidClient."""
    try:
        if client.tls_client_auth_subject_dn is not None:
            registered = distinguished_name.read(client.tls_client_auth_subject_dn)
            carried = distinguished_name.of_certificate(certificate) == registered
        else:
            carried = any(expected in _alternatives(certificate, kind) for kind, expected in _registered_names(client))
    except UNREADABLE as problem:
        raise _unusable(problem) from None
    if not carried:
        raise InvalidClient(
            "client authentication failed", detail="the certificate's name does not match the registered one"
        )
    return certificate


def require_authority(certificate: x509.Certificate, client: Client, authorities: str) -> x509.Certificate:
    """The certificate, if its issuer may name clients and is the one that the client pinned, if any.

    RFC8705-7.4: the truststore also has self-signed certificates, which may claim any issuer. `authorities`: the setting
    client_authorities. Raises InvalidClient.
    """
    try:
        issuer = distinguished_name.of_issuer(certificate)
        itself = issuer == distinguished_name.of_certificate(certificate)
        named = issuer in distinguished_name.read_all(authorities)
        pinned = client.tls_client_auth_issuer_dn
        fits = pinned is None or issuer == distinguished_name.read(pinned)
    except UNREADABLE as problem:
        raise _unusable(problem) from None
    if not named:
        raise InvalidClient(
            "client authentication failed", detail="the certificate's issuer is not in client_authorities"
        )
    if itself:
        raise InvalidClient("client authentication failed", detail="the certificate is self-issued")
    if not fits:
        raise InvalidClient(
            "client authentication failed", detail="the certificate's issuer does not match the registered one"
        )
    return certificate


def is_of_listed_authority(certificate: x509.Certificate, authorities: str) -> bool:
    """Whether the certificate's subject or issuer is a listed authority.

    A self-signed certificate is in the truststore itself. No one verifies the signature of the issuer that it claims.
    """
    try:
        listed = distinguished_name.read_all(authorities)
    except distinguished_name.DistinguishedNameError:
        return False  # No authority may name clients.
    return not listed.isdisjoint(
        (distinguished_name.of_issuer(certificate), distinguished_name.of_certificate(certificate))
    )


def can_issue(certificate: x509.Certificate) -> bool:
    """Whether a verifier may accept it as an authority: CA:TRUE, keyCertSign, or their forerunners from before X.509 v3."""
    if certificate.version is x509.Version.v1:
        return True
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            return True
        if isinstance(value, x509.KeyUsage) and value.key_cert_sign:
            return True
        if extension.oid == NETSCAPE_TYPE and isinstance(value, x509.UnrecognizedExtension):
            return True
    return False


def _unusable(problem: Exception) -> InvalidClient:
    return InvalidClient(
        "client authentication failed", detail=f"the certificate can't be used: {type(problem).__name__}"
    )


def x5c(certificate: x509.Certificate) -> str:
    """The certificate in the form of a JWK's x5c (RFC 7517 4.7): DER in base64."""
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def require_registered_certificate(certificate: x509.Certificate, client: Client, authorities: str) -> x509.Certificate:
    """The certificate, if it is in the client's JWK Set (RFC 8705 2.2.2) with its own key, and is not an authority's.

    `authorities`: as in `require_authority`. Raises InvalidClient.
    """
    sent = certificate.public_bytes(Encoding.DER)
    try:
        own = any(
            b64decode(shown[0]) == sent and _is_of(certificate, key)
            for key in client.jwk_set["keys"]
            if (shown := certificates(key))
        )
        issues = can_issue(certificate) or is_of_listed_authority(certificate, authorities)
    except UNREADABLE as problem:
        raise _unusable(problem) from None
    if not own:
        raise InvalidClient("client authentication failed", detail="the certificate is not registered")
    if issues:  # It is in the truststore, so certificates that it issues would be accepted.
        raise InvalidClient("client authentication failed", detail="the certificate is that of an authority")
    return certificate


def _is_of(certificate: x509.Certificate, jwk: Jwk) -> bool:
    """RFC7517-4.7: whether the certificate has the JWK's key."""
    return public_key(jwk) == certificate.public_key()


def _registered_names(client: Client) -> Iterator[tuple[type[x509.GeneralName], str]]:
    """The subject alternative name that the client registered."""
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
    """An email address with its host in lower case; the local part is case-sensitive (RFC 5280 7.5)."""
    local, _, host = address.rpartition("@")
    return f"{local}@{host.lower()}"
