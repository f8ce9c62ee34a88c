"""The `id_token_hint` (OpenID Connect Core 3.1.2.1): an ID token of ours, which says whom the client expects to sign in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.errors import InvalidRequest
from chalicelib.keys import jose
from chalicelib.profiles import Profile
from chalicelib.storage.records import Client


def subject(
    sent: str | None, client: Client, profile: Profile, *, issuer: str, jwks: Callable[[], Mapping[str, Any]]
) -> str | None:
    """Whose ID token it is, None where none was sent. An expired one will do: it is no proof of anything but of the name.

    `jwks`: our own published keys, asked for only where there is a hint. Raises InvalidRequest where we did not issue it to
    this client.
    """
    if sent is None:
        return None
    try:
        header, claims = jose.verify(
            sent,
            jwks(),
            algs=profile.id_token_signing_algs,
            rsa_key_bits=profile.rsa_key_bits,
            ec_key_bits=profile.ec_key_bits,
        )
    except jose.JoseError as problem:
        raise InvalidRequest("id_token_hint is no ID token of ours", detail=f"id_token_hint: {problem}") from None
    sub = claims.get("sub")
    ours = claims.get("iss") == issuer and claims.get("aud") == client.client_id and "typ" not in header
    if not ours or not isinstance(sub, str):
        raise InvalidRequest("id_token_hint is no ID token of ours", detail="id_token_hint: another JWT of ours")
    return sub
