"""What AWS can do to a call: each fault by its name, and an Injector that puts one of them into one call of a request.

A fault stands under botocore, whose own tries run. Time is virtual: a pause costs what it asks for, and a call that is not
answered what the client waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.retries.quota import RetryQuota

from chalicelib.settings import AWS_CONNECT_SECONDS, AWS_READ_SECONDS
from tests.aws_in_process.aws import Body, Call, Stand
from tests.aws_in_process.errors import AwsError

WRITES = ("PutItem", "UpdateItem", "DeleteItem")
BATCH = "BatchGetItem"


class Killed(BaseException):
    """Lambda ended the function, which can do nothing about it."""


@dataclass(frozen=True, order=True)
class Point:
    """One call of a request: its operation, the tables that it names, and how many of that kind came before it."""

    operation: str
    tables: str
    number: int = 0

    def __str__(self) -> str:
        return f"{self.operation} {self.tables}" + (f" #{self.number + 1}" if self.number else "")


@dataclass(frozen=True)
class Fault:
    """`group`: of a kind with others, for the table. `does`: in place of the call; `once`: of its first try alone.

    `loses_answer`: the work may be done though nobody hears so. `throttles`: AWS has too much to do.
    """

    name: str
    group: str
    does: Callable[[Injector, Call, Callable[[], Body]], Body]
    once: bool = False
    loses_answer: bool = False
    throttles: bool = False
    only: Callable[[Point], bool] = lambda point: True


@dataclass
class Injector:
    """Records the calls of a request, and makes one of them fail. `time`: the seconds that were waited."""

    at: Point | None = None
    fault: Fault | None = None
    points: list[Point] = field(default_factory=list)
    landed: bool = False
    time: float = 0.0
    _tries: int = 0
    _here: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, at: Point | None = None, fault: Fault | None = None) -> None:
        """From here on: another request, that has this fault at that call."""
        self.at, self.fault = at, fault
        self.points, self.landed, self.time, self._tries = [], False, 0.0, 0

    def logical(self, really: Callable[..., Any], client: Any, operation: str, arguments: Any) -> Any:
        """One call as the product makes it, whose tries `answer` sees."""
        tables = "+".join(sorted(_tables(arguments)))
        with self._lock:
            number = sum(1 for one in self.points if (one.operation, one.tables) == (operation, tables))
            self._here.point = Point(operation, tables, number)
            self.points.append(self._here.point)
        return really(client, operation, arguments)

    def answer(self, call: Call, work: Callable[[], Body]) -> Body:
        """A fault of the stand-in: one try of a call."""
        if self.fault is None or not self._struck(getattr(self._here, "point", None)):
            return work()
        self._tries += 1
        if self.fault.once and self._tries > 1:
            return work()
        return self.fault.does(self, call, work)

    def side_by_side(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        """Provider.alongside, one after the other: both are done whatever comes of them, and cost the time of the longer."""
        began, results, problems = self.time, [], []
        longest = began
        for work in (first, second):
            self.time = began
            try:
                results.append(work())
            except BaseException as problem:
                problems.append(problem)
            longest = max(longest, self.time)
        self.time = longest
        if problems:
            raise problems[-1]
        return results[0], results[1]

    def _struck(self, point: Point | None) -> bool:
        """Whether it is the call; a fault that lasts also strikes when the product itself makes the same call again."""
        if point is None or self.at is None or self.fault is None:
            return False
        if (point.operation, point.tables) != (self.at.operation, self.at.tables):
            return False
        return point.number == self.at.number or (not self.fault.once and point.number > self.at.number)

    def work(self, work: Callable[[], Body]) -> Body:
        """The work is done, and noted."""
        answer = work()
        self.landed = True
        return answer


def _tables(arguments: Any) -> set[str]:
    named = set(arguments.get("RequestItems", ())) | {arguments[name] for name in ("TableName",) if name in arguments}
    return {name.removeprefix("ducat-") for name in named} or {"kms"}


@contextmanager
def injected(stand: Stand, *banks: Any) -> Iterator[Injector]:
    """An Injector under every call of these banks; nobody really waits."""
    injector = Injector()
    really = BaseClient._make_api_call  # type: ignore[attr-defined]

    def slept(seconds: float) -> None:
        injector.time += seconds

    def logical(client: Any, operation: str, arguments: Any) -> Any:
        return injector.logical(really, client, operation, arguments)

    for bank in banks:
        bank.aws.dynamo._tables._pause = slept
    with (
        patch.object(BaseClient, "_make_api_call", logical),
        patch("botocore.endpoint.time.sleep", slept),
        patch.object(RetryQuota, "acquire", lambda quota, amount: True),  # as in a function that met no fault before
        stand.failing(injector.answer),
    ):
        yield injector


def _refuse(code: str, status: int = 400) -> Callable[[Injector, Call, Callable[[], Body]], Body]:
    def does(injector: Injector, call: Call, work: Callable[[], Body]) -> Body:
        raise AwsError(code, "injected", status=status)

    return does


def _unreached(injector: Injector, call: Call, work: Callable[[], Body]) -> Body:
    injector.time += AWS_CONNECT_SECONDS
    raise ConnectTimeoutError(endpoint_url="https://aws.example/")


def _answer_lost(injector: Injector, call: Call, work: Callable[[], Body]) -> Body:
    injector.work(work)
    injector.time += AWS_READ_SECONDS
    raise ReadTimeoutError(endpoint_url="https://aws.example/")


def _killed_before(injector: Injector, call: Call, work: Callable[[], Body]) -> Body:
    raise Killed


def _killed_after(injector: Injector, call: Call, work: Callable[[], Body]) -> Body:
    injector.work(work)
    raise Killed


def _unread(keep: bool) -> Callable[[Injector, Call, Callable[[], Body]], Body]:
    """A batch of which one table's keys stay unread, or all of them."""

    def does(injector: Injector, call: Call, work: Callable[[], Body]) -> Body:
        answer = work()
        left = dict(call.body["RequestItems"])
        if keep and len(left) > 1:
            left.pop(next(iter(left)))
        read = {table: items for table, items in answer["Responses"].items() if table not in left}
        return answer | {"Responses": read, "UnprocessedKeys": left}

    return does


def _of_kms(point: Point) -> bool:
    return point.tables == "kms"


def _of_write(point: Point) -> bool:
    return point.operation in WRITES


def _of_batch(point: Point) -> bool:
    return point.operation == BATCH


FAULTS = (
    Fault("throttled once", "passes", _refuse("ThrottlingException"), once=True, throttles=True),
    Fault("500 once", "passes", _refuse("InternalServerError", 500), once=True),
    Fault("answer lost once", "passes", _answer_lost, once=True),
    Fault("conflict once", "passes", _refuse("ReplicatedWriteConflictException"), once=True, only=_of_write),
    Fault("all unread once", "passes", _unread(False), once=True, only=_of_batch),
    Fault("half unread once", "passes", _unread(True), once=True, only=_of_batch),
    Fault("throttled", "throttled", _refuse("ThrottlingException"), throttles=True),
    Fault("throughput", "throttled", _refuse("ProvisionedThroughputExceededException"), throttles=True),
    Fault("conflict", "throttled", _refuse("ReplicatedWriteConflictException"), throttles=True, only=_of_write),
    Fault("all unread", "throttled", _unread(False), throttles=True, only=_of_batch),
    Fault("key unavailable", "throttled", _refuse("KeyUnavailableException", 500), throttles=True, only=_of_kms),
    Fault("500", "fails", _refuse("InternalServerError", 500)),
    Fault("no connection", "fails", _unreached),
    Fault("credentials expired", "fails", _refuse("ExpiredTokenException")),
    Fault("denied", "fails", _refuse("AccessDeniedException")),
    Fault("key disabled", "fails", _refuse("DisabledException"), only=_of_kms),
    Fault("key state", "fails", _refuse("KMSInvalidStateException"), only=_of_kms),
    Fault("answer lost", "answer lost", _answer_lost, loses_answer=True),
    Fault("killed before", "killed before", _killed_before),
    Fault("killed after", "killed after", _killed_after, loses_answer=True),
)


def faults_of(point: Point) -> list[Fault]:
    """What can happen to that call."""
    return [fault for fault in FAULTS if fault.only(point)]
