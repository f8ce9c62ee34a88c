"""The keys of the record, one for each person. They are in a table of their own, so that deleting one makes the record forget.

An item's key is the digest of the sub, under a secret of the table. So the mark of an erased person is not what anybody could
compute from a sub.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import cached_property
from hashlib import sha256

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.storage.dynamodb.attributes import ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.codec import Unreadable
from chalicelib.storage.dynamodb.tables import Tables

KEY = UnicodeAttribute(attr_name="key")
ERASED_AT = NumberAttribute(attr_name="erased_at")

SECRET = "secret"
"""The key of the item with the table's secret. The other keys are longer."""

LATE = 3600
"""Seconds after an erasure in which events of the person are still of its command."""

MARKED = 30 * 24 * 3600
"""Seconds that the mark of an erasure stays. It is longer than a stream and a queue of failed batches keep anything."""


class AuditKeys:
    """The keys by the digest of the sub. An erased person has a mark in place of the key, for some time."""

    def __init__(self, tables: Tables, name: str, *, new_token_value: Callable[[], str]) -> None:
        self._tables, self._name, self._new_token_value = tables, name, new_token_value

    def find(self, person: str) -> str | None:
        """The key of a person who has one. It writes nothing."""
        if "_secret" not in vars(self) and self._tables.get(self._name, SECRET) is None:
            return None  # Nobody has one.
        item = self._tables.get(self._name, self._key_of(person))
        return None if item is None or "key" not in item else _key(item)

    def of_event(self, person: str, *, at: int, new: str) -> str | None:
        """The key for an event of that time; None if the person was erased after it. `new`: becomes the key if there is none.

        Whoever writes first decides, so all batches have one key.
        """
        key = self._key_of(person)
        item = self._tables.get(self._name, key)
        while True:
            erased_at = int(str((item or {}).get("erased_at", -LATE)))
            if item is not None and at <= erased_at + LATE:
                return None  # A later key of the same sub is not for it.
            if item is not None and "key" in item:
                return _key(item)
            made: Item = {"key": new} if item is None else {"key": new, "erased_at": erased_at}
            unchanged = KEY.does_not_exist() & (ERASED_AT.does_not_exist() if item is None else erased_at == ERASED_AT)
            try:
                self._tables.write(Write("Put", self._name, key, made, condition=unchanged))
                return new
            except ConditionFailed as failed:
                item = failed.item

    def erase(self, person: str, *, now: int) -> None:
        """Delete the key. Until the mark goes, events of before make no new one. A repeated call changes nothing else."""
        self._tables.write(Write("Put", self._name, self._key_of(person), {"erased_at": now, "ttl": now + MARKED}))

    def _key_of(self, person: str) -> str:
        made = hmac.digest(self._secret.encode(), person.encode(), sha256)
        return urlsafe_b64encode(made).rstrip(b"=").decode()

    @cached_property
    def _secret(self) -> str:
        """The secret of the table. Whoever is the first to need it makes it, and it stays."""
        item = self._tables.get(self._name, SECRET)
        if item is None:
            made: Item = {"key": self._new_token_value()}
            try:
                self._tables.write(Write("Put", self._name, SECRET, made, condition=KEY.does_not_exist()))
            except ConditionFailed as failed:
                return _key(failed.item or {})
            return _key(made)
        return _key(item)


def _key(item: Item) -> str:
    """The key in an item. Raises Unreadable: by an empty key anybody could make the pseudonyms."""
    key = item.get("key")
    if not isinstance(key, str) or not key:
        raise Unreadable("audit key: of another type: key")
    return key
