"""Applies mutations one at a time to a copy of the tree, and finds the test that notices each.

Each worker has a copy of its own. A mutation meets its own tests first; those that survive meet the wide set, all together, and
then each for itself the tests that failed there. In the end each test that noticed something must pass on the tree as it is.
"""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import SimpleQueue
from typing import Any

from tests.mutants.mutation import ROOT, Mutation, Stale, mutated, together

WIDE = (
    "specs",
    "attacks",
    "storage",
    "keys",
    "gateway",
    "users",
    "fetch",
    "local/test_https_server.py",
    "local/test_api_gateway.py",
)
"""Folders and files below tests/ that a mutation meets which its own tests let pass."""
QUICKLY = ("-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "--timeout=60", "--ignore-glob=*_in_browser.py")
NO_JAVA = ("-k", "not dynamodb-local")
NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", ".*_cache", "__pycache__", "build", "cdk.out", "node_modules")
MUTABLE = ("chalicelib", "local", "ducat_admin")
SECONDS, SECONDS_WIDE = 150, 3000
MANY = 60
"""Tests that fail under several mutations at once, of which each is tried with each mutation."""


@dataclass(frozen=True)
class Outcome:
    """What became of a mutation. `by`: the test that noticed it; None where none did, and then `why`."""

    mutation: Mutation
    by: str | None
    why: str = ""


class Worker:
    """A copy of the tree, and a process that runs tests in it."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        shutil.copytree(ROOT, tree, ignore=NOT_COPIED, symlinks=True)
        # Compiled code is told from a changed source by its content: a second may hold several changes of one length.
        for name in MUTABLE:
            compileall.compile_dir(tree / name, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        compileall.compile_file(tree / "app.py", quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.zygote"],
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, some: Sequence[Mutation], arguments: Sequence[str], *, seconds: float, keeps_bytecode: bool = False
    ) -> dict[str, Any]:
        """What comes of pytest with these mutations in the tree."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request_parameters = {
            "sources": mutated(some, self._tree),
            "arguments": list(arguments),
            "seconds": seconds,
            "keeps_bytecode": keeps_bytecode,
        }
        self._process.stdin.write(json.dumps(request_parameters) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Workers:
    """So many workers, each of which does one thing at a time."""

    def __init__(self, all_of_them: Sequence[Worker]) -> None:
        self._number = len(all_of_them)
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for one in all_of_them:
            self._free.put(one)

    def each(self, act: Callable[[Worker, Any], Any], things: Sequence[Any]) -> Iterator[Any]:
        """What the action gives for each thing, in the things' order."""

        def one(thing: Any) -> Any:
            worker = self._free.get()
            try:
                return act(worker, thing)
            finally:
                self._free.put(worker)

        with ThreadPoolExecutor(self._number) as threads:
            yield from threads.map(one, things)


@contextmanager
def workers(number: int) -> Iterator[Workers]:
    """So many workers on fresh copies of the tree, which are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        made = [Worker(Path(folder) / f"tree-{n}") for n in range(number)]
        try:
            yield Workers(made)
        finally:
            for one in made:
                one.close()


def outcomes(some: Sequence[Mutation], hands: Workers, report_to: Callable[[str], None]) -> list[Outcome]:
    """What becomes of each mutation, in their order. Raises Stale where a test that is named is not there, or fails by itself."""
    _collect(some, hands)
    found: dict[str, Outcome] = {}
    for outcome in hands.each(_narrowly, some):
        found[outcome.mutation.name] = outcome
        report_to(_line(outcome))
    survivors = [one for one in some if found[one.name].by is None and not found[one.name].why]
    for outcome in _widely(survivors, hands, report_to):
        found[outcome.mutation.name] = outcome
        report_to(_line(outcome))
    _require_passing(sorted({one.by for one in found.values() if one.by}), hands)
    return [found[one.name] for one in some]


def below_tests(names: Sequence[str]) -> list[str]:
    """The names of tests as pytest takes them."""
    return [f"tests/{name}" for name in names]


def function_of(test: str) -> str:
    """A test's name without its parameters and without tests/ before it."""
    return test.partition("[")[0].removeprefix("tests/")


def _narrowly(worker: Worker, mutation: Mutation) -> Outcome:
    answer = worker.run([mutation], [*QUICKLY, "-x", *NO_JAVA, *below_tests(mutation.tests)], seconds=SECONDS)
    return _read(mutation, answer)


def _read(mutation: Mutation, answer: dict[str, Any]) -> Outcome:
    if answer.get("hung"):
        return Outcome(mutation, None, "it runs without end")
    if answer["broken"]:
        return Outcome(mutation, None, f"it can't be run: {answer['broken'][0].strip().splitlines()[-1]}")
    if answer["failed"]:
        return Outcome(mutation, answer["failed"][0])
    if not answer["ran"]:
        return Outcome(mutation, None, "none of its tests ran")
    return Outcome(mutation, None)


def _widely(some: Sequence[Mutation], hands: Workers, report_to: Callable[[str], None]) -> Iterator[Outcome]:
    """What the wide set notices of mutations that survived their own tests: of all that can stand together in one run.

    Where one of them breaks so much that little is learned of the others, each half stands alone.
    """
    for group in together(some):
        report_to(f"{len(group)} survived their own tests and meet all others")
        failed = _failing(group, hands)
        if (failed is None or len(failed) > MANY) and len(group) > 1:
            middle = len(group) // 2
            yield from _widely(group[:middle], hands, report_to)
            yield from _widely(group[middle:], hands, report_to)
        else:
            yield from _each_alone(group, failed or (), hands)


def _failing(group: Sequence[Mutation], hands: Workers) -> list[str] | None:
    """The tests of the wide set that fail under all of these at once; None where they run without end."""

    def meet(worker: Worker, folder: str) -> dict[str, Any]:
        most = f"--maxfail={MANY + 1}"
        return worker.run(group, [*QUICKLY, most, *NO_JAVA, f"tests/{folder}"], seconds=SECONDS_WIDE)

    answers = list(hands.each(meet, WIDE))
    if any(answer.get("hung") for answer in answers):
        return None
    return [test for answer in answers for test in answer.get("failed", ())]


def _each_alone(group: Sequence[Mutation], failed: Sequence[str], hands: Workers) -> Iterator[Outcome]:
    """Which of the tests that failed under all of them notices each by itself, and does so again when it stands alone."""

    def meet(worker: Worker, mutation: Mutation) -> Outcome:
        left = list(failed)
        while left:
            found = _read(mutation, worker.run([mutation], [*QUICKLY, "-x", *left], seconds=SECONDS_WIDE))
            if found.by is None:
                return found if found.why else Outcome(mutation, None, "no test notices")
            again = _read(mutation, worker.run([mutation], [*QUICKLY, found.by], seconds=SECONDS))
            if again.by is not None:
                return again
            left = left[left.index(found.by) + 1 :]  # it failed for another reason, such as the machine's load
        return Outcome(mutation, None, "no test notices")

    yield from hands.each(meet, group)


def _collect(some: Sequence[Mutation], hands: Workers) -> None:
    """See that each test that is named is there; leaves pytest's own compiled tests in each copy."""
    named = below_tests(sorted({test for one in some for test in one.tests}))
    folders = [f"tests/{folder}" for folder in WIDE]

    def collect(worker: Worker, what: list[str]) -> dict[str, Any]:
        return worker.run([], [*QUICKLY, "--collect-only", *what], seconds=SECONDS, keeps_bytecode=True)

    for answer in hands.each(collect, [named, [*folders, *named]]):
        if answer.get("hung") or answer.get("code") != 0 or answer["broken"]:
            raise Stale(f"the tests that are named can't be collected: {answer}")


def _require_passing(tests: Sequence[str], hands: Workers) -> Sequence[str]:
    """The tests, if each passes where nothing is mutated. Raises Stale."""
    folders = [list(group) for _, group in groupby(tests, key=lambda test: test.split("/")[1])]

    def passed(worker: Worker, which: list[str]) -> dict[str, Any]:
        return worker.run([], [*QUICKLY, *which], seconds=SECONDS_WIDE)

    for answer in hands.each(passed, folders):
        if answer.get("hung") or answer["broken"] or answer["failed"]:
            raise Stale(f"tests fail where nothing is mutated: {answer.get('failed') or answer}")
    return tests


def _line(outcome: Outcome) -> str:
    disclosed = function_of(outcome.by) if outcome.by else outcome.why or "its own tests let it pass"
    return f"{'caught' if outcome.by else 'NOT'}  {outcome.mutation.name}  {disclosed}"
