"""The command as a process, against the stand-in for AWS, served over a socket as `make run` serves it."""

import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import click
import pytest
import segno

from benchmarks import aws_server, systems
from chalicelib.assembly import Aws
from chalicelib.settings import Settings
from local import aws_stand_in
from tests.aws_in_process.aws import Stand
from tests.operator import command

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.operator.command"])


@dataclass
class Operator:
    """Runs the command in a folder where `make run` is up."""

    folder: Path
    aws: Aws

    def outcome(
        self,
        *arguments: str,
        said: str = "",
        env: dict[str, str] | None = None,
        typed: Sequence[str] = (),
        fault: int = 0,
        refused: int = 0,
    ) -> tuple[int | None, str]:
        """Its status, and what it printed, to either stream. `said`: on standard input. `typed`: at a terminal's prompts.

        `fault`: it is killed before its call to AWS of this number, from 1. `refused`: AWS refuses that call.
        """
        surroundings = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | (env or {})
        mine, its = FORKED.Pipe()
        run = command.Run(arguments, str(self.folder), surroundings, said, tuple(typed), fault, refused)
        child = FORKED.Process(target=command.run, args=(its, run))
        child.start()
        ended, printed = mine.recv() if mine.poll(60) else (None, "it went on for a minute")
        child.join(10)
        assert "Traceback" not in printed
        return ended, printed

    def run(self, *arguments: str, status: int = 0, styled: bool = False, **more: Any) -> str:
        """What it printed. `styled`: as it was, with escape sequences. `more`: of `outcome`."""
        ended, printed = self.outcome(*arguments, **more)
        assert ended == status, printed
        return printed if styled else click.unstyle(printed)

    def json(self, *arguments: str, said: str = "") -> Any:
        """What it printed, as JSON."""
        return json.loads(self.run("--json", *arguments, said=said))


@contextmanager
def stand_in() -> Iterator[dict[str, str]]:
    """AWS's stand-in, served by a thread: the environment that leads to it, with the settings of what was made in it.

    Each file has one, and a process of its own would take half a second of CPU.
    """
    with (
        patch.object(aws_server, "STAND", Stand(aws_server.REGION)),
        aws_server.Server(("127.0.0.1", 0), aws_server.Handler) as server,
    ):
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        leading = {
            **{name: value for name, value in aws_stand_in.SURROUNDINGS.items() if value},
            **aws_stand_in.in_region(aws_server.REGION),
            "AWS_ENDPOINT_URL": f"http://localhost:{server.server_address[1]}",
        }
        try:
            with aws_stand_in.surroundings(aws_stand_in.SURROUNDINGS, leading):
                yield {"PATH": os.environ["PATH"], **leading, **aws_stand_in.create()}
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A deployment of the stand-in, which is found as `make run` is."""
    folder = tmp_path_factory.mktemp("operator")
    with stand_in() as environment:
        settings = systems.settings_of(environment)
        (folder / ".local").mkdir()
        running = {"process": os.getpid(), "environment": settings}
        (folder / ".local" / "run.json").write_text(json.dumps(running))
        yield Operator(folder, Aws(Settings.read(settings)))


@pytest.fixture
def ducat(deployed: Operator) -> Operator:
    return deployed


def qr_code(printed: str) -> Any:
    """The QR code that was printed in half blocks, to compare with one that was made."""
    lines = [
        line
        for line in printed.splitlines()
        if line and set(line) <= set("\N{FULL BLOCK}\N{UPPER HALF BLOCK}\N{LOWER HALF BLOCK} ")
    ]
    return _Printed(lines)


class _Printed:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def __eq__(self, code: object) -> bool:
        assert isinstance(code, segno.QRCode)
        rows = [list(row) for row in code.matrix_iter(border=2)]
        rows += [[1] * len(rows[0])] if len(rows) % 2 else []
        blocks = {(0, 0): "\N{FULL BLOCK}", (0, 1): "\N{UPPER HALF BLOCK}", (1, 0): "\N{LOWER HALF BLOCK}", (1, 1): " "}
        made = ["".join(blocks[pair] for pair in zip(*rows[n : n + 2], strict=True)) for n in range(0, len(rows), 2)]
        return [line.rstrip() for line in made] == [line.rstrip() for line in self.lines]
