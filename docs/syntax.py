"""The syntax trees of the project's files, each made once a process."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path


def tree(path: Path) -> ast.Module:
    """What stands in a file, as it was when it was first looked at."""
    return _tree(path.absolute())


@cache
def _tree(path: Path) -> ast.Module:
    # A tree has no circles, and the collector, which many new objects call, takes four fifths of the time.
    ran = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        if ran:
            gc.enable()


def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything that stands in a file."""
    return _nodes(path.absolute())


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(path)))
