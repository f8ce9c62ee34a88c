"""What the product is written in: its files and its documents, and what stands in them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from docs import syntax

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "chalicelib"

FILES = tuple(sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py")))
"""Every Python file that ships, but app.py."""

ENDPOINTS = tuple(path for path in FILES if path.parent.name == "endpoints" and path.name != "__init__.py")

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def tree(path: Path) -> ast.Module:
    return syntax.tree(ROOT / path)


def blocks(page: Path, language: str) -> list[str]:
    """A document's examples in a language."""
    return [code for _, named, code in FENCE.findall(text(page)) if named == language]


def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything that stands in a file."""
    return syntax.nodes(ROOT / path)


@cache
def functions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    """Every function of a file, methods and nested ones too."""
    return tuple(node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def classes(path: Path) -> tuple[ast.ClassDef, ...]:
    """Every class of a file."""
    return tuple(node for node in nodes(path) if isinstance(node, ast.ClassDef))


def lines_of_code(node: ast.Module | ast.stmt, source: str) -> int:
    """Lines that do something: no blanks, no comments, no docstrings."""
    said = {
        number
        for inner in ast.walk(node)
        if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant) and isinstance(inner.value.value, str)
        for number in range(inner.lineno, (inner.end_lineno or inner.lineno) + 1)
    }
    lines = source.splitlines()
    first, last = (1, len(lines)) if isinstance(node, ast.Module) else (node.lineno, node.end_lineno or node.lineno)
    rest = (n for n in range(first, last + 1) if n not in said)
    return sum(1 for n in rest if lines[n - 1].strip() and not lines[n - 1].lstrip().startswith("#"))
