"""Items of DynamoDB: what it calls attributes, and what the stores read and write."""

from __future__ import annotations

import re
from typing import TypedDict

Item = dict[str, str | int | frozenset[str]]

WHOLE = re.compile("-?[0-9]+")


class Attribute(TypedDict, total=False):
    """An attribute's value as DynamoDB has it, of the kinds that are written here: a text, a number, a set of texts."""

    S: str
    N: str
    SS: list[str]


Attributes = dict[str, Attribute]


def as_attributes(item: Item) -> Attributes:
    """The item as it is written."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: str | int | frozenset[str]) -> Attribute:
    if isinstance(value, frozenset):
        return {"SS": sorted(value)}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def as_item(item: Attributes | None) -> Item | None:
    """The item without the attributes of kinds that we write none of: what a later release adds is left alone."""
    if item is None:
        return None
    return {name: found for name, value in item.items() if (found := _read(value)) is not None}


def _read(value: Attribute) -> str | int | frozenset[str] | None:
    if "N" in value:
        return int(value["N"]) if WHOLE.fullmatch(value["N"]) else None
    return frozenset(value["SS"]) if "SS" in value else value.get("S")
