"""The pages of client libraries show the programs of tests/client_libraries, and name the versions that these are pinned to."""

import json
import re

import pytest

from tests.house.source import FENCE, ROOT

PAGES = tuple(sorted((ROOT / "docs/integrate/clients").glob("*.md")))
RECIPES = ROOT / "tests/client_libraries/recipes"
SHOWN = re.compile(r"^`(tests/client_libraries/recipes/[^`\n]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = ("sh", "")
NOT_SHOWN = frozenset({"new_client.py", "package.json", "package-lock.json", "go/go.sum"})
"""What makes a client to try with, and what pins packages: the pages say how to install them."""


def shown():
    return [found for page in PAGES for found in SHOWN.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_program_on_a_page_is_a_files_own_text(page):
    text = page.read_text(encoding="utf-8")
    programs = [code for _, language, code in FENCE.findall(text) if language not in COMMANDS]
    assert programs == [code for _, code in SHOWN.findall(text)]
    for name, code in SHOWN.findall(text):
        assert code == (ROOT / name).read_text(encoding="utf-8"), name


def test_each_program_is_shown_on_one_page():
    files = {path.relative_to(RECIPES).as_posix() for path in RECIPES.rglob("*.*") if "__pycache__" not in path.parts}
    names = [name.removeprefix("tests/client_libraries/recipes/") for name, _ in shown()]
    assert sorted(names) == sorted(files - NOT_SHOWN)


def test_the_pages_name_the_versions_that_are_pinned():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    node = json.loads((RECIPES / "package.json").read_text(encoding="utf-8"))["dependencies"]
    pinned = [f"{name} {version}" for name, version in node.items() if not version.startswith("npm:")]
    pinned += re.findall(r"^\t(?=\S+/)(\S+ v\S+)$", (RECIPES / "go/go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    for pom in RECIPES.rglob("pom.xml"):
        pinned += [
            " ".join(found)
            for found in re.findall(
                r"<artifactId>(.*?)</artifactId>\s*<version>(\d+\.[\d.]+)</version>", pom.read_text("utf-8")
            )
        ]
    requirements = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    pinned += [
        f"{name} {version}"
        for name in ("Authlib", "joserfc")
        for version in re.findall(rf"^{name}==(\S+)", requirements, re.MULTILINE | re.IGNORECASE)
    ]
    assert len(pinned) == len(node) - 1 + 3 + 2 + 2
    assert [one for one in pinned if one not in text] == []
