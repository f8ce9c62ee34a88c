"""The command as a process, against the stand-in for AWS, served over a socket as `make run` serves it."""

import json
import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks import systems, warm
from chalicelib.assembly import Aws
from chalicelib.settings import Settings
from tests.operator import command

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.operator.command"])


@dataclass
class Operator:
    """Runs the command in a folder where `make run` is up."""

    folder: Path
    aws: Aws

    def run(self, *arguments: str, said: str = "", status: int = 0, env: dict[str, str] | None = None) -> str:
        """What it printed, to either stream. `said`: on standard input."""
        surroundings = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | (env or {})
        mine, its = FORKED.Pipe()
        child = FORKED.Process(target=command.run, args=(its, arguments, str(self.folder), surroundings, said))
        child.start()
        ended, printed = mine.recv() if mine.poll(60) else (None, "it went on for a minute")
        child.join(10)
        assert ended == status, printed
        assert "Traceback" not in printed
        return printed

    def json(self, *arguments: str, said: str = "") -> Any:
        """What it printed, as JSON."""
        return json.loads(self.run("--json", *arguments, said=said))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A deployment of the stand-in, which is found as `make run` is."""
    folder = tmp_path_factory.mktemp("operator")
    with warm.stand_in() as environment:
        settings = systems.settings_of(environment)
        (folder / ".local").mkdir()
        running = {"process": os.getpid(), "environment": settings}
        (folder / ".local" / "run.json").write_text(json.dumps(running))
        yield Operator(folder, Aws(Settings.read(settings)))


@pytest.fixture
def ducat(deployed: Operator) -> Operator:
    return deployed
