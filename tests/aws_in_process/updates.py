"""DynamoDB's update expressions: what becomes of an item.

Every operand is evaluated over the item as it was; then what is set is set, and what is removed is removed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from tests.aws_in_process.errors import AwsError, Unknown, invalid
from tests.aws_in_process.expressions import Operand, Parser, Path, Placeholders, Scope, at, found_in, resolved
from tests.aws_in_process.values import SETS, Item, Value, added, as_set, kind

Step = Callable[[Scope], Value | None]
"""What an attribute is afterwards; None: it is absent."""


@dataclass(frozen=True)
class Update:
    """A parsed expression: the paths that it changes, in its order, and what each has afterwards."""

    steps: tuple[tuple[Path, Step], ...]
    used: Placeholders


@cache
def parse(text: str) -> Update:
    """The update; raises Unknown where the text is none that this file knows."""
    parser = _Updates(text)
    return Update(tuple(parser.sections()), parser.used)


def updated(update: Update, scope: Scope, keys: tuple[str, ...]) -> Item:
    """The item as the update leaves it. Raises what DynamoDB says where it can't be; so of a change of its `keys`."""
    paths = [resolved(path, scope) for path, _ in update.steps]
    for one, other in combinations(paths, 2):
        if one[: len(other)] == other[: len(one)]:
            raise invalid("Invalid UpdateExpression: Two document paths overlap with each other")
    for path in paths:
        if path[0] in keys:
            raise invalid(
                f"One or more parameter values were invalid: Cannot update attribute {path[0]}. "
                "This attribute is part of the key"
            )
    results = [(path, step(scope)) for path, (_, step) in zip(paths, update.steps, strict=True)]
    item = dict(scope.item)
    for path, value in sorted(results, key=_last_positions_first):
        _location(item, path, value)
    return item


class _Updates(Parser):
    """update := {SET path = value {, path = value} | REMOVE path {, path} | ADD path :v {, ..} | DELETE path :v {, ..}}."""

    def sections(self) -> list[tuple[Path, Step]]:
        found: list[tuple[Path, Step]] = []
        met: set[str] = set()
        while self.token:
            section = self.take().upper()
            if section not in self._sections:
                self.at -= 1
                raise self.lost("SET, REMOVE, ADD or DELETE")
            if section in met:
                raise invalid(f'Invalid UpdateExpression: The "{section}" section can only be used once')
            met.add(section)
            found.append(self._sections[section](self))
            while self.accept(","):
                found.append(self._sections[section](self))
        return found

    def _set(self) -> tuple[Path, Step]:
        path = self.path()
        self.expect("=")
        one = self._term()
        if self.token not in ("+", "-"):
            return path, _there(one)
        return path, _sum(_there(one), self.take(), _there(self._term()))

    def _remove(self) -> tuple[Path, Step]:
        return self.path(), lambda scope: None

    def _add(self) -> tuple[Path, Step]:
        path, value = self._one_attribute("ADD"), self.value()
        return path, lambda scope: _with(at(path)(scope), scope.values[value])

    def _delete(self) -> tuple[Path, Step]:
        path, value = self._one_attribute("DELETE"), self.value()
        return path, lambda scope: _without(at(path)(scope), scope.values[value])

    def _one_attribute(self, section: str) -> Path:
        path = self.path()
        if len(path) > 1:
            raise Unknown(f"{section} inside of an attribute, in the expression {self.text!r}")
        return path

    def _term(self) -> Operand:
        function = self._functions.get(self.token)
        if function is None or self.tokens[self.at + 1 : self.at + 2] != ["("]:
            return self.operand()
        self.at += 2
        term = function(self)
        self.expect(")")
        return term

    def _if_not_exists(self) -> Operand:
        there = at(self.path())
        self.expect(",")
        otherwise = self._term()
        return lambda scope: found if (found := there(scope)) is not None else otherwise(scope)

    def _list_append(self) -> Operand:
        one = self._term()
        self.expect(",")
        return _joined(_there(one), _there(self._term()))

    _sections = {"SET": _set, "REMOVE": _remove, "ADD": _add, "DELETE": _delete}
    _functions = {"if_not_exists": _if_not_exists, "list_append": _list_append}


def _there(operand: Operand) -> Callable[[Scope], Value]:
    def needed(scope: Scope) -> Value:
        value = operand(scope)
        if value is None:
            raise invalid("The provided expression refers to an attribute that does not exist in the item")
        return value

    return needed


def _sum(one: Callable[[Scope], Value], sign: str, other: Callable[[Scope], Value]) -> Step:
    def step(scope: Scope) -> Value:
        first, second = one(scope), other(scope)
        if not kind(first) == kind(second) == "N":
            raise _wrong_type()
        return added(first, sign, second)

    return step


def _joined(one: Callable[[Scope], Value], other: Callable[[Scope], Value]) -> Operand:
    def joined(scope: Scope) -> Value:
        first, second = one(scope), other(scope)
        if not kind(first) == kind(second) == "L":
            raise _wrong_type()
        return {"L": [*first["L"], *second["L"]]}

    return joined


def _with(there: Value | None, more: Value) -> Value:
    """What ADD makes: a sum, from 0 on, or a union, of the empty set."""
    name = kind(more)
    if name != "N" and name not in SETS:
        raise invalid(
            f"Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, {name}"
        )
    if there is None:
        return more
    if kind(there) != name:
        raise _wrong_type()
    return added(there, "+", more) if name == "N" else as_set(name, {*there[name], *more[name]})


def _without(there: Value | None, less: Value) -> Value | None:
    """What DELETE leaves of a set, which is absent once it is empty."""
    name = kind(less)
    if name not in SETS:
        raise invalid(
            f"Invalid UpdateExpression: Incorrect operand type for operator or function; operator: DELETE, {name}"
        )
    if there is None:
        return None
    if kind(there) != name:
        raise _wrong_type()
    left = set(there[name]) - set(less[name])
    return as_set(name, left) if left else None


def _wrong_type() -> AwsError:
    return invalid("An operand in the update expression has an incorrect data type")


def _last_positions_first(result: tuple[Path, Value | None]) -> tuple[bool, Any]:
    """What is set comes before what is removed; of a list's members the last is removed first, so that none moves before."""
    path, value = result
    position = path[-1] if isinstance(path[-1], int) else 0
    return value is None, -position if value is None else position


def _location(item: Item, path: Path, value: Value | None) -> None:
    """Change what stands at the path, in a copy of the attribute that it is in."""
    *way, last = path
    inside: Any = item
    if way:
        item[str(way[0])] = copy.deepcopy(item.get(str(way[0]), {}))
        holder = found_in(item, tuple(way)) or {}
        inside = holder.get("M" if isinstance(last, str) else "L")
        if inside is None:
            raise invalid("The document path provided in the update expression is invalid for update")
    if isinstance(last, int):
        inside[last : last + 1] = [] if value is None else [value]
    elif value is None:
        inside.pop(last, None)
    else:
        inside[last] = value
