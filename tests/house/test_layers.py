"""Imports point down: the contracts of pyproject.toml, which .ci/checks has import-linter look at, leave no package out."""

import ast
import tomllib
from functools import cache

import pytest

from docs import syntax
from tests.house.source import ROOT

CONFIGURATION = ROOT / "pyproject.toml"
CONTRACTS = tomllib.loads(CONFIGURATION.read_text())["tool"]["importlinter"]["contracts"]
LAYERED = {container: one["layers"] for one in CONTRACTS if one["type"] == "layers" for container in one["containers"]}
"""Every package of ours whose imports point down, and its layers."""
LAYERS = LAYERED["chalicelib"]
PACKAGES = sorted(LAYERED)


def is_source(path):
    """A file or package of ours; a folder that was moved away may have left its compiled files behind."""
    return (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").is_file()


def floor(layer):
    return {name.strip() for name in layer.split("|")}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_its_layer(package):
    placed = [name for layer in LAYERED[package] for name in floor(layer)]
    assert sorted(placed) == sorted(path.stem for path in (ROOT / package).iterdir() if is_source(path))


def test_what_is_requested_who_consents_and_what_is_issued_know_nothing_of_each_other():
    """Two of them share a floor. The third is above them, since it is made of the Provider, and has a contract of its own."""
    (shared,) = [layer for layer in map(floor, LAYERS) if "authorization" in layer]
    assert shared == {"authorization", "tokens"}
    (of_users,) = [one for one in CONTRACTS if one.get("source_modules") == ["chalicelib.users"]]
    assert of_users["type"] == "forbidden"
    assert set(of_users["forbidden_modules"]) == {f"chalicelib.{name}" for name in shared}


def test_no_import_is_let_off():
    """Neither one that runs up, nor one that only a type needs."""
    allowed = {"ignore_imports", "exclude_type_checking_imports"}
    settings = tomllib.loads(CONFIGURATION.read_text())["tool"]["importlinter"]
    assert not [contract["name"] for contract in CONTRACTS if allowed & contract.keys()]
    assert not allowed & settings.keys()


def test_no_file_imports_another_in_a_circle():
    """Also inside a package, and also where a function imports what only it needs."""
    assert PACKAGES == ["chalicelib", "ducat_cdk"]
    edges = {name: imported_by(path, name) for name, path in files().items()}
    circles = [circle for name in edges if (circle := path_back(name, edges))]
    assert circles == []


@cache
def files():
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in found}


def imported_by(path, name):
    """The files of the product that this one imports."""
    known, found = files(), set()
    for node in syntax.nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inside | {node.module} | (set() if inside <= known.keys() else {f"{node.module}.__init__"})
    return found & known.keys() - {name}


def path_back(name, edges):
    """A way from a file by its imports to itself; None where there is none."""
    seen, todo = set(), [(one, [name, one]) for one in edges[name]]
    while todo:
        at, way = todo.pop()
        if at == name:
            return way
        if at not in seen:
            seen.add(at)
            todo += [(one, [*way, one]) for one in edges[at]]
    return None
