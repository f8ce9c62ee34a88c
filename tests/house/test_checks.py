"""What .ci/checks says and does, with tools that only say what was asked of them."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.house.source import ROOT

SECONDS = r" +\d+\.\d s of CPU +\d+\.\d s"


@pytest.fixture
def checks(tmp_path):
    """A function: the status and the lines of a run in a tree of its own. `failing`: the tool that does not like it."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "checks", tmp_path / ".ci")
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)

    def run(*arguments, failing=None):
        for name in ("ruff", "mypy", "lint-imports", "python"):
            shown = "$@ after $CPU_BEFORE" if name == "python" else f"{name} found this"
            (tools / name).write_text(f"#!/bin/sh\necho {shown}\nexit {int(name == failing)}\n")
            (tools / name).chmod(0o755)
        command = [sys.executable, tmp_path / ".ci" / "checks", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.defpath})
        return done.returncode, done.stdout.splitlines()

    return run


def test_each_stage_says_its_seconds_and_pytest_comes_last_and_gets_their_sum(checks):
    status, lines = checks("-k", "x")
    assert status == 0
    for name, line in zip(("ruff", "mypy", "import-linter"), lines, strict=False):
        assert re.fullmatch(name + SECONDS, line)
    assert re.fullmatch(r"-m pytest -n 2 -k x after \d\.\d+", lines[-1])


@pytest.mark.parametrize("failing", ["ruff", "mypy", "lint-imports"])
def test_what_fails_is_shown_and_ends_it(checks, failing):
    status, lines = checks(failing=failing)
    assert status == 1
    assert lines[-2] == f"{failing} found this"
    assert re.search(SECONDS, lines[-1])
    assert not [line for line in lines if "pytest" in line]


def test_it_ends_as_pytest_ends(checks):
    assert checks(failing="python")[0] == 1
