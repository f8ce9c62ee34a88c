"""CPU of a warm request, with AWS answered inside the process: what our code, botocore and the cryptography take.

Each request is made once against the stand-in, whose answers are kept. Then it is made again and again, each time with
assertions and proofs of its own, and those answers are played back in place of a socket. Making the requests is not counted.
"""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from statistics import median
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from botocore.awsrequest import AWSResponse

import app
from benchmarks import journey
from chalicelib import gateway
from chalicelib.assembly import Aws
from chalicelib.endpoints import authorizer
from chalicelib.events import AuthorizerAnswer, Event
from chalicelib.jobs import publish_keys
from local import aws_stand_in
from tests.actors import Answer, Bank, Browser, Fintech

AnswerRequest = Callable[[Fintech], object]


@dataclass(frozen=True)
class Prepared:
    """Requests of one kind that wait to be answered. `answers`: what AWS said, in the order of the calls."""

    run: Callable[[Event], None]
    events: list[Event]
    answers: tuple[tuple[str, bytes], ...]


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of CPU by request and kind of client, each the median of so many rounds."""
    with aws_stand_in.in_process("eu-west-1") as environment:
        bank = Bank(environment)
        publish_keys.run(bank.aws)
        tape = Tape(bank.aws)
        prepared = {kind: _prepare(bank, tape, *journey.KINDS[kind], rounds=rounds) for kind in journey.KINDS}
    taken: dict[str, dict[str, list[float]]] = {}
    with tape.playing():
        for n in range(rounds):  # all kinds in turn, so that whatever else the machine does disturbs each alike
            for kind, requests in prepared.items():
                for name, one in requests.items():
                    taken.setdefault(name, {}).setdefault(kind, []).append(_taken(one, tape, n))
    return {name: {kind: median(of[kind]) for kind in of} for name, of in taken.items()}


class Tape:
    """What AWS answered, to be played back: on the clients of one provider."""

    def __init__(self, provider: Aws) -> None:
        self._said: list[tuple[str, bytes]] = []
        self._next: deque[tuple[str, bytes]] = deque()
        self._lock = Lock()
        self._clients = [provider.dynamo._tables._connection.client, provider.kms._client]
        for client in self._clients:
            client.meta.events.register("after-call", self._keep)

    @contextmanager
    def keeping(self) -> Iterator[list[tuple[str, bytes]]]:
        """What is answered now, operation by operation."""
        said: list[tuple[str, bytes]] = []
        self._said = said
        yield said
        self._said = []

    @contextmanager
    def playing(self) -> Iterator[None]:
        """From here on nothing is asked of AWS, nor of its stand-in."""
        for client in self._clients:
            client.meta.events.register("before-send", self._answer)
        yield
        for client in self._clients:
            client.meta.events.unregister("before-send", self._answer)

    def play(self, answers: tuple[tuple[str, bytes], ...]) -> None:
        """These, for the next request."""
        self._next = deque(answers)

    def _keep(self, model: Any, http_response: Any, **_: Any) -> None:
        self._said.append((model.name, http_response.content))

    def _answer(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        with self._lock:
            requested_values = next(
                one for one in self._next if one[0] == operation
            )  # what runs alongside comes in any order
            self._next.remove(requested_values)
        return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, _Body(requested_values[1]))


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class _Writer(Bank):
    """A bank that only writes requests down."""

    def __init__(self, bank: Bank) -> None:
        vars(self).update(vars(bank))
        self.written: list[Event] = []

    def send(self, method: str, path: str, **request: Any) -> Answer:
        form = request.pop("form", None)
        content_type = ("Content-Type", "application/x-www-form-urlencoded")
        headers = (*request.pop("headers", ()), *([content_type] if form else []))
        body = urlencode(form) if isinstance(form, dict) else form
        self.event(method, path, body=body, headers=headers, **request)
        return Answer(200, (), "")

    def authorize(self, method: str, path: str, **request: Any) -> AuthorizerAnswer:
        self.event(method, path, **request)
        return {"principalId": "", "policyDocument": {"Version": "2012-10-17", "Statement": []}, "context": {}}

    def event(self, method: str, path: str, **request: Any) -> Event:
        made = super().event(method, path, **request)
        self.written.append(made)
        return made


def _prepare(bank: Bank, tape: Tape, auth: str, constraint: str, *, rounds: int) -> Mapping[str, Prepared]:
    request_arguments = journey.client(bank, auth, constraint)
    code = _code(request_arguments)
    tokens = request_arguments.redeem(_code(request_arguments)).json()
    requests: dict[str, AnswerRequest] = {
        "par": lambda client: client.push(),
        "token, authorization_code": lambda client: client.redeem(code),
        "token, refresh_token": lambda client: client.refresh(tokens["refresh_token"]),
        "token, client_credentials": lambda client: client.post("/token", grant_type="client_credentials"),
        "authorizer": lambda client: client.accounts(tokens["access_token"]),
    }
    redeeming = request_arguments.with_(bank=_with_one_handle(bank))
    return {
        name: _prepared(
            name, send_request, redeeming if name == "token, authorization_code" else request_arguments, tape, rounds
        )
        for name, send_request in requests.items()
    }


def _with_one_handle(bank: Bank) -> Bank:
    """A bank of which every attempt has the same name, as the answer that is played back says who redeemed the code."""
    same = copy(bank)
    same.aws = copy(bank.aws)
    vars(same.aws)["new_token_value"] = lambda: "A" * 43
    return same


def _prepared(name: str, send_request: AnswerRequest, request_arguments: Fintech, tape: Tape, rounds: int) -> Prepared:
    with tape.keeping() as answers:
        send_request(request_arguments)
    writer = _Writer(request_arguments.bank)
    for _ in range(rounds):
        send_request(request_arguments.with_(bank=writer))
    run = _decide if name == "authorizer" else _serve
    return Prepared(lambda event: run(event, writer.aws), writer.written, tuple(answers))


def _taken(prepared: Prepared, tape: Tape, number: int) -> float:
    tape.play(prepared.answers)
    began = time.process_time_ns()
    prepared.run(prepared.events[number])
    return (time.process_time_ns() - began) / 1e6


def _serve(event: Event, provider: Aws) -> None:
    path = event["path"]
    name = next(iter(app.app.routes[path].values())).view_name
    answer = gateway.to_event(gateway.serve(name, tuple(app.app.routes[path]), path, event, lambda: provider))
    if answer["statusCode"] not in (200, 201):
        raise RuntimeError(f"{path} answered {answer['statusCode']}: {answer['body']}")


def _decide(event: Event, provider: Aws) -> None:
    arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/live/GET/accounts"
    policy = authorizer.decide(gateway.from_event(event), arn, provider)
    if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
        raise RuntimeError(f"the authorizer denied: {policy['context']}")


def _code(request_arguments: Fintech) -> str:
    return (
        Browser(request_arguments.bank)
        .login(request_arguments.client_id, request_arguments.pushed())
        .parameters["code"]
    )
