"""From a change of an item to what happened. No attribute is silent: each is told by an event, or stands in a list with a reason.

What neither tells of makes the event `<table>.changed`. So does a change by somebody who does not stamp what is written, if no
other event tells of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from chalicelib import writer
from chalicelib.audit import of_clients, of_grants, of_others, of_users
from chalicelib.audit.change import BY, Change
from chalicelib.audit.draft import Draft


@dataclass(frozen=True)
class Rule:
    """The rule of a table. `no_event`: attributes that are no event by themselves, each with the reason."""

    drafts: Callable[[Change], Iterator[Draft]]
    no_event: Mapping[str, str]

    def leaves(self, name: str) -> bool:
        """Whether the attribute is no event by itself."""
        return name in (BY, "pk", "ring", "kid") or any(fnmatchcase(name, pattern) for pattern in self.no_event)


RULES: Mapping[str, Rule] = {
    "clients": Rule(of_clients.drafts, of_clients.NO_EVENT),
    "users": Rule(of_users.drafts, of_users.NO_EVENT),
    "grants": Rule(of_grants.drafts, of_grants.NO_EVENT),
    "bonds": Rule(of_others.bonds, of_others.OF_BONDS),
    "sessions": Rule(of_others.sessions, of_others.OF_SESSIONS),
    "signing_keys": Rule(of_others.signing_keys, of_others.OF_KEYS),
    "revocations": Rule(of_others.revocations, of_others.OF_REVOCATIONS),
}


def drafts_of(change: Change) -> list[Draft]:
    """What happened. An item that can't be read gives `unreadable`, with its table, and never an exception."""
    rule = RULES[change.table]
    try:
        found = list(rule.drafts(change))
        json.dumps([one.details for one in found])  # An attribute of another type may be in it, which no JSON has.
    except Exception:  # No call to AWS is in it: an item that nobody can read would hold up its shard for hours.
        return [Draft("unreadable", key=_key(change), details={"table": change.table})]
    explained = frozenset(name for one in found for name in one.explains)
    events = [one for one in found if one.what]
    left = sorted(name for name in change.changed - explained if not rule.leaves(name))
    by_hand = change.writer == writer.UNKNOWN and not change.expired
    if by_hand and not events:
        left = sorted(change.changed - {BY})
    if left and (by_hand or not change.removed):
        known = events[0] if events else Draft("")
        unlisted = Draft(
            f"{change.table}.changed",
            client=known.client,
            person=known.person,
            sub=known.sub,
            grant=known.grant,
            journey=known.journey,
            key=_key(change),
            details={"changed": left},
        )
        events.append(unlisted)
    return events


def _key(change: Change) -> str:
    """The item's key, where it names no person and no token."""
    return "" if change.table in ("users", "sessions", "bonds") else change.key
