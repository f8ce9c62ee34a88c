"""`python -m tests.mutants.zygote`: has the libraries loaded, and forks what loads a mutated product and runs tests.

It stands in a copy of the tree, and takes a line of JSON for each run: the sources to put in the place of others, pytest's
arguments, and for how long to wait. It puts the sources back and answers with a line of JSON. Most of a short run of pytest is
the import of libraries, which nobody mutates; a fork has them already.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

LIBRARIES = (
    *("_pytest.assertion.rewrite", "pytest_socket", "pytest_timeout", "xdist", "hypothesis", "playwright.sync_api"),
    *("botocore.session", "botocore.client", "pynamodb.connection", "chalice.app", "moto", "moto.server"),
    *("moto.dynamodb.models", "moto.kms.models", "cryptography.x509", "jwt", "joserfc.jwe", "joserfc.jwk", "jinja2"),
    *("argon2", "pyotp", "webauthn", "fastjsonschema", "http_message_signatures", "http_sf", "urllib3", "OpenSSL"),
)


class Recorder:
    """A plugin that notes which tests failed, how many ran, and whether one was stopped for taking too long."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.broken: list[str] = []
        self.ran = 0
        self.hung = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" and not report.skipped:
            self.ran += 1
        if report.failed:
            self.failed.append(report.nodeid)
            self.hung |= "Failed: Timeout" in str(report.longrepr)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: {str(report.longrepr)[-1500:]}")


def run(arguments: list[str]) -> dict[str, Any]:
    """Run pytest in this process. What it prints goes nowhere."""
    recorder = Recorder()
    code = pytest.main(arguments, plugins=[recorder])
    return {
        "code": int(code),
        "failed": recorder.failed,
        "broken": recorder.broken,
        "ran": recorder.ran,
        "hung": recorder.hung,
    }


def forked(act: Callable[[], dict[str, Any]], *, seconds: float, answer: Path, log: Path) -> dict[str, Any]:
    """What an action gives in a child of this process; {"hung": True} where it takes longer, and is killed."""
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        os.setsid()
        _work(act, answer, log)
    if not _ended(child, time.monotonic() + seconds):
        return {"hung": True}
    if not answer.exists():
        return {"broken": [log.read_text(errors="replace")[-2000:]]}
    disclosed: dict[str, Any] = json.loads(answer.read_text())
    return disclosed


def _work(act: Callable[[], dict[str, Any]], answer: Path, log: Path) -> None:
    """In the child: never returns."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdin = open(os.devnull)  # noqa: SIM115
    try:
        answer.write_text(json.dumps(act()))
    finally:
        sys.stdout.flush()
        os._exit(0)


def _ended(child: int, ends: float) -> bool:
    """Wait for the child; whether it ended by itself."""
    while time.monotonic() < ends:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main() -> None:
    """Serve runs until the input ends."""
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    for name in LIBRARIES:
        with suppress(ImportError):
            import_module(name)
    root = Path.cwd()
    answer, log = (root.parent / f"{root.name}.{what}" for what in ("json", "log"))
    for line in sys.stdin:
        requested = json.loads(line)
        before = {path: (root / path).read_text(encoding="utf-8") for path in requested["sources"]}
        try:
            for path, source in requested["sources"].items():
                (root / path).write_text(source, encoding="utf-8")
            disclosed = forked(lambda: _requested(requested), seconds=requested["seconds"], answer=answer, log=log)  # noqa: B023
        finally:
            for path, source in before.items():
                (root / path).write_text(source, encoding="utf-8")
        print(json.dumps(disclosed), flush=True)


def _requested(requested: dict[str, Any]) -> dict[str, Any]:
    sys.dont_write_bytecode = not requested["keeps_bytecode"]
    return run(requested["arguments"])


if __name__ == "__main__":
    main()
