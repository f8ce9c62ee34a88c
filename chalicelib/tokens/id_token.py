"""The ID token (OpenID Connect Core 2, FAPI1-BASE-5.2.2.1-6, FAPI1-ADV-5.2.2.1-2)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256, sha512

from chalicelib.clients.encryption import encrypted
from chalicelib.keys import signing
from chalicelib.keys.algorithm import is_same
from chalicelib.keys.key_ring import KeyRing
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Claims
from chalicelib.storage.records import Authentication, Client


def issue(
    ring: KeyRing,
    login: Authentication,
    *,
    claims: Claims,
    issuer: str,
    client: Client,
    profile: Profile,
    nonce: str | None,
    access_token: str | None,
    now: int,
    code: str | None = None,
    state: str | None = None,
) -> str:
    """The signed ID token with the authentication and `claims` about the user.

    It is encrypted if the client registered that (OIDCC-16.14).
    `client`: with its keys.
    `code`, `state`: of the authorization response that contains the ID token, which has their hashes.
    Raises InvalidRequest if no key of the client can be used for encryption.
    """
    alg = client.id_token_signed_response_alg
    disclosed: Claims = {
        **claims,
        "iss": issuer,
        "sub": login.client_sub,
        "aud": client.client_id,
        "iat": now,
        "exp": now + profile.id_token_lifetime,
        "auth_time": login.auth_time,
        "acr": login.acr,
        "amr": list(login.amr),
        "nonce": nonce,
        **{
            name: half_hash(value, alg)
            for name, value in (
                ("at_hash", access_token),
                ("c_hash", code),  # OIDCC-3.3.2.11
                ("s_hash", state),  # FAPI1-ADV-5.2.2.1-5
            )
            if value is not None
        },
    }
    claims = {name: value for name, value in disclosed.items() if value is not None}
    signed = signing.sign(claims, ring, alg, "id_token", now=now)
    return encrypted(signed, "id_token", client, profile)  # FAPI1-ADV-5.2.2.1-3


def half_hash(value: str, alg: str) -> str:
    """The left half of a hash, base64url: at_hash, c_hash and s_hash (OpenID Connect Core 3.1.3.6, 3.3.2.11; FAPI 1.0 Advanced
    5.1).

    The ID token's `alg` gives the hash: SHA-256 for PS256 and ES256, SHA-512 for EdDSA with Ed25519 (RFC 8032 5.1).
    """
    digest = (sha512 if is_same(alg, "EdDSA") else sha256)(value.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
