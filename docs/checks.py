"""Which checks run at which endpoint, read off the code: what stands between a request and its answer.

A check is a function that refuses: it raises an error that a caller sees. From each endpoint's `answer` the calls are followed
in the order in which they are written. A function that is handed on, or stands in a table, counts as called.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from chalicelib import errors
from docs import syntax
from docs.clauses import ROOT, TAG

PACKAGE = "chalicelib"
ENDPOINTS = ROOT / PACKAGE / "endpoints"
BEGINNINGS = ("answer", "decide")
WRAPPED = "the error that it was given"
REFUSALS = frozenset(
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.OAuthError)
)


@dataclass(frozen=True)
class Function:
    """A function of the product. `raises`: OAuth errors, in their order; `cites`: clauses."""

    module: str
    name: str
    line: int
    words: str
    raises: tuple[str, ...]
    cites: tuple[str, ...]

    @property
    def shown(self) -> str:
        """As a reader would look for it."""
        return f"{self.module.rpartition('.')[2]}.{self.name}"

    @property
    def path(self) -> str:
        """The file, from the root."""
        return self.module.replace(".", "/") + ".py"


@dataclass
class Module:
    """A file: its functions by name, what its names mean elsewhere, and tables of functions."""

    name: str
    source: list[str]
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    means: dict[str, str] = field(default_factory=dict)
    tables: dict[str, ast.expr] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)


@cache
def modules() -> Mapping[str, Module]:
    """Every module of the product, by its dotted name."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = _module(name, path)
    return found


@cache
def checks(endpoint: str) -> tuple[Function, ...]:
    """The checks of an endpoint, in the order in which they are reached; each once."""
    module = f"{PACKAGE}.endpoints.{endpoint}"
    seen: dict[tuple[str, str], None] = {}
    for beginning in BEGINNINGS:
        if beginning in modules()[module].functions:
            _follow(module, beginning, seen)
    every = (_function(*location) for location in seen)
    return tuple(one for one in every if one.raises)


def endpoints() -> list[str]:
    """Every endpoint that has a check."""
    names = sorted(path.stem for path in ENDPOINTS.glob("*.py") if path.stem != "__init__")
    return [name for name in names if checks(name)]


def page() -> str:
    """docs/reference/checks.md."""
    names = endpoints()
    by_check: dict[Function, dict[str, int]] = {}
    for name in names:
        for number, check in enumerate(checks(name), 1):
            by_check.setdefault(check, {})[name] = number
    said = [
        "# Checks\n",
        "Written by `make docs` from the code; changes here are lost.\n",
        "What stands between a request and its answer. A check is a function that refuses. A number says in which order an "
        "endpoint comes to it; some run only for some clients, as their profile and their record say.\n",
        "## By endpoint\n",
        "| Check | " + " | ".join(f"`{name}`" for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for check in sorted(by_check, key=lambda one: (one.module, one.line)):
        numbers = " | ".join(str(by_check[check].get(name, "")) for name in names)
        said.append(f"| [{check.shown}](../../{check.path}) | {numbers} |")
    said += ["\n## What each refuses\n", "| Check | What it is | Refuses with | Clauses |", "|---|---|---|---|"]
    for check in sorted(by_check, key=lambda one: (one.module, one.line)):
        raised = [getattr(errors, name).error for name in check.raises if name != "OAuthError"]
        codes = ", ".join(f"`{code}`" for code in dict.fromkeys(raised))
        said.append(
            f"| {check.shown} | {check.words} | {codes or 'the error of what it wraps'} | {', '.join(check.cites)} |"
        )
    return "\n".join(said) + "\n"


def _module(name: str, path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    module = Module(name, text.splitlines())
    for node in syntax.nodes(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                module.means[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in syntax.tree(path).body:
        if isinstance(node, ast.FunctionDef):
            module.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            module.classes.add(node.name)
            methods = (one for one in node.body if isinstance(one, ast.FunctionDef))
            module.functions.update({f"{node.name}.{one.name}": one for one in methods})
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            module.tables.update({one.id: node.value for one in targets if isinstance(one, ast.Name)})
    return module


@cache
def _function(module: str, name: str) -> Function:
    node = modules()[module].functions[name]
    lines = modules()[module].source[node.lineno - 1 : node.end_lineno]
    doc = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    raised = [one.exc for one in _own(node) if isinstance(one, ast.Raise) and one.exc is not None]
    names = [_error(modules()[module], one.func if isinstance(one, ast.Call) else one) for one in raised]
    cites = dict.fromkeys("-".join(tag) for line in lines for tag in TAG.findall(line))
    return Function(
        module,
        name,
        node.lineno,
        doc.split(" Raises ")[0].rstrip(),
        tuple(dict.fromkeys(one for one in names if one in REFUSALS)),
        tuple(cites),
    )


@cache
def _own(node: ast.AST) -> tuple[ast.AST, ...]:
    """What is in a function, in the order of its lines; types are left out."""
    found: list[ast.AST] = []
    _add_own(node, found)
    return tuple(found)


def _whole(node: ast.AST) -> tuple[ast.AST, ...]:
    return (node, *_own(node))


def _add_own(node: ast.AST, found: list[ast.AST]) -> None:
    types = [getattr(node, name, None) for name in ("annotation", "returns")]
    for child in ast.iter_child_nodes(node):
        if child not in types:
            found.append(child)
            _add_own(child, found)


def _error(module: Module, node: ast.expr) -> str:
    """The error's class; of a function that makes one, the class that it says it gives."""
    if isinstance(node, ast.Name) and node.id in module.functions:
        made = [(module.name, node.id)]
    else:
        made = list(_leads(module, _whole(node), set()))
    if made:
        location, name = made[0]
        returns = modules()[location].functions[name].returns
        return returns.id if isinstance(returns, ast.Name) else ""
    return node.id if isinstance(node, ast.Name) else ""


def _follow(module: str, name: str, seen: dict[tuple[str, str], None]) -> None:
    if (module, name) in seen:
        return
    seen[module, name] = None
    for location in _called(module, name):
        _follow(*location, seen)


@cache
def _called(module: str, name: str) -> tuple[tuple[str, str], ...]:
    """The functions that a function names."""
    return tuple(_leads(modules()[module], _own(modules()[module].functions[name]), set()))


def _leads(module: Module, nodes: Iterable[ast.AST], tables: set[str]) -> Iterator[tuple[str, str]]:
    """The functions that a piece of code names: its module's own, imported ones, those in tables."""
    for one in nodes:
        if isinstance(one, ast.Name):
            if one.id in module.functions:
                yield module.name, one.id
            elif one.id in module.classes:
                yield from _methods(module, one.id)
            elif one.id in module.tables and one.id not in tables:
                yield from _leads(module, _whole(module.tables[one.id]), tables | {one.id})
            elif one.id in module.means:
                yield from _imported(module.means[one.id])
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in module.means:
            yield from _imported(f"{module.means[one.value.id]}.{one.attr}")


def _methods(module: Module, name: str) -> Iterator[tuple[str, str]]:
    return ((module.name, one) for one in module.functions if one.startswith(f"{name}."))


def _imported(meaning: str) -> Iterator[tuple[str, str]]:
    """The function of that dotted name, or those of a table; a class is its methods, since somebody calls them."""
    where, _, name = meaning.rpartition(".")
    module = modules().get(where)
    if module is None:
        return
    if name in module.functions:
        yield where, name
    elif name in module.classes:
        yield from _methods(module, name)
    elif name in module.tables:
        yield from _leads(module, _whole(module.tables[name]), {name})
