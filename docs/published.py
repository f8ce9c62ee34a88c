"""The corpus of faults that others published: what stands in docs/reference/published.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs import syntax
from docs.clauses import ROOT

CORPUS = ROOT / "tests" / "attacks" / "published"
MARKER = "pytest.mark.published"

ADDRESSES = (
    ("CVE-", "https://www.cve.org/CVERecord?id={}"),
    ("GHSA-", "https://github.com/advisories/{}"),
    ("PYSEC-", "https://osv.dev/vulnerability/{}"),
    ("RFC ", "https://www.rfc-editor.org/info/rfc{}"),
    ("issue ", "https://github.com/keycloak/keycloak/issues/{}"),
    ("v9", "https://github.com/panva/node-oidc-provider/blob/main/CHANGELOG.md"),
    ("after v1", "https://github.com/libraz/go-oidc-provider/blob/main/CHANGELOG.md"),
    ("ASG-", "https://github.com/wso2/docs-security"),
)
"""Where a source can be read, by how it begins."""


@dataclass(frozen=True)
class Published:
    """One fault. `sources`: project and advisory or release, each. `fault`: in our words, the docstring of the test."""

    sources: tuple[tuple[str, str], ...]
    fault: str
    path: str
    test: str


def corpus() -> list[Published]:
    """Every test of the corpus, in the order of the files."""
    return [found for path in sorted(CORPUS.glob("test_*.py")) for found in _of(path)]


def page() -> str:
    """The page: number, fault, source, test."""
    rows = [
        f"| {number} | {one.fault} | {'; '.join(f'{project}, {_linked(source)}' for project, source in one.sources)} "
        f"| [{one.path.rpartition('/')[2]}](../../{one.path}) `{one.test}` |"
        for number, one in enumerate(corpus(), 1)
    ]
    sources = {source for one in corpus() for _, source in one.sources}
    said = [
        "# Faults that others published\n",
        "Written by `make docs` from the code; changes here are lost.\n",
        "Security faults that providers, client libraries and specifications published in 2025 and 2026, in our words. Each is "
        "tried on this provider, by a test through its endpoints that would fail if the fault were there. "
        f"{len(rows)} tests for {len(sources)} sources.\n",
        "| | The fault | Source | Tried by |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
    ]
    return "\n".join(said)


def _of(path: Path) -> Iterator[Published]:
    for node in syntax.tree(path).body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        sources = tuple(
            (str(ast.literal_eval(call.args[0])), str(ast.literal_eval(call.args[1])))
            for call in node.decorator_list
            if isinstance(call, ast.Call) and ast.unparse(call.func) == MARKER
        )
        yield Published(sources, ast.get_docstring(node) or "", path.relative_to(ROOT).as_posix(), node.name)


def _linked(source: str) -> str:
    name = source.partition(":")[0]
    for begins, address in ADDRESSES:
        if name.startswith(begins):
            return f"[{source}]({address.format(name.removeprefix('RFC ').removeprefix('issue '))})"
    return source
