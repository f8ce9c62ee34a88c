"""The consents that a person gave, in words, as the pages of /grants list them: those in force, and those of the past."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from chalicelib import date_format, vocabulary
from chalicelib.authorization import granted_access, scope
from chalicelib.language import Language, message
from chalicelib.pages.grants import MAX_WEIGHT, Connection, Consent, PastConsent, weight
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import HISTORY, End, Grant
from chalicelib.users import claims

Shown = TypeVar("Shown", Consent, PastConsent)

PAGE_LENGTH = 3
"""Consents in force on a page, at most."""
PAST_LENGTH = 4
"""Those of the past."""
PAST_READS, PAST_READ = 4, 25
"""Reads of the history for one page, and how many grants each has. Most are of the past."""


def in_force(
    sub: str, provider: Provider, language: Language, *, after: str | None, now: int
) -> tuple[list[Connection], str | None]:
    """A page of the person's consents in force by client; and the value of `after` for more, None at the end."""
    grants, more = provider.grants.of_person(sub, now=now, after=after)
    fitting = _fitting([(grant, _consent(grant, language)) for grant in grants[:PAGE_LENGTH]])
    if len(fitting) < len(grants):
        more = fitting[-1][0].position_by_end
    found: dict[str, list[Consent]] = {}
    for grant, consent in fitting:
        found.setdefault(grant.client_id, []).append(consent)
    return [
        Connection(client_id, name_of(client_id, provider, language, now=now), consents)
        for client_id, consents in found.items()
    ], more


def past(
    sub: str, provider: Provider, language: Language, *, after: str | None, now: int
) -> tuple[list[PastConsent], str | None]:
    """A page of the person's consents that ended within a year, or by which something was done; and `after` as above.

    It reads a bounded number, so that it may be empty before the end.
    """
    names: dict[str, str] = {}

    def called(client_id: str) -> str:
        return names.setdefault(client_id, name_of(client_id, provider, language, now=now))

    found: list[tuple[Grant, PastConsent]] = []
    for _ in range(PAST_READS):
        grants, after = provider.grants.history_of_person(sub, after=after, limit=PAST_READ)
        found += [(grant, _past(grant, end, called, language)) for grant, end in _of_the_past(grants, now=now)]
        if after is None or len(found) > PAST_LENGTH:
            break
    fitting = _fitting(found[:PAST_LENGTH])
    if len(fitting) < len(found):
        after = fitting[-1][0].position
    return [consent for _, consent in fitting], after


def name_of(client_id: str, provider: Provider, language: Language, *, now: int) -> str:
    """The client's name, or the client_id of a client that is gone."""
    client = provider.clients.find(client_id, now=now)
    return client_id if client is None else client.in_language("client_name", language.tag)


def _fitting(found: Sequence[tuple[Grant, Shown]]) -> list[tuple[Grant, Shown]]:
    """As many as a page may weigh, at least one."""
    left = MAX_WEIGHT
    fitting: list[tuple[Grant, Shown]] = []
    for one in found:
        left -= weight(one[1])
        if left < 0 and fitting:
            break
        fitting.append(one)
    return fitting


def _of_the_past(grants: Iterable[tuple[Grant, int]], *, now: int) -> Iterable[tuple[Grant, End | None]]:
    """Grants and their ends: what ended less than a year ago, and what something was done by."""
    for grant, epoch in grants:
        end = grant.end(epoch, now=now)
        recent = end is not None and (end.at is None or end.at > now - HISTORY)
        if recent or (end is None and grant.consumed):
            yield grant, end


def _consent(grant: Grant, language: Language) -> Consent:
    at = datetime.fromtimestamp(grant.last_used_at, vocabulary.current().zone)
    return Consent(
        key=grant.key,
        may=_may(grant, language),
        details=granted_access.granted_in_words(grant, language),
        given=grant.given_at,
        until=grant.consent_expires_at,
        used=language.date(at),
    )


def _past(grant: Grant, end: End | None, called: Callable[[str], str], language: Language) -> PastConsent:
    return PastConsent(
        client_name=called(grant.client_id),
        may=_may(grant, language),
        details=granted_access.granted_in_words(grant, language),
        given=grant.given_at,
        label=language.say(message("Access ends") if end is None else message("Ended")),
        end=_when(grant.consent_expires_at if end is None else end.at, end, language),
    )


def _when(at: int | None, end: End | None, language: Language) -> str:
    if at is None:
        return language.say(message("for your safety"))
    day = date_format.in_words(at, language)
    return language.say(message("{day}, or before"), day=day) if end is not None and end.by_bond else day


def _may(grant: Grant, language: Language) -> list[str]:
    single = sorted(granted_access.userinfo_claims(grant))
    return [*scope.in_words(grant.scope, language), *claims.in_words(single, sorted(grant.scope), language)]
