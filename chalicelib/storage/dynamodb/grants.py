"""Grants: one item from the authorization request to the end of the last token. Each step is one conditional write.

Writes before a step's decisive write use a new secret as key. The write that notices a second attempt at a code also ends the
grant. Each write may be sent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.protocol_types import Detail
from chalicelib.storage.dynamodb import grant_items as items
from chalicelib.storage.dynamodb.attributes import EXPIRES_AT, PK, Along, ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.bonds import epoch_of
from chalicelib.storage.dynamodb.codec import encode
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK, Tables
from chalicelib.storage.grant_records import HISTORY, AccessToken, Grant
from chalicelib.storage.records import Authentication
from chalicelib.storage.stores import NotOpen, Replayed
from chalicelib.storage.token_values import TokenValue, digest, is_key

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.persons_grants import PersonsGrants
    from chalicelib.storage.revocation_stores import StatusReading

MAX_BATCH = 100  # keys of a batch read (BatchGetItem)

TTL = NumberAttribute(attr_name="ttl")
CLIENT_ID = UnicodeAttribute(attr_name="client_id")
REQUEST_EXPIRES_AT = NumberAttribute(attr_name="request_expires_at")
CODE_LIFETIME = NumberAttribute(attr_name="code_lifetime")
LOGIN = UnicodeAttribute(attr_name="login")
PERSON = UnicodeAttribute(attr_name="person")
BOND = UnicodeAttribute(attr_name="bond")
EPOCH = NumberAttribute(attr_name="epoch")
SESSION = UnicodeAttribute(attr_name="session")
DECISION = UnicodeAttribute(attr_name="decision")
GRANTED = UnicodeAttribute(attr_name="granted")
GIVEN_AT = NumberAttribute(attr_name="given_at")
CODE_HASH = UnicodeAttribute(attr_name="code_hash")
CODE_EXPIRES_AT = NumberAttribute(attr_name="code_expires_at")
FRONT_TOKEN = UnicodeAttribute(attr_name="front_token")
FRONT_HASH = UnicodeAttribute(attr_name="front_hash")
REDEEMED_BY = UnicodeAttribute(attr_name="redeemed_by")
TOKEN = UnicodeAttribute(attr_name="token")
TOKEN_HASH = UnicodeAttribute(attr_name="token_hash")
REFRESH_HASH = UnicodeAttribute(attr_name="refresh_hash")
REFRESH_BEFORE = UnicodeAttribute(attr_name="refresh_before")
REFRESHED_AT = NumberAttribute(attr_name="refreshed_at")
REFRESH_FAMILY = UnicodeAttribute(attr_name="refresh_family")
USED_AT = NumberAttribute(attr_name="used_at")
CNF = UnicodeAttribute(attr_name="cnf")
REVOKED_AT, CONSENT_EXPIRES_AT, BROWSER = items.REVOKED_AT, items.CONSENT_EXPIRES_AT, items.BROWSER


class Grants:
    """stores.Grants. `bonds`: name of the bonds table, which is read at the same time."""

    def __init__(self, tables: Tables, name: str, bonds: str) -> None:
        self._tables, self.name, self._bonds = tables, name, bonds

    def push(self, grant: Grant) -> None:
        try:
            self._tables.write(Write("Put", self.name, grant.key, items.new(grant), condition=PK.does_not_exist()))
        except ConditionFailed:
            return  # A repeated write: nobody else knows the key.

    def open(self, key: str, client_id: str, browser: str, *, now: int, expires_at: int, code_lifetime: int) -> Grant:
        actions = (
            BROWSER.set(digest(browser)),
            CODE_LIFETIME.set(code_lifetime),
            EXPIRES_AT.set(expires_at),
            TTL.set(expires_at + SWEEP_SLACK),
            *(attribute.remove() for attribute in (LOGIN, PERSON, BOND, EPOCH, SESSION)),  # of another browser's login
        )
        undecided = (client_id == CLIENT_ID) & (now < REQUEST_EXPIRES_AT) & DECISION.does_not_exist()
        return self._step(key, actions, undecided)

    def find(self, key: str, *, now: int) -> Grant | None:
        return items.current(self._tables.get(self.name, key) if is_key(key) else None, now=now)

    def find_beside(self, key: str, bond: str, *, now: int) -> tuple[Grant | None, int]:
        item, other = self._tables.get_all((self.name, key), (self._bonds, bond)) if is_key(key) else (None, None)
        return items.current(item, now=now), epoch_of(other)

    def authenticate(
        self,
        key: str,
        browser: str,
        login: Authentication,
        *,
        bond: str,
        epoch: int,
        now: int,
        session: str | None = None,
        expires_at: int | None = None,
    ) -> None:
        actions: list[Action] = [
            LOGIN.set(encode(login)),
            PERSON.set(digest(login.sub)),
            BOND.set(bond),
            EPOCH.set(epoch),
        ]
        if session is not None:
            actions.append(SESSION.set(session))
        if expires_at is not None:
            actions.append(EXPIRES_AT.set(expires_at))
        self._step(key, actions, items.of_browser(browser, now=now) & DECISION.does_not_exist())

    def approve(
        self,
        key: str,
        browser: str,
        *,
        person: str,
        secret: str,
        now: int,
        granted: Sequence[Detail] = (),
        approval: str = "",
        session: str | None = None,
        until: int | None = None,
        shown: str = "",
        front: tuple[str, AccessToken] | None = None,
    ) -> Grant:
        actions: list[Action] = [
            DECISION.set("approved"),
            CODE_HASH.set(digest(secret)),
            CODE_EXPIRES_AT.set(CODE_LIFETIME + now),
            GIVEN_AT.set(now),
            GRANTED.set(items.as_json(list(granted))) if granted else GRANTED.remove(),
            *((items.APPROVAL.set(approval),) if approval else ()),
        ]
        if shown:
            actions.append(items.SHOWN.set(shown))
        if until is not None:
            actions.append(CONSENT_EXPIRES_AT.set(until))
        actions.append(items.LISTED_UNTIL.set(CONSENT_EXPIRES_AT if until is None else until))
        if front is not None:
            actions += [FRONT_TOKEN.set(encode(front[1])), FRONT_HASH.set(digest(front[0]))]
        seen = SESSION.does_not_exist() if session is None else session == SESSION
        again = (DECISION == "approved") & REDEEMED_BY.does_not_exist()
        requested = items.of_browser(browser, now=now) & (person == PERSON) & seen & REVOKED_AT.does_not_exist()
        return self._step(key, actions, requested & (DECISION.does_not_exist() | again))

    def deny(self, key: str, browser: str, *, now: int) -> Grant:
        open_still = items.of_browser(browser, now=now) & (DECISION.does_not_exist() | (DECISION == "denied"))
        return self._step(key, (DECISION.set("denied"),), open_still)

    def find_code(self, code: TokenValue, *, along: StatusReading | None = None) -> tuple[Grant, int] | None:
        grant, epoch, _ = self.read_with(code, along=along)
        return None if grant is None else (grant, epoch)

    def redeem(
        self,
        grant: Grant,
        code: TokenValue,
        *,
        attempt: str,
        access_token: str,
        token: AccessToken,
        refresh_hash: str | None,
        refresh_family: str | None,
        now: int,
    ) -> Grant:
        first: list[Action] = [  # Each only for the first attempt.
            REDEEMED_BY.set(REDEEMED_BY | attempt),
            TOKEN.set(TOKEN | items.token_of(grant, token, cnf=token.cnf)),
            TOKEN_HASH.set(TOKEN_HASH | digest(access_token)),
            CNF.set(CNF | items.as_json(token.cnf)),
        ]
        if refresh_hash is not None:
            first.append(REFRESH_HASH.set(REFRESH_HASH | refresh_hash))
        if refresh_family is not None:
            first.append(REFRESH_FAMILY.set(REFRESH_FAMILY | refresh_family))
        # Data of the page are deleted. The user directory has current ones.
        login = (LOGIN.set(encode(replace(grant.person, accounts=(), username=""))),)
        answered = tuple(one.remove() for one in (BROWSER, CODE_LIFETIME, REQUEST_EXPIRES_AT, CODE_EXPIRES_AT))
        until = (EXPIRES_AT.set(CONSENT_EXPIRES_AT), TTL.set(CONSENT_EXPIRES_AT + (HISTORY + SWEEP_SLACK)))
        of_code = (digest(code.secret) == CODE_HASH) & (DECISION == "approved") & REVOKED_AT.does_not_exist()
        in_time = REDEEMED_BY.exists() | (now < CODE_EXPIRES_AT)
        written = self._step(
            grant.key, (*first, *login, *answered, *until, items.ATTEMPTS.add({attempt})), of_code & in_time
        )
        if written.redeemed_by != attempt or len(written.attempts) > 1:
            raise Replayed("the code was redeemed before")
        return written

    def find_refreshable(
        self, refresh_token: TokenValue, *, now: int, along: StatusReading | None = None
    ) -> Grant | None:
        grant, epoch, _ = self.read_with(refresh_token, along=along)
        return grant if grant is not None and grant.in_force(epoch, now=now) else None

    def rotate(self, grant: Grant, refresh_hash: str, *, now: int, again: bool = False) -> None:
        actions = [REFRESH_HASH.set(refresh_hash)]
        if not again:
            actions += [REFRESH_BEFORE.set(str(grant.refresh_hash)), REFRESHED_AT.set(now), items.LISTED]
        newest = (str(grant.refresh_hash) == REFRESH_HASH) | (refresh_hash == REFRESH_HASH)  # or sent again
        replace = Write("Update", self.name, grant.key, actions=tuple(actions), condition=newest & items.in_force(now))
        try:
            self._tables.write(replace)
        except ConditionFailed as failed:
            if failed.item is not None and failed.item.get("refresh_hash") != grant.refresh_hash:
                raise Replayed("the refresh token was replaced before") from None
            raise NotOpen("the grant is no longer in force") from None

    def revoke(self, key: str, *, now: int) -> bool:
        if not is_key(key):
            return False
        try:
            self._tables.write(Write("Update", self.name, key, actions=items.revoked(now), condition=PK.exists()))
        except ConditionFailed:
            return False  # Deleted long ago: nothing is in force.
        return True

    def revoke_own(self, key: str, sub: str, *, now: int) -> Grant | None:
        grant = self._of_persons.approved(key, sub)
        return grant if grant is not None and self.revoke(key, now=now) else None

    def used(self, key: str, *, now: int) -> None:
        there = PK.exists() & REVOKED_AT.does_not_exist()
        with suppress(ConditionFailed):
            self._tables.write(
                Write("Update", self.name, key, actions=(USED_AT.set(now), items.LISTED), condition=there)
            )

    def consume(self, grant: Grant, index: int, *, by: str, now: int) -> None:
        consumed, said = UnicodeAttribute(attr_name=f"{items.CONSUMED}{index}"), items.consumption(now, by)
        unused = (consumed.does_not_exist() | (said == consumed)) & items.as_read(grant)  # or sent again
        condition = unused & items.in_force(now)
        try:
            self._tables.write(
                Write("Update", self.name, grant.key, actions=(consumed.set(said),), condition=condition)
            )
        except ConditionFailed as failed:
            before = str((failed.item or {}).get(f"{items.CONSUMED}{index}", ""))
            if not before:
                raise NotOpen("the grant is no longer in force") from None
            if before.partition(".")[2] != by:
                raise Replayed("the detail was consumed before") from None

    def relied_on(self, key: str, epoch: int, *, now: int, since: int = 0) -> bool:
        grant = items.read(self._tables.get(self.name, key) if is_key(key) else None)
        return grant is not None and grant.given_at >= since and items.is_relied_on(grant, epoch, now=now)

    @cached_property
    def _of_persons(self) -> PersonsGrants:
        from chalicelib.storage.dynamodb.persons_grants import PersonsGrants  # For one function.

        return PersonsGrants(self._tables, self.name, self._bonds)

    def of_person(
        self, sub: str, *, now: int, after: str | None = None, limit: int = MAX_BATCH
    ) -> tuple[list[Grant], str | None]:
        return self._of_persons.in_force(sub, now=now, after=after, limit=limit)

    def history_of_person(
        self, sub: str, *, after: str | None = None, limit: int = MAX_BATCH
    ) -> tuple[list[tuple[Grant, int]], str | None]:
        return self._of_persons.of_all_time(sub, after=after, limit=limit)

    def end_token(self, grant: Grant, token_value: TokenValue, *, now: int) -> None:
        """End the access token of that value, which is part of the grant."""
        name = "token_ended_at" if token_value.digest == grant.token_hash else "front_ended_at"
        ended = NumberAttribute(attr_name=name)
        self._tables.write(
            Write("Update", self.name, grant.key, actions=(ended.set(ended | now),), condition=PK.exists())
        )

    def read_with(
        self, token_value: TokenValue, *more: tuple[str, str], along: StatusReading | None = None
    ) -> tuple[Grant | None, int, list[Item | None]]:
        """The grant of a token value, its bond's epoch, and more items, in one consistent read."""
        keys = ((self.name, str(token_value.grant)), (self._bonds, str(token_value.bond)))
        item, bond, *others = self._tables.get_all(*keys, *more, along=cast(Along | None, along))  # Of this package.
        grant = items.read(item)
        if grant is None or grant.bond != token_value.bond:  # The caller could name a bond with another epoch.
            return None, 0, others
        return grant, epoch_of(bond), others

    def _step(self, key: str, actions: Sequence[Action], condition: Condition) -> Grant:
        if not is_key(key):
            raise NotOpen("no such key")
        try:
            item = self._tables.write(Write("Update", self.name, key, actions=tuple(actions), condition=condition))
        except ConditionFailed:
            raise NotOpen("expired, decided, or another's") from None
        grant = items.read(item)
        if grant is None:
            raise NotOpen("the record can't be read")
        return grant
