"""What operators do with users beside what the endpoints do. No function imports it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import VerboseClientError
from pynamodb.expressions.condition import Condition

from chalicelib.settings import Settings
from chalicelib.storage.dynamodb.attributes import (
    CHANGES,
    MAX_COMPARED,
    PK,
    RECORD,
    ConditionFailed,
    Item,
    Write,
    counted,
    mark_of,
    unchanged,
)
from chalicelib.storage.dynamodb.codec import Unreadable, decode
from chalicelib.storage.dynamodb.sessions import OVER
from chalicelib.storage.dynamodb.suspensions import (
    SUSPENDED_AGAIN,
    SUSPENDED_AT,
    TRIES,
    resuming,
    suspended_since,
    suspending,
)
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.dynamodb.users import (
    LEFT_AT,
    USERNAME,
    record_of,
    stored,
    user_of,
    without_passkeys,
    without_recovery,
    without_second_factor,
)
from chalicelib.storage.dynamodb.weekly_tables import WEEKS_AHEAD, name_of
from chalicelib.storage.records import Session, User
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import is_username, item_of_passkey, known_by, passkey_key, week_of

MAX_IN_A_READ = 100
"""Maximum keys of a batch read (BatchGetItem)."""

COUNTERS = ("failures", "last_failure", "last_attempt")


@dataclass(frozen=True)
class OperatedUser:
    """A user as an operator sees them. `user`: None where the record can't be read. `stored`: their item as it was read."""

    username: str
    user: User | None
    stored: Item = field(repr=False)


@dataclass(frozen=True)
class OperatedSession:
    """A session of a browser. `key`, `table`: of its item. `over`: it was signed out of, or replaced."""

    table: str
    key: str
    session: Session
    over: bool


class OperatedUsers:
    """The users, suspended ones too, and what is stored about one person."""

    def __init__(self, tables: Tables, settings: Settings) -> None:
        self._tables, self._name, self._settings = tables, settings.users_table, settings

    def all(self, *, after: str | None = None) -> Iterator[OperatedUser]:
        """Every user, in no order. It reads the whole table, page by page. `after`: the last username of an earlier call."""
        for item in self._tables.scan(self._name, after=after):
            if is_username(str(item["pk"])) and "record" in item:
                yield _user(item)

    def find(self, username: str) -> OperatedUser | None:
        item = self._tables.get(self._name, username) if is_username(username) else None
        return None if item is None or "record" not in item else _user(item)

    def find_all(self, usernames: Sequence[str]) -> dict[str, OperatedUser]:
        """Those of the names that somebody has, by their names."""
        items = self._read_all([name for name in usernames if is_username(name)])
        return {name: _user(item) for name, item in items.items() if "record" in item}

    def holders(self, subs: Sequence[str]) -> dict[str, str]:
        """The usernames of those who have these subs now, by their subs."""
        items = self._read_all([known_by(sub) for sub in subs])
        found = ((sub, items.get(known_by(sub))) for sub in subs)
        return {sub: str(item.get("username", "")) for sub, item in found if item is not None and "left_at" not in item}

    def suspend(self, user: User, *, now: int, tries: int = TRIES) -> None:
        """Refuse sign-ins, sessions and refresh tokens of the user. A recovery ends. Grants stay. Raises NotOpen."""
        own, of_sub = self._both(user)
        found = _user(own).user if "record" in own else None
        # Another operator gave the name another sub meanwhile.
        if found is not None and found.sub != user.sub and tries:
            return self.suspend(found, now=now, tries=tries - 1)
        mine = Write("Update", self._name, user.username, actions=without_recovery(), condition=RECORD.exists())
        done = self._done(suspending(mine, own, now=now))
        # The sub may have left, or be another name's: nothing is refreshed then anyway.
        if not done or not self._done(suspending(self._of_sub(user), of_sub, now=now), sub_of=user.username):
            if not tries:
                raise NotOpen("was changed meanwhile; run the command again")
            self.suspend(user, now=now, tries=tries - 1)

    def resume(self, one: OperatedUser) -> None:
        """Take the suspension back that was read. The user's own item is last, so that one which is half resumed is seen.

        Raises NotOpen, also after another suspension: a late copy of the writes ends none that came after them.
        """
        user = one.user
        if user is None:
            raise NotOpen("has a record that can't be read")
        own, of_sub = self._both(user)
        if suspended_since(one.stored, own):
            raise NotOpen(SUSPENDED_AGAIN)
        done = self._done(resuming(self._of_sub(user), of_sub), sub_of=user.username)
        if not done and suspended_since(of_sub, self._both(user)[1]):
            raise NotOpen(SUSPENDED_AGAIN)
        if not self._done(resuming(Write("Update", self._name, user.username, condition=RECORD.exists()), own)):
            raise NotOpen(SUSPENDED_AGAIN)

    def unlock(self, user: User) -> None:
        """Forget the failed attempts that were counted by now, of known browsers too. Raises NotOpen, also after another one.

        A late copy of the write forgets none that was counted after it.
        """
        item = self._tables.get(self._name, user.username) or {}
        names = [name for name in item if name.startswith(COUNTERS)]
        if not names:
            return
        of = {name.removeprefix("failures") for name in names if name.startswith("failures")}
        # That of unknown browsers is the first. Those of more browsers are forgotten as they are by then.
        seen = [_counter(each, item) for each in sorted(of)[:MAX_COMPARED]]
        as_read = reduce(and_, (unchanged(one, item) for one in seen), RECORD.exists())
        gone = reduce(and_, (one.does_not_exist() for one in seen), RECORD.exists())
        actions = tuple(NumberAttribute(attr_name=name).remove() for name in names)
        if not self._done(Write("Update", self._name, user.username, actions=actions, condition=as_read | gone)):
            raise NotOpen("tried to sign in meanwhile; run the command again")

    def change(self, before: OperatedUser, user: User, *, forget_passkeys: bool = False) -> None:
        """Replace the record as it was read. A code that was used stays used, who is suspended stays so, an invitation ends.
        Another secret of one-time codes ends an app that the person set up, and the recovery codes.
        That and another password end a recovery.
        `forget_passkeys`: those that have an item are removed too, also one that was added meanwhile.
        Raises NotOpen if the record was changed meanwhile.
        """
        item = self._tables.get(self._name, user.username) or {}
        actions = [*stored(user)]
        if forget_passkeys:
            actions += without_passkeys(replace(user, passkeys=(), passkey_keys=()))
        if before.user is None or before.user.totp != user.totp:  # Whoever set the earlier app may be the thief.
            actions += without_second_factor(replace(user, own_totp="", recovery_codes=()))
        if before.user is None or before.user.secrets_digest != user.secrets_digest:
            actions += without_recovery()
        beside = [name for name in item if name.startswith((*COUNTERS, "invitation", "invited_until"))]
        # The counts are first of what a late copy compares; that of unknown browsers is the first of them.
        beside.sort(key=lambda name: (name.startswith(COUNTERS[1:]), name))
        actions += [NumberAttribute(attr_name=name).remove() for name in beside]
        write = Write("Update", self._name, user.username, actions=tuple(actions))
        try:
            self._tables.write(counted(write, before.stored, RECORD, landed=cast(Condition, record_of(user) == RECORD)))
        except ConditionFailed:
            raise NotOpen("the record was changed meanwhile; run the command again") from None

    def forget_passkeys(self, user: User) -> None:
        """Delete the items of all the user's passkeys, which then sign nobody in."""
        for key in (*map(item_of_passkey, user.passkey_keys), *(passkey_key(one["id"]) for one in user.passkeys)):
            self.delete(key)

    def passkeys_of(self, username: str) -> Iterator[str]:
        """Keys of all items that name the user as a passkey's. It reads the whole table, page by page."""
        for item in self._tables.scan(self._name, where=("username", username)):
            if str(item["pk"]).startswith("passkey "):
                yield str(item["pk"])

    def delete(self, key: str) -> None:
        """Delete the item of a username, a sub or a passkey. A repeated deletion is no error.

        A late copy of it deletes nobody who was added again. Raises NotOpen if it was changed since this call read it.
        """
        item = self._tables.get(self._name, key)
        if item is None:
            return
        as_read = reduce(and_, (unchanged(one, item) for one in (CHANGES, RECORD, USERNAME, LEFT_AT)), PK.exists())
        try:
            self._tables.write(Write("Delete", self._name, key, condition=as_read))
        except ConditionFailed as failed:
            if failed.item is not None:  # Otherwise a repeated write.
                raise NotOpen("was changed meanwhile; run the command again") from None

    def has_sub(self, sub: str) -> bool:
        """Whether there is an item of this sub, also of one that left."""
        return self._tables.get(self._name, known_by(sub)) is not None

    def delete_sub(self, sub: str) -> None:
        """Delete the item of a sub, as `delete` does."""
        self.delete(known_by(sub))

    def sessions_of(self, sub: str, *, now: int) -> Iterator[OperatedSession]:
        """Sessions of the sub, over ones too. It reads whole tables, page by page."""
        for table in self._session_tables(now=now):
            for item in self._all_of(table):
                with suppress(Unreadable, KeyError):
                    session = decode(Session, str(item["record"]), expires_at=item["expires_at"])
                    if session.sub == sub:
                        yield OperatedSession(table, str(item["pk"]), session, bool(OVER & item.keys()))

    def delete_session(self, session: OperatedSession) -> None:
        """Delete a session's item."""
        self._tables.write(Write("Delete", session.table, session.key))

    def _all_of(self, table: str) -> Iterator[Item]:
        """Every item of a table, none of one that is not there: weekly tables are made and dropped."""
        try:
            yield from self._tables.scan(table)
        except VerboseClientError as problem:
            if problem.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def _session_tables(self, *, now: int) -> list[str]:
        name = self._settings.sessions_table
        if self._settings.weekly_tables != "yes":
            return [name]
        return [name_of(name, week) for week in range(week_of(now) - 1, week_of(now) + WEEKS_AHEAD + 1)]

    def _read_all(self, keys: Sequence[str]) -> dict[str, Item]:
        found: dict[str, Item] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), MAX_IN_A_READ):
            some = wanted[start : start + MAX_IN_A_READ]
            items = self._tables.get_all(*((self._name, key) for key in some))
            found |= {key: item for key, item in zip(some, items, strict=True) if item is not None}
        return found

    def _both(self, user: User) -> tuple[Item, Item]:
        """The user's own item, and that of their sub; empty for one that is not there."""
        keys = (user.username, known_by(user.sub))
        own, of_sub = (item or {} for item in self._tables.get_all(*((self._name, key) for key in keys)))
        return own, of_sub

    def _done(self, write: Write, *, sub_of: str = "") -> bool:
        """Whether it is done. False if the item is not as it was read. Raises NotOpen if nobody has the username.

        `sub_of`: it is of the sub of this username. There is nothing to do if the sub left, or is another name's.
        """
        try:
            self._tables.write(write)
        except ConditionFailed as failed:
            item = failed.item or {}
            if sub_of:
                holder = item.get("username")
                return not item or "left_at" in item or (isinstance(holder, str) and holder != sub_of)
            if "record" not in item:
                raise NotOpen("nobody has that username") from None
            return False
        return True

    def _of_sub(self, user: User) -> Write:
        """An update of the item of the user's sub, if it is not another name's, and did not leave."""
        mine = PK.exists() & (user.username == USERNAME) & LEFT_AT.does_not_exist()
        return Write("Update", self._name, known_by(user.sub), condition=cast(Condition, mine))


def _counter(of: str, item: Item) -> UnicodeAttribute | NumberAttribute:
    """What tells failed attempts from later ones: the last one's name. An earlier release counted them alone."""
    named = UnicodeAttribute(attr_name=f"last_attempt{of}")
    return named if named.attr_name in item else NumberAttribute(attr_name=f"failures{of}")


def _user(item: Item) -> OperatedUser:
    username = str(item["pk"])
    suspended = {"suspended_at": mark_of(SUSPENDED_AT, item)} if "suspended_at" in item else {}  # Also of another type.
    return OperatedUser(username, user_of({**item, **suspended}, username), item)
