"""The client certificate of a TLS connection, and whether an authority revoked it or an operator denied it.

Only `ClientCertificates` reads the PEM. It gives a SentCertificate, whose status is not known yet. Tokens are bound by a
PresentedCertificate, which follows from the status.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.clients import crl_sources, distinguished_name, ecdsa_twin
from chalicelib.errors import Event
from chalicelib.settings import Settings
from chalicelib.storage.revocation_records import CertificateNames, CertificateStatus, IssuerCrls, entry_of
from chalicelib.storage.revocation_stores import Revocations, StatusReading

UNREADABLE = (
    *(ValueError, TypeError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
MAX_CACHED_VERDICTS = 10_000


class CertificateRefused(Exception):
    """The certificate may not be used. The message is the reason, for the log. `event`: what it is counted as."""

    def __init__(self, reason: str, *, event: Event | None = None) -> None:
        super().__init__(reason)
        self.event: Final = event


@dataclass(frozen=True)
class PresentedCertificate:
    """A client certificate that is neither revoked nor denied. `thumbprint`: its `x5t#S256`.

    Only SentCertificate makes it.
    """

    thumbprint: str


@dataclass(frozen=True)
class CrlVerdict:
    """What the CRLs say about one certificate, as read `at` that time.

    `revoked`: a CRL lists it.
    `until`: the earliest nextUpdate of its issuer's CRLs, 0 without any, or if some of them can't be read.
    """

    revoked: bool
    until: int
    at: int


class SentCertificate:
    """The certificate of this connection. Only `ClientCertificates.sent` makes it.

    `reading`: the read of its status, which goes along with another read or is done by `read`.
    """

    def __init__(
        self,
        pem: x509.Certificate,
        names: CertificateNames,
        reading: StatusReading,
        owner: ClientCertificates,
        now: int,
    ) -> None:
        self.certificate, self._names, self.reading, self._owner, self._now = pem, names, reading, owner, now

    def read(self) -> None:
        """Read its status, if that is not done yet."""
        if self.reading.status is None:
            self._owner.revocations.read(self.reading)

    def require_good(self) -> PresentedCertificate:
        """The certificate, by the status that was read. Raises CertificateRefused."""
        self._owner.require_good(self.certificate, self._names, self.reading.status, now=self._now)
        return PresentedCertificate(self._names.thumbprint)

    def provisional(self) -> PresentedCertificate:
        """The certificate before its status is read. Only for single_use.py, which refuses the whole request otherwise."""
        return PresentedCertificate(self._names.thumbprint)


class ClientCertificates:
    """The certificates of a function's connections.

    What CRLs say about a certificate is used for `crl_minutes`. A denial is read at every request.
    """

    def __init__(self, revocations: Revocations, settings: Settings) -> None:
        self.revocations, self._settings = revocations, settings
        self._verdicts: dict[CertificateNames, CrlVerdict] = {}

    def sent(self, pem: str | None, *, now: int) -> SentCertificate | None:
        """The certificate of a connection, None for a connection without one. Raises CertificateRefused."""
        if pem is None:
            return None
        try:
            certificate, names = _load(pem)
        except UNREADABLE as problem:
            raise CertificateRefused(f"the certificate can't be used: {type(problem).__name__}") from None
        crls = names.issuer in _checked_issuers(self._settings.crls) and self._cached(names, now=now) is None
        return SentCertificate(certificate, names, self.revocations.reading(names, crls=crls), self, now)

    def require_good(
        self, certificate: x509.Certificate, names: CertificateNames, status: CertificateStatus | None, *, now: int
    ) -> x509.Certificate:
        """The certificate, if its status allows. Raises CertificateRefused, also if the status was not read."""
        if status is None:
            raise CertificateRefused("the certificate's status was not read")
        if status.denied:
            raise CertificateRefused("an operator denied the certificate", event="certificate_revoked")
        if names.issuer not in _checked_issuers(self._settings.crls):
            return certificate
        verdict = self._cached(names, now=now) or self._judged(certificate, names, status, now=now)
        if verdict.revoked:
            raise CertificateRefused("its authority revoked the certificate", event="certificate_revoked")
        expected = bool(_checked_issuers(self._settings.crls)[names.issuer]) or status.unreadable
        usable = not expected or now < verdict.until + 3600 * int(self._settings.crl_grace_hours)
        if not usable and self._settings.crl_stale != "accept":
            raise CertificateRefused("the CRL of the certificate's authority is missing or too old", event="crl_stale")
        return certificate

    def _cached(self, names: CertificateNames, *, now: int) -> CrlVerdict | None:
        verdict = self._verdicts.get(names)
        fresh = verdict is not None and 0 <= now - verdict.at < 60 * int(self._settings.crl_minutes)
        return verdict if fresh else None

    def _judged(
        self, certificate: x509.Certificate, names: CertificateNames, status: CertificateStatus, *, now: int
    ) -> CrlVerdict:
        verdict = _verdict(certificate, names, status, now=now)
        if verdict.until:  # Without any CRL the next request looks again.
            if len(self._verdicts) >= MAX_CACHED_VERDICTS:
                self._verdicts.clear()
            self._verdicts[names] = verdict
        return verdict


def _verdict(
    certificate: x509.Certificate, names: CertificateNames, status: CertificateStatus, *, now: int
) -> CrlVerdict:
    """RFC5280-6.3.3: by the CRLs of the authority whose key signed the certificate, and of no other one of its name.

    RFC5280-6.1.3: the authority itself may be revoked.
    """
    crls = status.crls
    signers = (
        [] if crls is None else [key_id(one) for one in map(_authority, crls.authorities) if issued(one, certificate)]
    )
    if crls is None or not signers:
        return CrlVerdict(revoked=False, until=0, at=now)
    revoked = any(signer in crls.revoked or entry_of(signer, names.serial) in status.revoked for signer in signers)
    return CrlVerdict(revoked, 0 if status.unreadable else min(_until(crls, signer) for signer in signers), now)


def _until(crls: IssuerCrls, signer: str) -> int:
    """The earliest end of the CRLs that may list certificates of this key. Each of its partitions counts."""
    return min((one["next_update"] for one in crls.sources if one["authority"] in ("", signer)), default=0)


def issued(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the authority's name and key are those of the certificate's issuer."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


@lru_cache(maxsize=64)
def _authority(der: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(b64decode(der))


def key_id(certificate: x509.Certificate) -> str:
    """The id of a certificate's public key: two certificates of one key have the same."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return urlsafe_b64encode(sha256(spki).digest()).rstrip(b"=").decode()


def serial_of(number: int) -> str:
    """A serial number as names have it."""
    return f"{number:x}"


@lru_cache(maxsize=256)
def _load(pem: str) -> tuple[x509.Certificate, CertificateNames]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate, names_of(certificate)


def names_of(certificate: x509.Certificate) -> CertificateNames:
    """The names by which the certificate is denied or revoked."""
    digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
    twin = ecdsa_twin.of(certificate)
    return CertificateNames(
        _thumbprint(digest),
        distinguished_name.digest(distinguished_name.of_issuer(certificate)),
        serial_of(certificate.serial_number),
        twin=None if twin is None else _thumbprint(sha256(twin).digest()),
    )


def _thumbprint(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=4)
def _checked_issuers(crls: str) -> Mapping[str, tuple[str, ...]]:
    """The URLs by the digest of an authority's name. One that publishes no CRL may be revoked by the one above it."""
    listed = crl_sources.read(crls)
    return {distinguished_name.digest(name): urls for name, urls in listed.items()} if any(listed.values()) else {}
