"""The denylist of client certificates. A denial works at once, whatever the certificate's authority says.

Only operators call this file. A certificate is named by its thumbprint, or by its issuer and serial number.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from cryptography import x509

from chalicelib.clients import distinguished_name
from chalicelib.clients.sent_certificate import names_of, serial_of
from chalicelib.storage.revocation_stores import Revocations

THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
SHA256_DIGITS = 64
MAX_SERIAL_DIGITS = 42
"""RFC 5280 4.1.2.2: 20 octets, which tools may write with an octet for the sign."""


class CertificateNameError(ValueError):
    """The text does not name a certificate. The message says why."""


@dataclass(frozen=True)
class DeniedCertificate:
    """A certificate by its `thumbprint`, or else by the digest of its `issuer` and by its `serial`."""

    thumbprint: str = ""
    issuer: str = ""
    serial: str = ""

    def deny(self, revocations: Revocations, *, why: str, now: int) -> None:
        """Refuse the certificate from now on. `why` is kept beside it."""
        if self.thumbprint:
            revocations.deny_thumbprint(self.thumbprint, why=why, now=now)
        else:
            revocations.deny_serial(self.issuer, self.serial, why=why, now=now)

    def allow(self, revocations: Revocations) -> bool:
        """End the denial under this name; False if there is none. Raises NotOpen if another one came meanwhile."""
        if self.thumbprint:
            return revocations.allow_thumbprint(self.thumbprint)
        return revocations.allow_serial(self.issuer, self.serial)


def by_thumbprint(text: str) -> DeniedCertificate:
    """By `x5t#S256`: base64url, or SHA-256 in hexadecimal with or without colons. Raises CertificateNameError."""
    digits = text.replace(":", "").replace(" ", "")
    if len(digits) == SHA256_DIGITS and HEX.fullmatch(digits):
        text = urlsafe_b64encode(bytes.fromhex(digits)).rstrip(b"=").decode()
    if not THUMBPRINT.fullmatch(text):
        raise CertificateNameError(
            "the thumbprint must be SHA-256: 43 characters of base64url, or 64 hexadecimal digits"
        )
    return DeniedCertificate(thumbprint=text)


def by_serial(issuer: str, serial: str) -> DeniedCertificate:
    """By distinguished name of the issuer, and serial number in hexadecimal with or without 0x, colons and leading zeros.

    Raises CertificateNameError.
    """
    digits = serial.strip().removeprefix("0x").removeprefix("0X").replace(":", "").replace(" ", "")
    if not HEX.fullmatch(digits) or len(digits) > MAX_SERIAL_DIGITS:
        raise CertificateNameError("the serial number must be hexadecimal, of at most 20 octets")
    try:
        name = distinguished_name.read(issuer)
    except distinguished_name.DistinguishedNameError as problem:
        raise CertificateNameError(f"the issuer can't be read: {problem}") from None
    return DeniedCertificate(issuer=distinguished_name.digest(name), serial=serial_of(int(digits, 16)))


def by_certificate(pem: bytes) -> DeniedCertificate:
    """By the issuer and serial number of a certificate, so that a certificate with other extensions is denied too.

    Raises CertificateNameError.
    """
    try:
        names = names_of(x509.load_pem_x509_certificate(pem))
    except ValueError:
        raise CertificateNameError("the file is not a certificate in PEM") from None
    return DeniedCertificate(issuer=names.issuer, serial=names.serial)
