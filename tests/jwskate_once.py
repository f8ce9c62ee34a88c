"""jwskate makes a key anew for each use of it, and an RSA key is proven sound each time: once a process, here."""

from __future__ import annotations

from typing import Any

from jwskate import RSAJwk

_keys: dict[tuple[int, int], Any] = {}
_make = RSAJwk._to_cryptography_key


def _known_key(jwk: Any) -> Any:
    """The private key of these numbers. A public one costs nothing."""
    if not jwk.is_private:
        return _make(jwk)
    numbers = (jwk.modulus, jwk.private_exponent)
    if numbers not in _keys:
        _keys[numbers] = _make(jwk)
    return _keys[numbers]


RSAJwk._to_cryptography_key = _known_key
