"""Times as text for people, in the deployment's time zone and the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib import vocabulary
from chalicelib.language import Language


def in_words(moment: int, language: Language) -> str:
    """A time, epoch seconds, with its time zone. The beginning of a day is shown as the end of the day before.

    That is not always midnight: where summer time begins then, the day begins at one.
    """
    zone = vocabulary.current().zone
    at, ended = datetime.fromtimestamp(moment, zone), datetime.fromtimestamp(moment - 1, zone)
    if ended.date() < at.date():
        return language.say("{day}, end of day ({zone})", day=language.date(ended), zone=_zone(ended))
    time = f"{language.clock(at)}\N{NO-BREAK SPACE}{_zone(at)}"
    return language.say("{day}, {time}", day=language.date(at), time=time)


def day_in_words(moment: int, language: Language) -> str:
    """The day of a time, epoch seconds."""
    return language.date(datetime.fromtimestamp(moment, vocabulary.current().zone))


def for_machines(moment: int) -> str:
    """The same for HTML's time element."""
    return f"{datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()}Z"


def _zone(at: datetime) -> str:
    """The name of the time zone then, or its offset from UTC if it has no name."""
    name = at.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
