"""The refresh token (RFC 6749 1.5), as it is made: one that stays, or one of a family in which only the newest is good.

A public client's are of a family (RFC 9700 4.14.2). Each carries the family's own secret beside its own,
`<family>~<secret>.<key>`, so that one that was good before is known for what it is though nothing of it is remembered, and
nobody can end a grant who never held one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.storage.handles import digest, join, key_of, matches
from chalicelib.storage.records import Consent

FAMILY = "~"


@dataclass(frozen=True)
class RefreshToken:
    """A new one: the handle, and what is remembered of it. `family`: None where it stays the same."""

    handle: str
    hash: str
    family: str | None = None


def made(consent_id: str, *, rotates: bool, chance: Callable[[], str]) -> RefreshToken:
    """A consent's first. `chance`: a new handle."""
    return _of_family(chance(), consent_id, chance) if rotates else _named(join(chance(), consent_id))


def after(refresh_token: str, *, chance: Callable[[], str]) -> RefreshToken:
    """The next of the family, in the place of one that was good until now."""
    return _of_family(str(_family(refresh_token)), str(key_of(refresh_token)), chance)


def was_good(refresh_token: str, consent: Consent) -> bool:
    """Whether it is of the consent's family: if it is not the newest, it was used before."""
    return matches(_family(refresh_token), consent.refresh_family)


def _of_family(family: str, key: str, chance: Callable[[], str]) -> RefreshToken:
    return _named(join(f"{family}{FAMILY}{chance()}", key), digest(family))


def _named(handle: str, family: str | None = None) -> RefreshToken:
    return RefreshToken(handle, digest(handle), family)


def _family(refresh_token: str) -> str | None:
    family, mark, _ = refresh_token.partition(FAMILY)
    return family if mark else None
