"""The bytecode that ships: made by an interpreter of the deployed runtime's minor version, since /var/task is read-only.

Without it each cold start compiles every module anew, and keeps nothing of that. Its files are not checked against their
sources when they are loaded (PEP 552, "unchecked-hash"): a package is never edited in place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

MAGIC = {"3.11": 3495, "3.12": 3531, "3.13": 3571, "3.14": 3627}
"""What the bytecode of each version begins with (importlib.util)."""
RUNTIMES = ("3.12", "3.13", "3.14")
"""Those that Lambda has on Amazon Linux 2023, for whose libraries the wheels are (package.PLATFORMS)."""

TASK = "/var/task"
"""Where Lambda puts the package: what a traceback calls the files."""

UNCHECKED = 0b01
"""The flags after the magic number: hashed, and not checked against the source (PEP 552)."""

VERSION = "import sys, importlib.util as u; print(sys.version_info[:2] == {wanted}, u.MAGIC_NUMBER[:2].hex())"


TEMPLATES = """
from chalicelib.pages.render import COMPILED, TEMPLATES
TEMPLATES.compile_templates(COMPILED, zip=None, ignore_errors=False)
"""


class NoInterpreter(Exception):
    """This machine has no interpreter of that version, and none could be installed."""


def interpreter(version: str, *, known: Path | None = None) -> Path:
    """An interpreter whose bytecode that runtime loads. `version`: such as "3.13", of MAGIC. `known`: where one was found before.

    It is looked for on this machine: this very process, the PATH, pyenv's versions, uv's. Failing that, uv installs one.

    Raises NoInterpreter.
    """
    # One after the other: the last of the candidates is one that uv would install.
    for found in chain([known] if known else [], _candidates(version)):
        if _fits(found, version):
            return found
    raise NoInterpreter(f"no Python {version} was found to make bytecode with, and uv could install none")


def own_version() -> str:
    """The minor version of this process."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def compile_all(python: Path, folder: Path, *names: str) -> None:
    """Write the bytecode of every module under `folder`, or of these files and folders in it, the same bytes each time.

    Raises CalledProcessError where a module can't be compiled.
    """
    command = [str(python), "-S", "-m", "compileall", "-q", "-f", "-o", "0", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", TASK, *(str(folder / name) for name in names or ("",))]
    # Of hashed names the order may be part of the bytecode.
    subprocess.run(command, env={"PYTHONHASHSEED": "0", "PATH": os.defpath}, check=True, stdout=sys.stderr)


def compile_templates(python: Path, folder: Path) -> None:
    """Put modules in the place of the pages' templates. `folder`: the package, with the libraries that it runs with.

    It is Jinja's own compiler, of the packaged version. Raises CalledProcessError.
    """
    command = [str(python), "-S", "-s", "-B", "-c", TEMPLATES]
    subprocess.run(command, cwd=folder, env={"PYTHONHASHSEED": "0", "PATH": os.defpath}, check=True, stdout=sys.stderr)
    shutil.rmtree(folder / "chalicelib" / "pages" / "templates")


def unfit(folder: Path, version: str) -> list[str]:
    """The modules that a function of that runtime would compile anew. An empty list where each has its bytecode."""
    expected = _begins(version)
    tag = f"cpython-{version.replace('.', '')}"
    problems = []
    for source in sorted(folder.rglob("*.py")):
        cached = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        if not cached.is_file():
            problems.append(f"{source.relative_to(folder)}: no bytecode")
        elif cached.read_bytes()[: len(expected)] != expected:
            problems.append(f"{source.relative_to(folder)}: bytecode of another version, or checked against its source")
    return problems


def _begins(version: str) -> bytes:
    return MAGIC[version].to_bytes(2, "little") + b"\r\n" + UNCHECKED.to_bytes(4, "little")


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    for folder in os.get_exec_path():
        yield Path(folder) / f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"))
    if uv := shutil.which("uv"):
        yield from _path_printed_by([uv, "python", "find", "--managed-python", "--no-python-downloads", version])
        subprocess.run([uv, "python", "install", "--quiet", version], capture_output=True, timeout=300, check=False)
        yield from _path_printed_by([uv, "python", "find", "--managed-python", "--no-python-downloads", version])


def _path_printed_by(command: list[str]) -> Iterator[Path]:
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if run.returncode == 0:
        yield Path(run.stdout.strip())


def _fits(candidate: Path, version: str) -> bool:
    """Whether it is that version, as it was released: an alpha's bytecode is another."""
    wanted = tuple(int(part) for part in version.split("."))
    try:
        command = [str(candidate), "-I", "-S", "-c", VERSION.format(wanted=wanted)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return False
    return run.returncode == 0 and run.stdout.split() == ["True", MAGIC[version].to_bytes(2, "little").hex()]
