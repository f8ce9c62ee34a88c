"""Encryption of responses to a client (OpenID Connect Registration 2, JARM 3), as its record says."""

from __future__ import annotations

from typing import Literal

from chalicelib.errors import InvalidRequest
from chalicelib.keys import jose
from chalicelib.profiles import Profile
from chalicelib.storage.records import Client

Answer = Literal["id_token", "userinfo", "authorization"]
"""The responses that may be encrypted."""


def encrypted(content: str, what: Answer, client: Client, profile: Profile, *, cty: str | None = "JWT") -> str:
    """The content as the client registered it for `what`: encrypted, or unchanged.

    `client`: with its keys.
    `cty`: None if the content is not a JWT.
    Raises InvalidRequest if no key of the client can be used. Then the content is not sent at all.
    """
    alg = getattr(client, f"{what}_encrypted_response_alg")
    if alg is None:
        return content
    from chalicelib.keys import jwe  # This imports joserfc, which few clients need.

    enc = getattr(client, f"{what}_encrypted_response_enc")
    try:
        return jwe.encrypt(content, client.jwk_set, alg=alg, enc=enc, sizes=profile.key_sizes, cty=cty)
    except jose.JoseError as problem:
        raise InvalidRequest("jwks: the client has no key to encrypt to", detail=str(problem)) from None
