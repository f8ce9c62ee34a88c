"""Moments as people read them, in the deployment's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from chalicelib import vocabulary

DAY = timedelta(days=1)


def in_words(moment: int) -> str:
    """A moment, epoch seconds. What ends at midnight ends with the day before, which is the day that people reckon with."""
    at = datetime.fromtimestamp(moment, vocabulary.current().zone)
    if at.timetz().replace(tzinfo=None) == time():
        return f"{day_in_words(at - DAY)}, end of day"
    return f"{day_in_words(at)}, {at:%H:%M}\N{NO-BREAK SPACE}{_zone(at)}"


def for_machines(moment: int) -> str:
    """The same, as HTML's time element takes it."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day_in_words(day: datetime) -> str:
    """A day, as people read it."""
    return f"{day.day} {day:%B} {day.year}"


def _zone(at: datetime) -> str:
    """What people call the time zone then; its distance from UTC where it has no name of letters."""
    name = at.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
