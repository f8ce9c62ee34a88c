"""When a consent ends: as the request asks for, or earlier, as the person chooses on the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from chalicelib import date_format, vocabulary
from chalicelib.errors import InvalidRequest
from chalicelib.language import Language
from chalicelib.storage.grant_records import Grant

FIELD, AS_REQUESTED = "until", "requested"
"""The form field, and its value for the end that the request asks for. Other values are epoch seconds."""
DAYS = (7, 30, 90, 180)
"""The shorter times. Each ends with a day of the bank's time zone."""


@dataclass(frozen=True)
class End:
    """An end that may be chosen. `value`: of the form field. `words`: how long. `note`: the day."""

    value: str
    words: str
    note: str


def ends(grant: Grant, language: Language) -> list[End]:
    """The ends from which the person chooses, that of the request first; empty where there is only that one."""
    shorter = _shorter(grant)
    if not shorter:
        return []
    requested = End(
        AS_REQUESTED, language.say("As requested"), date_format.in_words(grant.consent_expires_at, language)
    )
    return [
        requested,
        *(
            End(
                str(moment),
                language.plural("After {number} day", "After {number} days", days),
                date_format.in_words(moment, language),
            )
            for days, moment in shorter.items()
        ),
    ]


def is_shorter(form: Mapping[str, str]) -> bool:
    """Whether the form has another end than that of the request."""
    return form.get(FIELD, AS_REQUESTED) != AS_REQUESTED


def ending(form: Mapping[str, str], grant: Grant) -> Grant:
    """The grant with the end of the form, which is never later than that of the grant. Raises InvalidRequest."""
    if not is_shorter(form):
        return grant
    # The same form may come again, after the grant has got that end.
    offered = {str(moment): moment for moment in (*_shorter(grant).values(), grant.consent_expires_at)}
    if form[FIELD] not in offered:
        raise InvalidRequest("until must be one of the ends on the page")
    return replace(grant, consent_expires_at=offered[form[FIELD]])


def _shorter(grant: Grant) -> dict[int, int]:
    """By the number of days, the ends that are earlier than that of the grant.

    They are counted from the end of the request_uri, a minute or so after the request: the page and its form count the same.
    """
    zone = vocabulary.current().zone
    first = datetime.fromtimestamp(grant.request_expires_at, zone).date()
    found = {days: datetime.combine(first + timedelta(days=days + 1), time(), zone) for days in DAYS}
    return {days: end for days, at in found.items() if (end := int(at.timestamp())) < grant.consent_expires_at}
