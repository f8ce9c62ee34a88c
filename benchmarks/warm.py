"""CPU of whole logins and of what follows them, of packaged functions and of a peer, alternated in one run.

All that is measured talks to the same stand-in for AWS, in a process of its own, over sockets. Making the requests, and what the
stand-in does, is not counted.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from argon2 import PasswordHasher

from benchmarks import journey, peer_data, systems
from benchmarks.processes import started
from benchmarks.systems import Jar, Ours, Peer
from chalicelib.jobs import publish_keys
from chalicelib.users import password
from docs.clauses import ROOT
from local import aws_stand_in
from tests.actors import Browser, Fintech
from tests.actors.material import jwk

LOGIN = (
    *("par", "authorize", "login, the page", "login", "consent, the page", "consent"),
    "token, authorization_code",
)
AFTER = ("userinfo", "introspect", "token, refresh_token", "token, client_credentials", "metadata", "jwks")
OURS = ("ducat", "ducat, a process each")
"""Our provider in one process, as the peer is, and with a process for each function, as it is deployed."""
STEPS = (*LOGIN, *AFTER, "authorizer")

Step = Callable[[str, Callable[[], Any]], Any]


@dataclass
class Samples:
    """Milliseconds of CPU by step; what one login of the system is, by `LOGIN`."""

    by_step: dict[str, list[float]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def logins(self) -> list[float]:
        """Of each whole login."""
        return [sum(parts) for parts in zip(*(self.by_step[name] for name in LOGIN), strict=True)]


@dataclass
class System:
    """One of those that are measured.

    `login`: makes a whole login and what follows. Its first argument is called with each step's name and CPU, its second, if
    given, when all is prepared.
    """

    name: str
    login: Callable[..., None]


@contextmanager
def light_passwords() -> Iterator[None]:
    """Passwords are hashed at argon2's least cost: a login is measured less argon2, whose parameters are a bank's choice."""
    before = password._HASHER
    password._HASHER = PasswordHasher.from_parameters(replace(password.ARGON2, memory_cost=8))
    yield
    password._HASHER = before


@contextmanager
def stand_in(tls: tuple[Path, Path] | None = None) -> Iterator[dict[str, str]]:
    """AWS's stand-in: the environment that leads to it, with the settings of what was made in it."""
    command = [sys.executable, "-m", "benchmarks.aws_server", *map(str, (tls or ())[1:])]
    with started(command, cwd=ROOT, environment=os.environ) as server:
        scheme, trusted = (
            ("https", {"AWS_CA_BUNDLE": str(tls[0]), "NODE_EXTRA_CA_CERTS": str(tls[0])}) if tls else ("http", {})
        )
        leading = {
            **{name: value for name, value in aws_stand_in.SURROUNDINGS.items() if value},
            **aws_stand_in.in_region(systems.REGION),
            **trusted,
            "AWS_ENDPOINT_URL": f"{scheme}://localhost:{server.port}",
        }
        with aws_stand_in.surroundings(aws_stand_in.SURROUNDINGS, leading):
            made = aws_stand_in.create()
            os.environ.update(made)
            yield {"PATH": os.environ["PATH"], **leading, **made}


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

    return System(bank.name, login)


def of_peer(peer: Peer, client: Fintech) -> System:
    """The peer, with a client of the same kind."""

    def login(say: Callable[[str, float], None], prepared: Callable[[], None] = lambda: None) -> None:
        jar = Jar(peer)

        def step(name: str, work: Callable[[], Any]) -> Any:
            result = work()
            say(name, peer.taken)
            return result

        def browse(name: str, work: Callable[[], Any]) -> Any:
            result = work()
            say(name, jar.taken)
            return result

        typed = peer_data.person(next(journey.SERIAL))
        prepared()
        request_uri = step("par", client.pushed)
        opened = browse(
            "authorize", lambda: jar.open(f"/authorize?client_id={client.client_id}&request_uri={request_uri}")
        )
        page = browse("login, the page", lambda: jar.open(opened.location))
        signed_in = browse("login", lambda: jar.submit(page, **typed))
        page = browse("consent, the page", lambda: jar.open(signed_in.location))
        back = browse("consent", lambda: jar.submit(page))
        _after(client, back.parameters["code"], step)

    return System(peer.name, login)


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


@contextmanager
def peers(folder: Path, home: Path, environment: dict[str, str], client: Fintech) -> Iterator[list[System]]:
    """The peer with its state in DynamoDB and its key in KMS, and the peer in memory, with a client like ours."""
    metadata = {
        "client_id": client.client_id,
        "redirect_uris": [client.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "scope": "openid offline_access profile accounts",
        "token_endpoint_auth_method": client.auth,
        "token_endpoint_auth_signing_alg": "PS256",
        "id_token_signed_response_alg": "PS256",
        "jwks": {"keys": [jwk(client.key)]},
        "tls_client_certificate_bound_access_tokens": client.proof_key is None,
        "dpop_bound_access_tokens": client.proof_key is not None,
    }
    clients = home / f"{client.client_id}.json"
    clients.write_text(json.dumps([metadata]))
    keys = {"PEER_TABLE": peer_data.TABLE, "PEER_KEY": environment["DUCAT_PS256_KEY"]}
    keys["PEER_SECRETS_KEY"] = environment["DUCAT_SECRETS_KEY"]
    with ExitStack() as stack:
        made = []
        for name, store in (("peer", "dynamodb"), ("peer in memory", "memory")):
            server = stack.enter_context(systems.peer(name, folder, clients, environment, STORE=store, **keys))
            made.append(of_peer(server, client.with_(bank=server)))
        yield made


def alternated(systems_: list[System], rounds: int, warming: int) -> dict[str, Samples]:
    """By system: so many rounds, in each of which all of them log in, another one first each time.

    Then one more login of each, whose calls to AWS are counted.
    """
    samples = {one.name: Samples() for one in systems_}
    for number in range(-warming, rounds):
        first = number % len(systems_)
        for one in systems_[first:] + systems_[:first]:
            kept: dict[str, list[float]] = samples[one.name].by_step if number >= 0 else {}
            one.login(lambda name, taken, kept=kept: kept.setdefault(name, []).append(taken))
    for one in systems_:
        samples[one.name].calls = _calls_of(one)
    return samples


def _calls_of(system: System) -> dict[str, int]:
    """How many calls to AWS each step of one more login makes; what prepares the login is not in it."""
    calls: dict[str, int] = {}
    before = 0

    def say(name: str, _: float) -> None:
        nonlocal before
        after = called()
        calls[name] = after - before
        before = after

    def prepared() -> None:
        nonlocal before
        before = called()

    system.login(say, prepared)
    return calls


def called() -> int:
    """How many calls the stand-in answered so far."""
    trusted = os.environ.get("AWS_CA_BUNDLE")
    context = ssl.create_default_context(cafile=trusted) if trusted else None
    with urlopen(os.environ["AWS_ENDPOINT_URL"], context=context) as answer:
        counts: dict[str, int] = json.loads(answer.read())
    return sum(counts.values())


def measure(
    package: Path,
    python: Path,
    kinds: Sequence[str],
    rounds: int,
    *,
    names: Sequence[str] = OURS,
    peer: Path | None,
    tls: tuple[Path, Path] | None,
) -> dict[str, dict[str, Samples]]:
    """By kind of client and by system.

    `names`: of ours, in one process and in a process for each function. `peer`: its folder, if it is beside ours. `tls`: the
    authority that is trusted, and the certificate with its key that AWS's stand-in shows.
    """
    with stand_in(tls) as environment, light_passwords(), ExitStack() as stack:
        banks = [
            stack.enter_context(systems.ours(name, package, python, environment, apart=name != "ducat"))
            for name in names
        ]
        one = banks[0]
        publish_keys.run(one.aws)
        peer_data.make_table()
        measured = {}
        for kind in kinds:
            auth, constraint = journey.KINDS[kind]
            client = journey.client(one, auth, constraint, begins=one.now - 86_400)
            measured_systems = [of_ours(bank, client.with_(bank=bank)) for bank in banks]
            with ExitStack() as beside, TemporaryDirectory() as home:
                if peer is not None:
                    measured_systems += beside.enter_context(peers(peer, Path(home), environment, client))
                measured[kind] = alternated(measured_systems, rounds, max(1, rounds // 2))
        return measured
