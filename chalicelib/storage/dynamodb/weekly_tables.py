"""Tables by week: where what is used for a short time is kept, so that a whole table is dropped once nothing in it is good.

By default there is one table, which DynamoDB's time to live sweeps. Strongly consistent global tables have no time to live:
there an item goes to the table of the week in which it expires, which follows from the value or the handle alone, so that a
second use looks where the first one wrote.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.storage.token_values import WEEK, week_of

TableOf = Callable[[int], str]
"""The table of what expires at that instant (epoch seconds)."""

WEEKS_AHEAD = 2
"""How many weeks' tables are there beside this week's, which is longer than anything lasts that is kept so."""


def one_table(name: str) -> TableOf:
    """All in one."""
    return lambda expires_at: name


def table_of_week(name: str) -> TableOf:
    """A table a week."""
    return lambda expires_at: name_of(name, week_of(expires_at))


def name_of(name: str, week: int) -> str:
    """The name of a week's table."""
    return f"{name}-{week}"


def has_table(week: int, *, now: int) -> bool:
    """Whether what says that it expires in this week may be there. What a caller chose is looked at before a table is."""
    return week_of(now) <= week <= week_of(now) + WEEKS_AHEAD


def starts(week: int) -> int:
    """The first instant of a week, epoch seconds."""
    return week * WEEK
