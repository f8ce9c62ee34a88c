"""The time that a search of the record is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from ducat_admin import output
from ducat_admin.problem import Problem

HOUR = 3600
UNITS = {"m": 60, "h": HOUR, "d": 24 * HOUR}
DEFAULT = 7 * 24 * HOUR
AROUND_AT = HOUR // 2
BEFORE_REFERENCE, AFTER_REFERENCE = HOUR // 4, 2 * HOUR
"""Of a reference that says when it was made: a login begins before its error page, and what follows it comes later."""

UUID7 = 7


@dataclass(frozen=True)
class Span:
    """From the first to the last second, epoch seconds."""

    since: int
    until: int

    def hours(self) -> Iterator[int]:
        """The beginning of each hour, the newest first."""
        return iter(range(self.until - self.until % HOUR, self.since - self.since % HOUR - 1, -HOUR))

    def __str__(self) -> str:
        return f"{output.moment(self.since)} to {output.moment(self.until)}"


def span(*, since: str | None, until: str | None, at: str | None, reference: str | None, now: int) -> Span:
    """The time of the options; else that of the reference, if it has one; else the last seven days. Raises Problem."""
    if at is not None:
        if since is not None or until is not None:
            raise Problem("--at is a time of its own: leave --since and --until out")
        middle = instant(at, now=now)
        return Span(middle - AROUND_AT, middle + AROUND_AT)
    made = made_at(reference)
    first, last = (now - DEFAULT, now) if made is None else (made - BEFORE_REFERENCE, made + AFTER_REFERENCE)
    found = Span(
        first if since is None else instant(since, now=now),
        (last if since is None else now) if until is None else instant(until, now=now, end=True),
    )
    if found.since > found.until:
        raise Problem(f"from {found} is no time: --since is after --until")
    return found


def made_at(reference: str | None) -> int | None:
    """When the reference was made, if it is a UUID that says so (RFC 9562 5.7)."""
    try:
        made = UUID(reference or "")
    except ValueError:
        return None
    return (made.int >> 80) // 1000 if made.version == UUID7 else None


def instant(said: str, *, now: int, end: bool = False) -> int:
    """A moment: 90m, 2h or 3d ago, a day, or a time of ISO 8601, in UTC if it has no zone. `end`: a day's end. Raises Problem."""
    ago = re.fullmatch(r"(\d{1,6})([mhd])", said)
    if ago is not None:
        return now - int(ago[1]) * UNITS[ago[2]]
    try:
        moment = datetime.fromisoformat(said)
        found = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Problem(
            f"{said} is no time: give 90m, 2h or 3d, a day such as 2026-11-30, or 2026-11-30T11:15Z"
        ) from None
    if not 0 <= found <= now + 366 * UNITS["d"]:
        raise Problem(f"{said} is no time of the record")
    return found + UNITS["d"] - 1 if end and re.fullmatch(r"\d{4}-?\d\d-?\d\d", said) else found
