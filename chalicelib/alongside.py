"""Two calls at the same time, such as two of AWS, which a request waits for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

MANY = 1000
"""Maximum number of threads. A thread is started only if no other is idle: in a function one, seldom two."""


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """The results of both. Raises the exception of either after both have ended."""
    other = _helpers().submit(copy_context().run, second)  # With who writes (writer.py).
    try:
        result = first()
    except BaseException:
        other.exception()  # Wait until it has ended.
        raise
    return result, other.result()


@cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MANY)  # They are reused: to start one takes up to a third of the CPU of its call.
