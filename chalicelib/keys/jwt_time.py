"""Times in JWTs of clients: NumericDate (RFC 7519 2), and one leeway for all our limits, because clocks differ.

`exp` has no leeway, because the JWT's author set it.
"""

from __future__ import annotations

from chalicelib.protocol_types import Claims

LEEWAY = 10  # FAPI2-SP-FINAL-5.3.2.1-13
"""Seconds that a clock may be ahead of ours or behind it."""


class NotATime(ValueError):
    """The claim is not a NumericDate. The message names the claim."""


def read(claims: Claims, name: str) -> float | None:
    """The claim, None if it is absent. Raises NotATime, also for infinity and for values outside of calendars."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1 << 53:
        raise NotATime(f"{name} is not a time")
    return value


def has_come(moment: float, *, now: float) -> bool:
    """Whether the time is not in the future, within the leeway."""
    return moment <= now + LEEWAY


def is_within(moment: float, seconds: int, *, after: float) -> bool:
    """Whether `moment` is at most that many seconds after `after`, within the leeway."""
    return moment <= after + seconds + LEEWAY


def last_use(made_at: float, seconds: int) -> int:
    """The first second in which a value with this time and lifetime is no longer accepted."""
    return int(made_at) + seconds + LEEWAY + 1
