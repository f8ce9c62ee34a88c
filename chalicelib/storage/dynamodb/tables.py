"""What every store needs of DynamoDB: one connection, consistent reads, conditional writes that say why they lost.

Pynamodb's low-level connection, not its models: those make a botocore client a table, and can neither read two tables in
one call nor give back the item that a condition failed on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import PynamoDBException, VerboseClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

Item = dict[str, str | int]
Verb = Literal["Put", "Update", "Delete", "ConditionCheck"]

PK = UnicodeAttribute(attr_name="pk")
RECORD = UnicodeAttribute(attr_name="record")
EXPIRES_AT = NumberAttribute(attr_name="expires_at")
SWEEP_SLACK = 24 * 3600
"""How long after its expiry an item stays, so that a late replay is still known for what it is. Seconds."""

LONGEST_KEY = 2048
"""Bytes. DynamoDB refuses to look for a longer key, or an empty one, and a caller may send either."""

LONGEST_NUMBER = 16
"""Digits of a time that a caller may send back."""

CONFLICT_PAUSES = (0.01, 0.03, 0.08, 0.2, 0.4, 0.8)


class ConditionFailed(Exception):
    """At least one condition did not hold, so nothing was written. `items`: by position in the write, what was there."""

    def __init__(self, items: dict[int, Item | None]) -> None:
        super().__init__("a condition did not hold")
        self.items = items


@dataclass(frozen=True)
class Write:
    """One item's part of a write."""

    verb: Verb
    table: str
    key: str
    item: Item | None = None
    actions: tuple[Action, ...] = ()
    condition: Condition | None = None
    sort_key: str | None = None


class Tables:
    """DynamoDB, reached by one botocore client. `pause`: waits so many seconds between tries of a conflicting write."""

    def __init__(
        self, names: Sequence[str], *, pause: Callable[[float], None], keys: dict[str, tuple[str, ...]]
    ) -> None:
        self._connection = Connection()
        _ = self._connection.client  # made here, while Lambda starts the function, and not at the first request
        self._pause = pause
        for name in names:
            self._connection.add_meta_table(_meta_table(name, keys.get(name, ("pk",))))

    def get(self, table: str, key: str) -> Item | None:
        """The item, read consistently; expired or not."""
        if not _can_be(key):
            return None
        answer = self._connection.get_item(table, key, consistent_read=True)
        return _plain(answer.get("Item"))

    def get_both(self, *wanted: tuple[str, str]) -> list[Item | None]:
        """Items of several tables in one consistent call, in the order asked."""
        asked: dict[str, Any] = {}
        for table, key in wanted:
            if _can_be(key):
                asked.setdefault(table, {"ConsistentRead": True, "Keys": []})["Keys"].append({"pk": {"S": key}})
        found: dict[tuple[str, str], Item | None] = {}
        for pause in CONFLICT_PAUSES:
            answer = self._connection.dispatch("BatchGetItem", {"RequestItems": asked})
            for table, items in answer["Responses"].items():
                found.update({(table, item["pk"]["S"]): _plain(item) for item in items})
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return [found.get(place) for place in wanted]
            self._pause(pause)
        raise PynamoDBException("DynamoDB left keys unread")

    def query(self, table: str, key: str) -> list[Item]:
        """Every item of one partition, which is bounded by what we write there."""
        items: list[Item] = []
        start: Any = None
        while True:
            answer = self._connection.query(table, key, consistent_read=True, exclusive_start_key=start)
            items += [plain for item in answer["Items"] if (plain := _plain(item)) is not None]
            start = answer.get("LastEvaluatedKey")
            if not start:
                return items

    def newest(
        self, table: str, index: str, partition: tuple[str, str], sort: str, *, after: str | None, most: int
    ) -> tuple[list[str], str | None]:
        """Keys of the items that an index has for a partition, the highest `sort` first; and what to ask `after` for more.

        The index is written some time after its items are.
        """
        name, value = partition
        asked: dict[str, Any] = {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": "#p = :p",
            "ExpressionAttributeNames": {"#p": name},
            "ExpressionAttributeValues": {":p": {"S": value}},
            "ScanIndexForward": False,
            "Limit": most,
        }
        if after is not None:
            at, _, key = after.partition(".")
            if not (at.isascii() and at.isdigit() and len(at) < LONGEST_NUMBER and _can_be(key)):
                return [], None
            asked["ExclusiveStartKey"] = {"pk": {"S": key}, name: {"S": value}, sort: {"N": at}}
        answer = self._connection.dispatch("Query", asked)
        last = _plain(answer.get("LastEvaluatedKey") or None)
        more = None if last is None else f"{last[sort]}.{last['pk']}"
        return [item["pk"]["S"] for item in answer["Items"]], more

    def write(self, *writes: Write) -> Item | None:
        """All or nothing; a single update gives back the item as it is now. Raises ConditionFailed.

        Several items go as one transaction, which botocore makes idempotent (ClientRequestToken), so a retry of one that
        landed succeeds. A single conditional write must itself hold for the attempt that made it. Either is tried again
        while another transaction has an item of it in hand.
        """
        impossible: dict[int, Item | None] = {n: None for n, write in enumerate(writes) if not _can_be(write.key)}
        if impossible:
            raise ConditionFailed(impossible)
        for pause in (*CONFLICT_PAUSES, None):
            try:
                if len(writes) == 1:
                    return self._write_one(writes[0])
                self._write_all(writes)
                return None
            except VerboseClientError as problem:
                conflict = problem.response["Error"]["Code"] == "TransactionConflictException" or any(
                    reason is not None and reason.code == "TransactionConflict"
                    for reason in problem.cancellation_reasons
                )
                if not conflict or pause is None:
                    raise
            self._pause(pause)
        raise AssertionError("unreachable")

    def _write_all(self, writes: Sequence[Write]) -> None:
        transaction = {"TransactItems": [{write.verb: self._arguments(write)} for write in writes]}
        try:
            self._connection.dispatch("TransactWriteItems", transaction)
        except VerboseClientError as problem:
            reasons = enumerate(problem.cancellation_reasons)
            failed = {n: r for n, r in reasons if r is not None and r.code == "ConditionalCheckFailed"}
            if not failed:
                raise
            raise ConditionFailed({n: _plain(r.raw_item) for n, r in failed.items()}) from None

    def _write_one(self, write: Write) -> Item | None:
        arguments = self._arguments(write)
        if write.verb == "Update":
            arguments["ReturnValues"] = "ALL_NEW"
        try:
            answer = self._connection.dispatch(f"{write.verb}Item", arguments)
        except VerboseClientError as problem:
            if problem.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            cause = problem.__cause__
            there = cause.response.get("Item") if isinstance(cause, ClientError) else None
            raise ConditionFailed({0: _plain(there)}) from None
        return _plain(answer.get("Attributes"))

    def _arguments(self, write: Write) -> dict[str, Any]:
        arguments: dict[str, Any] = self._connection.get_operation_kwargs(
            write.table,
            write.key,
            range_key=write.sort_key,
            key="Item" if write.verb == "Put" else "Key",
            attributes=_typed(write.item) if write.item else None,
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
        return 0 < len(key.encode()) <= LONGEST_KEY
    except UnicodeEncodeError:  # JSON can spell half a character
        return False


def _typed(item: Item) -> dict[str, dict[str, str]]:
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()}


def _plain(item: dict[str, dict[str, str]] | None) -> Item | None:
    if item is None:
        return None
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}
