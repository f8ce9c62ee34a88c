"""Events of bonds, sessions, signing keys and certificates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from chalicelib.audit.change import Change, named
from chalicelib.audit.draft import Draft
from chalicelib.audit.members import changed_members, members_of
from chalicelib.protocol_types import JsonObject
from chalicelib.storage.dynamodb.bonds import KINDS, epoch_of

OF_BONDS = {
    "v": "the form of the item",
    "ttl": "when DynamoDB may delete it",
    "expires_at": "how long the item is kept",
    "attempt": "the call that ended the access, so that a repeated one is known",
    "client_id": "which client; its event tells",
    "person": "which person; its event tells",
}
OF_SESSIONS = {"v": "the form of the record", "ttl": "when DynamoDB may delete it", "expires_at": "fixed at the start"}
OF_KEYS = {"v": "the form of the record"}
OF_REVOCATIONS = {"v": "the form of the record", "denial": "tells two denials of a second apart"}

SHARD = re.compile(r"crl\.[^.]+\.[0-9a-f]{3}")
DENIED = "denied."


def bonds(change: Change) -> Iterator[Draft]:
    """What happened between one client and one person."""
    item = change.item
    client, person = str(item.get("client_id", "")), str(item.get("person", ""))
    for step in _of_bond(change):
        # Not the item's key: it is made of the person and the client, and would lead back to somebody who was erased.
        yield replace(step, client=client, person=person)


def _of_bond(change: Change) -> Iterator[Draft]:
    remembered = named(change.changed, *KINDS.values())
    if change.removed:
        if not change.expired:
            yield Draft("access.deleted", explains=change.changed)
    elif change.differs("epoch") and epoch_of(change.after) > epoch_of(change.before):
        whose = change.after  # A bond that names a person and no client is between the person and this provider.
        everywhere = "person" in whose and "client_id" not in whose
        yield Draft("session.all_ended" if everywhere else "access.ended", explains=remembered | {"epoch"})
    elif remembered and not change.differs("epoch"):
        new = {name for name in remembered if _until(change.before.get(name)) != _until(change.after.get(name))}
        if new:
            names: JsonObject = {
                kind: sorted(name.removeprefix(start) for name in new if name.startswith(start))
                for kind, start in KINDS.items()
            }
            details = {kind: found for kind, found in names.items() if found}
            sources = {_source(change.after[name]) for name in new if name in change.after}
            grant = sources.pop() if len(sources) == 1 else ""
            yield Draft("consent.remembered", grant=grant, details=details, explains=remembered)
        else:  # The same consent now ends with another grant.
            yield Draft("", explains=remembered)


def _until(held: object) -> str:
    return str(held or "").partition(".")[0]


def _source(held: object) -> str:
    return str(held).partition(".")[2]


def sessions(change: Change) -> Iterator[Draft]:
    """What happened to a session. Its key is a digest of a token's value, and no event has it."""
    members = members_of(change.item)
    sub = str(members.get("sub", ""))
    if change.removed:
        if not change.expired:
            yield Draft("session.deleted", sub=sub, explains=change.changed)
        return
    if change.gained("record"):
        methods: JsonObject = {name: members[name] for name in ("acr", "amr", "auth_time") if name in members}
        yield Draft("session.began", sub=sub, details=methods, explains=frozenset({"record"}))
    if change.gained("replaced_at"):
        yield Draft("session.replaced", sub=sub, explains=frozenset({"replaced_at"}))
    if change.gained("signed_out_at"):
        yield Draft("session.signed_out", sub=sub, explains=frozenset({"signed_out_at"}))


def signing_keys(change: Change) -> Iterator[Draft]:
    """What happened to a published key. A claim is a lock between two runs of a job, and no event."""
    if change.keys.get("ring", {}).get("S") != "ring":
        yield Draft("", explains=change.changed)
        return
    members = members_of(change.item)
    details: JsonObject = {
        name: members[name]
        for name in ("alg", "uses", "published_from", "signs_from", "published_until")
        if name in members
    }
    if "signs_from" in change.item:
        details["signs_from"] = change.item["signs_from"]
    explains = frozenset({"record", "signs_from"})
    if change.removed:
        yield Draft("key.removed", key=change.key, details=details, explains=change.changed)
    elif change.added:
        yield Draft("key.added", key=change.key, details=details, explains=explains)
    elif change.differs(*explains):
        names = changed_members(change.before, change.after)
        if change.differs("signs_from") and "signs_from" not in names:
            names = [*names, "signs_from"]
        what = "key.withdrawn" if "published_until" in names else "key.changed"
        yield Draft(what, key=change.key, details={**details, "changed": names}, explains=explains)


def revocations(change: Change) -> Iterator[Draft]:
    """What happened to denials, and to the CRLs of an authority."""
    if SHARD.fullmatch(change.key):  # What the authority's own item stands for.
        yield Draft("", explains=change.changed)
    elif change.key.startswith(DENIED):
        key = change.key.removeprefix(DENIED)
        if change.removed:
            yield Draft("certificate.allowed", key=key, explains=change.changed)
        elif change.differs("why", "denied_at"):
            why = str(change.after.get("why", ""))
            yield Draft("certificate.denied", key=key, details={"why": why}, explains=frozenset({"why", "denied_at"}))
    elif change.removed:
        yield Draft("crl.removed", key=change.key, explains=change.changed)
    elif change.differs("record"):
        yield Draft("crl.fetched", key=change.key, explains=frozenset({"record"}))
