"""Events as people read them: each login with its steps in order, and why it failed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ducat_admin.output import moment, printable

if TYPE_CHECKING:
    from chalicelib.audit.event import Event
    from ducat_admin.audit_search import People

FAILURES = {
    *("request.refused", "request.replayed", "request.failed", "sign_in.refused", "sign_in.locked"),
    *("certificate.refused", "grant.denied", "grant.code_replayed", "approval.refused"),
}
"""What ends a login, or a step of one, without success."""

SUCCESSES = {
    *("grant.authenticated", "grant.approved", "grant.redeemed", "grant.refreshed", "grant.consumed"),
    *("sign_in.succeeded", "token.issued", "token.refreshed"),
}
"""What makes a failure before it good. Other events tell nothing of either."""

SAID = ("error", "reason", "changed", "scope", "types", "until", "acr", "detail", "event", "outcome", "grant_type")
"""Members of details in the order in which people read them; others follow."""

TIMES = ("until", "auth_time", "ends", "since")


@dataclass
class Story:
    """The events of one login, or of what is of none, in order."""

    title: str
    events: list[Event]

    @property
    def failure(self) -> Event | None:
        """The failure that it ended by, if no success follows it."""
        last = next((one for one in reversed(self.events) if one.what in FAILURES | SUCCESSES), None)
        return last if last is not None and last.what in FAILURES else None


def stories(events: Iterable[Event]) -> list[Story]:
    """The events by login, in the order of their first ones.

    A client chooses its interaction ids. So what another client, or nobody who is known, did under one is no step of the login.
    """
    by_grant: dict[str, str] = {event.grant: event.journey for event in events if event.grant and event.journey}
    found: dict[tuple[str, str], Story] = {}
    for event in events:
        journey = event.journey or by_grant.get(event.grant, "")
        name = journey or event.grant or event.interaction or event.id
        title = f"Login {journey}" if journey else f"Consent {event.grant}" if event.grant else f"Call {name}"
        if not (journey or event.grant or event.interaction):
            title = "Change"
        found.setdefault((name, event.client), Story(title, [])).events.append(event)
    return list(found.values())


def lines(events: list[Event], people: People) -> Iterator[str]:
    """What people read."""
    for story in stories(events):
        clients = " ".join(sorted({event.client for event in story.events if event.client}))
        yield printable(story.title + (f", client {clients}" if clients else ""))
        for event in story.events:
            yield from _step(event, people)
        if story.failure is not None:
            yield f"  It failed: {_reason(story.failure)}"
        yield ""


def sentence(event: Event) -> str:
    """What happened, in a sentence. An event of a later release has its name alone."""
    from chalicelib.audit.event import WHAT

    said = WHAT.get(event.what, "")
    return said.partition(" `")[0].partition(" The sealed part")[0] if said else f"{event.what}."


def who(event: Event, people: People) -> str:
    """Who did it: a person by the sub, where that is known."""
    kind, name = event.actor.kind, event.actor.id
    if kind == "unknown":
        return "unknown"
    known = people.subs.get(name, name)
    return f"{kind} {known}".strip()


def _step(event: Event, people: People) -> Iterator[str]:
    by = f" By {who(event, people)}" + (f", in {event.writer}" if event.writer else "") + "."
    yield printable(f"  {moment(event.at)}  {sentence(event)}{by}")
    named = {
        "consent": event.grant,
        "key": event.key,
        "call": event.interaction if event.interaction != event.journey else "",
    }
    named |= {"person": people.subs.get(event.person, event.person)}
    said = [f"{name} {value}" for name, value in named.items() if value]
    if said:
        yield printable(f"    {', '.join(said)}")
    personal = people.personal(event)
    beside = {name: value for name, value in (personal or {}).items() if event.details.get(name) != value}
    for part in (dict(event.details), beside):
        yield from (printable(f"    {name}: {_text(name, part[name])}") for name in _ordered(part))
    if event.sealed and personal is None:
        yield "    (sealed: the key of the person is not known here)"


def _ordered(members: dict[str, Any]) -> list[str]:
    return [*(name for name in SAID if name in members), *(name for name in members if name not in SAID)]


def _text(name: str, value: Any) -> str:
    if name in TIMES and isinstance(value, int):
        return str(moment(value))
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        joined = (" / " if name == "words" else " ").join(value)
        return "".join(
            " " if one.isspace() else one for one in joined
        )  # Amounts and dates have spaces that do not break.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _reason(event: Event) -> str:
    said = [str(event.details[name]) for name in ("error", "reason") if event.details.get(name)]
    return printable(": ".join(said) or sentence(event))
