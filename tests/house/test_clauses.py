"""Every MUST has a clause tag, a line and a test; and docs/reference says what the code says."""

import ast
import re
from functools import cache

import pytest

from docs import clauses, fapi1
from docs.clauses import TAG
from docs.generate import PAGES, REFERENCE
from tests.each import each

written = cache(lambda name: PAGES[name]())
"""A page as the code would write it now."""


def listed(tag):
    try:
        return bool(clauses.specification(tag))
    except LookupError:
        return False


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("x = 1  # RFC6749-3.1", ["RFC6749-3.1"]),
        (
            '"""DPOP-10.1: bound; PAR-2.1-2, FAPI2-SP-FINAL-5.3.2.1-8."""',
            ["DPOP-10.1", "PAR-2.1-2", "FAPI2-SP-FINAL-5.3.2.1-8"],
        ),
        ("# FAPI3-XX-1.2, OIDCR-3 and RFC1-1", ["FAPI3-XX-1.2", "OIDCR-3", "RFC1-1"]),
        ("SHA-256 HMAC-SHA-256 RSA-OAEP-256 P-256 RFC 9126 2.1", []),
    ],
)
def test_a_tag_is_noticed(line, tags):
    assert [match.group() for match in TAG.finditer(line)] == tags


def test_a_marker_is_noticed_on_a_test_a_class_and_a_case():
    source = """
@pytest.mark.clause("PAR-2.1")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.clause("PAR-2.2"))])
def test(x): ...
"""
    (function,) = ast.parse(source).body
    assert sorted(clauses._marked(function.decorator_list)) == ["PAR-2.1", "PAR-2.2"]


def test_a_place_is_named_by_the_innermost_thing_around_it():
    found = {location for locations in clauses.in_code().values() for location in locations}
    assert clauses.Citation("chalicelib/messages.py", "_once_each") in found
    assert clauses.Citation("chalicelib/profiles/fapi2_security.py", "FAPI2_SECURITY") in found


def test_every_clause_that_the_code_cites_is_shown_by_a_test():
    missing = [tag for tag in clauses.in_order(filter(listed, clauses.in_code())) if tag not in clauses.in_tests()]
    assert not missing, " ".join(missing)


@each("row", [pytest.param(row, id=row.name) for row in fapi1.rows()])
def test_every_row_of_fapi_1_is_cited_and_shown_or_says_why_not(row):
    assert row.uncited or any(tag in clauses.in_code() for tag in row.tags), "no code cites it"
    assert row.untested or any(tag in clauses.in_tests() for tag in row.tags), "no test shows it"


def test_no_row_of_fapi_1_has_a_reason_that_it_no_longer_needs():
    stale = [row.name for row in fapi1.rows() if row.untested and set(row.tags) & clauses.in_tests().keys()]
    stale += [row.name for row in fapi1.rows() if row.uncited and set(row.tags) & clauses.in_code().keys()]
    assert stale == []


def test_every_clause_of_fapi_1_that_is_cited_or_shown_has_a_row():
    provider = re.compile(r"FAPI1-(BASE|ADV)-(5\.2\.2[\d.]*|6\.2\.1|8[\d.]*)-\d+")
    rows = {tag for row in fapi1.rows() for tag in row.tags}
    assert {tag for tag in {*clauses.in_code(), *clauses.in_tests()} if provider.fullmatch(tag)} <= rows


def test_every_tag_is_of_a_specification_that_is_listed_in_its_one_spelling():
    locations = {
        tag: [f"{p.path} {p.name}" for p in (*clauses.in_code().get(tag, ()), *clauses.in_tests().get(tag, ()))]
        for tag in {*clauses.in_code(), *clauses.in_tests()}
    }
    assert {tag: where for tag, where in locations.items() if not listed(tag)} == {}


def test_every_test_of_a_clause_says_it_in_a_sentence():
    silent = {
        f"{p.path} {p.name}"
        for locations in clauses.in_tests().values()
        for p in locations
        if not p.sentence.endswith((".", "?"))
    }
    assert not silent, "\n".join(sorted(silent))


@each("name", PAGES)
def test_each_generated_page_is_as_the_code_would_write_it_now(name):
    assert (REFERENCE / name).read_text(encoding="utf-8") == written(name), "stale: run make docs"


@each("name", PAGES)
def test_each_generated_page_leads_to_files_that_are_there(name):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", written(name)) if not link.startswith("https://")]
    assert links
    assert not [link for link in links if not ((REFERENCE / name).parent / link.partition("#")[0]).exists()]


@each("name", PAGES)
def test_each_generated_page_names_no_line(name):
    assert not re.search(r"\.py(:\d|#L)", written(name))


def test_what_a_page_lists_is_all_there_is():
    from chalicelib.settings import variables
    from ducat_cdk.functions import FUNCTIONS

    assert re.findall(r"`(DUCAT_\w+)`", written("settings.md")) == variables()
    assert re.findall(r"^## (\w+)$", written("roles.md"), re.MULTILINE) == [row.name for row in FUNCTIONS]
    pages = written("clauses.md")
    assert [tag for tag in {*clauses.in_code(), *clauses.in_tests()} if listed(tag) and f"[{tag}](" not in pages] == []
