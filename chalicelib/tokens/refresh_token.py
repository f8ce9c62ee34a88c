"""Refresh tokens (RFC 6749 1.5): constant ones, and families that rotate.

The refresh tokens of a public client rotate unless they are bound to its key (RFC 9700 4.14.2). Other refresh tokens are
constant. The last replaced token of a family stays valid for a minute, for a client that lost the response. Each token of a
family has the family's secret beside its own: `<family>~<secret>.<grant>.<bond>`. So a token that was valid before is
recognised without a record of it, and only its holder can revoke the grant by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.storage.grant_records import Grant
from chalicelib.storage.token_values import TokenValue, digest, join, matches

TOLERANCE = 60
"""Seconds that a replaced refresh token stays valid. Its use does not extend them."""


@dataclass(frozen=True)
class RefreshToken:
    """A new refresh token.

    `hash`: the stored digest.
    `family`: digest of the family's secret, None if the token does not rotate.
    """

    token_value: str
    hash: str
    family: str | None = None


def made(grant: str, bond: str, *, rotates: bool, new_token_value: Callable[[], str]) -> RefreshToken:
    """The first refresh token of a grant.

    `grant`, `bond`: keys.
    `new_token_value`: gives a new random value.
    """
    return (
        _of_family(new_token_value(), grant, bond, new_token_value)
        if rotates
        else _named(join(new_token_value(), grant, bond))
    )


def after(refresh_token: TokenValue, *, new_token_value: Callable[[], str]) -> RefreshToken:
    """The next refresh token of the family, in place of this one."""
    return _of_family(str(refresh_token.family), str(refresh_token.grant), str(refresh_token.bond), new_token_value)


def was_good(refresh_token: TokenValue, grant: Grant) -> bool:
    """Whether it belongs to the grant's family. If it is not the newest one, it was used before."""
    return matches(refresh_token.family, grant.refresh_family)


def is_tolerated(refresh_token: TokenValue, grant: Grant, *, now: int) -> bool:
    """Whether it is the last replaced one, within the tolerance. Its client may have lost the response."""
    return (
        was_good(refresh_token, grant)
        and matches(refresh_token.value, grant.refresh_before)
        and now < grant.refreshed_at + TOLERANCE
    )


def _of_family(family: str, grant: str, bond: str, new_token_value: Callable[[], str]) -> RefreshToken:
    return _named(join(new_token_value(), grant, bond, family=family), digest(family))


def _named(token_value: str, family: str | None = None) -> RefreshToken:
    return RefreshToken(token_value, digest(token_value), family)
