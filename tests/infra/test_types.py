"""What ducat_cdk/ uses of the CDK is among what mypy reads of it."""

import ast
import tomllib

from tests.house.source import ROOT, nodes


def test_each_module_of_the_cdk_that_is_used_is_one_that_mypy_reads():
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = [one["module"] for one in overrides if one.get("follow_imports") == "normal"]
    files = [path.relative_to(ROOT) for path in (ROOT / "ducat_cdk").glob("*.py")]
    imports = [node for path in files for node in nodes(path) if isinstance(node, ast.ImportFrom | ast.Import)]
    used = {
        name if isinstance(node, ast.Import) else f"{node.module}.{name}"
        for node in imports
        for name in (alias.name for alias in node.names)
        if (name if isinstance(node, ast.Import) else str(node.module)).startswith("aws_cdk")
    }
    modules = {name for name in used if name == "aws_cdk" or name.rpartition(".")[2].startswith("aws_")}
    assert len(modules) > 5
    assert modules <= set(read)
