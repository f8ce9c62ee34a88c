"""Times as text for people, in the deployment's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from chalicelib import vocabulary

DAY = timedelta(days=1)


def in_words(moment: int) -> str:
    """A time, epoch seconds. Midnight is shown as the end of the day before."""
    at = datetime.fromtimestamp(moment, vocabulary.current().zone)
    if at.timetz().replace(tzinfo=None) == time():
        return f"{day_in_words(at - DAY)}, end of day"
    return f"{day_in_words(at)}, {at:%H:%M}\N{NO-BREAK SPACE}{_zone(at)}"


def for_machines(moment: int) -> str:
    """The same for HTML's time element."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day_in_words(day: datetime) -> str:
    """A day as text for people."""
    return f"{day.day} {day:%B} {day.year}"


def _zone(at: datetime) -> str:
    """The name of the time zone then, or its offset from UTC if it has no name."""
    name = at.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
