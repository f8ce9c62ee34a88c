"""Minimum key sizes. A profile has them, and verification and encryption take them as one value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeySizes:
    """Minimum bits of a public key. `rsa`: of an RSA modulus. `ec`: of an elliptic curve."""

    rsa: int
    ec: int
