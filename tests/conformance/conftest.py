"""A suite that plays a script: the REST API that the runner drives, over TLS on a free port, and no provider behind it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.certificates import Certificates
from local.https_server import Incoming, Outgoing, Server

End = tuple[dict[str, Any], list[dict[str, Any]]]
PASSED: End = ({"status": "FINISHED", "result": "PASSED"}, [])


class FakeSuite:
    """`ends`: by module, its info and its log; None for one that never ends. `requests`: those that it got."""

    def __init__(self) -> None:
        self.release = "5.2.4"
        self.status = 200
        self.token: str | None = None
        self.address = ""
        self.ends: dict[str, End | None] = {"first-module": PASSED, "second-module": PASSED}
        self.requests: deque[tuple[str, str]] = deque()
        self.plans: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.running: dict[str, bool] = {}
        self.most_at_once: dict[str, int] = {}
        self._lock = Lock()

    def answer(self, request: Incoming) -> Outgoing:
        url = urlsplit(request.target)
        path, query = url.path, {name: values[0] for name, values in parse_qs(url.query).items()}
        with self._lock:
            self.requests.append((request.method, path))
            if self.status != 200:
                return said({"error": "not now"}, self.status)
            if self.token and request.header("authorization") != f"Bearer {self.token}":
                return said({"error": "who are you"}, 401)
            return self._route(request.method, path.removeprefix("/api/"), query, request.body)

    def _route(self, method: str, path: str, query: dict[str, str], body: bytes) -> Outgoing:
        if path == "server":
            return said({"version": self.release})
        if (method, path) == ("POST", "plan"):
            return self._new_plan(query, json.loads(body))
        if (method, path) == ("POST", "runner"):
            return self._start(query["plan"], query["test"])
        kind, _, run = path.partition("/")
        run = run.removesuffix("/wait-state")
        if method == "DELETE":
            self.running.pop(run, None)
            return said({})
        if path.endswith("/wait-state"):
            return said({"timeout": True} if self._end(run) is None else {"state": "FINISHED"})
        if kind == "info":
            self.running.pop(run, None)
            ended = self._end(run)
            assert ended is not None
            return said(ended[0])
        if kind == "log":
            return said((self._end(run) or ({}, HANGING))[1])
        return said({"browser": {"urls": ["https://bank.example/authorize?x"]}} if kind == "runner" else {})

    def _new_plan(self, query: dict[str, str], configuration: dict[str, Any]) -> Outgoing:
        if query["planName"] == "unheard-of-test-plan":
            return said({"error": "no such plan"}, 404)
        self.plans.append((query["planName"], json.loads(query["variant"]), configuration))
        modules = [{"testModule": name, "variant": None} for name in self.ends]
        return said({"id": str(len(self.plans) - 1), "modules": modules}, 201)

    def _start(self, plan: str, module: str) -> Outgoing:
        run = f"{plan}.{module}"
        self.running[run] = True
        at_once = sum(other.startswith(f"{plan}.") for other in self.running)
        self.most_at_once[plan] = max(at_once, self.most_at_once.get(plan, 0))
        return said({"id": run}, 201)

    def _end(self, run: str) -> End | None:
        return self.ends[run.partition(".")[2]]


HANGING = [
    {"result": "REVIEW", "src": "ExpectErrorPage", "msg": "Show it", "requirements": ["PAR-2.2"], "upload": "abc"},
    {"src": "WebRunner", "msg": "Opened the login page"},
]


def said(content: Any, status: int = 200) -> Outgoing:
    return Outgoing(status, (("Content-Type", "application/json"),), json.dumps(content).encode())


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def fake(certificates: Certificates) -> Iterator[FakeSuite]:
    """A suite that is there; `address` says where."""
    suite = FakeSuite()
    server = Server(0, certificates.server(), suite.answer, requests_certificates=False)
    server.start()
    suite.address = f"https://localhost:{server.port}"
    yield suite
    server.stop()
