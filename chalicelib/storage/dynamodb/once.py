"""Values used once: a claim is one conditional write."""

from __future__ import annotations

from collections.abc import Callable

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.dynamodb.tables import EXPIRES_AT, PK, SWEEP_SLACK, ConditionFailed, Tables, Write
from chalicelib.storage.dynamodb.weekly import TableOf
from chalicelib.storage.records import Once
from chalicelib.storage.stores import AlreadyUsed

ATTEMPT = UnicodeAttribute(attr_name="attempt")


class UsedOnce:
    """stores.UsedOnce. An attempt has a name, so that a claim that is sent again still holds."""

    def __init__(self, tables: Tables, table_of: TableOf, *, chance: Callable[[], str]) -> None:
        self._tables, self._table_of, self._chance = tables, table_of, chance

    def claim(self, once: Once, *, now: int, attempt: str | None = None) -> bool:
        attempt = attempt or self._chance()
        claim = Write(
            "Put",
            self._table_of(once.expires_at),
            once.key,
            {"expires_at": once.expires_at, "ttl": once.expires_at + SWEEP_SLACK, "attempt": attempt},
            condition=PK.does_not_exist() | (now > EXPIRES_AT) | (attempt == ATTEMPT),
        )
        try:
            before = self._tables.write(claim)
        except ConditionFailed:
            raise AlreadyUsed(once) from None
        return before is None or before.get("attempt") != attempt
