"""The threat model: docs/reference/threat-model.md, from the rows of docs/threats.toml, the code and the tests.

A test is named by its function. One that is not there, or that stands in two files, is an error, so that a row can't outlive it.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from docs import clauses, syntax
from docs.clauses import ROOT

ROWS = ROOT / "docs" / "threats.toml"
CODE = "chalicelib/"


@dataclass(frozen=True)
class Threat:
    """One row.

    `clauses`: code that cites one of them is shown.
    `tests`: names of tests.
    `pages`: of docs/, where it is described.
    `open`: what does not stand against it; empty where nothing is known.
    """

    name: str
    title: str
    threat: str
    stands: str
    clauses: tuple[str, ...]
    tests: tuple[str, ...]
    pages: tuple[str, ...]
    open: str


def page() -> str:
    """The page. Raises LookupError for a test, page or clause that is not there."""
    said = [
        "# Threat model\n",
        "Written by `make docs` from `docs/threats.toml`, the code and the tests; changes here are lost.\n",
        "For whoever has to judge the security of this provider: each threat, what stands against it here, and what does "
        "not. A threat that a client or the bank must meet is said to be theirs. Each named test fails if what stands "
        "beside it does not hold. Faults that others published are in [a list of their own](published.md), and the checks "
        "of each endpoint in [checks](checks.md). How to report a fault: [SECURITY.md](../../SECURITY.md).\n",
        "Not considered here, as in FAPI's own model: broken cryptography or TLS, a person's browser or phone that the attacker "
        "controls, the bank's AWS account in wrong hands, and how the bank proves who its customers are.\n",
    ]
    for section in tomllib.loads(ROWS.read_text(encoding="utf-8"))["section"]:
        said += [f"## {section['title']}\n", _one_line(section["words"]) + "\n"]
        if not section["address"].endswith("-") and section["address"]:
            said.append(f"Source: {section['address']}\n")
        said += [_shown(row, section["address"]) for row in _rows(section)]
    return "\n".join(said)


@cache
def tests() -> Mapping[str, tuple[str, ...]]:
    """The files in which each test is, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in syntax.nodes(path):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[node.name] = (*found.get(node.name, ()), path.relative_to(ROOT).as_posix())
    return found


def _rows(section: Mapping[str, Any]) -> Iterable[Threat]:
    for row in section["row"]:
        name, title, threat, stands, left = (
            _one_line(row[key]) for key in ("name", "title", "threat", "stands", "open")
        )
        cited, tested, pages = (tuple(row[key]) for key in ("clauses", "tests", "pages"))
        yield Threat(name, title, threat, stands, cited, tested, pages, left)


def _shown(row: Threat, address: str) -> str:
    name = f"[{row.name}]({address}{row.name})" if address.endswith("-") else row.name
    if not row.tests:
        raise LookupError(f"{row.name} names no test")
    parts = {
        "Threat": row.threat,
        "Stands against it": row.stands,
        "Code": ", ".join(_code(row.clauses)),
        "Tests": ", ".join(map(_test, row.tests)),
        "More": ", ".join(map(_page, row.pages)),
        "Open": row.open or "nothing that we know of",
    }
    heading = f"### {name} {row.title}".strip()
    return heading + "\n\n| | |\n| --- | --- |\n" + "".join(f"| {k} | {v} |\n" for k, v in parts.items() if v)


def _code(tags: Iterable[str]) -> list[str]:
    """Links to the product's files that cite a clause. Raises LookupError where none cites it."""
    cited = clauses.in_code()
    files: set[str] = set()
    for tag in tags:
        own = {location.path for location in cited.get(tag, ()) if location.path.startswith(CODE)}
        if not own:
            raise LookupError(f"no code cites {tag}")
        files |= own
    return [f"[{path.removeprefix(CODE)}](../../{path})" for path in sorted(files)]


def _test(name: str) -> str:
    files = tests().get(name, ())
    if len(files) != 1:
        raise LookupError(f"{name} is in {len(files)} files, not in one")
    return f"[{name}](../../{files[0]})"


def _page(name: str) -> str:
    if not Path(ROOT / "docs" / name).exists():
        raise LookupError(name)
    return f"[{name}](../{name})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
