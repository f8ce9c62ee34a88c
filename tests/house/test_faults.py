"""Each fault that use from outside found has a test that fails where it comes back (tests/faults.toml)."""

import ast
import tomllib
from functools import cache

import pytest

from docs import syntax
from tests.house.source import ROOT

LISTED = tomllib.loads((ROOT / "tests" / "faults.toml").read_text(encoding="utf-8"))


@cache
def marked():
    """The files with tests that are marked with a fault, one by one or as a whole, by its number."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in numbers_in(syntax.nodes(path)):
            found.setdefault(number, []).append(str(path.relative_to(ROOT)))
    return found


def numbers_in(nodes):
    """Of each pytest.mark.fault("1a") the number."""
    calls = (node for node in nodes if isinstance(node, ast.Call))
    return [ast.literal_eval(*call.args) for call in calls if ast.unparse(call.func) == "pytest.mark.fault"]


def test_every_fault_has_a_test():
    assert [number for number in LISTED if number not in marked()] == []


def test_every_marker_names_a_fault_of_the_list():
    assert {number: where for number, where in marked().items() if number not in LISTED} == {}


@pytest.mark.parametrize(
    ("source", "numbers"),
    [
        ('@pytest.mark.fault("1a")\n@pytest.mark.fault("1b")\ndef test(): pass', ["1a", "1b"]),
        ('pytestmark = pytest.mark.fault("7")', ["7"]),
        ('@pytest.mark.clause("PAR-2.1")\ndef test(): "1a"', []),
    ],
)
def test_a_marker_is_read_from_the_source(source, numbers):
    assert sorted(numbers_in(ast.walk(ast.parse(source)))) == numbers
