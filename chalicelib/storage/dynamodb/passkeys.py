"""Passkeys: each has an item, and the set `passkey_keys` of its user's item decides whether it is in force.

The item names the user and the person, and has the public key, the user's name for it, and the signature counter, which changes
at each use. It is written first and has no effect by itself. So no function that adds or removes a passkey writes the record with
the password's hash.

An earlier release put passkeys into the record, and they are read from there. The set `passkeys_removed` has the removed ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib.protocol_types import Passkey
from chalicelib.storage.dynamodb.attributes import PK, RECORD, ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, report, require_known
from chalicelib.storage.dynamodb.replay_cache import ATTEMPT
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.dynamodb.users import (
    INVITATION,
    INVITED_UNTIL,
    PASSKEY_KEYS,
    PASSKEY_REMOVALS,
    PASSKEYS_REMOVED,
    USERNAME,
    V,
    may_change,
)
from chalicelib.storage.passkey_stores import OwnPasskey
from chalicelib.storage.records import PasskeyHolder, User
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, item_of_passkey

SIGN_COUNT = NumberAttribute(attr_name="sign_count")
PERSON = UnicodeAttribute(attr_name="person")
CREATED_AT = NumberAttribute(attr_name="created_at")
NAME = UnicodeAttribute(attr_name="name")

MEMBERS: tuple[Literal["id", "key", "handle"], ...] = ("id", "key", "handle")
"""Of a passkey's record. They never change."""


class Passkeys:
    """passkey_stores.Passkeys. `find_user`: by username."""

    def __init__(self, tables: Tables, name: str, find_user: Callable[[str], User | None]) -> None:
        self._tables, self._name, self._find_user = tables, name, find_user

    def add(
        self,
        user: User,
        passkey: Passkey,
        *,
        sign_count: int,
        limit: int,
        enrolment_token: str,
        name: str = "",
        now: int,
    ) -> None:
        in_force = (digest(enrolment_token) == INVITATION) & (now < INVITED_UNTIL)
        spent = (INVITATION.remove(), INVITED_UNTIL.remove())
        self._put(user, passkey, name, sign_count)
        self._put_in_force(user, passkey, in_force, spent, again=INVITATION.does_not_exist(), limit=limit)

    def add_own(self, user: User, passkey: Passkey, *, sign_count: int, limit: int, name: str = "") -> None:
        self._put(user, passkey, name, sign_count)
        removals = user.passkey_removals
        none_since = (removals == PASSKEY_REMOVALS) if removals else PASSKEY_REMOVALS.does_not_exist()
        self._put_in_force(user, passkey, may_change(user) & none_since, (), again=PK.exists(), limit=limit)

    def _put(self, user: User, passkey: Passkey, name: str, sign_count: int) -> None:
        """Write the passkey's item. Raises NotOpen for a known passkey."""
        if digest(passkey["id"]) in {*user.passkey_keys, *(digest(one["id"]) for one in user.passkeys)}:
            raise NotOpen("the passkey is known")
        record = _record_of(passkey)
        made = [V.set(VERSION), RECORD.set(record), USERNAME.set(user.username), PERSON.set(digest(user.sub))]
        # A late copy of this write sets no counter back.
        made += [SIGN_COUNT.set(SIGN_COUNT | sign_count), CREATED_AT.set(CREATED_AT | passkey["created_at"])]
        if name:
            made.append(NAME.set(NAME | name))
        written_before = (user.username == USERNAME) & (record == RECORD)  # By an attempt that failed later.
        put = Write(
            "Update",
            self._name,
            _key_of(passkey),
            actions=tuple(made),
            condition=PK.does_not_exist() | written_before,
        )
        try:
            self._tables.write(put)
        except ConditionFailed:
            raise NotOpen("the passkey is known") from None

    def _put_in_force(
        self, user: User, passkey: Passkey, may: Condition, actions: tuple[Action, ...], *, again: Condition, limit: int
    ) -> None:
        """The write that decides. `may`: who may add one. `again`: also holds after the write itself."""
        key, left = digest(passkey["id"]), limit - len(user.passkeys)
        if left <= 0:
            raise NotOpen("too many passkeys")
        few = PASSKEY_KEYS.does_not_exist() | (size(PASSKEY_KEYS) < left)  # type: ignore[no-untyped-call]
        add = Write(
            "Update",
            self._name,
            user.username,
            actions=(PASSKEY_KEYS.add({key}), *actions),
            condition=(may & few) | (PASSKEY_KEYS.contains(key) & again),
        )
        try:
            self._tables.write(add)
        except ConditionFailed:
            raise NotOpen("the token is used or too old, or there are too many passkeys") from None

    def find(self, credential_id: str) -> PasskeyHolder | None:
        key = digest(credential_id)
        item = self._tables.get(self._name, item_of_passkey(key))
        user = self._find_user(str(item["username"])) if item is not None and "username" in item else None
        found = None if user is None else _in_force(user, item, key)
        if item is None or user is None or found is None or found["id"] != credential_id:
            return None
        try:
            sign_count = _sign_count(item)
        except Unreadable as problem:
            report(problem, item_of_passkey(key), item.get("v"), sub=user.sub)
            return None
        return PasskeyHolder(user, found, sign_count, str(item.get("attempt", "")))

    def of(self, user: User) -> Sequence[OwnPasskey]:
        keys = [*user.passkey_keys, *(digest(one["id"]) for one in user.passkeys)]
        items = self._tables.get_all(*((self._name, item_of_passkey(key)) for key in keys)) if keys else ()
        found = [
            OwnPasskey(key, passkey, str((item or {}).get("name", "")))
            for key, item in zip(keys, items, strict=True)
            if (passkey := _in_force(user, item, key)) is not None
        ]
        return sorted(found, key=lambda one: one.passkey.get("created_at", 0))

    def rename(self, user: User, key: str, name: str) -> None:
        actions = (NAME.set(name) if name else NAME.remove(), PERSON.set(PERSON | digest(user.sub)))
        own = PK.exists() & (user.username == USERNAME)
        rename = Write("Update", self._name, item_of_passkey(key), actions=actions, condition=own)
        if key not in {*user.passkey_keys, *(digest(one["id"]) for one in user.passkeys)}:
            raise NotOpen("the user has no such passkey")
        try:
            self._tables.write(rename)
        except ConditionFailed:
            raise NotOpen("the user has no such passkey") from None

    def remove(self, user: User, key: str) -> None:
        if key in user.passkey_keys:
            removed: Action = PASSKEY_KEYS.delete({key})
        elif key in (digest(one["id"]) for one in user.passkeys):
            removed = PASSKEYS_REMOVED.add({key})
        else:
            return
        # This decides. The item has no effect then.
        actions = (removed, PASSKEY_REMOVALS.add(1))
        write = Write("Update", self._name, user.username, actions=actions, condition=PK.exists())
        try:
            self._tables.write(write)
        except ConditionFailed:
            raise NotOpen("nobody of that name") from None
        self._tables.write(Write("Delete", self._name, item_of_passkey(key)))

    def counted(self, credential_id: str, sign_count: int, *, attempt: str) -> None:
        count = Write(
            "Update",
            self._name,
            item_of_passkey(digest(credential_id)),
            actions=(SIGN_COUNT.set(sign_count), ATTEMPT.set(attempt)),
            condition=(sign_count > SIGN_COUNT) | ((attempt == ATTEMPT) & (sign_count == SIGN_COUNT)),
        )
        try:
            self._tables.write(count)
        except ConditionFailed:
            raise NotOpen("the authenticator signed as often before") from None


def _key_of(passkey: Passkey) -> str:
    return item_of_passkey(digest(passkey["id"]))


def _in_force(user: User, item: Item | None, key: str) -> Passkey | None:
    """The passkey of this digest, if it is this person's and in force. `item`: its item."""
    for passkey in user.passkeys:
        if digest(passkey["id"]) == key:
            return passkey
    # The username may be another person's now.
    if item is None or key not in user.passkey_keys or item.get("person") != digest(user.sub) or "record" not in item:
        return None
    try:
        require_known("Passkey", item)
        return _passkey_of(item)
    except Unreadable as problem:
        report(problem, item_of_passkey(key), item.get("v"), sub=user.sub)
        return None


def _record_of(passkey: Passkey) -> str:
    """What never changes of a passkey, as its item has it."""
    return json.dumps({name: passkey[name] for name in MEMBERS}, separators=(",", ":"))


def _sign_count(item: Item) -> int:
    """The signature counter of a passkey's item. Raises Unreadable: without it a copy of the key could sign."""
    found = item.get("sign_count")
    if not isinstance(found, int):
        raise Unreadable("Passkey: of another type: sign_count")
    return found


def _passkey_of(item: Item) -> Passkey:
    """The passkey of its item. Raises Unreadable."""
    try:
        found = json.loads(str(item["record"]))
        members = [found[name] for name in MEMBERS]
    except (ValueError, TypeError, KeyError):
        raise Unreadable("Passkey") from None
    if not all(isinstance(one, str) for one in members):
        raise Unreadable("Passkey")
    created_at = item.get("created_at", 0)
    return Passkey(
        id=members[0], key=members[1], handle=members[2], created_at=created_at if isinstance(created_at, int) else 0
    )
