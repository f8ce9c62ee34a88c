"""Sender constraints (`cnf`, RFC 7800): a client certificate (RFC 8705 3.1) or a DPoP key (RFC 9449 6)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.errors import InvalidGrant, InvalidRequest, InvalidToken
from chalicelib.profiles import PROFILES, Profile
from chalicelib.protocol_types import SenderConstraint, TokenType
from chalicelib.storage.records import Client, SingleUse

if TYPE_CHECKING:  # It imports cryptography, which a request without a certificate does not need.
    from chalicelib.clients.sent_certificate import PresentedCertificate

CERTIFICATE = "x5t#S256"
KEY = "jkt"

PROOF_ALGS = tuple(dict.fromkeys(alg for profile in PROFILES.values() for alg in profile.dpop_signing_algs))
"""The proof algorithms of all profiles. A resource checks the proof before it knows the client's profile."""

TOKEN_TYPES: Mapping[str, TokenType] = {CERTIFICATE: "Bearer", KEY: "DPoP"}  # RFC8705-3, FAPI1-ADV-5.2.2-6, DPOP-5


@dataclass(frozen=True)
class Proof:
    """A verified DPoP proof. Only `dpop.proof` makes it.

    `jkt`: thumbprint of its key (RFC 7638).
    `single_use`: its jti.
    `has_server_nonce`: it has a nonce of ours.
    """

    jkt: str
    single_use: SingleUse
    has_server_nonce: bool


@dataclass(frozen=True)
class PresentedKeys:
    """The keys that the sender of a request proves to hold.

    `certificate`: of the mutual TLS connection, neither revoked nor denied.
    `proof`: verified.
    """

    certificate: PresentedCertificate | None = None
    proof: Proof | None = None


def bind(possession: PresentedKeys, client: Client, profile: Profile, *, writes: bool) -> dict[str, str]:
    """The `cnf` of a new token: the first presented key that the profile and the client's record allow.

    It is empty if there is none, the record requires none, the token has no write access and the profile allows unbound tokens.
    A token with write access is always bound (W5). Raises InvalidRequest (FAPI2-SP-FINAL-5.3.2.1-4).
    """
    allowed = _allowed(client, profile)
    if client.dpop_bound_access_tokens and possession.proof is None:
        raise InvalidRequest("a DPoP proof is required: the client's tokens are bound to a DPoP key")  # DPOP-5.2
    for constraint in allowed:
        presented = PRESENTED[constraint](possession)
        if presented is not None:
            return presented
    if profile.unbound_tokens and not writes and not _chosen(client, profile):
        return {}
    raise InvalidRequest(
        f"the token must be sender-constrained: send {' or '.join(REQUIRED_PROOF[c] for c in allowed)}"
    )


def renew(
    cnf: Mapping[str, str],
    possession: PresentedKeys,
    client: Client,
    profile: Profile,
    *,
    authenticated_by_certificate: bool,
    writes: bool,
) -> dict[str, str]:
    """The `cnf` of a refreshed access token. Raises InvalidRequest without a key, and InvalidGrant for another key.

    A certificate that authenticated the client (`authenticated_by_certificate`) may be newer than the grant, because
    certificates are renewed during a consent (RFC 8705 7.1). The DPoP key of a confidential client may be newer too. The key of
    a public client must be the same (RFC 9449 5). A token of an unbound grant has no write access, whatever keys are presented.
    """
    presented = bind(possession, client, profile, writes=writes)
    if not cnf and not writes:
        return presented
    if cnf.keys() != presented.keys():
        raise InvalidGrant("the refresh token can't be used", detail="bound by another method")
    if client.public and presented != cnf:
        raise InvalidGrant("the refresh token can't be used", detail="bound to another DPoP key")
    if CERTIFICATE in presented and not authenticated_by_certificate and presented != cnf:
        raise InvalidGrant("the refresh token can't be used", detail="bound to another certificate")
    return presented


def require(cnf: Mapping[str, str], possession: PresentedKeys) -> Mapping[str, str]:
    """The `cnf`, if the presented key matches it (RFC8705-3, FAPI1-ADV-6.2.1-2, RFC 9449 7.1).

    Raises InvalidToken, also for an empty `cnf`.
    """
    for name, presented in ((CERTIFICATE, _certificate(possession)), (KEY, _key(possession))):
        if name in cnf and presented is not None and hmac.compare_digest(cnf[name], presented[name]):
            return cnf
    raise InvalidToken("the access token is bound to another key or certificate")


def token_type(cnf: Mapping[str, str]) -> TokenType:
    """The token_type of a token with this `cnf`."""
    return next((kind for name, kind in TOKEN_TYPES.items() if name in cnf), "Bearer")


def _allowed(client: Client, profile: Profile) -> tuple[SenderConstraint, ...]:
    """The profile's sender constraints in order, or only those that the client registered."""
    return _chosen(client, profile) or profile.sender_constraints


def _chosen(client: Client, profile: Profile) -> tuple[SenderConstraint, ...]:
    registered: Mapping[SenderConstraint, bool] = {
        "mtls": client.tls_client_certificate_bound_access_tokens,
        "dpop": client.dpop_bound_access_tokens,
    }
    return tuple(constraint for constraint in profile.sender_constraints if registered[constraint])


def _certificate(possession: PresentedKeys) -> dict[str, str] | None:
    return None if possession.certificate is None else {CERTIFICATE: possession.certificate.thumbprint}


def _key(possession: PresentedKeys) -> dict[str, str] | None:
    return None if possession.proof is None else {KEY: possession.proof.jkt}


PRESENTED: Mapping[SenderConstraint, Callable[[PresentedKeys], dict[str, str] | None]] = {
    "mtls": _certificate,
    "dpop": _key,
}
REQUIRED_PROOF: Mapping[SenderConstraint, str] = {"mtls": "a client certificate", "dpop": "a DPoP proof"}
