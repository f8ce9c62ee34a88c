"""Which tests share a process of the two that run them (pytest -n 2), and which are begun first.

What is costly to start, and one file's tests, stay in one process. The longest are begun first, so that neither process is idle
at the end.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import cache

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

SHARED = {
    "cdk": re.compile(r"tests/infra/"),
    "chromium": re.compile(r"tests/users/test_(\w+_in_browser|return_to_client)\.py"),
    "operator": re.compile(r"tests/operator/"),
    "java": re.compile(r".*dynamodb-local"),
    "trees": re.compile(
        r"tests/house/test_(checks_by_endpoint|clauses|faults|layers|published|style|words|written_pages)\.py"
    ),
    "cold starts": re.compile(r"tests/house/test_(budgets|imports)\.py"),
    "make": re.compile(r"tests/local/test_(commands|try_\w+)\.py"),
}
"""What tests share, by their ids: a Node, a browser, a Java, the syntax trees, what each function loads in a fresh process, the
folder of certificates of the commands."""

SECONDS = {
    "chromium": 40.0,
    "cdk": 35.0,
    "operator": 20.0,
    "make": 12.0,
    "tests/benchmarks/": 10.0,
    "trees": 9.0,
    "java": 9.0,
    "cold starts": 7.0,
    "tests/local/": 6.0,
}
"""About how long what begins so takes. A test of anything else is taken for a hundredth."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """xdist's hook, whatever its --dist says."""
    return Schedule(config, log)


class Schedule(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out the tests of what is shared, or of a file, at once."""

    workqueue: OrderedDict[str, dict[str, bool]]

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = sorted(self.workqueue.items(), key=lambda unit: -_seconds(*unit))
        self.workqueue = OrderedDict(longest)
        super()._assign_work_unit(node)


@cache
def scope_of(nodeid: str) -> str:
    """What is shared, or the file."""
    shared = (name for name, ids in SHARED.items() if ids.match(nodeid))
    return next(shared, nodeid.partition("::")[0])


def _seconds(scope: str, tests: dict[str, bool]) -> float:
    known = (seconds for name, seconds in SECONDS.items() if scope.startswith(name))
    return next(known, len(tests) / 100)
