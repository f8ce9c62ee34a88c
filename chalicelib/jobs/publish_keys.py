"""Publish the public keys of the deployment's KMS keys, at each deployment and every hour."""

from __future__ import annotations

from chalicelib.keys.kms import to_jwk
from chalicelib.keys.rotation import PUBLISHED_BEFORE_SIGNING
from chalicelib.protocol_types import KeyAlg
from chalicelib.provider import Provider
from chalicelib.storage.signing_keys import SigningKey


def run(provider: Provider) -> dict[str, list[str]]:
    """Put all configured keys that are missing into the registry. Gives {"published": [kid, ...]}, the new ones.

    The first key of an algorithm signs at once, because no cached JWKS lacks it. An encryption key is usable once a client has
    read it.
    """
    now = provider.now()
    known = provider.signing_keys.all(now=now)
    published: list[str] = []
    settings = provider.settings
    configured: list[tuple[KeyAlg, str]] = [*settings.signing_keys.items(), *settings.decryption_keys.items()]
    for alg, key_id in configured:
        if any(key.key_id == key_id for key in known):
            continue
        jwk = to_jwk(provider.kms.public_key(key_id), alg)
        kid = str(jwk["kid"])
        first = not any(key.alg == alg for key in known)
        signs_from = now if first else now + PUBLISHED_BEFORE_SIGNING
        provider.signing_keys.put(SigningKey(kid, alg, key_id, jwk, signs_from))
        published.append(kid)
    return {"published": published}
