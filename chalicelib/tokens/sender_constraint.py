"""What a token is tied to (`cnf`, RFC 7800): a client certificate (RFC 8705 3.1) or a DPoP key (RFC 9449 6)."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert

from chalicelib.errors import InvalidGrant, InvalidRequest, InvalidToken
from chalicelib.profiles import PROFILES, Profile
from chalicelib.protocol_types import SenderConstraint, TokenType
from chalicelib.storage.records import Client, SingleUse

CERTIFICATE = "x5t#S256"
KEY = "jkt"

PROOF_ALGS = tuple(dict.fromkeys(alg for profile in PROFILES.values() for alg in profile.dpop_signing_algs))
"""What any profile takes of a proof: a resource does not know whose it sees before it has looked at it."""

TOKEN_TYPES: Mapping[str, TokenType] = {CERTIFICATE: "Bearer", KEY: "DPoP"}  # RFC8705-3, FAPI1-ADV-5.2.2-6, DPOP-5


@dataclass(frozen=True)
class Proof:
    """A checked DPoP proof; made in `dpop.proof` alone.

    `jkt`: thumbprint of its key (RFC 7638). `single_use`: its jti. `has_server_nonce`: it carried a nonce of ours.
    """

    jkt: str
    single_use: SingleUse
    has_server_nonce: bool


@dataclass(frozen=True)
class PresentedKeys:
    """What a request shows that its sender holds. `certificate`: PEM, of the TLS layer. `proof`: checked."""

    certificate: str | None = None
    proof: Proof | None = None


def bind(possession: PresentedKeys, client: Client, profile: Profile, *, writes: bool) -> dict[str, str]:
    """The `cnf` for this client: of what it shows, the first that the profile names and its registration allows.

    Empty where it shows nothing of the kind, need not by its registration, and the token only reads: then the profile says
    whether it may go out unbound. What writes never does (W5). Raises InvalidRequest (FAPI2-SP-FINAL-5.3.2.1-4).
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
    """The `cnf` of what a refresh token gives. Raises InvalidRequest where nothing is shown, InvalidGrant for another's.

    Where the certificate authenticated the client (`authenticated_by_certificate`), it may be newer than the grant: certificates
    are renewed while consents last (RFC 8705 7.1). So may a confidential client's DPoP key; a public client's is all that it has,
    and stays (RFC 9449 5). A grant that was bound to nothing only reads, whatever is shown now.
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
    """The `cnf`, if what is shown is what it names (RFC8705-3, FAPI1-ADV-6.2.1-2, RFC 9449 7.1).

    Raises InvalidToken; so does an empty one.
    """
    for name, presented in ((CERTIFICATE, _certificate(possession)), (KEY, _key(possession))):
        if name in cnf and presented is not None and hmac.compare_digest(cnf[name], presented[name]):
            return cnf
    raise InvalidToken("the access token is bound to another key or certificate")


def token_type(cnf: Mapping[str, str]) -> TokenType:
    """The token_type of a token that is tied so, or to nothing."""
    return next((kind for name, kind in TOKEN_TYPES.items() if name in cnf), "Bearer")


def _allowed(client: Client, profile: Profile) -> tuple[SenderConstraint, ...]:
    """The profile's sender constraints, in its order; of those the registered ones, if the client registered any."""
    return _chosen(client, profile) or profile.sender_constraints


def _chosen(client: Client, profile: Profile) -> tuple[SenderConstraint, ...]:
    registered: Mapping[SenderConstraint, bool] = {
        "mtls": client.tls_client_certificate_bound_access_tokens,
        "dpop": client.dpop_bound_access_tokens,
    }
    return tuple(constraint for constraint in profile.sender_constraints if registered[constraint])


def _certificate(possession: PresentedKeys) -> dict[str, str] | None:
    if possession.certificate is None:
        return None
    try:
        der = PEM_cert_to_DER_cert(possession.certificate.strip())
    except ValueError:
        return None
    return {CERTIFICATE: urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()}


def _key(possession: PresentedKeys) -> dict[str, str] | None:
    return None if possession.proof is None else {KEY: possession.proof.jkt}


PRESENTED: Mapping[SenderConstraint, Callable[[PresentedKeys], dict[str, str] | None]] = {
    "mtls": _certificate,
    "dpop": _key,
}
REQUIRED_PROOF: Mapping[SenderConstraint, str] = {"mtls": "a client certificate", "dpop": "a DPoP proof"}
