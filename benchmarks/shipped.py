"""The package as it is shipped, for this machine: the same steps as `ducat_cdk.package`, for another platform."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

from ducat_cdk import bytecode, package, trimmed

NAMED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def fetched(folder: Path, python: str) -> Path:
    """The package for that runtime, out of a package index, and beside it the libraries as they are published.

    Gives the interpreter. Raises CalledProcessError, NoInterpreter.
    """
    interpreter = bytecode.interpreter(python)
    here = tuple(name.replace("aarch64", platform.machine()) for name in package.PLATFORMS)
    package.fetch(published(folder), python=python, platforms=here)
    return _finished(folder, interpreter)


def installed(folder: Path, *, compare: bool = True) -> Path:
    """The same for this very Python, out of the environment that runs this: no index is needed.

    `compare`: whether the libraries as they are published are left beside it.
    """
    for name in NAMED.findall(package.REQUIREMENTS.read_text()):
        _copy(name, published(folder), whole=compare)
    return _finished(folder, Path(sys.executable), compare=compare)


def published(folder: Path) -> Path:
    """Where the libraries of a package are, as they are published."""
    return folder.with_name(f"{folder.name}-published")


def _finished(folder: Path, interpreter: Path, *, compare: bool = True) -> Path:
    libraries = published(folder)
    package.vendor_chalice(libraries)
    if compare:
        shutil.copytree(libraries, folder, ignore=_of_other_services)
        bytecode.compile_all(interpreter, libraries)
    else:
        libraries.rename(folder)
    package.prune(folder)
    package.stage(folder, None)
    bytecode.compile_templates(interpreter, folder)
    bytecode.compile_all(interpreter, folder)
    return interpreter


def _of_other_services(folder: str, names: list[str]) -> set[str]:
    """Of botocore's data, which is most of what there is to copy, the folders that would be pruned at once."""
    within = Path(folder).parts[-2:] == ("botocore", "data")
    return {name for name in names if within and name not in trimmed.SERVICES and (Path(folder) / name).is_dir()}


def _copy(name: str, folder: Path, *, whole: bool) -> None:
    found = distribution(name)
    for file in found.files or ():
        pruned = (
            file.parts[:2] == ("botocore", "data") and len(file.parts) > 3 and file.parts[2] not in trimmed.SERVICES
        )
        if not file.parts[0].startswith("..") and file.suffix != ".pyc" and (whole or not pruned):
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(found.locate_file(file)), target)
