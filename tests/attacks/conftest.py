"""Attacks run with the sockets closed: who is made to fetch or to call something fails loudly."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from pytest_socket import disable_socket

MAX_ROTATION_ATTEMPTS = 8


@pytest.fixture(autouse=True)
def _no_sockets() -> None:
    disable_socket(allow_unix_socket=True)  # asyncio's own, which nothing here speaks over


@pytest.fixture
def race() -> Callable[[Callable[[int], Any]], list[Any]]:
    """A function: an action to what came of eight threads doing it at the same time. The action gets its thread's number."""

    def at_once(action: Callable[[int], Any]) -> list[Any]:
        together = Barrier(MAX_ROTATION_ATTEMPTS)

        def run(n: int) -> Any:
            together.wait(10)
            return action(n)

        with ThreadPoolExecutor(MAX_ROTATION_ATTEMPTS) as racers:
            return list(racers.map(run, range(MAX_ROTATION_ATTEMPTS)))

    return at_once
