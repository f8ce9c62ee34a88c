"""Items: DynamoDB's attributes, and the values that the stores read and write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypedDict

Item = dict[str, str | int | frozenset[str]]


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


def as_attributes(item: Item) -> Attributes:
    """The item in DynamoDB's form."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: str | int | frozenset[str]) -> Attribute:
    if isinstance(value, frozenset):
        return {"SS": sorted(value)}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def as_item(item: Attributes | None) -> Item | None:
    """The item from DynamoDB's form. Attributes of other types, which a later release may write, are left out."""
    if item is None:
        return None
    return {name: found for name, value in item.items() if (found := _read(value)) is not None}


def _read(value: Attribute) -> str | int | frozenset[str] | None:
    if "N" in value:
        return int(value["N"]) if WHOLE.fullmatch(value["N"]) else None
    return frozenset(value["SS"]) if "SS" in value else value.get("S")
