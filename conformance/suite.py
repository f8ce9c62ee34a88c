"""A conformance suite at an address, by its REST API: is it there, ready and the one that is known; plans, modules, logs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

RELEASE = "5.2.4"
"""The release whose plans and words the matrix and the results are made for."""

TOKEN = "CONFORMANCE_TOKEN"
"""The environment variable with the API token, which the hosted suite asks for."""

TIMEOUT = 60
PAUSES = (1, 4, 15)
"""Seconds between tries of what may be asked again."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ENDED = ("FINISHED", "INTERRUPTED")

Log = list[dict[str, Any]]


class SuiteProblem(Exception):
    """The suite can't be used; the message says why in one line."""


class SuiteRefused(SuiteProblem):
    """The suite did not take a request."""


class Suite:
    """One worker's connection to it. `address`: https://host:port. `token`: for a suite that wants one."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self.address = address.rstrip("/")
        url = urlsplit(self.address)
        if url.scheme != "https" or not url.hostname:
            raise SuiteProblem(f"{address} is no https address of a suite")
        self._session = requests.Session()
        self._session.headers["Content-Type"] = "application/json"
        if url.hostname in LOOPBACK:
            self._session.trust_env = False
            self._session.verify = False  # it made its certificate itself
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def require(self, release: str = RELEASE) -> str:
        """Its release. Raises SuiteProblem where it is not there, not ready, wants a token or is of another release."""
        for path in ("server", "plan?length=1"):  # the second one asks its database
            try:
                answer = self._session.get(f"{self.address}/api/{path}", timeout=TIMEOUT)
            except requests.RequestException as problem:
                raise SuiteProblem(f"no suite answers at {self.address} ({type(problem).__name__})") from None
            if answer.status_code in (401, 403):
                raise SuiteProblem(f"the suite at {self.address} wants a token: set {TOKEN} (an API token of its own)")
            if answer.status_code >= 500:
                raise SuiteProblem(f"the suite at {self.address} is not ready ({answer.status_code})")
            if path == "server":
                found = _release(answer)
        if found is None:
            raise SuiteProblem(f"what answers at {self.address} is no conformance suite")
        if found != release:
            raise SuiteProblem(f"the suite at {self.address} is release {found}; known here is {release}")
        return found

    def new_plan(self, name: str, variant: Mapping[str, str], configuration: Mapping[str, Any]) -> dict[str, Any]:
        """A plan with its `id` and `modules`. Raises SuiteRefused."""
        query = {"planName": name, "variant": json.dumps(variant)}
        plan: dict[str, Any] = self._send_request("POST", "plan", query, json.dumps(configuration))
        return plan

    def start(self, plan_id: str, module: Mapping[str, Any]) -> str:
        """The id of a run of the plan's module. A run of the same alias ends. Raises SuiteRefused."""
        query = {"test": module["testModule"], "plan": plan_id}
        if module.get("variant"):
            query["variant"] = json.dumps(module["variant"])
        return str(self._send_request("POST", "runner", query)["id"])

    def ended(self, run: str, *, seconds: int) -> bool:
        """Whether the run ends within these seconds, at most 30."""
        query = {"states": ",".join(ENDED), "timeoutMs": str(seconds * 1000)}
        try:
            return "state" in self._send_request("GET", f"runner/{run}/wait-state", query)
        except SuiteRefused:  # no longer in its memory
            return self.info(run).get("status") in ENDED

    def info(self, run: str) -> dict[str, Any]:
        """`status`, `result` and more of a run."""
        info: dict[str, Any] = self._send_request("GET", f"info/{run}")
        return info

    def log(self, run: str) -> Log:
        """What the run wrote, in order."""
        log: Log = self._send_request("GET", f"log/{run}")
        return log

    def waiting_urls(self, run: str) -> list[str]:
        """The addresses that a run wants somebody to open."""
        try:
            browser = self._send_request("GET", f"runner/{run}").get("browser") or {}
        except SuiteRefused:
            return []
        return [str(url) for url in browser.get("urls") or ()]

    def stop(self, run: str) -> None:
        """End a run that does not end by itself."""
        self._send_request("DELETE", f"runner/{run}")

    def forget(self, plan_id: str) -> None:
        """Delete a plan with the logs of its runs."""
        self._send_request("DELETE", f"plan/{plan_id}")

    def _send_request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: str | None = None
    ) -> Any:
        """The answer's JSON, {} where it has none. What changes nothing is asked again. Raises SuiteProblem."""
        pauses = PAUSES if method == "GET" else ()
        for pause in (*pauses, None):
            try:
                answer = self._session.request(
                    method, f"{self.address}/api/{path}", params=query, data=body, timeout=TIMEOUT
                )
            except requests.RequestException as problem:
                if pause is None:
                    raise SuiteProblem(f"the suite is gone ({type(problem).__name__})") from None
            else:
                if pause is None or answer.status_code < 500:
                    return _read(answer)
            time.sleep(pause)
        raise AssertionError


def _read(answer: requests.Response) -> Any:
    if not answer.ok:
        raise SuiteRefused(f"the suite says {answer.status_code} {_words(answer)}")
    try:
        return answer.json()
    except requests.JSONDecodeError:
        return {}


def _words(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("error", ""))
    except (requests.JSONDecodeError, AttributeError):
        return ""


def _release(answer: requests.Response) -> str | None:
    try:
        version = answer.json().get("version")
    except (requests.JSONDecodeError, AttributeError):
        return None
    return version if answer.ok and isinstance(version, str) else None
