"""End users.

An item with the digest of the sub as key says whether the user is known. It is written before the user's record, so that every
user who can sign in has it. When a user leaves, it is marked and not deleted. A suspension is an attribute of both items: of the
record's for signing in, of the sub's for refresh tokens.

What recognises a user who signed in before is an attribute of its own, `profile`: a function that reads it has no access to the
record with the password's hash (ducat_cdk/item_attributes.py). An earlier release did not write it; a sign-in adds it.

passkeys.py has their passkeys.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.protocol_types import JsonObject, Standing
from chalicelib.storage.dynamodb.attributes import CHANGES, PK, RECORD, ConditionFailed, Item, Write, counted, unchanged
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known, set_of, sub_of
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.records import User, UserProfile
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, is_username, known_by

V = NumberAttribute(attr_name="v")
INVITATION = UnicodeAttribute(attr_name="invitation")
INVITED_UNTIL = NumberAttribute(attr_name="invited_until")
LAST_INVITATION = UnicodeAttribute(attr_name="last_invitation")  # It stays when the invitation is used, or ends.
LEFT_AT = NumberAttribute(attr_name="left_at")
SUSPENDED_AT = NumberAttribute(attr_name="suspended_at")
USERNAME = UnicodeAttribute(attr_name="username")
PASSKEY_KEYS = UnicodeSetAttribute(attr_name="passkey_keys")
PASSKEYS_REMOVED = UnicodeSetAttribute(attr_name="passkeys_removed")
"""Digests of the ids of passkeys: of those that have an item, and of those in the record that were removed."""
PASSKEY_REMOVALS = NumberAttribute(attr_name="passkey_removals")
"""How often passkeys were removed. A late copy of a write that added one knows an earlier number, and brings nothing back."""
OWN_TOTP = UnicodeAttribute(attr_name="own_totp")
RECOVERY_CODES = UnicodeSetAttribute(attr_name="recovery_codes")
RECOVERY_FROM = NumberAttribute(attr_name="recovery_from")
RECOVERY_ENDS = NumberAttribute(attr_name="recovery_ends")  # How often: a late copy of a beginning begins none again.
RECOVERY_SECRETS = UnicodeAttribute(attr_name="recovery_secrets")
SECRETS = UnicodeAttribute(attr_name="secrets")
CODE_STEP = NumberAttribute(attr_name="code_step")
CODE_USE = UnicodeAttribute(attr_name="code_use")
CODE_USE_BEFORE = UnicodeAttribute(attr_name="code_use_before")  # With it an update tells whether it is the first.
PROFILE = UnicodeAttribute(attr_name="profile")

_OWN = ("own_totp", "recovery_from", "recovery_secrets", "recovery_ends", "recovery_made", "passkey_removals")
_BESIDE = (*_OWN, "failures", "last_failure", "invitation", "invited_until", "suspended_at")
_WITHOUT = (*_BESIDE, "has_profile", "passkey_keys", "recovery_codes")


class Users:
    """stores.Users."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def put(self, user: User) -> None:
        # Updates, so that who is suspended stays so, and a one-time code which was used stays used.
        # Each is as it was read: a late copy brings back nobody who was removed, and no earlier secret.
        keys = (known_by(user.sub), user.username)
        of_sub, item = (found or {} for found in self._tables.get_all(*((self._name, key) for key in keys)))
        known, landed = (USERNAME.set(user.username), LEFT_AT.remove()), cast(Condition, user.username == USERNAME)
        sub = Write("Update", self._name, known_by(user.sub), actions=known)
        self._put(sub, of_sub, USERNAME, LEFT_AT, landed=landed)
        forgotten = tuple(one.remove() for one in (*counters(""), INVITATION, INVITED_UNTIL))
        ended = (*without_passkeys(user), *without_second_factor(user), *without_recovery())
        if "record" not in item:
            # An item that counts and is nobody's. A late copy of the next write needs it, and brings nobody back who was removed.
            item = self._put(Write("Update", self._name, user.username), item, RECORD, landed=RECORD.does_not_exist())
        own = Write("Update", self._name, user.username, actions=(*stored(user), *forgotten, *ended))
        self._put(own, item, RECORD, landed=cast(Condition, record_of(user) == RECORD))
        with suppress(Unreadable, KeyError):  # The name had no user, or an unreadable one.
            replaced = decode(User, str(item["record"])).sub
            if replaced != user.sub:
                self.forget_sub(replaced, user.username, now=0)

    def _put(self, write: Write, item: Item, *read: UnicodeAttribute | NumberAttribute, landed: Condition) -> Item:
        """Write, if the item is as it was read; gives what it is then. Raises NotOpen."""
        try:
            return self._tables.write(counted(write, item, *read, landed=landed)) or {}
        except ConditionFailed:
            raise NotOpen("the user was changed meanwhile; run the command again") from None

    def remove(self, username: str, *, now: int) -> None:
        item = (self._tables.get(self._name, username) if is_username(username) else None) or {}
        user = user_of(item, username)
        if user is None:
            raise NotOpen("nobody of that name")
        self.forget_sub(user.sub, username, now=now)  # This decides: no grant is refreshed after it.
        # A late copy of this write deletes nobody who was added again.
        as_read = PK.exists() & unchanged(CHANGES, item) & unchanged(RECORD, item)
        try:
            self._tables.write(Write("Delete", self._name, username, condition=as_read))
        except ConditionFailed as failed:
            if failed.item is not None:  # Otherwise a repeated write.
                raise NotOpen("the user was changed meanwhile; run the command again") from None

    def forget_sub(self, sub: str, username: str, *, now: int, tries: int = 5) -> None:
        """Mark the sub as unknown, unless it belongs to another name now: no grant of it is refreshed from then on.

        `tries`: how often again, where another write is faster. Raises NotOpen after them.
        """
        item = self._tables.get(self._name, known_by(sub)) or {}
        if item.get("username") != username or "left_at" in item:
            return
        left = Write("Update", self._name, known_by(sub), actions=(LEFT_AT.set(now), SUSPENDED_AT.remove()))
        try:
            self._put(left, item, USERNAME, LEFT_AT, landed=LEFT_AT.exists())
        except NotOpen:
            if not tries:
                raise
            self.forget_sub(sub, username, now=now, tries=tries - 1)

    def standing(self, sub: str) -> Standing:
        item = self._tables.get(self._name, known_by(sub), only=("pk", "left_at", "suspended_at"))
        if item is None or "left_at" in item:
            return "unknown"
        return "suspended" if "suspended_at" in item else "known"

    def named(self, person: str) -> str | None:
        item = self._tables.get(self._name, f"sub {person}", only=("pk", "username", "left_at"))
        return None if item is None or "left_at" in item or "username" not in item else str(item["username"])

    def find(self, username: str) -> User | None:
        return user_of(self._tables.get(self._name, username) if is_username(username) else None, username)

    def find_profile(self, username: str) -> UserProfile | None:
        item = (
            self._tables.get(self._name, username, only=("profile", "suspended_at")) if is_username(username) else None
        )
        try:
            return decode(UserProfile, str(item["profile"])) if item and "suspended_at" not in item else None
        except Unreadable as problem:
            report(problem, digest(username), None)
            return None

    def keep_profile(self, user: User) -> None:
        kept = (PROFILE.set(PROFILE | profile_of(user)),)
        with suppress(ConditionFailed):  # Removed since it was read.
            self._tables.write(Write("Update", self._name, user.username, actions=kept, condition=PK.exists()))

    def admit(
        self, username: str, *, attempt: str, free: int, locks: Sequence[int], now: int, browser: str = ""
    ) -> tuple[User | None, bool]:
        failures, last, latest = counters(browser)
        if not username:
            return None, False
        unnamed = latest.does_not_exist() | (latest != attempt)  # Otherwise a repeated write.
        opened = failures.does_not_exist() | (free > failures)
        for n, seconds in enumerate(locks, start=free):
            as_many = failures == n if n + 1 < free + len(locks) else failures >= n
            opened |= as_many & (last <= now - seconds)
        counted = (failures.add(1), last.set(now), latest.set(attempt))
        # No item has the digest as its key, and the write takes as long.
        name = username if is_username(username) else f" {digest(username)}"
        guess = Write("Update", self._name, name, actions=counted, condition=PK.exists() & opened & unnamed)
        try:
            item, allowed = self._tables.write(guess), True
        except ConditionFailed as failed:
            item = failed.item
            allowed = item is not None and item.get(latest.attr_name) == attempt
        return user_of(item, username), allowed

    def use_code(self, username: str, step: int, *, attempt: str, browser: str = "") -> bool:
        this = f"{step} {attempt}"
        used = (CODE_STEP.set(step), CODE_USE.set(this), CODE_USE_BEFORE.set(CODE_USE | "none"))
        use = Write(
            "Update",
            self._name,
            username,
            actions=(*used, *(one.remove() for one in counters(browser))),
            condition=PK.exists() & (CODE_STEP.does_not_exist() | (step > CODE_STEP) | (this == CODE_USE)),
        )
        try:
            item = self._tables.write(_of_person(use))
        except ConditionFailed as failed:
            raise NotOpen("nobody of that name" if failed.item is None else "code used before") from None
        return item is None or item["code_use_before"] != this

    def invite(self, username: str, *, invitation: str, until: int) -> None:
        item = (self._tables.get(self._name, username) if is_username(username) else None) or {}
        this = digest(invitation)
        invited = (INVITATION.set(this), INVITED_UNTIL.set(until), LAST_INVITATION.set(this))
        # A late copy of this write knows an earlier invitation, or earlier secrets, and brings no link back.
        as_it_was = RECORD.exists() & unchanged(LAST_INVITATION, item) & unchanged(SECRETS, item)
        try:
            self._tables.write(_of_person(Write("Update", self._name, username, actions=invited, condition=as_it_was)))
        except ConditionFailed as failed:
            if "record" not in (failed.item or {}):
                raise NotOpen("nobody has that username") from None
            if (failed.item or {}).get(LAST_INVITATION.attr_name) != this:  # Otherwise a repeated write.
                raise NotOpen("the user was changed or invited meanwhile; run the command again") from None

    def exchange(self, username: str, *, invitation: str, enrolment_token: str, until: int, now: int) -> None:
        in_force = (digest(invitation) == INVITATION) & (now < INVITED_UNTIL)
        exchange = Write(
            "Update",
            self._name,
            username,
            actions=(INVITATION.set(digest(enrolment_token)), INVITED_UNTIL.set(until)),
            condition=in_force | (digest(enrolment_token) == INVITATION),  # sent again
        )
        try:
            self._tables.write(_of_person(exchange))
        except ConditionFailed:
            raise NotOpen("the invitation is used, too old or of another") from None


def user_of(item: Item | None, username: str) -> User | None:
    """The user of an item; None without a record, or with an unreadable one, which is logged."""
    if item is None or "record" not in item:
        return None
    try:
        require_known("User", item)
        beside: JsonObject = {name: item[name] for name in _BESIDE if name in item}
        beside["passkey_keys"] = sorted(set_of(item, PASSKEY_KEYS.attr_name))
        beside["recovery_codes"] = sorted(set_of(item, RECOVERY_CODES.attr_name))
        user = decode(User, str(item["record"]), **beside, has_profile="profile" in item)
        removed = set_of(item, PASSKEYS_REMOVED.attr_name)
    except Unreadable as problem:
        report(problem, digest(username), item.get("v"), sub=sub_of(str(item["record"])))
        return None
    return replace(user, passkeys=tuple(one for one in user.passkeys if digest(one["id"]) not in removed))


def record_of(user: User) -> str:
    """The record as it is stored."""
    return encode(user, without=_WITHOUT)


def stored(user: User) -> tuple[Action, ...]:
    """What writes the record, and what is beside it of the same."""
    return (
        V.set(VERSION),
        RECORD.set(record_of(user)),
        PROFILE.set(profile_of(user)),
        SECRETS.set(user.secrets_digest),
    )


def without_passkeys(user: User) -> tuple[Action, ...]:
    """What removes passkeys that the user to be written does not have."""
    gone = () if user.passkey_keys else (PASSKEY_KEYS.remove(), PASSKEY_REMOVALS.add(1))
    return gone if user.passkeys else (*gone, PASSKEYS_REMOVED.remove())


def without_second_factor(user: User) -> tuple[Action, ...]:
    """What removes an authenticator app and recovery codes that the user to be written does not have."""
    app = () if user.own_totp else (OWN_TOTP.remove(),)
    return app if user.recovery_codes else (*app, RECOVERY_CODES.remove())


def without_recovery() -> tuple[Action, ...]:
    """What removes a recovery, whether it runs or not."""
    return (RECOVERY_FROM.remove(), RECOVERY_SECRETS.remove(), RECOVERY_ENDS.add(1))


def may_change(user: User) -> Condition:
    """Whether the user may change their own sign-in: not suspended, and with the secrets of an operator as they were read."""
    unchanged = SECRETS.does_not_exist() | (user.secrets_digest == SECRETS)
    return cast(Condition, PK.exists() & SUSPENDED_AT.does_not_exist() & unchanged)


def profile_of(user: User) -> str:
    """The profile as it is stored."""
    return encode(UserProfile(user.username, user.sub, user.claims, user.accounts))


def counters(browser: str) -> tuple[NumberAttribute, NumberAttribute, UnicodeAttribute]:
    """Attributes of the failed attempts, the last one's time and its name: of unknown browsers, or of a known browser."""
    of = f"_{browser}" if browser else ""
    return (
        NumberAttribute(attr_name=f"failures{of}"),
        NumberAttribute(attr_name=f"last_failure{of}"),
        UnicodeAttribute(attr_name=f"last_attempt{of}"),
    )


def _of_person(write: Write) -> Write:
    """The write, if its key is a username. Raises NotOpen."""
    if not is_username(write.key):
        raise NotOpen("nobody of that name")
    return write
