"""The AWS calls of each request: how many, how many of them one after the other, and what DynamoDB would charge for.

Exact on any machine. A call is counted at its client; two that run alongside each other are one round trip.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import Any, TypeVar

from chalicelib.assembly import Aws
from chalicelib.keys.kms import Kms
from chalicelib.settings import Settings
from chalicelib.storage.dynamodb import Dynamo

A = TypeVar("A")
B = TypeVar("B")

WRITE_UNIT, READ_UNIT = 1024, 4096
"""Bytes of an item that one unit pays for (DynamoDB developer guide, "Read and write operations")."""

Item = dict[str, dict[str, Any]]


@dataclass
class Count:
    """What one request did. `trips`: its calls on the longest chain of which each waits for the one before.

    `tables`: by a table's name and "read" or "write", the units of it.
    """

    dynamodb: int = 0
    kms: int = 0
    trips: int = 0
    write_units: int = 0
    read_units: int = 0
    log_bytes: int = 0
    tables: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{self.dynamodb} DynamoDB, {self.kms} KMS, {self.trips} in a row"


class CountedAws(Aws):
    """The Provider whose calls are counted, and whose parallel calls are told from those in a row.

    Threads would leave it to chance what overlaps. So `alongside` runs one after the other, and turns the count of round
    trips back in between.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float]) -> None:
        super().__init__(settings, clock=clock)
        self._count = Count()
        self._ours = False

    @contextmanager
    def counting(self) -> Iterator[Count]:
        """Around one request: what it does."""
        self._count = count = Count()
        yield count
        self._count = Count()

    @cached_property
    def dynamo(self) -> Dynamo:
        made = super().dynamo
        self._client = made._tables._connection.client
        self._client.meta.events.register("before-call.dynamodb", self._before_dynamodb)
        self._client.meta.events.register("after-call.dynamodb", self._after_dynamodb)
        return made

    @cached_property
    def kms(self) -> Kms:
        made = super().kms
        made.client.meta.events.register("before-call.kms", self._before_kms)
        return made

    def alongside(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        began = self._count.trips
        try:
            one = first()
        finally:
            alone = self._count.trips
            self._count.trips = began
            other = second()
            self._count.trips = max(alone, self._count.trips)
        return one, other

    def _before_kms(self, **_: Any) -> None:
        self._count.kms += 1
        self._count.trips += 1

    def _before_dynamodb(self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if not self._ours:
            self._count.dynamodb += 1
            self._count.trips += 1
            context["call"] = (model.name, json.loads(params["body"]))

    def _after_dynamodb(self, context: dict[str, Any], **_: Any) -> None:
        if not self._ours:
            name, call = context["call"]
            for table, units in _READS[name](call).items() if name in _READS else ():
                self._count.read_units += units
                self._count.tables[table, "read"] += units
            if name in _WRITES:
                units = self._units(call)
                self._count.write_units += units
                self._count.tables[call["TableName"], "write"] += units

    def _units(self, write: dict[str, Any]) -> int:
        return max(1, ceil(item_size(write.get("Item") or self._there(write)) / WRITE_UNIT))

    def _there(self, write: dict[str, Any]) -> Item:
        """What an update left there: it is charged for as a whole."""
        self._ours = True
        try:
            found: Item = self._client.get_item(TableName=write["TableName"], Key=write["Key"]).get("Item", {})
        finally:
            self._ours = False
        return found


_WRITES = ("PutItem", "UpdateItem", "DeleteItem")
_READS: dict[str, Callable[[dict[str, Any]], dict[str, int]]] = {
    "GetItem": lambda call: {call["TableName"]: 1},
    "Query": lambda call: {call["TableName"]: 1},
    "BatchGetItem": lambda call: {table: _batch_units(keys) for table, keys in call["RequestItems"].items()},
}
"""Read units; no item of ours is larger than a unit pays for."""


def _batch_units(keys: dict[str, Any]) -> int:
    """A read that need not be consistent costs half (DynamoDB developer guide, "Read consistency")."""
    return ceil(len(keys["Keys"]) / (1 if keys["ConsistentRead"] else 2))


def item_size(item: Item) -> int:
    """Bytes of an item (DynamoDB developer guide, "Item sizes"): names and UTF-8 texts, a byte for two digits and one more."""
    return sum(len(name.encode()) + _length(value) for name, value in item.items())


def _length(value: dict[str, Any]) -> int:
    if "N" in value:
        return len(value["N"]) // 2 + 1
    return sum(len(text.encode()) for text in value.get("SS", (value.get("S", ""),)))
