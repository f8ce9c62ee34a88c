"""What ducat_cdk/ uses of the CDK, and the laptop of moto, is among what mypy reads of them."""

import ast
import tomllib
from fnmatch import fnmatch

from tests.house.source import ROOT, nodes


def read_by_mypy():
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = [one["module"] for one in overrides if one.get("follow_imports") == "normal"]
    return read


def imports(folder):
    files = [path.relative_to(ROOT) for path in (ROOT / folder).glob("*.py")]
    return [node for path in files for node in nodes(path) if isinstance(node, ast.ImportFrom | ast.Import)]


def test_each_module_of_the_cdk_that_is_used_is_one_that_mypy_reads():
    used = {
        name if isinstance(node, ast.Import) else f"{node.module}.{name}"
        for node in imports("ducat_cdk")
        for name in (alias.name for alias in node.names)
        if (name if isinstance(node, ast.Import) else str(node.module)).startswith("aws_cdk")
    }
    modules = {name for name in used if name == "aws_cdk" or name.rpartition(".")[2].startswith("aws_")}
    assert len(modules) > 5
    assert modules <= set(read_by_mypy())


def test_each_module_of_moto_that_is_used_is_one_that_mypy_reads():
    used = {str(node.module) for node in imports("local") if isinstance(node, ast.ImportFrom)}
    modules = {name for name in used if name.partition(".")[0] == "moto"}
    assert len(modules) > 5
    read = [pattern.removesuffix(".*") for pattern in read_by_mypy()] + read_by_mypy()  # "a.*" is `a` too
    assert not [name for name in modules if not any(fnmatch(name, pattern) for pattern in read)]
