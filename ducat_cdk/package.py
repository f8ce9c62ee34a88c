"""What the functions run: our own files, and the packaged dependencies for Lambda's platform.

`python -m ducat_cdk.package` fetches those into build/dependencies (needs a package index); synthesizing joins both. Each module
has its bytecode beside it (bytecode.py).
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from subprocess import CalledProcessError

import chalicelib
from ducat_cdk import authorities, bytecode, themes
from ducat_cdk.trimmed import trim

SHIPPED = Path(__file__).resolve().parent / "shipped"
"""The handlers and the requirements, in a clone and in the wheel: links to the files of the clone, which a build follows."""
HANDLERS = SHIPPED / "app.py"
REQUIREMENTS = SHIPPED / "requirements.txt"
OURS = Path(chalicelib.__file__).resolve().parent
DEPENDENCIES = Path("build") / "dependencies"
"""In the folder in which the commands run."""
STAMP = ".package"
"""What the dependencies are of: the digest of the requirements, the runtime's version, and the interpreter that compiled them."""

PYTHON = "3.13"
"""The runtime that functions have, where an interpreter of that version is to be had."""
# Lambda's Pythons from 3.12 on run on Amazon Linux 2023, glibc 2.34.
PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(34, 16, -1)), "manylinux2014_aarch64")

CHALICE_RUNTIME = ("__init__.py", "app.py")
"""What `chalice package` would vendor. The rest of chalice is a command line."""

VOCABULARY, THEME = "vocabulary.json", "theme"
"""What the bank's own words, and its compiled theme, are called in the package."""

MAX_PACKAGE_BYTES = 15 * 1024 * 1024
"""Bytes of the zipped package. The rest of a cold start's budget is counted on it."""


class Unpackaged(Exception):
    """The dependencies are not there, or are not those of requirements.txt."""


def stage(folder: Path, dependencies: Path | None, *, vocabulary: str = "", theme: str = "") -> str:
    """Put what the functions run into `folder`: ours, after `dependencies` if given; then the folder must not exist yet.

    `vocabulary`, `theme`: the bank's own file and folder, if it has them. Gives the version of Python that it is for.

    Raises Unpackaged where the dependencies are missing or stale, or ours can't be compiled as they were, before anything is
    written. Without dependencies nothing is compiled: it is to be read.
    """
    python = PYTHON
    if dependencies is not None:
        python, interpreter = _packaged(dependencies)
        _require_bytecode(dependencies, python)
        shutil.copytree(dependencies, folder, ignore=shutil.ignore_patterns(STAMP))
    folder.mkdir(exist_ok=True)
    shutil.copy(HANDLERS, folder)
    if vocabulary:
        shutil.copy(vocabulary, folder / VOCABULARY)
    if theme:
        themes.write(Path(theme), folder / THEME)
    shutil.copytree(OURS, folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.po", "*.pot"))
    if dependencies is not None:
        bytecode.compile_templates(interpreter, folder)
        bytecode.compile_all(interpreter, folder, "app.py", "chalicelib")
        try:
            _require_bytecode(folder, python)
        except Unpackaged:
            shutil.rmtree(folder)
            raise
    return python


def _require_bytecode(folder: Path, python: str) -> None:
    """Raises Unpackaged where a module has none of that version."""
    if problems := bytecode.unfit(folder, python):
        raise Unpackaged(f"the package would compile at each cold start: {problems[0]}, and {len(problems) - 1} more")


def _packaged(dependencies: Path) -> tuple[str, Path]:
    """What the dependencies were made for, and an interpreter of that version. Raises Unpackaged."""
    stamp = dependencies / STAMP
    made = json.loads(stamp.read_text()) if stamp.is_file() else {}
    if made.get("requirements") != _fingerprint():
        raise Unpackaged("the dependencies are missing or stale; run python -m ducat_cdk.package")
    try:
        return made["python"], bytecode.interpreter(made["python"], known=Path(made["interpreter"]))
    except bytecode.NoInterpreter as problem:
        raise Unpackaged(f"{problem}; run python -m ducat_cdk.package again") from None


def fetch(folder: Path, *, python: str = PYTHON, platforms: tuple[str, ...] = PLATFORMS) -> None:
    """Install requirements.txt, by its hashes and as wheels alone, for a platform. Raises CalledProcessError."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={platform}" for platform in platforms]
    command += ["--target", str(folder), "--requirement", str(REQUIREMENTS)]
    subprocess.run(command, check=True)


def prune(folder: Path) -> None:
    """Drop what no function reads: data of other services and operations, tests, scripts. Write what is read faster."""
    trim(folder / "botocore" / "data")
    authorities.write(folder / "botocore" / "cacert.pem")
    for name in ("tests", "bin", "examples"):
        for entry in [*folder.glob(name), *folder.glob(f"*/{name}")]:
            shutil.rmtree(entry)


def vendor_chalice(folder: Path) -> None:
    """Copy chalice's runtime out of the environment that runs this."""
    import chalice

    source = Path(chalice.__file__).parent
    (folder / "chalice").mkdir()
    for name in CHALICE_RUNTIME:
        shutil.copy(source / name, folder / "chalice")


def zipped_size(folder: Path) -> int:
    """Bytes of the folder as Lambda would get it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder))
    return data.tell()


def build(folder: Path, python: str, *, platforms: tuple[str, ...] = PLATFORMS) -> None:
    """Make the dependencies for a runtime and a platform in `folder`, which must not exist yet, with their bytecode.

    Raises CalledProcessError where they can't be fetched, NoInterpreter.
    """
    interpreter = bytecode.interpreter(python)
    fetch(folder, python=python, platforms=platforms)
    prune(folder)
    vendor_chalice(folder)
    bytecode.compile_all(interpreter, folder)
    (folder / STAMP).write_text(
        json.dumps({"requirements": _fingerprint(), "python": python, "interpreter": str(interpreter)})
    )


def runtime(wanted: str) -> str:
    """The version to package for: the wanted one, or this process's where there is no interpreter of the wanted one.

    Raises NoInterpreter where Lambda lacks the latter.
    """
    try:
        bytecode.interpreter(wanted)
    except bytecode.NoInterpreter:
        own = bytecode.own_version()
        if own not in bytecode.RUNTIMES:
            raise
        return own
    return wanted


def main() -> None:
    """Build the dependencies. Ends with status 1 and a line where they can't be had or grow too large."""
    parser = argparse.ArgumentParser(prog="python -m ducat_cdk.package", description="Fetch what the functions run.")
    parser.add_argument("--python", default=PYTHON, choices=bytecode.RUNTIMES, help="the runtime's version")
    wanted = parser.parse_args().python
    fresh = DEPENDENCIES.with_name("dependencies.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        python = runtime(wanted)
        build(fresh, python)
    except bytecode.NoInterpreter as problem:
        sys.exit(f"{problem}; Lambda has {', '.join(bytecode.RUNTIMES)}: install one, or uv")
    except CalledProcessError:
        sys.exit("The dependencies could not be fetched; pip says why above. Is a package index in reach?")
    size = zipped_size(fresh)
    if size > MAX_PACKAGE_BYTES:
        sys.exit(f"The package is {size / 2**20:.1f} MB zipped; at most {MAX_PACKAGE_BYTES // 2**20} are allowed")
    shutil.rmtree(DEPENDENCIES, ignore_errors=True)
    fresh.rename(DEPENDENCIES)
    print(f"{DEPENDENCIES}: {size / 2**20:.1f} MB zipped, for Python {python}", file=sys.stderr)
    if python != wanted:
        print(f"No Python {wanted} was found to make bytecode with: the functions get {python}", file=sys.stderr)


def _fingerprint() -> str:
    return sha256(REQUIREMENTS.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
