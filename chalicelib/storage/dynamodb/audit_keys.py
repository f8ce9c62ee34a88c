"""The keys of the record, one for each person. They are in a table of their own, so that deleting one makes the record forget."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.storage.dynamodb.attributes import ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.tables import Tables

KEY = UnicodeAttribute(attr_name="key")
ERASED_AT = NumberAttribute(attr_name="erased_at")

LATE = 3600
"""Seconds after an erasure in which events of the person are still of its command."""

MARKED = 30 * 24 * 3600
"""Seconds that the mark of an erasure stays. It is longer than a stream and a queue of failed batches keep anything."""


class AuditKeys:
    """The keys by the digest of the sub. An erased person has a mark in place of the key, for some time."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def find(self, person: str) -> str | None:
        """The key of a person who has one."""
        item = self._tables.get(self._name, person)
        return None if item is None or "key" not in item else str(item["key"])

    def of_event(self, person: str, *, at: int, new: str) -> str | None:
        """The key for an event of that time; None if the person was erased after it. `new`: becomes the key if there is none.

        Whoever writes first decides, so all batches have one key.
        """
        item = self._tables.get(self._name, person)
        while True:
            erased_at = int(str((item or {}).get("erased_at", -LATE)))
            if item is not None and at <= erased_at + LATE:
                return None  # A later key of the same sub is not for it.
            if item is not None and "key" in item:
                return str(item["key"])
            made: Item = {"key": new} if item is None else {"key": new, "erased_at": erased_at}
            unchanged = KEY.does_not_exist() & (ERASED_AT.does_not_exist() if item is None else erased_at == ERASED_AT)
            try:
                self._tables.write(Write("Put", self._name, person, made, condition=unchanged))
                return new
            except ConditionFailed as failed:
                item = failed.item

    def erase(self, person: str, *, now: int) -> None:
        """Delete the key. Until the mark goes, events of before make no new one. A repeated call changes nothing else."""
        self._tables.write(Write("Put", self._name, person, {"erased_at": now, "ttl": now + MARKED}))
