"""Weak Ed25519 public keys: points of small order, for which anyone can make a signature (RFC 8032 5.1.7)."""

from __future__ import annotations

PRIME = 2**255 - 19
ORDER_8 = (
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
)
"""The y coordinates of the four points of order 8. The other points of small order have y = 0, 1 or -1."""
SMALL_ORDER = frozenset({0, 1, PRIME - 1, *ORDER_8})


def is_weak(key: bytes) -> bool:
    """RFC8725-3.4: whether a public key is a point of small order, or has a non-canonical encoding (RFC 8032 5.1.3)."""
    y = int.from_bytes(key, "little") & (1 << 255) - 1
    return y >= PRIME or y in SMALL_ORDER
