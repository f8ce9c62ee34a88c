"""How the processes that run the tests spend no CPU on what no test needs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

SECOND = "gw1"
"""The name of the second of the processes that run the tests."""


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect without the garbage collector: nothing that is collected goes away again.

    The second process begins with the last folders, so that each finds what the other has compiled, and compiles half.
    """
    config = session.config
    if _worker(config) == SECOND and len(config.args) == 1 and Path(config.args[0]).is_dir():
        inside = (path for path in Path(config.args[0]).iterdir() if path.is_dir() and not path.name.startswith("_"))
        config.args = [str(path) for path in sorted(inside, reverse=True)]
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
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


def _worker(config: pytest.Config) -> str:
    return str(getattr(config, "workerinput", {}).get("workerid", ""))
