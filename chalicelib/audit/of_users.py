"""Events of the users table: its users, the items of their subs and passkeys, and the data keys."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.audit.change import Change, named
from chalicelib.audit.draft import Draft
from chalicelib.audit.members import changed_members, members_of
from chalicelib.protocol_types import JsonObject
from chalicelib.storage.dynamodb.attributes import Item
from chalicelib.storage.token_values import digest
from chalicelib.users.lockout import FREE_ATTEMPTS
from chalicelib.writer import OPERATOR

COUNTERS = ("failures", "last_failure", "last_attempt")
NO_EVENT = {
    "v": "the form of the record",
    "profile": "a part of the record, which a narrower role reads",
    "failures": "a counter of attempts; a locked user is an event",
    "failures_*": "the same of a known browser",
    "last_failure": "the time of the last attempt",
    "last_failure_*": "the same of a known browser",
    "last_attempt": "the name of the last attempt",
    "last_attempt_*": "the same of a known browser",
    "code_step": "the last one-time code that was used",
    "code_use": "the sign-in that used it",
    "code_use_before": "the sign-in that used the one before",
    "secrets": "a digest of the password's hash and the second factor, of which the record tells",
    "recovery_secrets": "a digest of the same when a recovery began",
    "recovery_done": "which recovery was completed; its end is an event",
    "recovery_ends": "how often recoveries ended; each end is an event",
    "recovery_made": "the page that made the recovery codes",
    "recovery_use": "the sign-in that used a recovery code",
    "recovery_use_before": "the sign-in that used the one before",
    "suspensions": "counts suspensions and resumptions, each of which is an event",
    "changes": "counts operators' writes of the record, and how often a sub became known or left",
    "passkey_removals": "how often passkeys were removed; each removal is an event",
    "last_invitation": "which one was the last; each invitation is an event",
    "sign_count": "an authenticator's counter",
    "attempt": "the sign-in that counted it",
    "data_key_id": "which data key is the newest; the data key's own item is an event",
}
OF_SUB = {
    "username": "the user's own item tells who has the sub",
    "suspended_at": "the user's own item tells it",
}
PASSKEYS = frozenset({"record", "passkey_keys", "passkeys_removed"})


def drafts(change: Change) -> Iterator[Draft]:
    """What happened to a user, a sub, a passkey or a data key."""
    kind, _, name = change.key.rpartition(" ")
    if kind == "sub":
        yield from _of_sub(change, name)
    elif kind == "passkey":
        yield from _of_passkey(change)
    elif kind == "data key":
        if change.added:
            yield Draft("data_key.made", key=name, explains=frozenset({"wrapped"}))
    elif change.key != "data key":
        yield from _of_user(change)


def _of_sub(change: Change, person: str) -> Iterator[Draft]:
    if change.removed:
        yield Draft("user.forgotten", person=person, explains=change.changed)
    elif change.differs("left_at"):
        what = "user.returned" if change.lost("left_at") else "user.left"
        yield Draft(what, person=person, explains=frozenset({"left_at", *OF_SUB}))
    else:
        yield Draft("", explains=frozenset(OF_SUB))


def _of_passkey(change: Change) -> Iterator[Draft]:
    if change.added or change.removed:  # The user's own item tells of it.
        yield Draft("", explains=change.changed)
    elif change.differs("name"):
        person = str(change.item.get("person", ""))
        yield Draft("user.passkey_renamed", person=person, explains=frozenset({"name", "person"}))


def _of_user(change: Change) -> Iterator[Draft]:
    members = members_of(change.item)
    if not members:  # Counted attempts of a name that nobody has.
        yield Draft("", explains=named(change.changed, *COUNTERS))
        return
    sub = str(members.get("sub", ""))
    person: JsonObject = {"sub": sub, "username": change.key}
    if change.removed:
        yield Draft("user.ended", sub=sub, personal=person, explains=change.changed)
    elif "record" not in change.before:
        yield Draft("user.added", sub=sub, personal=person, explains=frozenset({"record"}))
    elif (before := str(members_of(change.before).get("sub", ""))) != sub:
        yield Draft("user.ended", sub=before, personal={"sub": before, "username": change.key})
        yield Draft("user.added", sub=sub, personal=person, explains=frozenset({"record"}))
    else:
        yield from _of_record(change, sub)
    if not change.removed:
        yield from _beside_the_record(change, sub)


def _of_record(change: Change, sub: str) -> Iterator[Draft]:
    names = set(changed_members(change.before, change.after))
    explains = frozenset({"record"})
    if "password" in names:
        yield Draft("user.password_changed", sub=sub, explains=explains)
    if "totp" in names or change.differs("own_totp"):
        yield Draft("user.second_factor_changed", sub=sub, explains=frozenset({"record", "own_totp"}))
    if of_person := sorted(names & {"claims", "accounts"}):
        yield Draft("user.claims_changed", sub=sub, details={"changed": of_person}, explains=explains)
    old, new = _passkeys(change.before), _passkeys(change.after)
    for what, count in (("user.passkey_added", len(new - old)), ("user.passkey_removed", len(old - new))):
        if count:
            yield Draft(what, sub=sub, details={"passkeys": count}, explains=PASSKEYS)
    yield from _of_recovery_codes(change, sub)
    if others := sorted(names - {"password", "totp", "claims", "accounts", "passkeys"}):
        yield Draft("user.changed", sub=sub, details={"changed": others}, explains=explains)


def _of_recovery_codes(change: Change, sub: str) -> Iterator[Draft]:
    old, new = (_members(item, "recovery_codes") for item in (change.before, change.after))
    if new - old:
        what = "user.recovery_codes_made"
    else:
        what = "user.recovery_code_used" if change.differs("recovery_use") else "user.recovery_codes_ended"
    if new != old:
        yield Draft(what, sub=sub, details={"left": len(new)}, explains=frozenset({"recovery_codes"}))


def _members(item: Item, name: str) -> frozenset[str]:
    found = item.get(name)
    return found if isinstance(found, frozenset) else frozenset()


def _passkeys(item: Item) -> set[str]:
    """Digests of the ids of the passkeys that are in force by a user's item."""
    of_record = members_of(item).get("passkeys") or ()
    old = {digest(str(one["id"])) for one in of_record} if isinstance(of_record, list) else set()
    return {*_members(item, "passkey_keys"), *(old - _members(item, "passkeys_removed"))}


def _beside_the_record(change: Change, sub: str) -> Iterator[Draft]:
    if change.differs("suspended_at"):
        what = "user.resumed" if change.lost("suspended_at") else "user.suspended"
        yield Draft(what, sub=sub, explains=frozenset({"suspended_at"}))
    if change.differs("invitation", "invited_until"):
        explains = frozenset({"invitation", "invited_until"})
        yield Draft(_invitation(change), sub=sub, explains=explains)
    if change.differs("recovery_from"):
        what, details = _recovery(change)
        yield Draft(what, sub=sub, details=details, explains=frozenset({"recovery_from"}))
    for name in named(change.changed, "failures"):
        count = change.after.get(name)
        if isinstance(count, int) and count >= FREE_ATTEMPTS:
            yield Draft("user.locked", sub=sub, details={"attempts": count}, explains=frozenset({name}))
    operated = change.writer.name.startswith(OPERATOR) and "record" not in change.changed
    if operated and any(change.lost(name) for name in named(change.changed, "failures")):
        yield Draft("user.unlocked", sub=sub)


def _recovery(change: Change) -> tuple[str, JsonObject]:
    """What happened to a recovery, and from when it can be completed."""
    if not change.lost("recovery_from"):
        return "user.recovery_begun", {"ready_at": change.after["recovery_from"]}
    return "user.recovery_completed" if change.differs("recovery_done") else "user.recovery_cancelled", {}


def _invitation(change: Change) -> str:
    if change.lost("invitation"):
        return "user.invitation_ended"
    exchanged = "invitation" in change.before and not change.writer.name.startswith(OPERATOR)
    return "user.invitation_used" if exchanged else "user.invited"
