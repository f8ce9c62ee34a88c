"""Names of JWS algorithms (RFC 7518 3.1). `EdDSA` and `Ed25519` are the same here, because no other curve is used (RFC 9864)."""

from __future__ import annotations

from collections.abc import Iterable

OLDER_NAMES = {"Ed25519": "EdDSA"}
"""Algorithms of RFC 9864 and their names in the settings and the key registry."""


def canonical(alg: str) -> str:
    """The canonical name of an algorithm, for comparison and lookup."""
    return OLDER_NAMES.get(alg, alg)


def is_one_of(alg: object, algs: Iterable[str]) -> bool:
    """Whether an external value names one of the algorithms."""
    return isinstance(alg, str) and canonical(alg) in {canonical(one) for one in algs}


def is_same(alg: object, other: str) -> bool:
    """Whether an external value names this algorithm."""
    return is_one_of(alg, (other,))


def has_two_names(alg: str) -> bool:
    """Whether the algorithm has two names, so that a comparison of strings may fail."""
    return canonical(alg) in OLDER_NAMES.values()
