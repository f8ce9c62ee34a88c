"""Names of JWS algorithms (RFC 7518 3.1). `EdDSA` and `Ed25519` are one: no other curve is used here (RFC 9864)."""

from __future__ import annotations

from collections.abc import Iterable

OLDER_NAMES = {"Ed25519": "EdDSA"}
"""The algorithms of RFC 9864 by the name under which the settings and the key registry have them."""


def canonical(alg: str) -> str:
    """The one name by which an algorithm is compared and looked up."""
    return OLDER_NAMES.get(alg, alg)


def is_one_of(alg: object, algs: Iterable[str]) -> bool:
    """Whether a value from outside names one of the algorithms."""
    return isinstance(alg, str) and canonical(alg) in {canonical(one) for one in algs}


def is_same(alg: object, other: str) -> bool:
    """Whether a value from outside names that algorithm."""
    return is_one_of(alg, (other,))


def has_two_names(alg: str) -> bool:
    """Whether somebody who compares names as texts may miss it."""
    return canonical(alg) in OLDER_NAMES.values()
