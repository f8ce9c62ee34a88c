"""Events of the clients table."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.audit.change import Change
from chalicelib.audit.draft import Draft
from chalicelib.audit.members import changed_members, members_of
from chalicelib.protocol_types import JsonObject

SHOWN = ("client_name", "profile", "token_endpoint_auth_method", "scope", "redirect_uris")
"""Members of a record that an event tells. They are on pages or in metadata. Of the others it tells the names alone."""

NO_EVENT = {
    "v": "the form of the record",
    "suspensions": "counts suspensions and resumptions, each of which is an event",
    "changes": "counts the writes of the record, and its end",
    "ended_at": "goes with the record, whose event it is",
}


def drafts(change: Change) -> Iterator[Draft]:
    """What happened to a client."""
    client, members = change.key, members_of(change.after)
    shown: JsonObject = {name: members[name] for name in SHOWN if name in members}
    if "record" in change.before and "record" not in change.after:
        yield Draft("client.ended", client=client, explains=change.changed)
    elif change.added or change.gained("record"):
        suspended = {"suspended": True} if "suspended_at" in change.after else {}
        yield Draft(
            "client.added", client=client, details=shown | suspended, explains=frozenset({"record", "suspended_at"})
        )
    else:
        if names := changed_members(change.before, change.after):
            members_told = {"changed": names} | {name: value for name, value in shown.items() if name in names}
            yield Draft("client.changed", client=client, details=members_told, explains=frozenset({"record"}))
        if change.differs("suspended_at"):
            what = "client.resumed" if change.lost("suspended_at") else "client.suspended"
            yield Draft(what, client=client, explains=frozenset({"suspended_at"}))
