"""What is said at the end of the tests: what was skipped and why, and how much CPU they took."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections import Counter
from contextlib import suppress
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import pytest

PR_SET_CHILD_SUBREAPER = 36
_began = time.monotonic()


def pytest_configure(config: pytest.Config) -> None:
    """Get the processes that their own parents leave behind, such as a browser's, to count them too."""
    if sys.platform == "linux" and not hasattr(config, "workerinput"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each reason to skip, and one of the CPU as .ci/checks writes it of what comes before, and of all."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    tests = sum(usage.ru_utime + usage.ru_stime for usage in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))
    terminalreporter.ensure_newline()
    skipped = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped"))
    for reason, times in skipped.items():
        terminalreporter.write_line(f"skipped {times}: {reason}")
    terminalreporter.write_line(f"{'pytest':<14}{tests:8.1f} s of CPU {time.monotonic() - _began:8.1f} s")
    before = float(os.environ.get("CPU_BEFORE", 0))
    if before:
        terminalreporter.write_line(f"{'in all':<14}{before + tests:8.1f} s of CPU")
