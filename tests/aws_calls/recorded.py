"""Runs a command with its calls to AWS recorded: `python -m tests.aws_calls.recorded FILE MODULE ARGUMENTS`."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from tests.aws_calls import recording


def main() -> None:
    """The command, as `python -m` runs it; the calls are in the file however it ends."""
    _, file, module, *arguments = sys.argv
    recording.begin()
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        Path(file).write_text(json.dumps(recording.as_json(recording.calls)), encoding="utf-8")


if __name__ == "__main__":
    main()
