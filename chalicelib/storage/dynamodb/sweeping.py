"""Deletion without time to live: weekly tables are made in advance and dropped, and expired items of other tables are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.storage.dynamodb.attributes import Attributes, ConditionFailed, Write
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.dynamodb.weekly_tables import WEEKS_AHEAD, name_of
from chalicelib.storage.token_values import week_of

TTL = NumberAttribute(attr_name="ttl")

WEEKS_BEHIND = 8
"""Number of past weeks whose tables are dropped if an earlier run did not."""


class Sweeping:
    """sweeping_stores.Sweeping.

    `weekly`: names of weekly tables, without the week.
    `kept`: tables whose items are deleted one by one.
    """

    def __init__(self, tables: Tables, *, weekly: Sequence[str], kept: Sequence[str], key: str | None) -> None:
        self._tables, self._weekly, self._kept, self._key = tables, weekly, kept, key

    def make_tables(self, *, now: int) -> list[str]:
        this = week_of(now)
        names = [name_of(name, week) for name in self._weekly for week in range(this, this + WEEKS_AHEAD + 1)]
        return [name for name in names if self._tables.create(name, key=self._key)]

    def drop_tables(self, *, now: int) -> list[str]:
        last = week_of(now) - 2
        names = [name_of(name, week) for name in self._weekly for week in range(last - WEEKS_BEHIND, last + 1)]
        return [name for name in names if self._tables.drop(name)]

    def delete_expired(self, *, now: int, pages: int) -> tuple[int, bool]:
        deleted, whole = 0, True
        for table in self._kept:
            start: Attributes | None = None
            for _ in range(pages):
                found, start = self._tables.expired(table, before=now, start=start)
                deleted += sum(self._delete(table, key, ttl) for key, ttl in found)
                if start is None:
                    break
            whole &= start is None
        return deleted, whole

    def _delete(self, table: str, key: str, seen: int) -> bool:
        """Delete the item if its `ttl` is unchanged since the read: a grant may have become a consent, and an end may have been
        written.
        """
        try:
            self._tables.write(Write("Delete", table, key, condition=cast(Condition, seen == TTL), expired=True))
        except ConditionFailed:
            return False
        return True
