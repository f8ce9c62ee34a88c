"""Times in what clients sign: NumericDate (RFC 7519 2), and one leeway for every limit that we set, since clocks differ.

When something ends, `exp` says, and its maker said that: it is over then.
"""

from __future__ import annotations

from chalicelib.protocol_types import Claims

LEEWAY = 10  # FAPI2-SP-FINAL-5.3.2.1-13
"""Seconds that a clock may be ahead of ours or behind it."""


class NotATime(ValueError):
    """The claim is no NumericDate. The message names the claim."""


def read(claims: Claims, name: str) -> float | None:
    """The claim, None where it is absent. Raises NotATime, as for infinity and for what no calendar has."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1 << 53:
        raise NotATime(f"{name} is not a time")
    return value


def has_come(moment: float, *, now: float) -> bool:
    """Whether it does not lie ahead."""
    return moment <= now + LEEWAY


def is_within(moment: float, seconds: int, *, after: float) -> bool:
    """Whether it is no more than so many seconds later."""
    return moment <= after + seconds + LEEWAY


def last_use(made_at: float, seconds: int) -> int:
    """The first second in which something that was made then, and is good for so long, is no longer taken."""
    return int(made_at) + seconds + LEEWAY + 1
