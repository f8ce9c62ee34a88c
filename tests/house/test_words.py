"""Names are the field's words, or everyday words of programming: those that mean everything at once name nothing of ours."""

import ast

from docs import syntax
from tests.house.source import ROOT

FOLDERS = ("chalicelib", "local", "ducat_cdk", "ducat_admin", "conformance", "benchmarks", "docs", "models", "tests")
AVOIDED = frozenset(
    {
        *(
            "asked",
            "ask",
            "asks",
            "asking",
            "heard",
            "hear",
            "told",
            "place",
            "chance",
            "vouched",
            "stranger",
            "room",
            "door",
        ),
        *("front_door", "keeper", "needs"),
    }
)


def defined(nodes):
    """The names that a module defines: functions, classes, parameters, variables, attributes."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname


def avoided(nodes):
    return {name for name in defined(nodes) if name.strip("_").lower() in AVOIDED or name == "Gone"}


def test_no_name_of_ours_is_a_word_that_means_everything():
    found = {
        str(path.relative_to(ROOT)): names
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts and (names := avoided(syntax.nodes(path)))
    }
    assert found == {}


def test_each_kind_of_name_is_looked_at():
    source = "def ask(told, *, place):\n    heard = chance.room = None\nclass Keeper: ...\nimport x as door\n"
    assert avoided(ast.walk(ast.parse(source))) == {"ask", "told", "place", "heard", "room", "Keeper", "door"}
