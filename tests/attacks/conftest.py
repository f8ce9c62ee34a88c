"""Attacks run with the sockets closed: who is made to fetch or to call something fails loudly."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pytest_socket import disable_socket

RACERS = 8


@pytest.fixture(autouse=True)
def _no_sockets():
    disable_socket(allow_unix_socket=True)  # asyncio's own, which nothing here speaks over


@pytest.fixture
def race():
    """A function: an action to what came of eight threads doing it at the same time. The action gets its thread's number."""

    def at_once(action):
        together = Barrier(RACERS)

        def run(n):
            together.wait(10)
            return action(n)

        with ThreadPoolExecutor(RACERS) as racers:
            return list(racers.map(run, range(RACERS)))

    return at_once
