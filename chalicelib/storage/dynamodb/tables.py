"""DynamoDB for every store: one connection, consistent reads, and conditional writes that give the reason of a failure.

It uses pynamodb's low-level connection. Its models make one botocore client per table, and can neither read two tables in one
call nor give the item on which a condition failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from botocore.exceptions import ClientError
from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import PynamoDBException, VerboseClientError

from chalicelib import writer
from chalicelib.protocol_types import JsonObject, Untyped
from chalicelib.settings import AWS_CONNECT_SECONDS, AWS_READ_SECONDS, AWS_TRIES
from chalicelib.storage.dynamodb.attributes import (
    Along,
    Attributes,
    ConditionFailed,
    Item,
    Keys,
    Write,
    as_attributes,
    as_item,
    marked,
    stamped,
    time_of,
)
from chalicelib.storage.token_values import is_key

SWEEP_SLACK = 24 * 3600
"""Seconds that an item stays after its end, so that a late replay is still recognised."""

MAX_KEY_LENGTH = 2048
"""Maximum bytes of a key. DynamoDB refuses longer and empty keys, which callers can send."""

MAX_NUMBER_LENGTH = 16
"""Maximum digits of a time that a caller sends back."""

CONFLICTS = ("ReplicatedWriteConflictException", "TransactionConflictException")
"""Error codes of a write that conflicts with one in another Region or in a transaction."""

CONFLICT_PAUSES = (0.01, 0.03, 0.08, 0.2, 0.4, 0.8)


class KeysUnread(PynamoDBException):
    """A batch read did not give all items after several attempts, because DynamoDB had no throughput left."""

    operation_name = "BatchGetItem"
    response = {"Error": {"Code": "ProvisionedThroughputExceededException"}}


class Tables:
    """DynamoDB through one botocore client. `pause`: waits that many seconds between attempts of a conflicting write.

    `recorded`: the tables whose changes are recorded, so that each item says who wrote it.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        pause: Callable[[float], None],
        keys: dict[str, tuple[str, ...]],
        recorded: frozenset[str] = frozenset(),
    ) -> None:
        self._connection = Connection(
            connect_timeout_seconds=AWS_CONNECT_SECONDS,
            read_timeout_seconds=AWS_READ_SECONDS,
            max_retry_attempts=AWS_TRIES - 1,
        )
        self.client: Untyped = self._connection.client  # Made in the init phase, and not at the first request.
        self.session: Untyped = self._connection.session
        """botocore's session, with its data and credentials."""
        self._pause, self._recorded = pause, recorded
        for name in names:
            self._connection.add_meta_table(_meta_table(name, keys.get(name, ("pk",))))
        self._known = set(names)

    def get(self, table: str, key: str, *, only: Sequence[str] | None = None) -> Item | None:
        """The item, by a consistent read; it may be expired. `only`: the attributes to read, where a role may read no more."""
        if not _can_be(key):
            return None
        self._know(table)
        answer = self._connection.get_item(
            table, key, consistent_read=True, attributes_to_get=list(only) if only else None
        )
        return as_item(answer.get("Item"))

    def get_all(self, *wanted: tuple[str, str], along: Along | None = None) -> list[Item | None]:
        """Items of several tables in one consistent read, in the given order. `along` takes its own items."""
        requested: dict[str, Keys] = {}
        for table, key in wanted:
            if _can_be(key):
                requested.setdefault(table, {"ConsistentRead": True, "Keys": []})["Keys"].append({"pk": {"S": key}})
        if along is not None:
            requested[along.table] = {"ConsistentRead": False, "Keys": [{"pk": {"S": key}} for key in along.keys]}
        found = self._batch(requested)
        if along is not None:
            along.take([found.get((along.table, key)) for key in along.keys])
        return [found.get(item_key) for item_key in wanted]

    def _batch(self, requested: dict[str, Keys]) -> dict[tuple[str, str], Item | None]:
        found: dict[tuple[str, str], Item | None] = {}
        for pause in CONFLICT_PAUSES:
            answer = self._connection.dispatch("BatchGetItem", {"RequestItems": requested})
            for table, items in answer["Responses"].items():
                found.update({(table, item["pk"]["S"]): as_item(item) for item in items})
            requested = answer.get("UnprocessedKeys") or {}
            if not requested:
                return found
            self._pause(pause)
        raise KeysUnread("DynamoDB left keys unread")

    def query(self, table: str, key: str) -> list[Item]:
        """All items of one partition. Only our writes determine its size."""
        items: list[Item] = []
        start: Attributes | None = None
        while True:
            answer = self._connection.query(table, key, consistent_read=True, exclusive_start_key=start)
            items += [plain for item in answer["Items"] if (plain := as_item(item)) is not None]
            start = answer.get("LastEvaluatedKey")
            if not start:
                return items

    def newest(
        self, table: str, index: str, of: tuple[str, str], sort: str, *, after: str | None, limit: int, above: int = 0
    ) -> tuple[list[str], str | None]:
        """Keys of the items `of` an index partition, highest `sort` first, and the value of `after` for more.

        `above`: only items whose `sort` is higher. The index is updated some time after its items.
        """
        name, value = of
        requested: JsonObject = {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": "#p = :p",
            "ExpressionAttributeNames": {"#p": name},
            "ExpressionAttributeValues": {":p": {"S": value}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after is not None:
            at, _, key = after.partition(".")
            if not (at.isascii() and at.isdigit() and len(at) < MAX_NUMBER_LENGTH and is_key(key)):
                return [], None
            requested["ExclusiveStartKey"] = {"pk": {"S": key}, name: {"S": value}, sort: {"N": at}}
        answer = self._connection.dispatch("Query", requested)
        found = [item["pk"]["S"] for item in answer["Items"] if time_of(item[sort]) > above]
        last = answer.get("LastEvaluatedKey") or None
        more = last is not None and len(found) == len(answer["Items"])
        return found, f"{time_of(last[sort])}.{last['pk']['S']}" if last is not None and more else None

    def expired(
        self, table: str, *, before: int, start: Attributes | None
    ) -> tuple[list[tuple[str, int]], Attributes | None]:
        """A page of a scan: keys and `ttl` of items that need not be kept at that time, and the start of the next page."""
        requested: JsonObject = {
            "TableName": table,
            "FilterExpression": "#t < :before",
            "ExpressionAttributeNames": {"#t": "ttl"},
            "ExpressionAttributeValues": {":before": {"N": str(before)}},
        }
        if start is not None:
            requested["ExclusiveStartKey"] = start
        answer = self._connection.dispatch("Scan", requested)
        found = [(item["pk"]["S"], time_of(item["ttl"])) for item in answer["Items"]]
        return found, answer.get("LastEvaluatedKey") or None

    def scan(self, table: str, *, after: str | None = None, where: tuple[str, str] | None = None) -> Iterator[Item]:
        """Every item, page by page, `after` a key, `where` an attribute has a value. No endpoint reads a table."""
        requested: JsonObject = {"TableName": table, "ConsistentRead": True}
        if after is not None:
            requested["ExclusiveStartKey"] = {"pk": {"S": after}}
        if where is not None:
            name, value = where
            requested["FilterExpression"] = "#n = :v"
            requested["ExpressionAttributeNames"] = {"#n": name}
            requested["ExpressionAttributeValues"] = {":v": {"S": value}}
        while True:
            answer = self._connection.dispatch("Scan", requested)
            yield from (item for found in answer["Items"] if (item := as_item(found)) is not None)
            if not answer.get("LastEvaluatedKey"):
                return
            requested["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def create(self, table: str, *, key: str | None) -> bool:
        """Make a table with one key, encrypted by this KMS key; False if it exists. It is ready after some seconds."""
        wanted: JsonObject = {
            "TableName": table,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        if key is not None:
            wanted["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        return self._unless("ResourceInUseException", "CreateTable", wanted)

    def drop(self, table: str) -> bool:
        """Drop a table with its items; False if it does not exist."""
        return self._unless("ResourceNotFoundException", "DeleteTable", {"TableName": table})

    def _unless(self, code: str, operation: str, requested: JsonObject) -> bool:
        try:
            self._connection.dispatch(operation, requested)
        except VerboseClientError as problem:
            if problem.response["Error"]["Code"] != code:
                raise
            return False
        return True

    def write(self, write: Write) -> Item | None:
        """Put, update or delete one item. An update gives the new item, a put the old one. Raises ConditionFailed.

        botocore may send the write twice, so its condition must also hold after its own first attempt. It is repeated after a
        conflict with another Region. The item then says who wrote it; before a deletion an update of the item says it.
        """
        if not _can_be(write.key):
            raise ConditionFailed(None)
        if write.table not in self._recorded or (write.verb == "Delete" and write.expired):
            return self._repeated(write)
        by = writer.CURRENT.get().stamp()
        if write.verb == "Delete":
            try:
                self._repeated(marked(write, by))
            except ConditionFailed:
                if write.condition is not None:
                    raise
                return None  # There is none to delete.
        return self._repeated(stamped(write, by))

    def _repeated(self, write: Write) -> Item | None:
        for pause in (*CONFLICT_PAUSES, None):
            try:
                return self._write(write)
            except VerboseClientError as problem:
                if problem.response["Error"]["Code"] not in CONFLICTS or pause is None:
                    raise
            self._pause(pause)
        raise AssertionError("unreachable")

    def _write(self, write: Write) -> Item | None:
        arguments = self._arguments(write)
        if write.verb != "Delete":
            arguments["ReturnValues"] = "ALL_NEW" if write.verb == "Update" and not write.before else "ALL_OLD"
        try:
            answer = self._connection.dispatch(f"{write.verb}Item", arguments)
        except VerboseClientError as problem:
            if problem.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            cause = problem.__cause__
            there = cause.response.get("Item") if isinstance(cause, ClientError) else None
            raise ConditionFailed(as_item(there)) from None
        return as_item(answer.get("Attributes"))

    def _know(self, table: str) -> None:
        """Register a weekly table with pynamodb. Each has one key."""
        if table not in self._known:
            self._connection.add_meta_table(_meta_table(table, ("pk",)))
            self._known.add(table)

    def _arguments(self, write: Write) -> JsonObject:
        self._know(write.table)
        arguments: JsonObject = self._connection.get_operation_kwargs(
            write.table,
            write.key,
            range_key=write.sort_key,
            key="Item" if write.verb == "Put" else "Key",
            attributes=as_attributes(write.item) if write.item else None,
            actions=write.actions or None,
            condition=write.condition,
            return_values_on_condition_failure="ALL_OLD" if write.condition is not None else None,
        )
        return arguments


def _meta_table(name: str, key_names: tuple[str, ...]) -> MetaTable:
    return MetaTable(
        {
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in key_names],
            "KeySchema": [
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(key_names, ("HASH", "RANGE"), strict=False)
            ],
        }
    )


def _can_be(key: str) -> bool:
    try:
        return 0 < len(key.encode()) <= MAX_KEY_LENGTH
    except UnicodeEncodeError:  # JSON can spell half a character.
        return False
