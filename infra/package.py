"""What the functions run: our own files, and the packaged dependencies for Lambda's platform.

`python -m infra.package` fetches those into build/dependencies (needs a package index); synthesizing joins both.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPENDENCIES = ROOT / "build" / "dependencies"
REQUIREMENTS = ROOT / "requirements.txt"
STAMP = ".requirements"

PYTHON = "3.13"
# Lambda's Python 3.13 runs on Amazon Linux 2023, glibc 2.34.
PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(34, 16, -1)), "manylinux2014_aarch64")

SERVICES = ("dynamodb", "kms", "sts")
"""The services whose data botocore keeps; of each only what a client needs."""
SERVICE_FILES = ("service-2.json", "service-2.json.gz", "endpoint-rule-set-1.json", "endpoint-rule-set-1.json.gz")

CHALICE_RUNTIME = ("__init__.py", "app.py")
"""What `chalice package` would vendor. The rest of chalice is a command line."""

VOCABULARY = "vocabulary.json"
"""What the bank's own words are called in the package."""

LARGEST = 15 * 1024 * 1024
"""Bytes of the zipped package. The rest of a cold start's budget is counted on it."""


class Unpackaged(Exception):
    """The dependencies are not there, or are not those of requirements.txt."""


def stage(folder: Path, dependencies: Path | None, *, vocabulary: str = "") -> None:
    """Put what the functions run into `folder`, which must not exist yet: ours, after `dependencies` if given.

    `vocabulary`: the bank's own file, if it has one.

    Raises Unpackaged where they are missing or stale, before anything is written.
    """
    if dependencies is not None:
        stamp = dependencies / STAMP
        if not stamp.is_file() or stamp.read_text() != _fingerprint():
            raise Unpackaged("the dependencies are missing or stale; run python -m infra.package")
        shutil.copytree(dependencies, folder, ignore=shutil.ignore_patterns(STAMP))
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "app.py", folder)
    if vocabulary:
        shutil.copy(vocabulary, folder / VOCABULARY)
    shutil.copytree(ROOT / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def fetch(folder: Path, *, python: str = PYTHON, platforms: tuple[str, ...] = PLATFORMS) -> None:
    """Install requirements.txt, by its hashes and as wheels alone, for a platform. Raises CalledProcessError."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={platform}" for platform in platforms]
    command += ["--target", str(folder), "--requirement", str(REQUIREMENTS)]
    subprocess.run(command, check=True)


def prune(folder: Path) -> None:
    """Drop what no function reads: other services' data, tests, scripts."""
    for entry in (folder / "botocore" / "data").iterdir():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)
    for file in (folder / "botocore" / "data").glob("*/*/*"):
        if file.name not in SERVICE_FILES:
            file.unlink()
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


def main() -> None:
    """Build the dependencies. Ends with status 1 and a line where they can't be had or grow too large."""
    fresh = DEPENDENCIES.with_name("dependencies.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fetch(fresh)
    except subprocess.CalledProcessError:
        sys.exit("The dependencies could not be fetched; pip says why above. Is a package index in reach?")
    prune(fresh)
    vendor_chalice(fresh)
    size = zipped_size(fresh)
    if size > LARGEST:
        sys.exit(f"The package is {size / 2**20:.1f} MB zipped; at most {LARGEST // 2**20} are allowed")
    (fresh / STAMP).write_text(_fingerprint())
    shutil.rmtree(DEPENDENCIES, ignore_errors=True)
    fresh.rename(DEPENDENCIES)
    print(f"{DEPENDENCIES}: {size / 2**20:.1f} MB zipped", file=sys.stderr)


def _fingerprint() -> str:
    return sha256(REQUIREMENTS.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
