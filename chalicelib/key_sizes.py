"""The sizes from which on a key is taken. A profile has them, and what verifies or encrypts takes them as one value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeySizes:
    """The least bits of a public key. `rsa`: of an RSA modulus. `ec`: of an elliptic curve."""

    rsa: int
    ec: int
