"""Notices: what a person hears of by another way than the page, such as e-mail. They are made of the record's events.

A notice has no amount, no account and no token. Nobody waits for it, and it never holds up the record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast

from chalicelib.audit.draft import Draft
from chalicelib.audit.event import Event
from chalicelib.authorization_details.detail_types import types

Kind = Literal[
    "new_consent",
    "payment_approved",
    "new_passkey",
    "passkey_removed",
    "new_second_factor",
    "new_recovery_codes",
    "recovery_used",
    "recovery_begun",
    "recovery_completed",
    "recovery_cancelled",
    "consent_ended",
]

KINDS: Mapping[str, Kind] = {
    "grant.approved": "new_consent",
    "user.passkey_added": "new_passkey",
    "user.passkey_removed": "passkey_removed",
    "user.second_factor_changed": "new_second_factor",
    "user.recovery_codes_made": "new_recovery_codes",
    "user.recovery_code_used": "recovery_used",
    "user.recovery_begun": "recovery_begun",
    "user.recovery_completed": "recovery_completed",
    "user.recovery_cancelled": "recovery_cancelled",
    "grant.ended": "consent_ended",
}
"""By the name of an event, what its person gets a notice of."""


@dataclass(frozen=True)
class Notice:
    """A notice.

    `id`: of its event.
    `at`: when it happened, epoch seconds.
    `person`: digest of the sub. `sub`: empty where the event does not tell it.
    `client`: client_id, empty if no client is concerned.
    """

    id: str
    kind: Kind
    at: int
    person: str
    sub: str = ""
    client: str = ""


def of(event: Event, draft: Draft) -> Notice | None:
    """The notice of an event, if its person gets one."""
    kind = _kind(event, draft)
    if kind is None or not draft.about:
        return None
    return Notice(event.id, kind, event.at, draft.about, draft.sub, event.client)


def as_text(notice: Notice) -> str:
    """The notice as it waits to be sent."""
    return json.dumps(asdict(notice))


def of_text(text: str) -> Notice:
    """The notice of its text. Raises ValueError, KeyError or TypeError."""
    return Notice(**json.loads(text))


def _kind(event: Event, draft: Draft) -> Kind | None:
    kind = KINDS.get(event.what)
    if kind == "consent_ended" and event.actor.kind != "operator":
        return None  # The person did it, or the client.
    if kind == "new_consent":
        if not draft.shown:
            return None  # It was given without a page, as before.
        named = cast(list[str], event.details.get("types", ()))
        if any(types()[name].writes for name in named if name in types()):
            return "payment_approved"
    return kind
