"""How the processes that run the tests spend no CPU on what no test needs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SECOND = "gw1"
"""The name of the second of the processes that run the tests."""

RARELY = (20_000, 20, 50)
"""When the garbage collector looks for circles: a test makes few, and each look costs what it looks at."""


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect without the garbage collector: nothing that is collected goes away again.

    The second process begins with the last folders, so that each finds what the other has compiled, and compiles half.
    """
    config = session.config
    if _worker(config) and not config.getoption("xmlpath"):
        _say_less(config)
    if _worker(config) == SECOND and len(config.args) == 1 and Path(config.args[0]).is_dir():
        inside = (path for path in Path(config.args[0]).iterdir() if path.is_dir() and not path.name.startswith("_"))
        config.args = [str(path) for path in sorted(inside, reverse=True)]
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*RARELY)
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Every process has the same tests in the same order, before they are shuffled."""
    if _worker(config):
        items.sort(key=lambda item: item.path)
    return (yield)


def pytest_unconfigure() -> None:
    """What is left goes with the process: pytest collects it five times before."""
    gc.freeze()


def _say_less(config: pytest.Config) -> None:
    """Say of a test that passed only that it did: what said it to the first process was a fiftieth of the CPU.

    Its set-up and its end are said where they failed, and where they took so long that pytest shows it.
    """
    (interactor,) = (one for one in config.pluginmanager.get_plugins() if type(one).__name__ == "WorkerInteractor")
    really, shown = interactor.sendevent, config.getoption("durations_min") or 0.0

    def say(name: str, **more: Any) -> None:
        if name == "testreport" and (report := more["data"])["outcome"] == "passed":
            if report["when"] != "call" and report["duration"] < shown:
                return
            report.update(keywords={}, sections=[])
        if name not in ("logstart", "logfinish"):
            really(name, **more)

    interactor.sendevent = say


def _worker(config: pytest.Config) -> str:
    return str(getattr(config, "workerinput", {}).get("workerid", ""))
