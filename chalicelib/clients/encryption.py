"""Encryption of responses to a client (OpenID Connect Registration 2, JARM 3), as its record says."""

from __future__ import annotations

from typing import Literal

from chalicelib.errors import InvalidClientMetadata, InvalidRequest
from chalicelib.keys import jose
from chalicelib.profiles import Profile
from chalicelib.protocol_types import EncryptionAlg, EncryptionEnc
from chalicelib.storage.records import Client

Answer = Literal["id_token", "userinfo", "authorization"]
"""The responses that may be encrypted."""
ENCRYPTED_RESPONSES = ("id_token_encrypted_response", "userinfo_encrypted_response", "authorization_encrypted_response")
"""Prefixes of the metadata for encrypted responses."""


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


def require_encryption(client: Client, profile: Profile) -> Client:
    """The client, if its responses can be encrypted as registered. Both `alg` and `enc` are required. Raises
    InvalidClientMetadata.

    OpenID Connect Registration gives `enc` a default that no profile allows (A128CBC-HS256).
    """
    for name in ENCRYPTED_RESPONSES:
        alg = _agreed(client, name, profile.encryption_algs, profile.encryption_encs)
        if alg is not None and client.jwks_uri is None:
            _require_key(client, profile, name, alg)
    _agreed(client, "request_object_encryption", profile.request_object_encryption_algs, profile.encryption_encs)
    if client.request_object_encryption_alg is not None and not profile.request_object_signing_algs:
        raise InvalidClientMetadata("request_object_encryption_alg: the profile does not accept request objects")
    if client.authorization_encrypted_response_alg is not None and not profile.authorization_signing_algs:
        raise InvalidClientMetadata(
            "authorization_encrypted_response_alg: the profile does not sign authorization responses"
        )  # JARM-3
    return client


def _agreed(
    client: Client, name: str, algs: tuple[EncryptionAlg, ...], encs: tuple[EncryptionEnc, ...]
) -> EncryptionAlg | None:
    alg: EncryptionAlg | None = getattr(client, f"{name}_alg")
    enc: EncryptionEnc | None = getattr(client, f"{name}_enc")
    if (alg is None) != (enc is None):
        raise InvalidClientMetadata(f"{name}_alg and {name}_enc must be registered together")
    if alg is not None and alg not in algs:
        raise InvalidClientMetadata(f"{name}_alg: the profile does not allow this algorithm")
    if enc is not None and enc not in encs:
        raise InvalidClientMetadata(f"{name}_enc: the profile does not allow this algorithm")
    return alg


def _require_key(client: Client, profile: Profile, name: str, alg: EncryptionAlg) -> str:
    """Encrypt an empty text to the client's key, as a test. Raises InvalidClientMetadata."""
    from chalicelib.keys import jwe

    try:
        return jwe.encrypt(
            "",
            client.jwk_set,
            alg=alg,
            enc=profile.encryption_encs[0],
            sizes=profile.key_sizes,
        )
    except jose.JoseError as problem:
        raise InvalidClientMetadata(f"{name}_alg: jwks has no key to encrypt to", detail=str(problem)) from None
