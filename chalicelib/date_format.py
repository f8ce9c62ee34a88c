"""Times as text for people, in the deployment's time zone and the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from chalicelib import vocabulary
from chalicelib.language import Language

DAY = timedelta(days=1)
MIDNIGHT = time()


def in_words(moment: int, language: Language) -> str:
    """A time, epoch seconds. Midnight is shown as the end of the day before."""
    at = datetime.fromtimestamp(moment, vocabulary.current().zone)
    if at.time() == MIDNIGHT:
        return language.say("{day}, end of day", day=language.date(at - DAY))
    time = f"{language.clock(at)}\N{NO-BREAK SPACE}{_zone(at)}"
    return language.say("{day}, {time}", day=language.date(at), time=time)


def for_machines(moment: int) -> str:
    """The same for HTML's time element."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _zone(at: datetime) -> str:
    """The name of the time zone then, or its offset from UTC if it has no name."""
    name = at.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
