"""The package as it is shipped, for this machine: the same steps as `infra.package`, for another platform."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

from infra import bytecode, package

NAMED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def fetched(folder: Path, python: str) -> None:
    """The package for that runtime, out of a package index. Raises what `package.build` raises."""
    here = tuple(name.replace("aarch64", platform.machine()) for name in package.PLATFORMS)
    dependencies = folder.with_name(f"{folder.name}-dependencies")
    package.build(dependencies, python, platforms=here)
    package.stage(folder, dependencies)


def installed(folder: Path) -> None:
    """The package for this very Python, out of the environment that runs this: no index is needed."""
    folder.mkdir()
    for name in NAMED.findall(package.REQUIREMENTS.read_text()):
        _copy(name, folder)
    package.prune(folder)
    package.vendor_chalice(folder)
    package.stage(folder, None)
    bytecode.compile_all(Path(sys.executable), folder)


def _copy(name: str, folder: Path) -> None:
    found = distribution(name)
    for file in found.files or ():
        if not file.parts[0].startswith("..") and file.suffix != ".pyc":
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(found.locate_file(file)), target)
