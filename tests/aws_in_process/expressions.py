"""What DynamoDB's expressions have in common: words, placeholders, paths, and what they are evaluated over.

Each is parsed once, by recursive descent, into functions of a Scope (DynamoDB developer guide, "Using expressions").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File

from tests.aws_in_process.errors import Unknown, invalid
from tests.aws_in_process.values import Item, Value

Path = tuple[str | int, ...]
"""An attribute, and the members of it that lead further in. A name with # is a placeholder."""

RESERVED = frozenset(File(__file__).with_name("reserved_words.txt").read_text().split())
"""What can't be an attribute's name in an expression (DynamoDB developer guide, "Reserved words")."""

_TOKEN = re.compile(r"\s*([#:][A-Za-z0-9_]+|[A-Za-z][A-Za-z0-9_]*|[0-9]+|<>|<=|>=|[-+=<>(),.\[\]])")


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is about: an item, empty if there is none, and what the placeholders stand for."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Value]


Operand = Callable[[Scope], Value | None]
"""What gives a value of an item, or None where it has none there."""


@dataclass(frozen=True)
class Literal:
    """An Operand that stands in the request, and so can be refused whatever the item is."""

    placeholder: str

    def __call__(self, scope: Scope) -> Value:
        return scope.values[self.placeholder]


@dataclass(frozen=True)
class Placeholders:
    """Those that an expression uses."""

    names: frozenset[str]
    values: frozenset[str]


class Parser:
    """Reads an expression from left to right. A subclass knows what may stand in it."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tokens = list(_tokens(text))
        self._names: set[str] = set()
        self._values: set[str] = set()

    @property
    def used(self) -> Placeholders:
        return Placeholders(frozenset(self._names), frozenset(self._values))

    @property
    def token(self) -> str:
        """The next one; "" at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        found = self.token
        self.at += 1
        return found

    def accept(self, wanted: str) -> bool:
        """Whether the next one is this, which is then read. A keyword may be in any case."""
        if self.token.upper() != wanted:
            return False
        self.at += 1
        return True

    def expect(self, wanted: str) -> None:
        if not self.accept(wanted):
            raise self.lost(wanted)

    def end(self) -> None:
        if self.token:
            raise self.lost("the end")

    def lost(self, wanted: str) -> Unknown:
        """What is raised where the expression goes on as nobody thought of."""
        return Unknown(
            f"what stands at {self.token or 'the end'!r} in the expression {self.text!r}: {wanted} was expected"
        )

    def path(self) -> Path:
        steps: list[str | int] = [self._name()]
        while True:
            if self.accept("."):
                steps.append(self._name())
            elif self.accept("["):
                if not self.token.isdigit():
                    raise self.lost("a position")
                steps.append(int(self.take()))
                self.expect("]")
            else:
                return tuple(steps)

    def value(self) -> str:
        """The placeholder of a value."""
        if not self.token.startswith(":"):
            raise self.lost("a value")
        found = self.take()
        self._values.add(found)
        return found

    def operand(self) -> Operand:
        """A path or a value."""
        return Literal(self.value()) if self.token.startswith(":") else at(self.path())

    def _name(self) -> str:
        found = self.take()
        if found.startswith("#"):
            self._names.add(found)
        elif not found[:1].isalpha():
            self.at -= 1
            raise self.lost("an attribute's name")
        elif found.upper() in RESERVED:
            raise invalid(f"Invalid expression: Attribute name is a reserved keyword; reserved keyword: {found}")
        return found


def at(path: Path) -> Operand:
    """What an item has there."""
    first, *rest = path
    if rest:
        return lambda scope: found_in(scope.item, resolved(path, scope))
    name = str(first)
    if name.startswith("#"):
        return lambda scope: scope.item.get(scope.names[name])
    return lambda scope: scope.item.get(name)


def resolved(path: Path, scope: Scope) -> Path:
    """The path with the attributes' own names."""
    return tuple(scope.names[step] if isinstance(step, str) and step[0] == "#" else step for step in path)


def found_in(item: Item, path: Path) -> Value | None:
    """What stands at the end of a path of the attributes' own names."""
    here: Value = {"M": item}
    for step in path:
        inside = here.get("M" if isinstance(step, str) else "L", ())
        there = step in inside if isinstance(step, str) else step < len(inside)
        if not there:
            return None
        here = inside[step]
    return here


def agree(used: Sequence[Placeholders], names: Iterable[str], values: Iterable[str]) -> None:
    """Raises what DynamoDB says of placeholders that are used and not defined, or the other way round."""
    for what, meant, defined in (
        ("ExpressionAttributeNames", frozenset[str]().union(*(one.names for one in used)), frozenset(names)),
        ("ExpressionAttributeValues", frozenset[str]().union(*(one.values for one in used)), frozenset(values)),
    ):
        if meant - defined:
            raise invalid(f"Invalid expression: {min(meant - defined)} is used in it and not defined in {what}")
        if defined - meant:
            raise invalid(f"Value provided in {what} unused in expressions: keys: {{{min(defined - meant)}}}")


def _tokens(text: str) -> Iterator[str]:
    if not text.strip():
        raise invalid("Invalid expression: The expression can not be empty;")
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise Unknown(f"{text[at:end]!r} in the expression {text!r}")
        yield found[1]
        at = found.end()
