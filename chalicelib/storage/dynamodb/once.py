"""Values used once: a claim is one conditional write, alone or as part of a larger one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.dynamodb.tables import EXPIRES_AT, PK, SWEEP_SLACK, ConditionFailed, Tables, Write
from chalicelib.storage.records import Once
from chalicelib.storage.stores import AlreadyUsed

ATTEMPT = UnicodeAttribute(attr_name="attempt")


class UsedOnce:
    """stores.UsedOnce. An attempt has a name, so that a retry of a claim that landed still holds it."""

    def __init__(self, tables: Tables, name: str, *, chance: Callable[[], str]) -> None:
        self._tables, self._name, self._chance = tables, name, chance

    def writes(self, once: Sequence[Once], *, now: int) -> list[Write]:
        """The claims as parts of a larger write."""
        attempt = self._chance()
        return [
            Write(
                "Put",
                self._name,
                value.key,
                {"expires_at": value.expires_at, "ttl": value.expires_at + SWEEP_SLACK, "attempt": attempt},
                condition=PK.does_not_exist() | (now > EXPIRES_AT) | (attempt == ATTEMPT),
            )
            for value in once
        ]

    def claim(self, once: Sequence[Once], *, now: int) -> None:
        if not once:
            return
        with claiming(once, start=0):
            self._tables.write(*self.writes(once, now=now))


@contextmanager
def claiming(once: Sequence[Once], *, start: int) -> Iterator[None]:
    """Around a write whose claims begin at position `start`: raises AlreadyUsed with the one that lost.

    A condition before them that failed too is left to the caller, as ConditionFailed.
    """
    try:
        yield
    except ConditionFailed as failed:
        first = min(failed.items)
        if first < start:
            raise
        raise AlreadyUsed(once[first - start]) from None
