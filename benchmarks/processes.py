"""Processes that are measured, and their CPU: of all their threads, by the kernel's clock of another process."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

CPUCLOCK_SCHED = 2


class Process:
    """A server of a child process that printed its port. `cpu_ms`: the CPU that it took since its start."""

    def __init__(self, child: subprocess.Popen[str], port: int) -> None:
        self.port, self._pid = port, child.pid

    @property
    def cpu_ms(self) -> float:
        # clock_getcpuclockid(3), which Python lacks: the kernel's encoding of a process's clock.
        return time.clock_gettime_ns((~self._pid << 3) | CPUCLOCK_SCHED) / 1e6


@contextmanager
def started(command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str]) -> Iterator[Process]:
    """A child that prints its port first. Raises RuntimeError where it prints none."""
    child = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=dict(environment), stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        if not port.isdigit():
            raise RuntimeError(f"{command[-1]} did not start: {port}")
        Thread(target=child.stdout.read, daemon=True).start()  # what it logs, so that it never waits for a reader
        yield Process(child, int(port))
    finally:
        child.terminate()
        child.wait(timeout=10)


def load() -> tuple[float, float, float]:
    """The machine's load, of one, five and fifteen minutes."""
    return os.getloadavg()
