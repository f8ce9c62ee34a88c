"""Whole logins and what follows them, at ours and at a peer, with the CPU that each step takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from benchmarks import journey, peer_data
from benchmarks.processes import Process
from benchmarks.systems import Jar, Ours, Peer
from tests.actors import Browser, Fintech

LOGIN = (
    *("par", "authorize", "login, the page", "login", "consent, the page", "consent"),
    "token, authorization_code",
)
AFTER = ("userinfo", "introspect", "token, refresh_token", "token, client_credentials", "metadata", "jwks")
STEPS = (*LOGIN, *AFTER, "authorizer")

Step = Callable[[str, Callable[[], Any]], Any]


@dataclass
class System:
    """One of those that are measured.

    `login`: makes a whole login and what follows. Its first argument is called with each step's name and CPU, its second, if
    given, when all is prepared.
    `processes`: those that serve.
    `warming`: how many logins it has before all others begin.
    """

    name: str
    login: Callable[..., None]
    processes: Collection[Process]
    warming: int = 0


def of_ours(bank: Ours, client: Fintech) -> System:
    """Our provider, with a client of it."""

    def login(say: Callable[[str, float], None], prepared: Callable[[], None] = lambda: None) -> None:
        def step(name: str, work: Callable[[], Any]) -> Any:
            result = work()
            say(name, bank.taken)
            return result

        browser = Browser(bank)
        person, code = journey.new_person(bank.aws, now=bank.now)
        prepared()
        request_uri = step("par", client.pushed)
        opened = step("authorize", lambda: browser.open(client.client_id, request_uri))
        page = step("login, the page", lambda: browser.get(opened.location))
        typed = {"username": person, "password": journey.PASSWORD, "one_time_code": code}
        signed_in = step("login", lambda: browser.sign_in(page, **typed))
        page = step("consent, the page", lambda: browser.get(signed_in.location))
        back = step("consent", lambda: browser.submit(page, "approve"))
        tokens = _after(client, back.parameters["code"], step)
        decided = step("authorizer", lambda: client.accounts(tokens["access_token"]))
        if decided["policyDocument"]["Statement"][0]["Effect"] != "Allow":
            raise RuntimeError(f"the authorizer denied: {decided}")

    return System(bank.name, login, bank.processes)


def of_peer(
    peer: Peer, client: Fintech, browser: type[Jar] = Jar, person: Callable[[], dict[str, str]] | None = None
) -> System:
    """A peer, with a client of the same kind. `browser`: one that knows its pages; `person`: what somebody new types."""
    new_person = person or (lambda: peer_data.person(next(journey.SERIAL)))

    def login(say: Callable[[str, float], None], prepared: Callable[[], None] = lambda: None) -> None:
        jar = browser(peer)

        def step(name: str, work: Callable[[], Any]) -> Any:
            result = work()
            say(name, peer.taken)
            return result

        def browse(name: str, work: Callable[[], Any]) -> Any:
            result = work()
            say(name, jar.taken)
            return result

        typed = new_person()
        prepared()
        request_uri = step("par", client.pushed)
        opened = browse(
            "authorize", lambda: jar.open(f"/authorize?client_id={client.client_id}&request_uri={request_uri}")
        )
        page = browse("login, the page", lambda: jar.open(opened.location))
        signed_in = browse("login", lambda: jar.sign_in(page, typed))
        page = browse("consent, the page", lambda: jar.open(signed_in.location))
        back = browse("consent", lambda: jar.agree(page))
        _after(client, back.parameters["code"], step)

    return System(peer.name, login, peer.processes)


def _after(client: Fintech, code: str, step: Step) -> dict[str, Any]:
    tokens: dict[str, Any] = step("token, authorization_code", lambda: _ok(client.redeem(code)))
    step("userinfo", lambda: _ok(client.userinfo(tokens["access_token"])))
    assert step("introspect", lambda: _ok(client.introspect(tokens["access_token"])))["active"]
    step("token, refresh_token", lambda: _ok(client.refresh(tokens["refresh_token"])))
    step("token, client_credentials", lambda: _ok(client.post("/token", grant_type="client_credentials")))
    step("metadata", lambda: _ok(client.bank.send("GET", "/.well-known/openid-configuration")))
    step("jwks", lambda: _ok(client.bank.send("GET", "/jwks")))
    return tokens


def _ok(answer: Any) -> Any:
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {answer.text}")
    return json.loads(answer.text)
