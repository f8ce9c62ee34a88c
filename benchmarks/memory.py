"""`python -m benchmarks.memory`: what a password's hash takes at each size of a Lambda function, and what that costs.

Lambda gives a function CPU by its memory: a whole one at 1,769 MB. Here the kernel's scheduler holds a process to the same share
(a control group's quota; root is needed), so that a wait is measured and not reckoned. Another processor has other milliseconds;
what holds on any is which choice is cheaper and which is quicker.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.cost import GB_SECONDS
from chalicelib.users.password import ARGON2

FIGURES = Path(__file__).parent / "figures" / "argon2.json"
WHOLE = 1769
"""MB at which a function has one CPU (Lambda developer guide, "Configure Lambda function memory")."""
SIZES = (512, 768, 1024, 1536, 1769, 2048, 3008)
PERIOD = 20_000
"""Microseconds of the scheduler's period; a quota is spent anew in each."""
ROUNDS = 15

CHILD = """
import json, sys, time
from argon2.low_level import Type, hash_secret_raw
time_cost, memory_cost, parallelism, rounds = map(int, sys.argv[1:])
def took():
    began = time.perf_counter()
    hash_secret_raw(b"a password", b"0" * 16, time_cost, memory_cost, parallelism, 32, Type.ID)
    return (time.perf_counter() - began) * 1000
took()
print(json.dumps([took() for _ in range(rounds)]))
"""


@dataclass(frozen=True)
class Parameters:
    """Of argon2id. `memory`: KiB. `source`: who gives them."""

    source: str
    passes: int
    memory: int
    lanes: int


CHOICES = (
    Parameters("OWASP, the one in use", ARGON2.time_cost, ARGON2.memory_cost, ARGON2.parallelism),
    Parameters("OWASP", 2, 19 * 1024, 1),
    Parameters("OWASP", 3, 12 * 1024, 1),
    Parameters("OWASP", 4, 9 * 1024, 1),
    Parameters("OWASP", 5, 7 * 1024, 1),
    Parameters("RFC 9106, second", 3, 64 * 1024, 4),
    Parameters("RFC 9106, first", 1, 2 * 1024 * 1024, 4),
)
"""OWASP's Password Storage Cheat Sheet and RFC 9106 4."""


def usd(milliseconds: float, size: int) -> float:
    """What a million of them cost in Lambda's GB-seconds."""
    return milliseconds / 1000 * size / 1024 * GB_SECONDS


def measure(choice: Parameters, size: int) -> list[float]:
    """Milliseconds of each hash, in a process that has the CPU of a function of `size` MB."""
    rounds = 3 if choice.memory > 1024 * 1024 else ROUNDS
    arguments = [str(n) for n in (choice.passes, choice.memory, choice.lanes, rounds)]
    with _share(size / WHOLE) as joined:
        run = subprocess.run(
            [sys.executable, "-c", CHILD, *arguments], preexec_fn=joined, capture_output=True, text=True, check=True
        )
    taken: list[float] = json.loads(run.stdout)
    return taken


@contextmanager
def _share(cpus: float) -> Iterator[Callable[[], object]]:
    """A control group with so much CPU; gives what a child runs to join it."""
    first, second = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/cgroup.procs")
    group = (first if first.is_dir() else second.parent) / f"ducat-{os.getpid()}"
    group.mkdir()
    try:
        # Before whatever else this machine does.
        (group / ("cpu.shares" if first.is_dir() else "cpu.weight")).write_text("262144" if first.is_dir() else "10000")
        if first.is_dir():
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(round(PERIOD * cpus)))
        else:
            (group / "cpu.max").write_text(f"{round(PERIOD * cpus)} {PERIOD}")
        yield lambda: (group / "cgroup.procs").write_text(str(os.getpid()))
    finally:
        group.rmdir()


def fits(choice: Parameters, size: int) -> bool:
    """Whether a function of that size has the memory, beside what Python and the libraries take."""
    return choice.memory / 1024 + 200 <= size


def main() -> None:
    """Measure each choice at each size, and write the figures."""
    rows: list[Mapping[str, object]] = []
    for choice in CHOICES:
        for size in SIZES:
            if fits(choice, size):
                taken = measure(choice, size)
                row = {**asdict(choice), "size": size, "ms": round(median(taken), 1), "least": round(min(taken), 1)}
                rows.append({**row, "most": round(max(taken), 1)})
                print(*row.values(), f"{usd(median(taken), size):.2f} USD", flush=True)
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.platform != "linux" or os.geteuid() != 0:
        sys.exit("root on Linux is needed, to hold a process to a share of a CPU")
    main()
