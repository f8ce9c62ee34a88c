"""Two Regions of one strongly consistent global table, as AWS describes them (DynamoDB developer guide, "Global tables").

Writes of both Regions have one order and reads are consistent. Transactions and time to live are refused. A write that meets
another Region's on the same item fails, and may be sent again. A Region can be out of reach; a write can land and its
answer be lost.
Nothing of this ran on AWS: it is the rules as they are published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Condition, get_ident
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError, EndpointConnectionError
from pynamodb.connection import Connection
from pynamodb.exceptions import VerboseClientError

from chalicelib.settings import Settings
from chalicelib.storage.dynamodb import Dynamo
from tests.aws_in_process.dynamodb import Database
from tests.aws_in_process.errors import AwsError, Unknown

Body = dict[str, Any]
REFUSED = ("TransactWriteItems", "TransactGetItems", "UpdateTimeToLive")
WRITES = ("PutItem", "UpdateItem", "DeleteItem")
SENT_AGAIN = 3
"""How often the SDK sends a call whose answer is lost."""


class Turns:
    """Whose call is next: actors in threads of their own make their calls one by one, in an order that chance decides."""

    def __init__(self, rng: Random) -> None:
        self._rng, self._changed = rng, Condition()
        self._alive: set[int] = set()
        self._waiting: set[int] = set()
        self._turn: int | None = None

    def expect(self, actors: int) -> None:
        """So many will begin; nobody moves before all have."""
        self._missing = actors

    def begin(self) -> None:
        with self._changed:
            self._alive.add(get_ident())
            self._missing -= 1
            self._choose()

    def take(self) -> None:
        """Wait until it is this actor's turn. Who is no actor never waits."""
        me = get_ident()
        with self._changed:
            if me not in self._alive:
                return
            self._turn = None if self._turn == me else self._turn
            self._waiting.add(me)
            self._choose()
            self._changed.wait_for(lambda: self._turn == me)

    def end(self) -> None:
        with self._changed:
            me = get_ident()
            self._alive.discard(me)
            self._turn = None if self._turn == me else self._turn
            self._choose()

    def _choose(self) -> None:
        if self._turn is None and not self._missing and self._alive and self._waiting == self._alive:
            self._turn = self._rng.choice(sorted(self._waiting))
            self._waiting.discard(self._turn)
            self._changed.notify_all()


class Replicas:
    """The tables of both Regions. `collisions`, `losses`: how often, of one, a write collides or its answer is lost."""

    def __init__(self, rng: Random, *, collisions: float = 0.0, losses: float = 0.0) -> None:
        self.database, self.turns, self.rng = Database(), Turns(rng), rng
        self.collisions, self.losses = collisions, losses
        self.out_of_reach: set[str] = set()
        self.landed: list[tuple[str, Body]] = []

    def call(self, region: str, operation: str, body: Body) -> Body:
        """One call at a Region. Raises AwsError, or EndpointConnectionError."""
        self.turns.take()
        if operation in REFUSED:
            raise AwsError("ValidationException", f"{operation} is not supported by this table")
        if region in self.out_of_reach:
            raise EndpointConnectionError(endpoint_url=region)
        if operation in WRITES and self.rng.random() < self.collisions:
            raise AwsError("ReplicatedWriteConflictException", "another Region has the item in hand")
        request_parameters = body.get("RequestItems", {operation: body}).values()
        if operation in ("GetItem", "BatchGetItem") and not all(
            one.get("ConsistentRead") for one in request_parameters
        ):
            raise Unknown("a read that may be old")
        answer = self.database.call(operation, body)
        if operation in WRITES:
            self.landed.append((operation, body))
            if self.rng.random() < self.losses:
                raise _AnswerLost
        return answer

    def send_again(self) -> None:
        """A write that landed arrives once more, late."""
        self.turns.take()
        if self.landed:
            operation, body = self.rng.choice(self.landed)
            try:
                self.database.call(operation, body)
            except AwsError:
                return

    def region(self, name: str, settings: Settings, rng: Callable[[], str]) -> Dynamo:
        """Every store, as a function in that Region has them."""
        with patch("chalicelib.storage.dynamodb.tables.Connection", lambda **_: _Direct(self, name)):
            return Dynamo(settings, pause=lambda seconds: None, new_token_value=rng)

    @contextmanager
    def without(self, region: str) -> Iterator[None]:
        """While that Region can't be reached."""
        self.out_of_reach.add(region)
        yield
        self.out_of_reach.discard(region)


class _AnswerLost(Exception):
    pass


class _Direct(Connection):
    """pynamodb's connection without botocore below it, which a race of thousands would spend its time in.

    It sends a call again whose answer was lost, as botocore does, with the same body.
    """

    def __init__(self, replicas: Replicas, region: str) -> None:
        super().__init__()
        self._replicas, self._name = replicas, region

    @property
    def client(self) -> Any:
        return None

    def _make_api_call(self, operation_name: str, operation_kwargs: Any, settings: Any = None) -> Any:
        for _ in range(SENT_AGAIN):
            try:
                return self._replicas.call(self._name, operation_name, operation_kwargs)
            except _AnswerLost:
                continue
            except AwsError as refused:
                response: Any = {"Error": {"Code": refused.code, "Message": refused.message}, **refused.more}
                raise VerboseClientError(response, operation_name) from ClientError(response, operation_name)
        raise EndpointConnectionError(endpoint_url=self._name)
