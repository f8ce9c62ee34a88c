"""Cold start: what a function's init phase takes, against what it can't do without, in fresh processes of the package.

CPU from the interpreter's first instruction to the end of `import app`, which imports the function's endpoint and makes its AWS
clients. The processes see the packaged files alone, with their bytecode, and write none. Three stand beside it: chalice's
runtime, the libraries and the same clients, as they are published; the same of what ships; and the peer's bundle.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.systems import NODE
from chalicelib.assembly import WARMED
from ducat_cdk.functions import FUNCTIONS
from tests.actors import ISSUER
from tests.house.test_imports import NEEDED, SOMEWHERE

HANDLERS = tuple(WARMED)

CHILD = """
import os, sys, time
sys.path.insert(0, os.getcwd())
sys.modules["urllib3.contrib.pyopenssl"] = None
{work}
print(time.process_time() * 1000)
"""
IMPORTED = ("jwt", "jinja2", "argon2", "pyotp")
"""Of what a function loads, the libraries that the floor imports by name; botocore comes with its clients."""
SIGNING = ("token",)


def measure(
    rounds: int, handlers: Sequence[str], package: Path, published: Path, python: Path, peer: Path | None
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by handler, of each process: "ours", "floor" (as published), "floor shipped"; and "peer", where there is one.

    `package`, `published`: folders of what ships, and of the same libraries as they are published, with their bytecode.
    `peer`: its folder, with its bundle.
    """
    taken: dict[str, dict[str, list[float]]] = {handler: {} for handler in handlers}
    beside: list[float] = []  # the peer is one function, and so the same for each of ours
    for _ in range(rounds):
        if peer is not None:
            beside.append(_peer(peer))
        for handler, of in taken.items():
            cases = (
                ("ours", package, "import app"),
                ("floor", published, floor(handler)),
                ("floor shipped", package, floor(handler)),
            )
            for name, folder, work in cases:
                of.setdefault(name, []).append(float(_ran(python, folder, handler, work)))
    if peer is not None:
        for of in taken.values():
            of["peer"] = beside
    return taken


def floor(handler: str) -> str:
    """Code that makes ready what the handler can't do without: chalice's runtime, its libraries, its clients."""
    (row,) = [row for row in FUNCTIONS if row.name == handler]
    lines = ["import chalice.app", *(f"import {name}" for name in IMPORTED if name in NEEDED[handler])]
    services = ["dynamodb"] * bool(row.tables) + ["kms"] * ("kms" in WARMED[handler])
    if services:
        lines += ["import botocore.session", "session = botocore.session.get_session()"]
        lines += [f"{service} = session.create_client({service!r})" for service in services]
    return "\n".join(lines)


def modules(package: Path, python: Path, handler: str) -> int:
    """How many modules are loaded at the end of a cold start. The same on any machine, for one version of Python."""
    return int(_ran(python, package, handler, "import app\nprint(len(sys.modules))\nsys.exit()"))


def _ran(python: Path, folder: Path, handler: str, work: str) -> str:
    command = [str(python), "-S", "-B", "-c", CHILD.format(work=work)]
    environment = {**SOMEWHERE, "_HANDLER": f"app.{handler}"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return run.stdout


def _peer(folder: Path) -> float:
    environment = {"PATH": os.defpath, "ISSUER": ISSUER, "PUBLIC_KEY": str(folder / "key.pem"), "PEER_TABLE": "peer"}
    environment |= {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    command = [str(NODE), "--no-warnings", str(folder / "cold.bundle.mjs")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return float(run.stdout.splitlines()[-1])
