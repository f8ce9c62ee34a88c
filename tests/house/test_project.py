"""What the project is to those who use it as a package, and to those who must answer for what is in it."""

import importlib.machinery
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

from docs import generate, licences

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SUBJECT = importlib.machinery.SourceFileLoader("subject", str(ROOT / ".ci" / "subject"))


def test_every_packages_licence_is_allowed_where_it_is_used():
    found = list(licences.packages())
    assert {one.file for one in found} == set(licences.ALLOWED)
    assert [one for one in found if not one.allowed] == []


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("MIT AND (MPL-2.0 OR GPL-3.0-only)", False),
        ("MPL-2.0", False),
        ("not known: it says none", False),
    ],
)
def test_a_licence_that_binds_is_not_allowed_in_what_ships(licence, allowed):
    assert licences.Package("x", "1", "requirements.txt", licence).allowed is allowed


def test_the_licence_is_apaches_own_text():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["license"] == "Apache-2.0"


def test_the_version_stands_in_one_place_and_the_changelog_is_cut_for_it():
    version = PROJECT["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d.*?)\]", changelog, re.MULTILINE)[0] == version
    others = [
        path
        for folder in ("chalicelib", "ducat_admin", "ducat_cdk", "local", "docs/operate", "docs/try", "docs/integrate")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".py", ".md")
        and re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", path.read_text("utf-8"))
    ]
    assert others == []


def test_a_wheel_needs_what_ships_and_chalice():
    request_parameters = [
        line for line in (ROOT / "requirements.in").read_text(encoding="utf-8").split("\n") if line[:1].isalpha()
    ]
    assert sorted(PROJECT["dependencies"]) == sorted([*request_parameters, "chalice"])


@pytest.mark.parametrize(
    ("message", "fits"),
    [
        ("keys: ignore what is broken\n\nBecause.", True),
        ("x" * 72, True),
        ("x" * 73, False),
        ("", False),
        ("subject\nbody", False),
    ],
)
def test_a_subject_fits_into_72_characters(message, fits):
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("subject", SUBJECT))
    SUBJECT.exec_module(module)
    assert (module.problem(message) is None) is fits


def test_a_generated_page_that_is_stale_is_named(monkeypatch, capsys):
    """`python -m docs.generate --check`, which a commit runs."""
    monkeypatch.setattr(generate, "PAGES", {"licences.md": lambda: "another text"})
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    assert generate.main() == 1
    assert capsys.readouterr().err == "docs/reference/licences.md\n"


def test_the_folders_that_make_names_are_there():
    """One that was renamed would only be missed by whoever runs that command."""
    named = set(
        re.findall(r"\b(?:tests|models|docs)/[a-z_/]+(?:\.\w+)?", (ROOT / "Makefile").read_text(encoding="utf-8"))
    )
    assert "tests/specs" in named
    assert [one for one in sorted(named) if not (ROOT / one).exists()] == []
