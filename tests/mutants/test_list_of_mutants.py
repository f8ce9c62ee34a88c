"""The list of mutations fits the code that it changes, and nothing that is promised lacks one. Nothing is run here."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs import clauses, fapi1
from docs.clauses import TAG
from tests.mutants.__main__ import ROW
from tests.mutants.mutation import HERE, ROOT, Stale, mutated, mutations, promises, together
from tests.mutants.runner import WIDE

PORTS = (
    "stores",
    "passkey_stores",
    "second_factor_stores",
    "revocation_stores",
    "session_stores",
    "sweeping_stores",
    "signing_keys",
)
BROKEN = {name for one in mutations() for name in one.breaks}


@cache
def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def named_in(path: str) -> set[str]:
    """Every function and class of a file of tests, as pytest names it."""
    found, within = set(), ""
    for kind, name in re.findall(r"^(def |class |    def )(\w+)", source(path), re.MULTILINE):
        within = name if kind == "class " else within
        found.add(f"{within}::{name}" if kind == "    def " else name)
    return found


def is_there(test: str) -> bool:
    """Whether a test that a mutation or the page names is there; a file stands for all of its tests."""
    file, _, name = test.partition("::")
    return (ROOT / "tests" / file).is_file() and (not name or name in named_in(f"tests/{file}"))


def verbs() -> Iterator[str]:
    """Every verb of every store's port, as `Tokens.keep`."""
    for node in (node for name in PORTS for node in ast.parse(source(f"chalicelib/storage/{name}.py")).body):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
            yield from (f"{node.name}.{verb.name}" for verb in node.body if isinstance(verb, ast.FunctionDef))


def is_a_clause(name: str) -> bool:
    try:
        return bool(TAG.fullmatch(name) and clauses.specification(name))
    except LookupError:
        return False


def test_every_mutation_changes_what_is_there_once() -> None:
    problems = []
    for one in mutations():
        try:
            assert one.applied(source(one.file)) != source(one.file), f"{one.name} changes nothing"
        except (Stale, OSError) as problem:
            problems.append(f"{one.name}: {problem}")
    assert problems == []


def test_no_mutation_names_what_is_not_there(tmp_path: Path) -> None:
    """A test that notices a NameError would have noticed nothing of the rule."""
    for one in mutations():
        (tmp_path / f"{one.name}.py").write_text(one.applied(source(one.file)))
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--select",
        "F821",
        "--quiet",
        str(tmp_path),
    ]
    found = subprocess.run([*command, "--output-format", "concise"], capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_every_mutation_is_of_the_product() -> None:
    assert {one.file.partition("/")[0] for one in mutations()} <= {"chalicelib", "local", "ducat_admin", "app.py"}


def test_every_test_that_a_mutation_names_is_there() -> None:
    named = {one.name: [test for test in one.tests if not is_there(test)] for one in mutations()}
    assert {name: missing for name, missing in named.items() if missing or not named} == {}
    assert all(one.tests for one in mutations())


def test_every_rule_is_a_sentence() -> None:
    assert [one.name for one in mutations() if " " not in one.rule or one.rule[-1] != "."] == []


def test_every_promise_stands_in_its_page_in_these_words() -> None:
    gone = []
    for name, words in promises().items():
        page = f"docs/integrate/{name.partition('.')[0]}.md"
        if words not in " ".join(source(page).split()):
            gone.append(f"{name}: {words}")
    assert gone == []


def test_every_promise_is_broken_by_a_mutation() -> None:
    assert [name for name in promises() if name not in BROKEN] == []


def test_every_verb_of_a_store_is_broken_by_a_mutation() -> None:
    found = list(verbs())
    assert len(found) > 30
    assert [verb for verb in found if verb not in BROKEN] == []


def test_every_row_of_fapi_1_that_code_cites_is_broken_by_a_mutation() -> None:
    assert [row.name for row in fapi1.rows() if not row.uncited and not BROKEN & set(row.tags)] == []


def test_what_a_mutation_breaks_is_a_promise_a_verb_or_a_clause() -> None:
    known = {*promises(), *verbs()}
    assert {name for name in BROKEN if name not in known and not is_a_clause(name)} == set()


def test_the_page_has_every_mutation_with_its_rule_and_a_test_that_is_there() -> None:
    rows = ROW.findall(source("docs/reference/mutants.md"))
    assert [row[:2] for row in rows] == [(one.name, one.rule) for one in mutations()], "stale: run make mutants"
    noticed = {name: re.fullmatch(r"\[(.+)\]\(.+\) `(.+)`", cell) for name, _, cell in rows}
    assert [name for name, found in noticed.items() if found is None] == []
    tests = {name: f"{found[1]}::{found[2].replace(' ', '::')}" for name, found in noticed.items() if found}
    assert [name for name, test in tests.items() if not is_there(test)] == []


# The runner's own parts.


def test_a_text_that_stands_twice_or_not_at_all_is_an_error() -> None:
    one = mutations()[0]
    with pytest.raises(Stale, match="2 times"):
        one.applied(one.text * 2)
    with pytest.raises(Stale, match="0 times"):
        one.applied("")


def test_mutations_of_one_text_are_never_applied_together() -> None:
    alike = [one for one in mutations() if one.file == "chalicelib/storage/dynamodb/grants.py"]
    groups = together(alike)
    assert len(groups) > 1
    assert sorted(one.name for group in groups for one in group) == sorted(one.name for one in alike)
    for group in groups:
        mutated(group)


def test_the_lists_are_all_read() -> None:
    listed = sum(
        len(re.findall(r"^\[[a-z0-9-]+\]$", path.read_text(), re.MULTILINE)) for path in HERE.glob("list/*.toml")
    )
    assert listed == len(mutations()) > 60


def test_what_a_mutation_meets_besides_its_own_tests_is_there() -> None:
    """A folder that was renamed made pytest refuse every run, of any mutation."""
    assert [name for name in WIDE if not (ROOT / "tests" / name).exists()] == []
