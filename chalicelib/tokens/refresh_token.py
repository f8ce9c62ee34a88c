"""The refresh token (RFC 6749 1.5), as it is made: one that stays, or one of a family in which only the newest is good.

A public client's are of a family where nothing but the token shows who uses it (RFC 9700 4.14.2); one that is bound to
a key stays. The one that was replaced last is good for a minute more, for a client that lost the answer. Each carries
the family's own secret beside its own, `<family>~<secret>.<grant>.<bond>`, so that one that was good before is known for
what it is though nothing of it is remembered, and nobody can end a grant who never held one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.storage.grant_records import Grant
from chalicelib.storage.token_values import TokenValue, digest, join, matches

TOLERANCE = 60
"""Seconds for which a refresh token is good after it was replaced. Its use does not prolong them."""


@dataclass(frozen=True)
class RefreshToken:
    """A new one: the handle, and what is remembered of it. `family`: None where it stays the same."""

    token_value: str
    hash: str
    family: str | None = None


def made(grant: str, bond: str, *, rotates: bool, new_token_value: Callable[[], str]) -> RefreshToken:
    """A grant's first. `grant`, `bond`: keys. `new_token_value`: a new handle."""
    return (
        _of_family(new_token_value(), grant, bond, new_token_value)
        if rotates
        else _named(join(new_token_value(), grant, bond))
    )


def after(refresh_token: TokenValue, *, new_token_value: Callable[[], str]) -> RefreshToken:
    """The next of the family, in the place of one that was good until now."""
    return _of_family(str(refresh_token.family), str(refresh_token.grant), str(refresh_token.bond), new_token_value)


def was_good(refresh_token: TokenValue, grant: Grant) -> bool:
    """Whether it is of the grant's family: if it is not the newest, it was used before."""
    return matches(refresh_token.family, grant.refresh_family)


def is_tolerated(refresh_token: TokenValue, grant: Grant, *, now: int) -> bool:
    """Whether it is the one that was replaced last, a moment ago: its client may have lost the answer."""
    return (
        was_good(refresh_token, grant)
        and matches(refresh_token.value, grant.refresh_before)
        and now < grant.refreshed_at + TOLERANCE
    )


def _of_family(family: str, grant: str, bond: str, new_token_value: Callable[[], str]) -> RefreshToken:
    return _named(join(new_token_value(), grant, bond, family=family), digest(family))


def _named(token_value: str, family: str | None = None) -> RefreshToken:
    return RefreshToken(token_value, digest(token_value), family)
