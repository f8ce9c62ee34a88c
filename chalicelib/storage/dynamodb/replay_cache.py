"""Values for single use: their use is one conditional write."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.dynamodb.attributes import EXPIRES_AT, PK, ConditionFailed, Write
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK, Tables
from chalicelib.storage.dynamodb.weekly_tables import TableOf
from chalicelib.storage.records import SingleUse
from chalicelib.storage.stores import AlreadyUsed, NotOpen

ATTEMPT = UnicodeAttribute(attr_name="attempt")


class ReplayCache:
    """stores.ReplayCache. An attempt has a name, so that a repeated write succeeds."""

    def __init__(self, tables: Tables, table_of: TableOf, *, new_token_value: Callable[[], str]) -> None:
        self._tables, self._table_of, self._new_token_value = tables, table_of, new_token_value

    def offer(self, single_use: SingleUse) -> None:
        offer = Write(
            "Put",
            self._table_of(single_use.expires_at),
            single_use.key,
            {"expires_at": single_use.expires_at, "ttl": single_use.expires_at + SWEEP_SLACK},
            condition=PK.does_not_exist(),
        )
        with suppress(ConditionFailed):  # A repeated write. The value may be used by now.
            self._tables.write(offer)

    def consume(self, single_use: SingleUse, *, now: int, attempt: str | None = None) -> bool:
        attempt = attempt or self._new_token_value()
        unused = PK.does_not_exist() | (now > EXPIRES_AT)
        if single_use.offered:
            unused = ATTEMPT.does_not_exist() & (now < EXPIRES_AT)
        consume = Write(
            "Put",
            self._table_of(single_use.expires_at),
            single_use.key,
            {"expires_at": single_use.expires_at, "ttl": single_use.expires_at + SWEEP_SLACK, "attempt": attempt},
            condition=unused | (attempt == ATTEMPT),
        )
        try:
            before = self._tables.write(consume)
        except ConditionFailed as failed:
            if "attempt" not in (failed.item or {}):
                raise NotOpen(f"this {single_use.what} was not given out, or expired") from None
            raise AlreadyUsed(single_use) from None
        return before is None or before.get("attempt") != attempt
