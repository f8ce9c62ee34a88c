"""Passkeys (Web Authentication): options for the browser, and checks of its response.

Only this file and payment_assertion.py import webauthn.

A response is the JSON that the page's script makes of a credential: "id", "rawId", "type" and "response", bytes in base64url.
The library is imported only for a response, because its import takes as long as the rest of a login. Its messages are not
passed on, because they quote the response.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Literal, NotRequired, TypedDict, TypeVar
from urllib.parse import urlsplit

from chalicelib.keys.ed25519 import is_weak
from chalicelib.protocol_types import JsonObject, Passkey, Untyped
from chalicelib.user_directory import SignInRefused

MAX_LENGTH = 16 * 1024
"""Characters of a response that are read. A response has some hundreds, or twice as many with an RSA key."""

MAX_ID_LENGTH = 1364
"""Characters of a credential's id: 1,023 bytes (Web Authentication 7.1, step 25)."""

ALGORITHMS: tuple[int, ...] = (-8, -7, -257)
"""EdDSA, ES256 and RS256 of COSE, in order of preference. Every authenticator supports one of them (Web Authentication 5.4).

RS256 is for older PCs, whose chips support nothing else. None of these keys signs OAuth messages.
"""

MIN_RSA_MODULUS_BYTES = 256
"""Minimum bytes of an RSA modulus."""

ATTESTATIONS = ("none", "packed")
"""Accepted attestation formats. We request none; a browser may pass on a self attestation."""

TIMEOUT = 5 * 60 * 1000
"""Milliseconds that the user has, as recommended with user verification (Web Authentication 5.5)."""

REASONS = {
    "client data type": "another type",
    "challenge": "another challenge",
    "origin": "another origin",
    "RP ID": "another relying party",
    "not present": "nobody was present",
    "not verified": "the person was not verified",
    "sign count": "the signature counter went back",
    "signature": "a wrong signature",
    "public key alg": "another algorithm",
}
"""Reasons for the log, by words of the library's message."""

A = TypeVar("A")


class RelyingParty(TypedDict):
    """PublicKeyCredentialRpEntity."""

    id: str
    name: str


class CredentialUser(TypedDict):
    """PublicKeyCredentialUserEntity. `id`: the user handle."""

    id: str
    name: str
    displayName: str


class Parameters(TypedDict):
    """PublicKeyCredentialParameters. `alg`: of COSE."""

    type: Literal["public-key"]
    alg: int


class Descriptor(TypedDict):
    """PublicKeyCredentialDescriptor. `id`: the credential's."""

    type: Literal["public-key"]
    id: str


class AuthenticatorSelection(TypedDict):
    """AuthenticatorSelectionCriteria."""

    residentKey: Literal["required"]
    requireResidentKey: bool
    userVerification: Literal["required"]


class RequestOptions(TypedDict):
    """PublicKeyCredentialRequestOptions (Web Authentication 5.5), bytes in base64url. `timeout`: milliseconds."""

    challenge: str
    rpId: str
    timeout: int
    userVerification: Literal["required"]
    allowCredentials: list[Descriptor]


class CreationOptions(TypedDict):
    """PublicKeyCredentialCreationOptions (Web Authentication 5.4), bytes in base64url. `timeout`: milliseconds."""

    challenge: str
    rp: RelyingParty
    user: CredentialUser
    pubKeyCredParams: list[Parameters]
    timeout: int
    excludeCredentials: list[Descriptor]
    authenticatorSelection: AuthenticatorSelection
    attestation: Literal["none"]
    extensions: NotRequired[JsonObject]


def requested(challenge: str, issuer: str) -> RequestOptions:
    """Options for the login page. Any passkey of this site is accepted."""
    return {
        "challenge": challenge,
        "rpId": relying_party(issuer),
        "timeout": TIMEOUT,
        "userVerification": "required",
        "allowCredentials": [],
    }


def creation(
    challenge: str,
    issuer: str,
    *,
    bank_name: str,
    username: str,
    user_handle: str,
    known: Sequence[str],
    pays: bool = False,
) -> CreationOptions:
    """Options for a new passkey.

    `known`: ids of the user's passkeys. `pays`: it is for Secure Payment Confirmation too (SPC-3).
    """
    made: CreationOptions = {
        "challenge": challenge,
        "rp": {"id": relying_party(issuer), "name": bank_name},
        "user": {"id": user_handle, "name": username, "displayName": username},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
        "timeout": TIMEOUT,
        "excludeCredentials": [{"type": "public-key", "id": one} for one in known],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }
    return {**made, "extensions": {"payment": {"isPayment": True}}} if pays else made


def id_of(answer: str) -> str:
    """The credential id of a response, before any check. Raises SignInRefused."""
    found = _members(answer).get("id")
    if not isinstance(found, str) or not 0 < len(found) <= MAX_ID_LENGTH:
        raise SignInRefused("no passkey")
    return found


def require_assertion(answer: str, passkey: Passkey, *, sign_count: int, challenge: str, issuer: str) -> int:
    """The authenticator's signature counter, from a response that the passkey signed (Web Authentication 7.2).

    `passkey`: from the user's record.
    `sign_count`: the counter of its last use.
    Raises SignInRefused.
    """
    if response_of(answer).get("userHandle") != passkey["handle"]:
        raise SignInRefused("the passkey has another user handle")  # Step 6.

    def verified() -> int:
        from webauthn import verify_authentication_response

        return verify_authentication_response(
            credential=answer,
            expected_challenge=decoded(challenge),
            expected_rp_id=relying_party(issuer),
            expected_origin=issuer,
            credential_public_key=decoded(passkey["key"]),
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        ).new_sign_count

    count = by_library(verified)
    _require_own_page(answer)
    return count


def require_registration(answer: str, *, challenge: str, issuer: str) -> tuple[str, str, int]:
    """The id, the public key and the signature counter of a new passkey (Web Authentication 7.1).

    Raises SignInRefused.
    """
    response = response_of(answer)

    def verified() -> tuple[str, str, int]:
        from webauthn import verify_registration_response
        from webauthn.helpers import parse_attestation_object
        from webauthn.helpers.cose import COSEAlgorithmIdentifier

        if parse_attestation_object(decoded(response["attestationObject"])).fmt not in ATTESTATIONS:
            raise SignInRefused("the attestation was not requested")  # Before the parser of that format runs.
        made = verify_registration_response(
            credential=answer,
            expected_challenge=decoded(challenge),
            expected_rp_id=relying_party(issuer),
            expected_origin=issuer,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in ALGORITHMS],
        )
        key = _require_key(made.credential_public_key)
        return _text(made.credential_id), _text(key), made.sign_count

    credential_id, key, count = by_library(verified)
    _require_own_page(answer)
    if len(credential_id) > MAX_ID_LENGTH:
        raise SignInRefused("the credential's id is too long")
    return credential_id, key, count


def _require_key(key: bytes) -> bytes:
    """The public key, if its type, curve and size match its algorithm (Web Authentication 5.8.5)."""
    from webauthn.helpers import decode_credential_public_key

    found: Untyped = decode_credential_public_key(key)
    kind = (found.kty, found.alg, getattr(found, "crv", None))
    if kind not in ((1, -8, 6), (2, -7, 1), (3, -257, None)):
        raise SignInRefused("the key does not match its algorithm")
    if kind[0] == 1 and is_weak(found.x):
        raise SignInRefused("the Ed25519 key is a point of small order")
    if kind[0] == 3 and len(found.n.lstrip(b"\0")) < MIN_RSA_MODULUS_BYTES:
        raise SignInRefused("the RSA key is too small")
    return key


def _require_own_page(answer: str) -> str:
    """The response, if our page made it and not a frame of another site (Web Authentication 5.8.1)."""
    client_data = json.loads(decoded(response_of(answer)["clientDataJSON"]))
    if client_data.get("crossOrigin", False) is not False or "topOrigin" in client_data:
        raise SignInRefused("created in a frame of another site")
    if "payment" in client_data:  # It is of Secure Payment Confirmation alone, which has a type of its own.
        raise SignInRefused("passkey: another type")
    return answer


def by_library(check: Callable[[], A]) -> A:
    """The result of a check by the library. Every other exception of it is a refusal."""
    try:
        return check()
    except SignInRefused:
        raise
    except Exception as problem:
        said = str(problem)
        reason = next((why for words, why in REASONS.items() if words in said), "malformed")
        raise SignInRefused(f"passkey: {reason}") from None


def _members(answer: str) -> JsonObject:
    try:
        members = json.loads(answer) if len(answer) <= MAX_LENGTH else None
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise SignInRefused("no passkey")
    return members


def response_of(answer: str) -> dict[str, str]:
    """The string members of the authenticator's response; empty if there is none. Raises SignInRefused."""
    response = _members(answer).get("response")
    members = response.items() if isinstance(response, dict) else ()
    return {name: value for name, value in members if isinstance(value, str)}


def relying_party(issuer: str) -> str:
    """The relying party's id: the host of the pages (Web Authentication 5.1.2)."""
    return urlsplit(issuer).hostname or ""


def decoded(text: str) -> bytes:
    """The bytes of a text in base64url. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
