"""Tables: what their keys are, what may lie in them, and how it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.aws_in_process.errors import AwsError, Unknown, invalid
from tests.aws_in_process.values import Item, Value, comparable, content, kind, normal_item, size

Key = tuple[str, ...]
"""What an item is found by: the contents of its key attributes."""

LARGEST_ITEM = 400 * 1024
LARGEST_PAGE = 1024 * 1024
MAX_KEY_BYTES = {"HASH": 2048, "RANGE": 1024}
"""Bytes (DynamoDB developer guide, "Quotas")."""

_NOT_VALID = "One or more parameter values are not valid. "
_INVALID = "One or more parameter values were invalid: "
_EMPTY = "The AttributeValue for a key attribute cannot contain an empty string value. "


@dataclass(frozen=True)
class Schema:
    """The attributes that a table or an index is sorted into: of the partition, and of the order in it, if there is one."""

    partition: str
    sort: str | None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.partition,) if self.sort is None else (self.partition, self.sort)


@dataclass
class Table:
    """A table. `kinds`: the type of each attribute of a key. `items`: never changed themselves, only replaced."""

    name: str
    schema: Schema
    indexes: Mapping[str, Schema]
    kinds: Mapping[str, str]
    items: dict[Key, Item] = field(default_factory=dict)
    swept_by: str | None = None

    def key(self, given: Item) -> Key:
        """The key that is given alone. Raises what DynamoDB says of one that can't be."""
        if len(given) != len(self.schema.names):
            raise invalid("The provided key element does not match the schema")
        return self._key(normal_item(given), "The provided key element does not match the schema")

    def key_of(self, item: Item) -> Key:
        """The key of a whole item in the one form. Raises what DynamoDB says of an item that can't be kept."""
        self.check_size(item, "Item size has exceeded the maximum allowed size")
        key = self._key(item, _INVALID + "Missing the key in the item")
        self.check_indexes(item)
        return key

    def key_item(self, item: Item) -> Item:
        """The attributes of the key alone."""
        return {name: item[name] for name in self.schema.names}

    def check_size(self, item: Item, words: str) -> None:
        if size(item) > LARGEST_ITEM:
            raise invalid(words)

    def check_indexes(self, item: Item) -> None:
        """Raises what DynamoDB says of an attribute that an index can't hold; absent, it is in none."""
        for index, schema in self.indexes.items():
            for name in schema.names:
                value = item.get(name)
                if value is None:
                    continue
                if kind(value) != self.kinds[name]:
                    raise invalid(f"{_INVALID}Type mismatch for Index Key {name} IndexName: {index}")
                if not content(value):
                    raise invalid(f"{_NOT_VALID}{_EMPTY}IndexName: {index}, IndexKey: {name}")

    def _key(self, item: Item, absent: str) -> Key:
        key = []
        for role, name in zip(("HASH", "RANGE"), self.schema.names, strict=False):
            value = item.get(name)
            if value is None:
                raise invalid(absent)
            if kind(value) != self.kinds[name]:
                raise invalid(f"{_INVALID}Type mismatch for key {name}")
            inside = str(content(value))
            if not inside:
                raise invalid(f"{_NOT_VALID}{_EMPTY}Key: {name}")
            if len(inside.encode()) > MAX_KEY_BYTES[role]:
                raise invalid(
                    f"{_INVALID}Size of a key has exceeded the maximum size limit of {MAX_KEY_BYTES[role]} bytes"
                )
            key.append(inside)
        return tuple(key)


@dataclass(frozen=True)
class Page:
    """What of the items is asked for. `index`: the index's name, None for the table."""

    index: str | None = None
    forward: bool = True
    most: int | None = None
    start: Item | None = None


def query(table: Table, partition: tuple[str, Value], page: Page) -> tuple[list[Item], Item | None]:
    """A page of one partition in its order, and where it goes on. `partition`: the attribute and its value."""
    schema = table.schema if page.index is None else _index(table, page.index)
    name, value = partition
    if name != schema.partition:
        raise invalid("Query condition missed key schema element: " + schema.partition)
    if kind(value) != table.kinds[name]:
        raise invalid(_INVALID + "Condition parameter type does not match schema type")
    if not content(value):
        raise invalid(f"{_NOT_VALID}{_EMPTY}Key: {name}")
    found = [item for item in table.items.values() if item.get(name) == value and _is_in(schema, item)]
    if page.start is not None and page.start.get(name) != value:
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    return _page(table, schema, found, page)


def scan(table: Table, page: Page) -> tuple[list[Item], Item | None]:
    """A page of all items, and where it goes on."""
    return _page(table, table.schema, table.items.values(), page)


def _index(table: Table, name: str) -> Schema:
    if name not in table.indexes:
        raise invalid("The table does not have the specified index: " + name)
    return table.indexes[name]


def _is_in(schema: Schema, item: Item) -> bool:
    return schema.sort is None or schema.sort in item


def _page(table: Table, schema: Schema, items: Iterable[Item], page: Page) -> tuple[list[Item], Item | None]:
    names = tuple(dict.fromkeys((*schema.names, *table.schema.names)))
    location = _index_key(table, names)
    ordered = sorted(items, key=location, reverse=not page.forward)
    if page.start is not None:
        begins = location(_start(table, names, page.start))
        ordered = [item for item in ordered if (location(item) > begins if page.forward else location(item) < begins)]
    found, taken = [], 0
    for item in ordered:
        found.append(item if page.index is None else {name: item[name] for name in names})
        taken += size(item)
        if len(found) == page.most or taken > LARGEST_PAGE:
            return found, {name: item[name] for name in names}
    return found, None


def _index_key(table: Table, names: tuple[str, ...]) -> Callable[[Item], Any]:
    return lambda item: tuple(comparable(item[name]) for name in names)


def _start(table: Table, names: tuple[str, ...], start: Item) -> Item:
    """Where a page begins, which need not be there any more."""
    wrong = invalid("The provided starting key is invalid")
    if start.keys() != set(names):
        raise wrong
    given = normal_item(start)
    if any(kind(value) != table.kinds[name] or not content(value) for name, value in given.items()):
        raise wrong
    return given


def made(body: Mapping[str, Any]) -> Table:
    """The table that CreateTable describes. Raises Unknown where it describes more."""
    kinds = {one["AttributeName"]: one["AttributeType"] for one in body["AttributeDefinitions"]}
    indexes = {}
    for index in body.get("GlobalSecondaryIndexes", ()):
        if index["Projection"] != {"ProjectionType": "KEYS_ONLY"}:
            raise Unknown(f"an index with {index['Projection']}")
        indexes[index["IndexName"]] = _schema(index["KeySchema"])
    table = Table(body["TableName"], _schema(body["KeySchema"]), indexes, kinds)
    used = {name for schema in (table.schema, *indexes.values()) for name in schema.names}
    if used != kinds.keys():
        raise invalid(_INVALID + "Some AttributeDefinitions are not used. Or some index key attributes are not defined")
    if body.get("BillingMode") != "PAY_PER_REQUEST":
        raise Unknown(f"a table with BillingMode {body.get('BillingMode')}")
    return table


def _schema(described: Iterable[Mapping[str, str]]) -> Schema:
    roles = {one["KeyType"]: one["AttributeName"] for one in described}
    return Schema(roles["HASH"], roles.get("RANGE"))


def absent(name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
