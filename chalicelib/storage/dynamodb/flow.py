"""What lives for minutes: pushed requests, and interactions with their codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.storage.dynamodb.codec import decode, encode
from chalicelib.storage.dynamodb.grants import Consents, Tokens
from chalicelib.storage.dynamodb.once import ATTEMPT, UsedOnce, claiming
from chalicelib.storage.dynamodb.tables import (
    EXPIRES_AT,
    SWEEP_SLACK,
    ConditionFailed,
    Item,
    Tables,
    Write,
)
from chalicelib.storage.handles import digest
from chalicelib.storage.records import (
    AccessToken,
    Consent,
    Interaction,
    Login,
    Once,
    PushedRequest,
)
from chalicelib.storage.stores import Gone, Replayed

BROWSER = UnicodeAttribute(attr_name="browser")
LOGIN = UnicodeAttribute(attr_name="login")
PERSON = UnicodeAttribute(attr_name="person")
GRANTED = UnicodeAttribute(attr_name="granted")
DECISION = UnicodeAttribute(attr_name="decision")
CONSENT_ID = UnicodeAttribute(attr_name="consent_id")
CODE_HASH = UnicodeAttribute(attr_name="code_hash")
CODE_LIFETIME = NumberAttribute(attr_name="code_lifetime")
CODE_EXPIRES_AT = NumberAttribute(attr_name="code_expires_at")
REDEEMED_AT = NumberAttribute(attr_name="redeemed_at")


class PushedRequests:
    """stores.PushedRequests."""

    def __init__(self, tables: Tables, name: str, used_once: UsedOnce) -> None:
        self._tables, self._name, self._used_once = tables, name, used_once

    def keep(self, handle: str, pushed: PushedRequest, *, now: int, once: Sequence[Once] = ()) -> None:
        item: Item = {
            "record": encode(pushed, without=("expires_at",)),
            "expires_at": pushed.expires_at,
            "ttl": pushed.expires_at + SWEEP_SLACK,
        }
        with claiming(once, start=1):
            self._tables.write(Write("Put", self._name, digest(handle), item), *self._used_once.writes(once, now=now))

    def find(self, handle: str, *, now: int) -> PushedRequest | None:
        item = self._tables.get(self._name, digest(handle))
        if item is None or int(item["expires_at"]) <= now:
            return None
        return decode(PushedRequest, str(item["record"]), expires_at=item["expires_at"])


class Interactions:
    """stores.Interactions. One item from the first page to the spending of the code; each step one conditional write."""

    def __init__(
        self,
        tables: Tables,
        name: str,
        used_once: UsedOnce,
        consents: Consents,
        tokens: Tokens,
        *,
        chance: Callable[[], str],
    ) -> None:
        self._tables, self._name, self._used_once = tables, name, used_once
        self._consents, self._tokens, self._chance = consents, tokens, chance

    def begin(self, interaction: Interaction) -> None:
        item: Item = {
            "record": encode(interaction, without=(*_BESIDE, *_CHANGING)),
            "browser": interaction.browser,
            "expires_at": interaction.expires_at,
            "code_lifetime": interaction.code_lifetime,
            "ttl": interaction.expires_at + SWEEP_SLACK,
        }
        if interaction.login is not None:
            item |= {"login": encode(interaction.login), "person": digest(interaction.login.sub)}
        try:
            self._tables.write(Write("Put", self._name, interaction.key, item, condition=DECISION.does_not_exist()))
        except ConditionFailed:
            raise Gone("decided before") from None

    def find(self, key: str, *, now: int) -> Interaction | None:
        interaction = self.find_code(key)
        return interaction if interaction is not None and interaction.expires_at > now else None

    def find_code(self, key: str) -> Interaction | None:
        item = self._tables.get(self._name, key) if key else None
        return _interaction(item) if item is not None else None

    def authenticate(self, key: str, browser: str, login: Login, *, now: int, once: Sequence[Once] = ()) -> None:
        update = Write(
            "Update",
            self._name,
            key,
            actions=(LOGIN.set(encode(login)), PERSON.set(digest(login.sub))),
            condition=(digest(browser) == BROWSER) & (now < EXPIRES_AT) & DECISION.does_not_exist(),
        )
        try:
            with claiming(once, start=1):
                self._tables.write(update, *self._used_once.writes(once, now=now))
        except ConditionFailed:
            raise Gone("expired, decided or another browser's") from None

    def decide(
        self,
        key: str,
        browser: str,
        *,
        decision: str,
        now: int,
        person: str = "",
        consent_id: str | None = None,
        code: str | None = None,
        granted: Sequence[dict[str, Any]] = (),
    ) -> Interaction:
        attempt = self._chance()
        actions: list[Action] = [DECISION.set(decision), ATTEMPT.set(attempt)]
        open_still = (digest(browser) == BROWSER) & (now < EXPIRES_AT)
        if code is not None and consent_id is not None:
            actions += [
                CONSENT_ID.set(consent_id),
                CODE_HASH.set(digest(code)),
                CODE_EXPIRES_AT.set(CODE_LIFETIME + now),
            ]
            if granted:
                actions.append(GRANTED.set(json.dumps(granted, separators=(",", ":"), ensure_ascii=False)))
            open_still &= person == PERSON
        condition = open_still & (DECISION.does_not_exist() | (attempt == ATTEMPT))
        try:
            item = self._tables.write(Write("Update", self._name, key, actions=tuple(actions), condition=condition))
        except ConditionFailed:
            raise Gone("expired, decided, not logged in as that person or another browser's") from None
        assert item is not None  # an update that succeeds gives the item back
        return _interaction(item)

    def spend(
        self,
        interaction: Interaction,
        *,
        consent: Consent,
        handle: str,
        token: AccessToken,
        now: int,
        once: Sequence[Once] = (),
    ) -> None:
        redeem = Write(
            "Update",
            self._name,
            interaction.key,
            actions=(REDEEMED_AT.set(now),),
            condition=(interaction.code_hash == CODE_HASH) & REDEEMED_AT.does_not_exist() & (now < CODE_EXPIRES_AT),
        )
        try:
            with claiming(once, start=3):
                self._tables.write(
                    redeem,
                    self._consents.first_write(consent, begun=hands_out_a_token(interaction)),
                    self._tokens.put(handle, token),
                    *self._used_once.writes(once, now=now),
                )
        except ConditionFailed as failed:
            there = failed.items.get(0)
            if there is not None and "redeemed_at" in there:
                raise Replayed(str(there["consent_id"])) from None
            raise Gone("the code expired") from None


_BESIDE = ("browser", "expires_at", "code_lifetime")
_CHANGING = ("login", "decision", "granted", "consent_id", "code_hash", "code_expires_at", "redeemed_at")


def hands_out_a_token(interaction: Interaction) -> bool:
    """Whether an access token went out with the code, and so under a consent that is there already."""
    return "token" in interaction.request.response_type.split(" ")


def _interaction(item: Item) -> Interaction:
    changed: dict[str, Any] = {name: item[name] for name in _CHANGING if name in item and name != "login"}
    if "granted" in item:
        changed["granted"] = json.loads(str(item["granted"]))
    login = decode(Login, str(item["login"])) if "login" in item else None
    return decode(
        Interaction,
        str(item["record"]),
        login=login,
        **{name: item[name] for name in _BESIDE},
        **changed,
    )
