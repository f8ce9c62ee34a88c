"""What is stored about the revocation of client certificates (RFC 5280 5)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TypedDict

SHARDS = 1024
"""Items of one issuer's revoked certificates. A change of it needs every CRL to be written anew."""

ENTRY_LENGTH = 16
"""Characters of an entry: 96 bits. No other certificate of an authority has it by accident."""


@dataclass(frozen=True)
class CertificateNames:
    """The names by which a client certificate is denied or revoked.

    `thumbprint`: SHA-256 of its DER, base64url: `x5t#S256` (RFC 8705 3.1).
    `issuer`: digest of its issuer's name.
    `serial`: its serial number, hexadecimal in lower case without leading zeros.
    `twin`: the thumbprint of its other encoding, which anybody can make of an ECDSA signature (clients/ecdsa_twin.py).
    """

    thumbprint: str
    issuer: str
    serial: str
    twin: str | None = None


class CrlSource(TypedDict):
    """One CRL of an issuer, as it was last accepted.

    `url`: its distribution point.
    `authority`: id of the key that signed it; empty if no CRL of that URL was accepted yet.
    `number`: its CRL number, decimal.
    `this_update`, `next_update`: epoch seconds. Before a CRL was accepted both are when it was first tried.
    """

    url: str
    authority: str
    number: str
    this_update: int
    next_update: int


@dataclass(frozen=True)
class IssuerCrls:
    """The CRLs of all authorities of one name.

    `authorities`: the truststore's certificates of that subject, DER in base64.
    `sources`: the CRLs.
    `revoked`: ids of the keys of authorities that an authority above them revoked.
    """

    authorities: tuple[str, ...]
    sources: tuple[CrlSource, ...]
    revoked: tuple[str, ...] = ()


@dataclass(frozen=True)
class CertificateStatus:
    """What is stored about one certificate.

    `denied`: an operator denied it.
    `crls`: of its issuer, None if there are none or they were not read.
    `revoked`: entries of the shard that would contain the certificate.
    `unreadable`: some of it is there and can't be read, so that nobody knows whom it names.
    """

    denied: bool
    crls: IssuerCrls | None
    revoked: frozenset[str]
    unreadable: bool = False


def shard_of(serial: str) -> int:
    """The number of the shard of a serial number."""
    return int.from_bytes(sha256(serial.encode()).digest()[:4], "big") % SHARDS


def entry_of(authority: str, serial: str) -> str:
    """The entry of a revoked certificate. Authorities of the same name have entries of their own."""
    return urlsafe_b64encode(sha256(f"{authority}.{serial}".encode()).digest()).decode()[:ENTRY_LENGTH]
