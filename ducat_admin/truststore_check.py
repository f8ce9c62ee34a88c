"""What is wrong, or will be, with the certificates of a truststore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cryptography import x509

SOON_DAYS = 60
"""An authority's next certificate takes longer than a client's."""
MAX_CHAIN = 4
"""Certificates of a chain, the client's among them (API Gateway developer guide, "mutual TLS for REST APIs")."""
AUTHORITY, OWN, ISSUED = "authority", "a client's own", "issued to a client"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `sha256`: of the certificate; empty where it is about none."""

    level: Literal["problem", "warning"]
    subject: str
    finding: str
    sha256: str = ""


def checked(certificates: Sequence[x509.Certificate], authorities: Iterable[str]) -> list[Finding]:
    """All that is to be said. `authorities`: distinguished names that must be there (client_authorities)."""
    now, found = datetime.now(UTC), list[Finding]()
    digests = [sha256_of(one) for one in certificates]
    for one, digest in zip(certificates, digests, strict=True):
        name = one.subject.rfc4514_string()
        said = [*_of_itself(one, now), *_of_chain(one, certificates)]
        if digests.count(digest) > 1:
            said.append(("warning", "it is there twice"))
        found += [Finding(level, name, words, digest) for level, words in said]
    return list(dict.fromkeys(found)) + list(_missing(certificates, authorities))


def kind_of(one: x509.Certificate) -> str:
    """An authority, a client's own self-signed certificate, or one that an authority issued to a client."""
    from chalicelib.clients.certificate import can_issue

    if can_issue(one):
        return AUTHORITY
    return OWN if one.issuer == one.subject else ISSUED


def sha256_of(one: x509.Certificate) -> str:
    """Its SHA-256, hexadecimal."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return one.fingerprint(SHA256()).hex()


Said = tuple[Literal["problem", "warning"], str]


def _of_itself(one: x509.Certificate, now: datetime) -> Iterator[Said]:
    from ducat_cdk.truststore import EC_BITS, RSA_BITS, is_strong

    begins, ends = one.not_valid_before_utc, one.not_valid_after_utc
    if not is_strong(one):
        yield "problem", f"RSA of {RSA_BITS} bits or ECDSA of {EC_BITS} is the least, signed by SHA-256"
    if now > ends:
        yield "problem", f"it ended on {ends:%Y-%m-%d}"
    elif now < begins:
        yield "problem", f"it begins on {begins:%Y-%m-%d}"
    elif (days := (ends - now).days) < SOON_DAYS:
        yield "warning", f"it ends in {days} days, on {ends:%Y-%m-%d}"
    if kind_of(one) == ISSUED:
        yield "problem", "it is neither an authority nor self-signed: let its authority in"


def _of_chain(one: x509.Certificate, certificates: Sequence[x509.Certificate]) -> Iterator[Said]:
    """The chain from an authority to its root, all in the truststore, with room for a client's certificate below."""
    from chalicelib.clients.sent_certificate import issued

    if kind_of(one) != AUTHORITY:
        return
    at, length = one, 1
    while at.issuer != at.subject:
        above = next((other for other in certificates if other.subject == at.issuer and issued(other, at)), None)
        if above is None:
            yield "warning", f"the certificate of its issuer {at.issuer.rfc4514_string()} is not there"
            return
        at, length = above, length + 1
        if length + 1 > MAX_CHAIN:
            yield "problem", f"a client's chain by it has more than {MAX_CHAIN} certificates, which API Gateway refuses"
            return


def _missing(certificates: Iterable[x509.Certificate], authorities: Iterable[str]) -> Iterator[Finding]:
    from chalicelib.clients import distinguished_name

    there = {distinguished_name.of_certificate(one) for one in certificates}
    for name in authorities:
        try:
            is_there = distinguished_name.read(name) in there
        except distinguished_name.DistinguishedNameError as problem:
            yield Finding("problem", name, f"client_authorities: {problem}")
            continue
        if not is_there:
            yield Finding("problem", name, f"client_authorities lists {name}, which is not there")
