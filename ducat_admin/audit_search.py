"""Which events of the record are searched for, and what belongs to them: the whole of each login that they are of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ducat_admin import chosen
from ducat_admin.audit_time import HOUR, Span
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from chalicelib.audit.event import Event
    from ducat_admin.audit_files import Record
    from ducat_admin.command import Operator

BESIDE = 2 * HOUR
"""How far from what was found the rest of a login is looked for."""

QUIET = 3 * HOUR
"""Without an event of a login. None of before is looked for then."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Search:
    """What is searched for. Each that is given must hold. `reference`: any id that names it. `person`: a pseudonym."""

    reference: str = ""
    person: str = ""
    client: str = ""
    consent: str = ""

    @property
    def is_of_a_login(self) -> bool:
        """Whether what it names happened within some hours."""
        return _UUID.fullmatch(self.reference) is not None

    def wanted(self, line: bytes) -> bool:
        """Whether the line may be of such an event. It is cheap, and true of too many rather than of too few."""
        return all(_spelt(one) in line for one in (self.reference, self.person, self.client, self.consent) if one)

    def fits(self, event: Event) -> bool:
        """Whether the event is one."""
        references = (event.journey, event.interaction, event.grant, event.id, event.key, event.person)
        return (
            (not self.reference or self.reference in references)
            and (not self.person or self.person in (event.person, event.actor.id))
            and (not self.client or self.client == event.client)
            and (not self.consent or self.consent == event.grant)
        )


@dataclass
class Found:
    """`events`: in order. `searched`: the time that was looked at. `more`: whether there are older ones."""

    events: list[Event]
    searched: Span
    more: bool = False


@dataclass
class People:
    """The keys of persons, by pseudonym: to know whom an event is about, and to read its sealed part."""

    operator: Operator
    keys: dict[str, str] = field(default_factory=dict)
    subs: dict[str, str] = field(default_factory=dict)

    def add(self, sub: str) -> str | None:
        """The pseudonym of the person with the sub, if the record has a key for them."""
        from chalicelib.audit import sealing
        from chalicelib.storage.token_values import digest

        key = self.operator.provider.dynamo.audit_keys.find(digest(sub))
        if key is None:
            return None
        pseudonym = sealing.pseudonym(key)
        self.keys[pseudonym], self.subs[pseudonym] = key, sub
        return pseudonym

    def add_those_of(self, events: Iterable[Event]) -> None:
        """Those whose consents are still stored, by their subs."""
        wanted = {event.grant for event in events if event.person and event.person not in self.keys and event.grant}
        for grant in sorted(wanted):
            stored = self.operator.provider.dynamo.operated_grants.find(grant)
            if stored is not None:
                self.add(stored.grant.person.sub)

    def personal(self, event: Event) -> dict[str, Any] | None:
        """The sealed part, if the person's key is at hand."""
        from chalicelib.audit import sealing

        key = self.keys.get(event.person)
        if key is None or not event.sealed:
            return None
        try:
            return dict(sealing.unseal(key, event.id, event.sealed))
        except sealing.Unsealable:
            return None


def person(operator: Operator, people: People, username: str | None, sub: str | None) -> str:
    """The pseudonym of the person whom the options name. Raises Problem."""
    if username is not None:
        sub = chosen.readable(operator, username).sub
    found = people.add(str(sub))
    if found is None:
        raise Problem(f"the record has no key for {username or sub}: nothing happened yet, or the person was erased")
    return found


def find(record: Record, search: Search, span: Span, *, limit: int, whole: bool) -> Found:
    """The newest events that fit, up to `limit`. `whole`: with all else of their logins."""
    found: list[Event] = []
    looked, more = span, False
    for hour, events, _ in record.hours(span, search.wanted):
        if found and search.is_of_a_login and hour < found[0].at - QUIET:
            break
        found = [event for event in events if search.fits(event)] + found
        if len(found) > limit:
            found, more = found[-limit:], True
            looked = replace(span, since=found[0].at)
            break
    return Found(_whole(record, found) if whole else found, looked, more)


def _whole(record: Record, found: list[Event]) -> list[Event]:
    """The events, and those of the same logins, consents and calls. One of these may name others: it is looked twice."""
    for _ in range(2):
        names = {name for event in found for name in _names(event)}
        if not names:
            break
        span = Span(max(0, found[0].at - BESIDE), found[-1].at + BESIDE)
        every = {event.id: event for event in (*found, *_naming(record, span, names))}
        found = sorted(every.values(), key=lambda one: (one.at, one.sequence, one.id))
        if names == {name for event in found for name in _names(event)}:
            break
    return found


def _naming(record: Record, span: Span, names: set[str]) -> list[Event]:
    """The events of the time that have one of the names."""
    spelt = [_spelt(name) for name in names]

    def wanted(line: bytes) -> bool:
        return any(name in line for name in spelt)

    found = (event for _, events, _ in record.hours(span, wanted) for event in events)
    return [event for event in found if not names.isdisjoint(_names(event))]


def _names(event: Event) -> list[str]:
    return [name for name in (event.journey, event.grant, event.interaction) if name]


def _spelt(value: str) -> bytes:
    """As JSON has it in a line."""
    return json.dumps(value).encode()
