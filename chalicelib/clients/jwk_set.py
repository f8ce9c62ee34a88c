"""A client's public keys (RFC 7517), whether it registered them or publishes them: what makes a JWK Set usable."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from cryptography import x509

from chalicelib.keys import jose
from chalicelib.profiles import Profile

MOST_KEYS = 50

Keys = list[dict[str, Any]]


class KeysError(Exception):
    """The JWK Set can't be used. The message says why and quotes nothing of it."""


def keys_of(jwks: Any) -> Keys:
    """The members of a JWK Set, whatever they are. Raises KeysError where it is none."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise KeysError("it is no JWK Set")
    return keys


def require_usable(keys: Keys, profile: Profile) -> Keys:
    """The keys, if each is public, known by a kid of its own and of the profile's size, its certificates too (R3, R4).

    Raises KeysError.
    """
    if len(keys) > MOST_KEYS:
        raise KeysError("there are too many keys")
    kids = [key.get("kid") for key in keys]
    if len(set(map(str, kids))) != len(kids):
        raise KeysError("a kid stands twice")  # RFC7517-4.5, FAPI1-ADV-8.9-3
    for key in keys:
        if jose.PRIVATE_MEMBERS & key.keys():
            raise KeysError("there is a private key; it is to be thrown away")
        try:
            own = jose.require_usable(key, rsa_key_bits=profile.rsa_key_bits, ec_key_bits=profile.ec_key_bits)
            for n, der in enumerate(key.get("x5c") or ()):
                shown = x509.load_der_x509_certificate(b64decode(der, validate=True)).public_key()
                jose.require_size(shown, rsa_key_bits=profile.rsa_key_bits, ec_key_bits=profile.ec_key_bits)
                if n == 0 and shown != own:
                    raise KeysError("the first certificate of an x5c is of another key than its JWK")  # RFC7517-4.7
        except jose.JoseError as problem:
            raise KeysError(f"a key can't be used: {problem}") from None
        except (ValueError, TypeError):
            raise KeysError("a key can't be used: it can't be read") from None
    return keys


def understood(keys: Keys) -> Keys:
    """Those of a kind that is used here. RFC7517-5: others are left alone, since a set may serve others than us."""
    return [key for key in keys if jose.fitting(key) or jose.only_encrypts(key)]
