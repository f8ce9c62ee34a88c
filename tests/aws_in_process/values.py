"""DynamoDB's values: each a type's name and its content, as in JSON.

A value is brought into one form when it comes in, numbers and sets above all, so that two are equal where their dicts are.
Nothing ever changes a value: a new one takes its place.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from tests.aws_in_process.errors import Unknown, invalid

Value = dict[str, Any]
Item = dict[str, Value]

DIGITS, MAX_EXPONENT, MIN_EXPONENT = 38, 125, -130
"""What a number may have and be (DynamoDB developer guide, "Naming rules and data types")."""

SCALARS = ("S", "N", "B")
SETS = {"SS": "S", "NS": "N", "BS": "B"}
"""Each kind of set, and that of its members."""

_PLAIN = re.compile(r"0|-?[1-9][0-9]{0,37}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EXACT = Context(prec=1000)
_LISTED, _NESTED = 3, 1
"""Bytes that a list or a map takes, and each of its members (DynamoDB developer guide, "Item sizes")."""


def kind(value: Value) -> str:
    """The name of its type."""
    (name,) = value
    return name


def content(value: Value) -> Any:
    """What stands under its type's name."""
    (inside,) = value.values()
    return inside


def normalize_username(value: Value) -> Value:
    """The value in the one form. Raises what DynamoDB says of one that can't be."""
    if len(value) != 1:
        wrong = "has more than one datatypes set" if value else "is empty"
        raise invalid(f"Supplied AttributeValue {wrong}, must contain exactly one of the supported datatypes")
    name = kind(value)
    if name not in _NORMAL:
        raise Unknown(f"values of the type {name}")
    return _NORMAL[name](value)


def normal_item(item: Item) -> Item:
    """Every attribute in the one form."""
    if "" in item:
        raise invalid("Empty attribute name")
    return {name: normalize_username(value) for name, value in item.items()}


def number(text: str) -> str:
    """A number as DynamoDB gives it back."""
    if _PLAIN.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise invalid("The parameter cannot be converted to a numeric value: " + text)
    found = Decimal(text)
    if not found:
        return "0"
    if not MIN_EXPONENT <= found.adjusted() <= MAX_EXPONENT:
        direction = "overflow" if found.adjusted() > MAX_EXPONENT else "underflow"
        raise invalid(f"Number {direction}. Attempting to store a number with magnitude outside of the supported range")
    shortest = found.normalize(_EXACT)
    if len(shortest.as_tuple().digits) > DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    return format(shortest, "f")


def comparable(value: Value) -> Any:
    """What values of one type, one of SCALARS, are ordered by. Characters are in the order of their UTF-8."""
    name, inside = kind(value), content(value)
    if name == "S":
        return inside
    if name == "B":
        return b64decode(inside)
    return Decimal(inside) if "." in inside else int(inside)


def added(one: Value, sign: str, other: Value) -> Value:
    """The sum or the difference of two numbers, exactly."""
    first, second = Decimal(one["N"]), Decimal(other["N"])
    result = _EXACT.add(first, second) if sign == "+" else _EXACT.subtract(first, second)
    return {"N": number(format(result, "f"))}


def as_set(name: str, members: set[str]) -> Value:
    """A set of that kind."""
    return {name: sorted(members, key=lambda member: comparable({SETS[name]: member}))}


def length(value: Value) -> int | None:
    """What the function `size` says: bytes or members; None where it says nothing."""
    name, inside = kind(value), content(value)
    if name == "S":
        return _bytes(inside)
    if name == "B":
        return len(b64decode(inside))
    return None if name in ("N", "BOOL", "NULL") else len(inside)


def size(item: Mapping[str, Value]) -> int:
    """Bytes of an item, by which it is limited."""
    return sum(_bytes(name) + _size(value) for name, value in item.items())


def _size(value: Value) -> int:
    name, inside = kind(value), content(value)
    if name == "S":
        return _bytes(inside)
    if name == "N":
        return len(inside) // 2 + 1
    if name == "B":
        return len(b64decode(inside))
    if name in SETS:
        return sum(_size({SETS[name]: member}) for member in inside)
    if name == "L":
        return _LISTED + sum(_NESTED + _size(member) for member in inside)
    if name == "M":
        return _LISTED + size(inside) + _NESTED * len(inside)
    return 1


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _text(value: Value) -> Value:
    if not isinstance(value["S"], str):
        raise Unknown(f"a text that is {value['S']!r}")
    try:
        _bytes(value["S"])
    except UnicodeEncodeError:
        raise Unknown(f"a text with half a character, {value['S']!r}") from None
    return value


def _number(value: Value) -> Value:
    text = number(value["N"])
    return value if text is value["N"] else {"N": text}


def _null(value: Value) -> Value:
    if value["NULL"] is not True:
        raise invalid(
            "One or more parameter values were invalid: Null attribute value types must have the value of true"
        )
    return value


def _set_of(name: str) -> Callable[[Value], Value]:
    words = {"SS": "An string set  may not be empty", "NS": "An number set  may not be empty"}

    def checked(value: Value) -> Value:
        if not value[name]:
            said = words.get(name, "Binary sets should not be empty")
            raise invalid(f"One or more parameter values were invalid: {said}")
        members = [content(normalize_username({SETS[name]: member})) for member in value[name]]
        if len(set(members)) != len(members):
            listed = ", ".join(members)
            raise invalid(f"One or more parameter values were invalid: Input collection [{listed}] contains duplicates")
        return as_set(name, set(members))

    return checked


_NORMAL: dict[str, Callable[[Value], Value]] = {
    "S": _text,
    "N": _number,
    "B": lambda value: value,
    "BOOL": lambda value: value,
    "NULL": _null,
    "L": lambda value: {"L": [normalize_username(member) for member in value["L"]]},
    "M": lambda value: {"M": normal_item(value["M"])},
    **{name: _set_of(name) for name in SETS},
}
