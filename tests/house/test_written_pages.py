"""Pages that say what is there say all of it: threats, errors, decisions."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from botocore import exceptions

from chalicelib import aws_errors, errors
from docs import architecture, clauses, decisions, syntax, threats
from docs.clauses import TAG
from ducat_cdk.bytecode import RUNTIMES
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.package import PYTHON
from models.steps import STEPS
from tests.each import each
from tests.house.source import FENCE, ROOT, text

DOCS = ROOT / "docs"
UNREACHED = (exceptions.HTTPClientError, exceptions.ConnectionError)
PAGES = tuple(sorted(path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"))))


def headings(name, level):
    """The headings of one level on a page of docs/."""
    return re.findall(
        rf"^{'#' * level} (.+)$", FENCE.sub("", text(DOCS.joinpath(name).relative_to(ROOT))), re.MULTILINE
    )


@each("path", [pytest.param(path, id=str(path)) for path in PAGES])
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
    number = ("one", "two", "three", "four", "five", "six", "seven", "eight")[len(words) - 1]
    assert f" {number} words are our own" in " ".join(text(Path("docs/reference/glossary.md")).lower().split())
    code = "\n".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    assert [word for word in words if not re.search(rf"\b{word.replace(' ', '_')}", code)] == []


def test_the_architecture_has_words_for_each_step_and_no_other():
    assert [step.name for step in STEPS] == list(architecture.DOING)
    functions = {name for who, _ in architecture.DOING.values() for name in who.split(", ")}
    assert functions <= {function.name for function in FUNCTIONS}


def test_a_package_that_says_nothing_of_itself_fails_the_architecture():
    with pytest.raises(LookupError):
        architecture._first_line("x = 1", "package")


def codes():
    """Every registered error code of errors.py."""
    return {kind.error for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "error")}


def test_every_error_code_has_its_section_and_no_other_has_one():
    sections = headings("integrate/troubleshooting.md", 2)
    assert [one for one in sections if "_" in one] == sorted(codes(), key=sections.index)


def said(node):
    """A text of the code, with `…` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def fits(quoted, text_of_code):
    """Whether a page quotes that text; `…` stands for anything on either side."""
    return bool(pattern(quoted, ".+").search(text_of_code)) or bool(
        "…" in text_of_code and len(text_of_code) > 20 and pattern(text_of_code, ".*").fullmatch(quoted)
    )


@cache
def pattern(words, anything):
    return re.compile(anything.join(map(re.escape, words.split("…"))))


@cache
def texts():
    """Every text of the product's code."""
    return tuple({said(node) for path in (ROOT / "chalicelib").rglob("*.py") for node in syntax.nodes(path)} - {""})


@pytest.mark.parametrize("name", ["integrate/troubleshooting.md", "operate/troubleshooting.md"])
def test_what_a_page_quotes_of_an_answer_or_a_log_line_is_in_the_code(name):
    """The first column of its tables, where that is a sentence of ours."""
    rows = re.findall(r"^\| `([^`]+ [^`]+)` \|", text(Path("docs") / name), re.MULTILINE)
    assert len(rows) > 10
    plain = [re.sub(r"^(authorization_details|assertion): (?=.{4})", "", one) for one in rows]
    assert [one for one in plain if not any(fits(one, t) for t in texts())] == []


def test_what_a_runbook_quotes_of_a_log_line_is_in_the_code():
    """But what Lambda itself writes, commands and settings."""
    quoted = {" ".join(one.split()) for one in re.findall(r"`([^`]+)`", (DOCS / "alarms.toml").read_text())}
    lines = {one for one in quoted if re.fullmatch(r"[^{]+ [^{]+", one) and not one.startswith(("aws ", "POST "))}
    assert len(lines) > 4
    assert [one for one in lines - {"Task timed out"} if not any(fits(one, t) for t in texts())] == []


def test_no_text_of_an_error_has_a_character_that_a_description_must_not_have():
    """RFC 6749 5.2: %x20-21 / %x23-5B / %x5D-7E."""
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    every = (node for path in (ROOT / "chalicelib").rglob("*.py") for node in syntax.nodes(path))
    calls = [node for node in every if isinstance(node, ast.Call) and node.args]
    made = [said(call.args[0]) for call in calls if isinstance(call.func, ast.Name) and call.func.id in kinds]
    assert len(made) > 100
    assert [one for one in made if not re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e…]*", one)] == []


def test_a_quote_that_no_code_has_is_noticed():
    assert fits("its iat is more than … seconds ago", "its iat is more than … seconds ago")
    assert not [t for t in texts() if fits("its aud is an endpoint of ours", t)]
    assert not [t for t in texts() if fits("this client may … everything", t)]


def test_the_codes_of_aws_that_pass_by_themselves_are_said_to():
    """A code in a row of 503 is one that the code takes for passing, or stands for no answer; one in a row of 500 is not."""
    table = re.findall(r"^\| (`.+`) \| (50[03]) \|", text(Path("docs/operate/troubleshooting.md")), re.MULTILINE)
    status = {code: int(number) for codes, number in table for code in re.findall(r"`(\w+)`", codes)}
    assert len(status) > 10
    no_answer = {name for name in status if issubclass(getattr(exceptions, name, Exception), UNREACHED)}
    assert {name for name, number in status.items() if number == 503} == (
        status.keys() & aws_errors.PASSING
    ) | no_answer


def test_the_versions_of_python_are_those_that_the_checks_run_on():
    page = text(Path("docs/reference/compatibility.md"))
    tried = re.search(r"python: \[(.*)\]", (ROOT / ".github/workflows/ci.yml").read_text()).group(1).replace('"', "")
    assert f"| Python, laptop and operator | {tried} " in page
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert least == f">={tried.split(', ')[0]}"
    others = " and ".join(version for version in RUNTIMES if version != PYTHON)
    assert f"| Python, on Lambda | {PYTHON} on arm64. `python -m ducat_cdk.package --python` takes {others} too" in page


def test_the_specifications_are_those_whose_clauses_are_cited():
    page = text(Path("docs/reference/compatibility.md"))
    cited = {clauses.specification(tag) for tag in {*clauses.in_code(), *clauses.in_tests()} if listed(tag)}
    rfcs = [number for number in clauses.RFCS if clauses.SPELT.get(number, f"RFC{number}") in cited]
    assert re.findall(r"\[(\d{4})\]\(https://www\.rfc-editor\.org", page) == sorted(rfcs)
    others = [
        clauses.SPECIFICATIONS[name][0] for name in cited if not clauses.SPECIFICATIONS[name][0].startswith("RFC ")
    ]
    words = [re.sub(r"^(OpenID Connect|OAuth 2\.0) | \((as|draft).*\)$", "", title) for title in others]
    assert [one for one in words if one not in page] == []


def listed(tag):
    """Whether a tag is of a specification that the pages know."""
    return TAG.fullmatch(tag).group(1) in clauses.SPECIFICATIONS


def test_each_decision_has_its_number_a_date_and_a_state_and_the_later_one_is_there():
    found = decisions.decisions()
    assert [int(one.file[:4]) for one in found] == list(range(1, len(found) + 1))
    assert [one.date for one in found] == sorted(one.date for one in found)
    later = {
        one.file: [n for n in one.by if n <= one.file[:4] or not list(decisions.DECISIONS.glob(f"{n}-*"))]
        for one in found
    }
    assert {file: wrong for file, wrong in later.items() if wrong} == {}


@pytest.mark.parametrize(
    "head",
    [
        "# 7. T\n\n## Context\n",
        "# 7. T\n\n**Date** 2026-11-25. **State** rejected.\n",
        "# 8. T\n\n**Date** 2026-11-25. **State** accepted.\n",
        "# 7. T\n\n**Date** 2026-11-25. **State** superseded by another.\n",
        "# 7. T\n\n**Date** 2026-11-25. **State** superseded by [0026](0027-x.md).\n",
    ],
)
def test_a_decision_without_them_fails_the_index(head):
    with pytest.raises(LookupError):
        decisions._read("0007-t.md", head)


ADDED = dict(
    re.findall(r"^## (Add [^\n]+)\n\n(.*?)(?=\n## |\Z)", text(Path("CONTRIBUTING.md")), re.MULTILINE | re.DOTALL)
)


def test_contributing_says_how_to_add_each_kind_of_thing():
    kinds = ("an endpoint", "a grant type", "a profile", "a store", "a type of authorization details")
    assert tuple(ADDED) == tuple(f"Add {kind}" for kind in kinds)


@pytest.mark.parametrize("kind", ADDED)
def test_each_file_that_an_addition_touches_is_there_and_has_the_example_in_it(kind):
    """So the list is what the last addition of that kind took, and not what somebody remembers of it."""
    example = re.search(r"[Ll]ook at `(\w+)`", ADDED[kind]).group(1).replace("_", "[-_]?")
    files = re.findall(r"^\| `([^`]+)` \|", ADDED[kind], re.MULTILINE)
    assert len(files) > 3
    assert [one for one in files if not re.search(example, f"{one}\n{(ROOT / one).read_text()}", re.IGNORECASE)] == []


def test_the_limits_of_size_that_contributing_states_are_those_of_the_test():
    page = " ".join(text(Path("CONTRIBUTING.md")).split())
    said = re.search(r"fewer than (\d+) lines, a file fewer than (\d+), a function at most (\d+)", page)
    assert tuple(map(int, said.groups())) == limits()


def limits():
    """Of an endpoint, a file and a function."""
    found = re.search(r"= (\d+), (\d+), (\d+)$", (ROOT / "tests/house/test_style.py").read_text(), re.MULTILINE)
    return tuple(map(int, found.groups()))


@cache
def members():
    """What can be named as `module.name` or `Class.name` in the product."""
    found = set()
    for path in (ROOT / "chalicelib").rglob("*.py"):
        classes = ((n.name, n) for n in syntax.nodes(path) if isinstance(n, ast.ClassDef))
        owners = [(path.stem, syntax.tree(path)), *classes]
        for owner, node in owners:
            for one in node.body:
                targets = getattr(one, "targets", [getattr(one, "target", one)])
                found |= {f"{owner}.{getattr(t, 'id', getattr(t, 'name', ''))}" for t in targets}
    return found


FILES = ("py", "md", "json", "toml", "pem", "crt", "txt", "css", "js", "pml", "example", "log", "html")


@each("path", [pytest.param(one, id=one.name[:4]) for one in PAGES if "decisions" in one.parts])
def test_a_decision_names_what_the_code_has(path):
    named = re.findall(r"`([A-Za-z_]+\.[a-z_]+)`", text(path))
    ours = [one for one in named if one.rpartition(".")[2] not in FILES]
    assert [one for one in ours if one not in members()] == []
