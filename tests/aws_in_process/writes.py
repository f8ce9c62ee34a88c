"""Writes of one item: alone, or as parts of a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.aws_in_process import conditions, updates
from tests.aws_in_process.errors import AwsError, Unknown
from tests.aws_in_process.expressions import Placeholders, Scope, agree
from tests.aws_in_process.tables import Key, Table
from tests.aws_in_process.values import Item, Value, normal_item, normalize_username

Body = dict[str, Any]

PLACEHOLDERS = ("ExpressionAttributeNames", "ExpressionAttributeValues")
_CONDITION = ("ConditionExpression", "ReturnValuesOnConditionCheckFailure", *PLACEHOLDERS)
WRITES = {
    "Put": ("TableName", "Item", *_CONDITION),
    "Update": ("TableName", "Key", "UpdateExpression", *_CONDITION),
    "Delete": ("TableName", "Key", *_CONDITION),
    "ConditionCheck": ("TableName", "Key", *_CONDITION),
}
"""Each kind of write and its parameters, of which a write by itself has more."""


@dataclass(frozen=True)
class Write:
    """One item's part of a write, right in itself. `item`: of a Put."""

    verb: str
    table: Table
    key: Key
    body: Body
    item: Item

    def outcome(self) -> Item | None:
        """What is there once it is done, None if nothing is. Raises what DynamoDB says where it can't be."""
        there = self.table.items.get(self.key)
        self._check(there)
        if self.verb == "ConditionCheck":
            return there
        if self.verb != "Update":
            return self.item or None
        before = there or normal_item(self.body["Key"])
        text = self.body.get("UpdateExpression")
        if text is None:
            return before
        after = updates.updated(updates.parse(text), _scope(self.body, before), self.table.schema.names)
        self.table.check_size(after, "Item size to update has exceeded the maximum allowed size")
        self.table.check_indexes(after)
        return after

    def _check(self, there: Item | None) -> None:
        text = self.body.get("ConditionExpression")
        if text is None or conditions.parse(text).holds(_scope(self.body, there or {})):
            return
        shown = there is not None and self.body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        more = {"Item": there} if shown else {}
        raise AwsError("ConditionalCheckFailedException", "The conditional request failed", more)

    def land(self, after: Item | None) -> None:
        if after is None:
            self.table.items.pop(self.key, None)
        else:
            self.table.items[self.key] = after


def prepared(verb: str, table: Table, body: Body) -> Write:
    """A write that is right in itself, whatever is there. Raises what DynamoDB says of one that is not."""
    item = normal_item(body["Item"]) if verb == "Put" else {}
    key = table.key_of(item) if verb == "Put" else table.key(body["Key"])
    condition, update = body.get("ConditionExpression"), body.get("UpdateExpression")
    used = [conditions.parse(condition).used] if condition is not None else []
    used += [updates.parse(update).used] if update is not None else []
    return Write(verb, table, key, {**body, "ExpressionAttributeValues": bound(body, *used).values}, item)


def outcomes(writes: Sequence[Write]) -> list[Item | None]:
    """What each write leaves. Raises TransactionCanceledException with the reason of each if one of them can't be."""
    found: list[Item | None] = []
    reasons: list[Body] = []
    for write in writes:
        try:
            found.append(write.outcome())
            reasons.append({"Code": "None"})
        except AwsError as error:
            code = {"ValidationException": "ValidationError"}.get(error.code, error.code.removesuffix("Exception"))
            reasons.append({"Code": code, "Message": error.message, **error.more})
    if len(found) != len(writes):
        codes = ", ".join(reason["Code"] for reason in reasons)
        words = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        raise AwsError("TransactionCanceledException", words, {"CancellationReasons": reasons})
    return found


def known(what: str, body: Mapping[str, Any], parameters: tuple[str, ...]) -> None:
    """Raises Unknown of a parameter that is none of these."""
    unknown = body.keys() - set(parameters)
    if unknown:
        raise Unknown(f"{what} with {', '.join(sorted(unknown))}")


def bound(body: Body, *used: Placeholders) -> Scope:
    """The placeholders of a request, which are just those that its expressions use; over no item."""
    names: Mapping[str, str] = body.get("ExpressionAttributeNames", {})
    values: Mapping[str, Value] = body.get("ExpressionAttributeValues", {})
    agree(used, names, values)
    return Scope({}, names, {placeholder: normalize_username(value) for placeholder, value in values.items()})


def _scope(body: Body, item: Item) -> Scope:
    return Scope(item, body.get("ExpressionAttributeNames", {}), body["ExpressionAttributeValues"])
