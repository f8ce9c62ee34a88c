"""Pages that say what is there say all of it: threats, errors, decisions."""

import re
from pathlib import Path

import pytest

from docs import architecture, threats
from infra.functions import FUNCTIONS
from models.steps import STEPS
from tests.house.source import FENCE, ROOT, text

DOCS = ROOT / "docs"
PAGES = tuple(sorted(path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"))))


def headings(name, level):
    """The headings of one level on a page of docs/."""
    return re.findall(
        rf"^{'#' * level} (.+)$", FENCE.sub("", text(DOCS.joinpath(name).relative_to(ROOT))), re.MULTILINE
    )


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_no_table_is_cut_in_two(path):
    """A blank line within a table makes plain text of the rows behind it."""
    blocks = FENCE.sub("", text(path)).split("\n\n")
    tables = [block.strip("\n").split("\n") for block in blocks if block.lstrip("\n").startswith("|")]
    assert [lines[0] for lines in tables if len(lines) < 2 or not re.fullmatch(r"[|:\- ]+", lines[1])] == []


def test_the_threat_model_has_every_attacker_and_every_section():
    named = [
        name
        for heading in headings("reference/threat-model.md", 3)
        for name in re.findall(r"^\[?(A?\d\w*(?:\.\d+)?)", heading)
    ]
    attackers = ["A1", "A1a", "A2", "A3a", "A3b", "A4", "A5", "A8"]
    assert named == [*attackers, *(f"4.{number}" for number in range(1, 18))]


@pytest.mark.parametrize("name", ["test_that_nobody_wrote", "test_another_client_can_not_use_it"])
def test_a_threat_names_one_test(name):
    """None of that name, or one in two files: the page is not made."""
    with pytest.raises(LookupError):
        threats._test(name)


def test_a_threat_cites_clauses_that_code_cites():
    with pytest.raises(LookupError):
        threats._code(["RFC9700-4.99"])


def test_the_glossary_has_at_most_eight_words_and_each_is_one_of_the_code():
    words = re.findall(r"^\| ([a-z ]+) \|", text(Path("docs/reference/glossary.md")), re.MULTILINE)
    assert 0 < len(words) <= 8
    code = "\n".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    assert [word for word in words if not re.search(rf"\b{word.replace(' ', '_')}", code)] == []


def test_the_architecture_has_words_for_each_step_and_no_other():
    assert [step.name for step in STEPS] == list(architecture.DOING)
    functions = {name for who, _ in architecture.DOING.values() for name in who.split(", ")}
    assert functions <= {function.name for function in FUNCTIONS}


def test_a_package_that_says_nothing_of_itself_fails_the_architecture():
    with pytest.raises(LookupError):
        architecture._first_line("x = 1", "package")
