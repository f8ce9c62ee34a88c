"""The registry of public keys."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.storage.dynamodb.attributes import RECORD, ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.signing_keys import SigningKey, SigningKeyChanged

KEYS_CACHE_SECONDS = 60
CLAIM_SECONDS = 180
"""Seconds that a claim excludes other runs. It is longer than the job that makes keys may run (ducat_cdk/functions.py)."""

NEVER = 253_402_300_799
"""The end of the year 9999, in epoch seconds."""

KID = UnicodeAttribute(attr_name="kid")
CLAIMED_BY = UnicodeAttribute(attr_name="claimed_by")
SIGNS_FROM = NumberAttribute(attr_name="signs_from")


class SigningKeys:
    """signing_keys.SigningKeys: one partition, which is read completely and cached for a minute in a warm function. Claims are
    another partition.
    """

    RING = "ring"
    CLAIMS = "claims"

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name
        self._read_at = 0
        self._cache: tuple[SigningKey, ...] = ()

    def put(self, key: SigningKey) -> None:
        self._write(key, None)

    def all(self, *, now: int) -> tuple[SigningKey, ...]:
        if not self._cache or not 0 <= now - self._read_at < KEYS_CACHE_SECONDS:
            items = self._tables.query(self._name, self.RING)
            self._cache = tuple(key for item in items if (key := self._read(item)) is not None)
            self._read_at = now
        return self._cache

    def forget(self) -> None:
        self._cache = ()

    def add(self, key: SigningKey) -> None:
        with suppress(ConditionFailed):  # A repeated write, or another run made it.
            self._write(key, KID.does_not_exist())

    def change(self, before: SigningKey, after: SigningKey) -> None:
        try:
            unchanged = self._unchanged(before)
            self._write(after, unchanged)
        except ConditionFailed as failed:
            if failed.item is None or self._read(failed.item) != after:
                raise SigningKeyChanged(before.kid) from None

    def remove(self, key: SigningKey) -> None:
        try:
            unchanged = self._unchanged(key)
            self._tables.write(Write("Delete", self._name, self.RING, condition=unchanged, sort_key=key.kid))
        except ConditionFailed as failed:
            if failed.item is not None:
                raise SigningKeyChanged(key.kid) from None
        self._cache = ()

    def claim(self, slot: str, attempt: str, *, now: int, at_once: bool = False) -> str:
        claim: Item = {"attempt": attempt, "claimed_by": attempt, "claimed_at": now}
        free: Condition = KID.does_not_exist()
        for _ in range(2):
            try:
                self._tables.write(Write("Put", self._name, self.CLAIMS, claim, condition=free, sort_key=slot))
                break
            except ConditionFailed as failed:
                there = failed.item or {}
                if there.get("claimed_by") == attempt:  # sent again
                    break
                if not at_once and now - int(str(there.get("claimed_at", now))) < CLAIM_SECONDS:
                    raise SigningKeyChanged(slot) from None
                claim["attempt"] = str(there["attempt"])  # The run that began may have made a key.
                free = _is_claimed_by(str(there["claimed_by"]))
        else:
            raise SigningKeyChanged(slot)
        return str(claim["attempt"])

    def release(self, slot: str, attempt: str) -> None:
        release = Write("Delete", self._name, self.CLAIMS, condition=_is_claimed_by(attempt), sort_key=slot)
        with suppress(ConditionFailed):  # A repeated write, or another run has claimed it since.
            self._tables.write(release)

    def _write(self, key: SigningKey, condition: Condition | None) -> None:
        item: Item = {"v": VERSION, "record": encode(key)}
        if key.uses:  # A release that knows no uses publishes it, and never signs by it.
            item |= {"record": encode(replace(key, signs_from=NEVER)), "signs_from": key.signs_from}
        self._tables.write(Write("Put", self._name, self.RING, item, condition=condition, sort_key=key.kid))
        self._cache = ()

    def _unchanged(self, key: SigningKey) -> Condition:
        """Write if the item is as `key` was read, by any release. Raises ConditionFailed."""
        items = self._tables.query(self._name, self.RING)
        item = next((item for item in items if item["kid"] == key.kid), None)
        if item is None or self._read(item) != key:
            raise ConditionFailed(item)
        condition = cast(Condition, str(item["record"]) == RECORD)
        return condition & (int(str(item["signs_from"])) == SIGNS_FROM) if "signs_from" in item else condition

    def _read(self, item: Item) -> SigningKey | None:
        """The key, None if it is unreadable. The other keys are still used."""
        try:
            require_known("SigningKey", item)
            signs_from = {"signs_from": item["signs_from"]} if "signs_from" in item else {}
            return decode(SigningKey, str(item["record"]), **signs_from)
        except (Unreadable, KeyError) as problem:
            report(Unreadable(f"SigningKey: {problem}"), str(item.get("kid")), item.get("v"))
            return None


def _is_claimed_by(attempt: str) -> Condition:
    return cast(Condition, attempt == CLAIMED_BY)
