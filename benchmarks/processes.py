"""Processes that are measured, and their CPU: of all their threads, by the kernel's clock of another process."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

CPUCLOCK_SCHED = 2
PORT = re.compile(r"^(\d+)$")


class Process:
    """A server of a process that printed its port.

    `cpu_ms`: the CPU that it took since its start; `start_ms`: what of it was taken by then. `resident_mb`: its memory now.
    """

    def __init__(self, pid: int, port: int) -> None:
        self.port, self._pid = port, pid
        self.start_ms = self.cpu_ms

    @property
    def cpu_ms(self) -> float:
        # clock_getcpuclockid(3), which Python lacks: the kernel's encoding of a process's clock.
        return time.clock_gettime_ns((~self._pid << 3) | CPUCLOCK_SCHED) / 1e6

    @property
    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def only_child(self) -> Process:
        """The process that this one started, and that serves in its stead."""
        (pid,) = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        return Process(int(pid), self.port)


@contextmanager
def started(
    command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str], says: re.Pattern[str] = PORT
) -> Iterator[Process]:
    """A child that prints its port, in a line as `says` has it. Raises RuntimeError where it ends without."""
    child = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=dict(environment), stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        port, line = None, ""
        for line in child.stdout:
            if port := says.search(line):
                break
        if port is None:
            raise RuntimeError(f"{command[-1]} did not start: {line}")
        Thread(target=child.stdout.read, daemon=True).start()  # what it logs, so that it never waits for a reader
        yield Process(child.pid, int(port[1]))
    finally:
        child.terminate()
        child.wait(timeout=60)


def load() -> tuple[float, float, float]:
    """The machine's load, of one, five and fifteen minutes."""
    return os.getloadavg()
