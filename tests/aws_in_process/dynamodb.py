"""DynamoDB's stand-in: tables in this process, and the operations on them that the product uses.

An answer is what DynamoDB's JSON would say; a refusal is an AwsError; whatever is not known here raises Unknown. Every operation
holds the lock from its first look to its last, so that each is atomic, and a transaction too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from threading import RLock
from typing import Any

from tests.aws_in_process import conditions, tables
from tests.aws_in_process.errors import AwsError, Unknown, invalid
from tests.aws_in_process.expressions import Parser, Path, Placeholders, Scope, resolved
from tests.aws_in_process.tables import Key, Page, Table
from tests.aws_in_process.values import Item
from tests.aws_in_process.writes import PLACEHOLDERS, WRITES, Body, Write, bound, known, outcomes, prepared

MOST_READ, MOST_WRITTEN = 100, 100
"""Items of one batch, and of one transaction."""

_RETURNS = {"Put": ("NONE", "ALL_OLD"), "Update": ("NONE", "ALL_OLD", "ALL_NEW"), "Delete": ("NONE", "ALL_OLD")}
_PAGED = ("TableName", "ExclusiveStartKey", "Limit", "ConsistentRead", *PLACEHOLDERS)
_NOT_TOLD = "ReturnConsumedCapacity"
"""pynamodb asks of each call what it is charged for, for its log alone. Nothing is reckoned here, and so nothing is told."""

_PARAMETERS = {
    "CreateTable": (
        "TableName",
        "KeySchema",
        "AttributeDefinitions",
        "BillingMode",
        "GlobalSecondaryIndexes",
        "SSESpecification",
    ),
    "DeleteTable": ("TableName",),
    "UpdateTimeToLive": ("TableName", "TimeToLiveSpecification"),
    "GetItem": ("TableName", "Key", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"),
    "BatchGetItem": ("RequestItems",),
    "Query": ("IndexName", "KeyConditionExpression", "ScanIndexForward", *_PAGED),
    "Scan": ("FilterExpression", "Select", *_PAGED),
    "TransactWriteItems": ("TransactItems", "ClientRequestToken"),
    **{f"{verb}Item": (*WRITES[verb], "ReturnValues") for verb in _RETURNS},
}

Kept = tuple[dict[str, tuple[Table, dict[Key, Item]]], dict[str, Any]]
"""What a database held: its tables with their items, and the transactions that it knows by their tokens."""


@dataclass(frozen=True)
class Change:
    """A write in a stream. `old`, `new`: None where there was or is no item."""

    table: str
    keys: Item
    old: Item | None
    new: Item | None


class Database:
    """Every table of one account and Region."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._answered: dict[str, Any] = {}
        self.stream: list[Change] | None = None
        """Each write's item before and after, in order, as a table's stream has them; None while nobody reads it."""
        self._lock = RLock()
        self._operations: dict[str, Callable[[Body], Body]] = {
            "CreateTable": self._create_table,
            "DeleteTable": self._delete_table,
            "UpdateTimeToLive": self._update_time_to_live,
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "Query": self._query,
            "Scan": self._scan,
            "TransactWriteItems": self._transact_write_items,
            **{f"{verb}Item": self._writing(verb) for verb in _RETURNS},
        }

    def call(self, operation: str, body: Body) -> Body:
        """What DynamoDB answers. Raises AwsError, and Unknown."""
        if operation not in self._operations:
            raise Unknown(f"DynamoDB's {operation}")
        known(operation, body, (*_PARAMETERS[operation], _NOT_TOLD))
        with self._lock:
            return self._operations[operation](body)

    def kept(self) -> Kept:
        """All that is held, to be put back: cheap, as no item ever changes."""
        with self._lock:
            return {name: (table, dict(table.items)) for name, table in self._tables.items()}, dict(self._answered)

    def put_back(self, kept: Kept) -> None:
        """Hold just what was held then."""
        held, answered = kept
        with self._lock:
            self._answered, self.stream = dict(answered), None
            self._tables = {name: table for name, (table, _) in held.items()}
            for table, items in held.values():
                table.items = dict(items)

    def copy(self, source: str, target: str, *, items: bool = True) -> str:
        """Make a table as point-in-time recovery does: with the keys, indexes and items of another, and no time to live."""
        with self._lock:
            table = self._table(source)
            held = dict(table.items) if items else {}
            self._tables[target] = replace(table, name=target, items=held, swept_by=None)
        return target

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise tables.absent(name)
        return self._tables[name]

    def _create_table(self, body: Body) -> Body:
        table = tables.made(body)
        if table.name in self._tables:
            raise AwsError("ResourceInUseException", f"Table already exists: {table.name}")
        self._tables[table.name] = table
        return {"TableDescription": {"TableName": table.name, "TableStatus": "ACTIVE"}}

    def _delete_table(self, body: Body) -> Body:
        table = self._table(body["TableName"])
        del self._tables[table.name]
        return {"TableDescription": {"TableName": table.name, "TableStatus": "DELETING"}}

    def _update_time_to_live(self, body: Body) -> Body:
        """Nothing is ever swept here: DynamoDB may be days late, and so nobody relies on it."""
        wanted, table = body["TimeToLiveSpecification"], self._table(body["TableName"])
        if wanted["Enabled"] is not True:
            raise Unknown(f"UpdateTimeToLive to {wanted}")
        if table.swept_by is not None:
            raise invalid("TimeToLive is already enabled")
        table.swept_by = wanted["AttributeName"]
        return {"TimeToLiveSpecification": wanted}

    def _get_item(self, body: Body) -> Body:
        table = self._table(body["TableName"])
        found = table.items.get(table.key(body["Key"]))
        names = _projected(body)
        if found is None:
            return {}
        return {"Item": found if names is None else {name: found[name] for name in names if name in found}}

    def _batch_get_item(self, body: Body) -> Body:
        request_parameters: Mapping[str, Body] = body["RequestItems"]
        if not request_parameters or not all(of["Keys"] for of in request_parameters.values()):
            raise invalid("BatchGetItem must have some requests set, and each of them keys")
        if sum(len(of["Keys"]) for of in request_parameters.values()) > MOST_READ:
            raise invalid("Too many items requested for the BatchGetItem call")
        found: dict[str, list[Item]] = {}
        for name, of in request_parameters.items():
            known("BatchGetItem", of, ("Keys", "ConsistentRead"))
            table = self._table(name)
            keys = [table.key(key) for key in of["Keys"]]
            if len(set(keys)) != len(keys):
                raise invalid("Provided list of item keys contains duplicates")
            found[name] = [table.items[key] for key in keys if key in table.items]
        return {"Responses": found, "UnprocessedKeys": {}}

    def _query(self, body: Body) -> Body:
        if "IndexName" in body and body.get("ConsistentRead"):
            raise invalid("Consistent reads are not supported on global secondary indexes")
        path, placeholder, used = _partition(body["KeyConditionExpression"])
        scope = bound(body, used)
        (name,) = resolved(path, scope)
        partition = (str(name), scope.values[placeholder])
        found, last = tables.query(self._table(body["TableName"]), partition, _page(body))
        return _paged(body, found, found, last)

    def _scan(self, body: Body) -> Body:
        if body.get("Select", "ALL_ATTRIBUTES") not in ("ALL_ATTRIBUTES", "COUNT"):
            raise Unknown(f"a Scan that selects {body['Select']}")
        looked_at, last = tables.scan(self._table(body["TableName"]), _page(body))
        text = body.get("FilterExpression")
        if text is None:
            bound(body)
            return _paged(body, looked_at, looked_at, last)
        condition = conditions.parse(text)
        scope = bound(body, condition.used)
        found = [item for item in looked_at if condition.holds(Scope(item, scope.names, scope.values))]
        return _paged(body, found, looked_at, last)

    def _writing(self, verb: str) -> Callable[[Body], Body]:
        """PutItem, UpdateItem or DeleteItem."""

        def write(body: Body) -> Body:
            returns = body.get("ReturnValues", "NONE")
            if returns not in _RETURNS[verb]:
                raise Unknown(f"{verb}Item that returns {returns}")
            one = prepared(verb, self._table(body["TableName"]), body)
            before, after = one.table.items.get(one.key), one.outcome()
            one.land(after)
            self._streamed(one, before, after)
            shown = {"ALL_OLD": before, "ALL_NEW": after}.get(returns)
            return {} if shown is None else {"Attributes": shown}

        return write

    def _streamed(self, write: Write, before: Item | None, after: Item | None) -> None:
        """A write that changes nothing is in no stream (DynamoDB developer guide, "Change data capture")."""
        if self.stream is not None and before != after:
            there = after or before or {}
            keys = {name: there[name] for name in write.table.schema.names if name in there}
            self.stream.append(Change(write.table.name, keys, before, after))

    def _transact_write_items(self, body: Body) -> Body:
        items, token = body["TransactItems"], body.get("ClientRequestToken")
        if token in self._answered:
            if self._answered[token] != items:
                raise AwsError("IdempotentParameterMismatchException", "the token was another transaction's")
            return {}
        if not 1 <= len(items) <= MOST_WRITTEN:
            raise invalid(f"Member must have length less than or equal to {MOST_WRITTEN}, and at least 1")
        writes = [self._part(part) for part in items]
        if len({(write.table.name, write.key) for write in writes}) != len(writes):
            raise invalid("Transaction request cannot include multiple operations on one item")
        for write, after in zip(writes, outcomes(writes), strict=True):
            before = write.table.items.get(write.key)
            write.land(after)
            self._streamed(write, before, after)
        if token is not None:
            self._answered[token] = items
        return {}

    def _part(self, part: Body) -> Write:
        if len(part) != 1:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        ((verb, body),) = part.items()
        if verb not in WRITES:
            raise Unknown(f"{verb} in a transaction")
        known(verb, body, WRITES[verb])
        if verb == "ConditionCheck" and "ConditionExpression" not in body:
            raise invalid("a ConditionCheck without ConditionExpression")
        return prepared(verb, self._table(body["TableName"]), body)


def _page(body: Body) -> Page:
    most = body.get("Limit")
    if most is not None and most < 1:
        raise invalid("Limit must be greater than or equal to 1")
    return Page(body.get("IndexName"), body.get("ScanIndexForward", True), most, body.get("ExclusiveStartKey"))


def _paged(body: Body, found: list[Item], looked_at: list[Item], last: Item | None) -> Body:
    answer: Body = {"Count": len(found), "ScannedCount": len(looked_at)}
    if body.get("Select") != "COUNT":
        answer["Items"] = found
    if last is not None:
        answer["LastEvaluatedKey"] = last
    return answer


@cache
def _partition(text: str) -> tuple[Path, str, Placeholders]:
    """A key condition: one partition, the whole of it."""
    parser = Parser(text)
    path = parser.path()
    parser.expect("=")
    placeholder = parser.value()
    parser.end()
    return path, placeholder, parser.used


def _projected(body: Body) -> list[str] | None:
    """The attributes that a read gives; None for all. Only whole attributes are known, by placeholders."""
    text = body.get("ProjectionExpression")
    if text is None:
        return None
    parts = [_projection(part.strip()) for part in text.split(",")]
    scope = bound(body, *(used for _, used in parts))
    return [str(name) for path, _ in parts for name in resolved(path, scope)]


@cache
def _projection(text: str) -> tuple[Path, Placeholders]:
    parser = Parser(text)
    path = parser.path()
    parser.end()
    if len(path) > 1 or not text.startswith("#"):
        raise Unknown(f"a projection of {text}")
    return path, parser.used
