"""Minimum key sizes. A profile has them, and verification and encryption take them as one value."""

from __future__ import annotations

from typing import NamedTuple


class KeySizes(NamedTuple):
    """Minimum bits of a public key. `rsa`: of an RSA modulus. `ec`: of an elliptic curve."""

    rsa: int
    ec: int
