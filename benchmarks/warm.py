"""CPU of whole logins and of what follows them, of packaged functions and of a peer, alternated in one run.

All that is measured talks to the same stand-in for AWS, in a process of its own, over sockets. Making the requests, and what the
stand-in does, is not counted.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from argon2 import PasswordHasher

from benchmarks import journey, keycloak, peer_data, systems
from benchmarks.logins import LOGIN, System, of_ours, of_peer
from benchmarks.processes import started
from chalicelib.jobs import publish_keys
from chalicelib.users import password
from docs.clauses import ROOT
from local import aws_stand_in
from tests.actors import Fintech
from tests.actors.material import jwk

OURS = ("ducat", "ducat, a process each")
"""Our provider in one process, as the peer is, and with a process for each function, as it is deployed."""


@dataclass
class Samples:
    """Milliseconds of CPU by step; what one login of the system is, by `LOGIN`.

    `server`: of its processes together, the CPU of the start, and the memory after all.
    """

    by_step: dict[str, list[float]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    server: dict[str, float] = field(default_factory=dict)

    def logins(self) -> list[float]:
        """Of each whole login."""
        return [sum(parts) for parts in zip(*(self.by_step[name] for name in LOGIN), strict=True)]


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


@contextmanager
def peers(folder: Path, home: Path, environment: dict[str, str], client: Fintech) -> Iterator[list[System]]:
    """The peer with its state in DynamoDB and its key in KMS, and the peer in memory, with a client like ours."""
    scope = "openid offline_access profile accounts"
    metadata = {
        "client_id": client.client_id,
        "redirect_uris": [client.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "scope": scope,
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
    keys["PAGES"] = str(peer_data.pages(home, scope))
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
    for one in systems_:
        for _ in range(one.warming):
            one.login(lambda name, taken: None)
    for number in range(-warming, rounds):
        first = number % len(systems_)
        for one in systems_[first:] + systems_[:first]:
            kept: dict[str, list[float]] = samples[one.name].by_step if number >= 0 else {}
            one.login(lambda name, taken, kept=kept: kept.setdefault(name, []).append(taken))
    for one in systems_:
        samples[one.name].calls = _calls_of(one)
        samples[one.name].server = {
            "start_ms": sum(process.start_ms for process in one.processes),
            "resident_mb": sum(process.resident_mb for process in one.processes),
        }
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
    distribution: Path | None,
    tls: tuple[Path, Path] | None,
) -> dict[str, dict[str, Samples]]:
    """By kind of client and by system.

    `names`: of ours, in one process and in a process for each function. `peer`: its folder, if it is beside ours.
    `distribution`: Keycloak's, built, if it is. `tls`: the authority that is trusted, and the certificate with its key that AWS's
    stand-in shows.
    """
    warming = max(1, rounds // 2)
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
            with ExitStack() as others, TemporaryDirectory() as home:
                if peer is not None:
                    measured_systems += others.enter_context(peers(peer, Path(home), environment, client))
                if distribution is not None:
                    logins = warming + rounds + 1
                    measured_systems.append(
                        others.enter_context(
                            keycloak.system(distribution, client, logins, warming=keycloak.WARMING * rounds)
                        )
                    )
                measured[kind] = alternated(measured_systems, rounds, warming)
        return measured
