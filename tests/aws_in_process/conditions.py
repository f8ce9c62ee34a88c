"""DynamoDB's condition expressions: what must hold of an item.

Both sides of AND and OR are evaluated, as an operand of a type that can't be there is refused wherever it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tests.aws_in_process.comparisons import (
    EQUAL,
    ORDER,
    Test,
    among,
    begins_with,
    between,
    both,
    contains,
    either,
    equal,
    of_type,
    ordered,
    sized,
)
from tests.aws_in_process.errors import Unknown, invalid
from tests.aws_in_process.expressions import Literal, Operand, Parser, Placeholders, at

MOST_IN_A_LIST = 100


@dataclass(frozen=True)
class Condition:
    """A parsed expression."""

    holds: Test
    used: Placeholders


@cache
def parse(text: str) -> Condition:
    """The condition; raises Unknown where the text is none that this file knows."""
    parser = _Conditions(text)
    holds = parser.any_of()
    parser.end()
    return Condition(holds, parser.used)


class _Conditions(Parser):
    """condition := all {OR all}; all := one {AND one}; one := NOT one | ( condition ) | function | comparison."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._closes: dict[int, int] = {}

    def any_of(self) -> Test:
        test = self._all_of()
        while self.accept("OR"):
            test = either(test, self._all_of())
        return test

    def _all_of(self) -> Test:
        test = self._one()
        while self.accept("AND"):
            test = both(test, self._one())
        return test

    def _one(self) -> Test:
        if self.accept("NOT"):
            inner = self._one()
            return lambda scope: not inner(scope)
        if self.token == "(":
            return self._in_parentheses()
        function = self._functions.get(self.token)
        if function is not None and self.tokens[self.at + 1 : self.at + 2] == ["("]:
            self.at += 2
            test = function(self)
            self.expect(")")
            return test
        return self._comparison()

    def _in_parentheses(self) -> Test:
        opened = self.at
        self.expect("(")
        test = self.any_of()
        self._closes[opened] = self.at
        if self._closes.get(opened + 1) == self.at - 1:
            raise invalid("Invalid ConditionExpression: The expression has redundant parentheses;")
        self.expect(")")
        return test

    def _comparison(self) -> Test:
        begins = self.at
        one = self._operand()
        first, sign = self.tokens[begins : self.at], self.token
        if sign in EQUAL:
            self.take()
            return equal(one, EQUAL[sign], self._other(first))
        if sign in ORDER:
            self.take()
            return ordered(one, sign, self._other(first))
        if self.accept("BETWEEN"):
            low = self._other(first)
            self.expect("AND")
            return between(one, low, self._other(first))
        if self.accept("IN"):
            return among(one, self._list(first))
        raise self.lost("a comparison")

    def _operand(self) -> Operand:
        if self.token == "size" and self.tokens[self.at + 1 : self.at + 2] == ["("]:
            self.at += 2
            size = sized(at(self.path()))
            self.expect(")")
            return size
        return self.operand()

    def _other(self, first: list[str]) -> Operand:
        """An operand that is not the first one once more."""
        begins = self.at
        operand = self._operand()
        if self.tokens[begins : self.at] == first and not first[0].startswith(":"):
            raise invalid("Invalid ConditionExpression: The first operand must be distinct from the remaining operands")
        return operand

    def _list(self, first: list[str]) -> list[Operand]:
        self.expect("(")
        members = [self._other(first)]
        while self.accept(","):
            members.append(self._other(first))
        self.expect(")")
        if len(members) > MOST_IN_A_LIST:
            raise Unknown(f"IN with {len(members)} operands")
        return members

    def _exists(self) -> Test:
        operand = at(self.path())
        return lambda scope: operand(scope) is not None

    def _not_exists(self) -> Test:
        operand = at(self.path())
        return lambda scope: operand(scope) is None

    def _of_type(self) -> Test:
        operand = at(self.path())
        self.expect(",")
        return of_type(operand, Literal(self.value()))

    def _begins(self) -> Test:
        return begins_with(*self._two_operands())

    def _contains(self) -> Test:
        return contains(*self._two_operands())

    def _two_operands(self) -> tuple[Operand, Operand]:
        begins = self.at
        operand, first = at(self.path()), self.tokens[begins : self.at]
        self.expect(",")
        return operand, self._other(first)

    _functions = {
        "attribute_exists": _exists,
        "attribute_not_exists": _not_exists,
        "attribute_type": _of_type,
        "begins_with": _begins,
        "contains": _contains,
    }
