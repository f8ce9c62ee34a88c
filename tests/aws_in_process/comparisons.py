"""What the conditions of DynamoDB's expressions are made of: functions of a Scope that say yes or no.

An operand that is absent fulfils nothing but <>, and one of another type than is compared with neither.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from tests.aws_in_process.errors import invalid
from tests.aws_in_process.expressions import Literal, Operand, Scope
from tests.aws_in_process.values import SCALARS, SETS, Value, comparable, content, kind, length

Test = Callable[[Scope], bool]

TYPES = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
EQUAL: dict[str, Callable[[Value | None, Value | None], bool]] = {"=": operator.eq, "<>": operator.ne}
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def either(one: Test, other: Test) -> Test:
    return lambda scope: one(scope) | other(scope)


def both(one: Test, other: Test) -> Test:
    return lambda scope: one(scope) & other(scope)


def equal(one: Operand, sign: Callable[[Value | None, Value | None], bool], other: Operand) -> Test:
    """What is absent equals nothing, not even what is absent too."""

    def test(scope: Scope) -> bool:
        first, second = one(scope), other(scope)
        return sign(first, second) if first is not None and second is not None else sign is operator.ne

    return test


def ordered(one: Operand, sign: str, other: Operand) -> Test:
    """Numbers, texts or bytes, with one of their kind."""
    compare, literals = ORDER[sign], _literals(one, other)

    def test(scope: Scope) -> bool:
        _check(literals, scope, SCALARS, sign)
        first, second = one(scope), other(scope)
        if first is None or second is None or kind(first) != kind(second) or kind(first) not in SCALARS:
            return False
        return compare(comparable(first), comparable(second))

    return test


def between(one: Operand, low: Operand, high: Operand) -> Test:
    at_least, at_most, literals = ordered(one, ">=", low), ordered(one, "<=", high), _literals(low, high)

    def test(scope: Scope) -> bool:
        both_hold = at_least(scope) & at_most(scope)
        if len(literals) == len((low, high)):
            lowest, highest = (literal(scope) for literal in literals)
            if kind(lowest) != kind(highest) or comparable(lowest) > comparable(highest):
                raise invalid(
                    "Invalid ConditionExpression: The BETWEEN operator requires bounds of one type, in their order"
                )
        return both_hold

    return test


def among(one: Operand, members: Sequence[Operand]) -> Test:
    tests = [equal(one, operator.eq, member) for member in members]
    return lambda scope: any([test(scope) for test in tests])


def sized(operand: Operand) -> Operand:
    """What the function `size` gives."""

    def measured(scope: Scope) -> Value | None:
        value = operand(scope)
        found = None if value is None else length(value)
        return None if found is None else {"N": str(found)}

    return measured


def of_type(operand: Operand, wanted: Literal) -> Test:
    def test(scope: Scope) -> bool:
        _check((wanted,), scope, ("S",), "attribute_type")
        name = content(wanted(scope))
        if name not in TYPES:
            raise invalid(f"Invalid ConditionExpression: Invalid attribute type name found; type: {name}")
        value = operand(scope)
        return value is not None and kind(value) == name

    return test


def begins_with(operand: Operand, start: Operand) -> Test:
    literals = _literals(start)

    def test(scope: Scope) -> bool:
        _check(literals, scope, ("S", "B"), "begins_with")
        value, part = operand(scope), start(scope)
        if value is None or part is None or kind(value) != kind(part) or kind(value) not in ("S", "B"):
            return False
        return bool(comparable(value).startswith(comparable(part)))

    return test


def contains(operand: Operand, part: Operand) -> Test:
    """A part of a text or of bytes, or a member of a set or a list."""

    def test(scope: Scope) -> bool:
        value, inside = operand(scope), part(scope)
        if value is None or inside is None:
            return False
        name = kind(value)
        if name == "L":
            return inside in value["L"]
        if name in SETS:
            return kind(inside) == SETS[name] and content(inside) in value[name]
        return name == kind(inside) and name in ("S", "B") and comparable(inside) in comparable(value)

    return test


def _literals(*operands: Operand) -> tuple[Literal, ...]:
    return tuple(operand for operand in operands if isinstance(operand, Literal))


def _check(literals: tuple[Literal, ...], scope: Scope, kinds: tuple[str, ...], sign: str) -> None:
    for literal in literals:
        if kind(literal(scope)) not in kinds:
            raise invalid(
                "Invalid ConditionExpression: Incorrect operand type for operator or function; "
                f"operator or function: {sign}, operand type: {kind(literal(scope))}"
            )
