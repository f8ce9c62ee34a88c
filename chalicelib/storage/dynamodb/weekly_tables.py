"""Weekly tables: short-lived items are in one table per week, which is dropped when all its items have expired.

By default there is one table, and DynamoDB's time to live deletes items. Strongly consistent global tables have no time to
live. There an item is in the table of the week in which it expires. The value itself gives the week, so that a second use finds
the first.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.storage.token_values import WEEK, week_of

TableOf = Callable[[int], str]
"""The table of an item with this end (epoch seconds)."""

WEEKS_AHEAD = 2
"""Number of weekly tables beside this week's. No item in them lasts longer."""


def one_table(name: str) -> TableOf:
    """One table for all items."""
    return lambda expires_at: name


def table_of_week(name: str) -> TableOf:
    """One table per week."""
    return lambda expires_at: name_of(name, week_of(expires_at))


def name_of(name: str, week: int) -> str:
    """The name of a week's table."""
    return f"{name}-{week}"


def has_table(week: int, *, now: int) -> bool:
    """Whether an item of this week may exist. It is checked first, because callers can invent a week."""
    return week_of(now) <= week <= week_of(now) + WEEKS_AHEAD


def starts(week: int) -> int:
    """The start of a week, epoch seconds."""
    return week * WEEK
