"""Items: DynamoDB's attributes, the values that the stores read and write, and a write of one item with who it says wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol, TypedDict, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action, RemoveAction

from chalicelib.writer import DELETES


@dataclass(frozen=True)
class Foreign:
    """The value of an attribute of another type, which a later release may write. What is there of it is that it is there.

    So a mark such as a revocation counts, whatever its type is, and a record with such a member is unreadable.
    `number`: of a number that is not whole, which can be compared.
    """

    number: str = ""

    def __str__(self) -> str:
        return ""


FOREIGN: Final = Foreign()


Value = str | int | frozenset[str] | Foreign
Item = dict[str, Value]


class Along(Protocol):
    """More items that one batch read gives, of a table of their own. They may be a second old, for half the price.

    `table`, `keys`: where they are. `take`: gets them, in that order.
    """

    table: str
    keys: tuple[str, ...]

    def take(self, items: Sequence[Item | None]) -> None: ...


WHOLE = re.compile("-?[0-9]+")


class Attribute(TypedDict, total=False):
    """An attribute value of DynamoDB: a string, a number, or a set of strings."""

    S: str
    N: str
    SS: list[str]


Attributes = dict[str, Attribute]


class Keys(TypedDict):
    """The keys of a table in a batch read."""

    ConsistentRead: bool
    Keys: list[Attributes]


def as_attributes(item: Item) -> Attributes:
    """The item in DynamoDB's form."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: Value) -> Attribute:
    if isinstance(value, Foreign):
        raise TypeError("an attribute of another type is not written")
    if isinstance(value, frozenset):
        return {"SS": sorted(value)}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def as_item(item: Attributes | None) -> Item | None:
    """The item from DynamoDB's form."""
    return None if item is None else {name: _read(value) for name, value in item.items()}


def _read(value: Attribute) -> Value:
    if "N" in value:
        return int(value["N"]) if WHOLE.fullmatch(value["N"]) else Foreign(value["N"])
    return frozenset(value["SS"]) if "SS" in value else value.get("S", FOREIGN)


def time_of(value: Attribute) -> int:
    """A time, without its fraction, which only somebody else writes."""
    return int(float(str(value["N"])))


Verb = Literal["Put", "Update", "Delete"]

PK = UnicodeAttribute(attr_name="pk")
RECORD = UnicodeAttribute(attr_name="record")
EXPIRES_AT = NumberAttribute(attr_name="expires_at")
BY = UnicodeAttribute(attr_name="by")
"""Who wrote the item last, or is about to delete it (writer.py)."""
MAX_COMPARED = 20
"""Maximum attributes of one kind that a condition compares, which has 4 KB."""
MOST = 10**37
"""A count above it is nobody's of ours: a number of DynamoDB has 38 digits."""
CHANGES = NumberAttribute(attr_name="changes")
"""How often operators wrote the item."""


def mark_of(attribute: NumberAttribute, item: Item) -> int:
    """The time of a mark such as a suspension: 0 where there is none. A mark of another type counts, as of the first second."""
    found = item.get(attribute.attr_name, 0)
    return (isinstance(found, int) and found) or int(attribute.attr_name in item)


def unchanged(attribute: UnicodeAttribute | NumberAttribute, item: Item) -> Condition:
    """Whether a text or a number is the one of the item that was read, or is still not there, or is still of another type."""
    read = item.get(attribute.attr_name)
    if read is None:
        return attribute.does_not_exist()
    if isinstance(read, Foreign) and read.number and isinstance(attribute, NumberAttribute):
        return cast(Condition, {"N": read.number} == attribute)
    of_its_type = isinstance(read, int if isinstance(attribute, NumberAttribute) else str)
    return cast(Condition, read == attribute if of_its_type else ~attribute.is_type())  # type: ignore[no-untyped-call]


class ConditionFailed(Exception):
    """The condition was false, so nothing was written. `item`: the stored item, None if there is none."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the condition did not hold")
        self.item = item


@dataclass(frozen=True)
class Write:
    """A write of one item. There are no other writes. `before`: an update gives the item as it was.

    `expired`: a deletion of what DynamoDB would delete by itself. No event tells of it.
    """

    verb: Verb
    table: str
    key: str
    item: Item | None = None
    actions: tuple[Action, ...] = ()
    condition: Condition | None = None
    sort_key: str | None = None
    before: bool = False
    expired: bool = False


def counted(
    write: Write,
    item: Item,
    *read: UnicodeAttribute | NumberAttribute,
    landed: Condition,
    by: NumberAttribute = CHANGES,
) -> Write:
    """The update of an item as it was read, empty if there was none. It counts as a change `by` this number. Its condition stays.

    A copy of it that comes after a later change knows an earlier number, and changes nothing. `read`: what else must be as it
    was read, because a release that does not count changes it too. `landed`: what shows that this write changed the item.
    Endpoints do not count. So a copy finds what it would remove, the first MAX_COMPARED of it, and takes nothing that came since.
    """
    found = item.get(by.attr_name)
    changes = found + 1 if isinstance(found, int) and abs(found) < MOST else 1
    for removed in [one for one in write.actions if isinstance(one, RemoveAction)][:MAX_COMPARED]:
        landed &= cast(Path, removed.values[0]).does_not_exist()
    as_read = unchanged(by, item)
    for one in read:
        as_read &= unchanged(one, item)
    condition = cast(Condition, as_read | ((changes == by) & landed))
    condition = condition if write.condition is None else write.condition & condition
    return replace(write, actions=(*write.actions, by.set(changes)), condition=condition)


def stamped(write: Write, by: str) -> Write:
    """The write that also says who wrote the item. A deletion can't."""
    if write.verb == "Put":
        return replace(write, item={**(write.item or {}), "by": by})
    return replace(write, actions=(*write.actions, BY.set(by))) if write.verb == "Update" else write


def marked(write: Write, by: str) -> Write:
    """The update before a deletion, under its condition: it says who is about to delete the item."""
    there = write.condition if write.condition is not None else PK.exists()
    return replace(write, verb="Update", actions=(BY.set(DELETES + by),), condition=there)
