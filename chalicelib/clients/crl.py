"""Certificate revocation lists (RFC 5280 5), verified by the keys of the truststore.

Complete CRLs are used, of which the authority itself is the issuer. Delta CRLs, indirect CRLs and CRLs for some reasons or for
authorities alone are refused. A CRL of some distribution point is used; the setting `crls` lists all of an authority.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from chalicelib.clients.distinguished_name import Name, of_certificate, of_name
from chalicelib.clients.sent_certificate import key_id, serial_of
from chalicelib.storage.revocation_records import entry_of, shard_of

MAX_BYTES = 64 * 1024 * 1024
"""Bytes of a CRL: over a million certificates."""
MAX_SECONDS_AHEAD = 300
"""Seconds that an authority's clock may be ahead."""
DIGESTS = ("sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512")
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


class CrlError(Exception):
    """The CRL can't be used. The message says why."""


@dataclass(frozen=True)
class Crl:
    """A verified CRL.

    `authority`: id of the key that signed it.
    `entries`: by shard, the entries of the revoked certificates.
    """

    authority: str
    number: int
    this_update: int
    next_update: int
    entries: dict[int, set[str]]


def verify(content: bytes, issuer: Name, authorities: Sequence[x509.Certificate], *, now: int) -> Crl:
    """The CRL, if one of the authorities of that name signed it and it is valid now. Raises CrlError."""
    try:
        crl = x509.load_pem_x509_crl(content) if b"-----BEGIN" in content[:200] else x509.load_der_x509_crl(content)
        if of_name(crl.issuer) != issuer:
            raise CrlError("another authority is its issuer")  # RFC5280-5.1.2.3
        authority = _signer(crl, authorities)
        number = _extensions(crl)
        this_update, next_update = _times(crl, now=now)
        entries: dict[int, set[str]] = {}
        for serial in _serials(crl):
            entries.setdefault(shard_of(serial), set()).add(entry_of(authority, serial))
    except UNREADABLE as problem:
        raise CrlError(f"it can't be read: {type(problem).__name__}") from None
    return Crl(authority, number, this_update, next_update, entries)


def _signer(crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]) -> str:
    """The id of the key that signed it: RFC5280-5.1.1.3, RFC5280-4.1.1.2."""
    digest = crl.signature_hash_algorithm
    if digest is not None and digest.name not in DIGESTS:
        raise CrlError("its signature uses a digest that is not safe")
    for authority in authorities:
        key = authority.public_key()
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
            continue
        if of_certificate(authority) == of_name(crl.issuer) and crl.is_signature_valid(key):
            if not _signs_crls(authority):
                raise CrlError("its authority may not sign CRLs")
            return key_id(authority)
    raise CrlError("no authority of the truststore signed it")


def _signs_crls(authority: x509.Certificate) -> bool:
    """RFC5280-4.2.1.3: whether its key usage, if it has one, includes CRLs."""
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _extensions(crl: x509.CertificateRevocationList) -> int:
    """The CRL number. Raises CrlError for a CRL that is not complete, or has none: RFC5280-5.2, RFC5280-5.2.3, RFC5280-5.2.4."""
    number = None
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.CRLNumber):
            number = value.crl_number
        elif isinstance(value, x509.DeltaCRLIndicator):
            raise CrlError("it is a delta CRL")
        elif isinstance(value, x509.IssuingDistributionPoint):
            _require_complete(value)
        elif extension.critical:
            raise CrlError(f"its critical extension {extension.oid.dotted_string} is unknown")
    if number is None:
        raise CrlError("it has no CRL number")
    return number


def _require_complete(point: x509.IssuingDistributionPoint) -> x509.IssuingDistributionPoint:
    """The extension, if the CRL may list every client certificate: RFC5280-5.2.5. Raises CrlError."""
    if point.indirect_crl:
        raise CrlError("it is an indirect CRL")
    if point.only_some_reasons is not None:
        raise CrlError("it is for some reasons only")
    if point.only_contains_ca_certs or point.only_contains_attribute_certs:
        raise CrlError("it has no client certificates")
    return point


def _times(crl: x509.CertificateRevocationList, *, now: int) -> tuple[int, int]:
    """thisUpdate and nextUpdate, if the CRL is valid now: RFC5280-5.1.2.4, RFC5280-5.1.2.5."""
    if crl.next_update_utc is None:
        raise CrlError("it has no nextUpdate")
    this_update, next_update = int(crl.last_update_utc.timestamp()), int(crl.next_update_utc.timestamp())
    if this_update > now + MAX_SECONDS_AHEAD:
        raise CrlError("its thisUpdate is in the future")
    if next_update <= now:
        raise CrlError("it has expired")
    return this_update, next_update


def _serials(crl: x509.CertificateRevocationList) -> Iterator[str]:
    """The revoked serial numbers, those on hold too: RFC5280-5.3, RFC5280-5.3.1. Raises CrlError for an unknown extension."""
    for revoked in crl:
        for extension in revoked.extensions:
            if isinstance(extension.value, x509.CertificateIssuer):
                raise CrlError("it is an indirect CRL")
            if extension.critical and not isinstance(extension.value, x509.CRLReason | x509.InvalidityDate):
                raise CrlError(f"a critical extension {extension.oid.dotted_string} of an entry is unknown")
        yield serial_of(revoked.serial_number)
