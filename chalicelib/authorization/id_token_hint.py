"""The `id_token_hint` (OpenID Connect Core 3.1.2.1): an ID token of ours that names the user whom the client expects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chalicelib.errors import InvalidRequest, LoginRequired
from chalicelib.keys import jose
from chalicelib.keys.jose import UnverifiedJwt
from chalicelib.profiles import Profile
from chalicelib.protocol_types import JwkSet, KeyUse
from chalicelib.storage.records import Client

THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC7638-3.1: a SHA-256 thumbprint, which is the form of our kids.


def subject(
    requested: Mapping[str, str],
    client: Client,
    profile: Profile,
    *,
    issuer: str,
    jwks: Callable[[KeyUse | None], JwkSet],
) -> str | None:
    """The sub of the request's id_token_hint, or None if it has none. An expired ID token is accepted, because it only names a
    user.

    A hint whose key is no longer published counts as absent (OpenID Connect Core 3.1.2.1: the server should answer without a
    hint where it can). With prompt=none it is an error, because no page can ask for the user. `jwks`: our own published keys,
    of one use or of all, which are read only for a hint. Raises InvalidRequest if we did not issue it to this client, and
    LoginRequired.
    """
    sent = requested.get("id_token_hint")
    if sent is None:
        return None
    hint = _parsed(sent)
    if _is_unpublished_key(hint, jwks(None), client, issuer):
        if "none" in requested.get("prompt", "").split(" "):
            raise LoginRequired(
                "id_token_hint was signed with a key that is no longer published; send a newer one or none"
            )
        return None
    try:
        header, claims = jose.verify(
            hint,
            jwks("id_token"),  # Keys of other uses do not sign ID tokens.
            algs=profile.id_token_signing_algs,
            sizes=profile.key_sizes,
        )
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None
    sub = claims.get("sub")
    for_it = claims.get("iss") == issuer and claims.get("aud") == client.client_id
    # OIDCC-2: claims of an ID token that no other JWT of ours has, such as signed userinfo.
    is_one = "typ" not in header and isinstance(sub, str) and {"exp", "iat", "auth_time"} <= claims.keys()
    if not for_it or not is_one:
        raise _refused("not an ID token for this client")
    return str(sub)


def _parsed(sent: str) -> UnverifiedJwt:
    try:
        return jose.parse(sent)
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None


def _is_unpublished_key(hint: UnverifiedJwt, jwks: JwkSet, client: Client, issuer: str) -> bool:
    """Whether it names us, the client, and a kid in our form that is no longer published."""
    kid = hint.kid
    if kid is None or not THUMBPRINT.fullmatch(kid) or any(key.get("kid") == kid for key in jwks["keys"]):
        return False
    return hint.claims.get("iss") == issuer and hint.claims.get("aud") == client.client_id


def _refused(detail: str) -> InvalidRequest:
    return InvalidRequest(
        "id_token_hint is not an ID token that was issued to this client", detail=f"id_token_hint: {detail}"
    )
