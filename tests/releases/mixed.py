"""A deployment half-way: processes of two releases on the same tables and keys."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import systems, warm
from benchmarks.processes import Process, started
from benchmarks.systems import FUNCTION, Ours
from chalicelib.assembly import WARMED
from docs.clauses import ROOT

BEFORE = "259b2aa4fe3caafff6e2eaa4f9a70404c7fd9141"
"""The commit of the release before. Whoever makes a release puts its predecessor here."""


def code_before(folder: Path) -> bool:
    """Put the release before into a folder. False where the project's history is not here."""
    command = ["git", "-C", str(ROOT), "archive", BEFORE, "app.py", "chalicelib"]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        return False
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return True


@contextmanager
def releases(before: Path, **changed: str) -> Iterator[tuple[Mapping[str, Process], dict[str, str]]]:
    """The processes "before" and "now", and the settings of what both share. `changed`: of the environment of "now"."""
    with warm.stand_in() as environment, warm.light_passwords():
        given = systems.settings_of(environment) | {"HANDLERS": " ".join(WARMED)}
        command = (sys.executable, "-B", FUNCTION)
        with (
            started(command, cwd=before, environment=given) as older,
            started(command, cwd=ROOT, environment=given | changed) as newer,
        ):
            yield {"before": older, "now": newer}, systems.own_settings(environment)


class Mixed(Ours):
    """The provider, each of whose functions is served by these releases in turn. `served`: function and release, call by call."""

    def __init__(
        self,
        processes: Mapping[str, Process],
        environment: dict[str, str],
        turns: Mapping[str, Iterator[str]],
        sockets: dict[int, Any],
    ) -> None:
        super().__init__("mixed", environment, {})
        self._processes, self._turns = processes, turns
        self._sockets = sockets  # A function's process takes one connection.
        self.served: list[tuple[str, str]] = []

    def _invoked(self, name: str, event: Any) -> Any:
        release = next(self._turns[name])
        self.served.append((name, release))
        self._functions = {name: self._processes[release]}
        return super()._invoked(name, event)
