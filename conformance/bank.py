"""Where the provider under test is: the local stack, or a deployment on AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.assembly import Aws
from chalicelib.clients.metadata import registered
from chalicelib.provider import Provider
from chalicelib.resource_server import policy
from chalicelib.settings import Settings
from local import sandbox_users
from local.certificates import Certificates
from local.stack import Stack

USERINFO = "/userinfo"


class NoBank(Exception):
    """There is no provider to test; the message says why in one line."""


@dataclass(frozen=True)
class Person:
    """Who signs in on the pages."""

    username: str
    password: str
    one_time_code: str


@dataclass(frozen=True)
class Bank:
    """The provider under test. `resource_url`: what the plans read with their tokens, and `scope` what it asks for.

    `person`: who the suite's own browser signs in as, None where someone does it by hand. `clients_url`: what a client reads with
    a token of its own, None where there is no such thing.
    """

    provider: Provider
    resource_url: str
    scope: str
    person: Person | None
    clients_url: str | None = None

    @property
    def issuer(self) -> str:
        return self.provider.settings.issuer

    def register(self, metadata: Mapping[str, Any]) -> None:
        """Make a client known. Raises InvalidClientMetadata or InvalidRedirectUri."""
        signs, documents = self.provider.settings.signs_with, self.provider.documents
        self.provider.clients.put(registered(metadata, signs=signs, documents=documents))


@contextmanager
def local(port: int, certificates: Certificates) -> Iterator[Bank]:
    """The local stack with the sample bank's API, for as long as the block. Raises PortTaken.

    `certificates`: whose authority issues the clients', and publishes what it revoked.
    """
    with Stack(browsers_port=port, certificates_port=port + 1, certificates=certificates) as stack:
        alice = sandbox_users.ALICE
        yield standing(stack.provider, Person(alice.username, alice.password, sandbox_users.ONE_TIME_CODE))


@contextmanager
def deployed(function: str) -> Iterator[Bank]:
    """A deployment, whose settings the named Lambda function of it has. Raises NoBank or SettingsError."""
    try:
        found = botocore.session.get_session().create_client("lambda").get_function_configuration(FunctionName=function)
    except (BotoCoreError, ClientError) as problem:
        raise NoBank(f"the settings of the function {function} can't be read ({problem})") from None
    yield standing(Aws(Settings.read(found.get("Environment", {}).get("Variables", {}))), None)


def standing(provider: Provider, person: Person | None) -> Bank:
    """The bank of a Provider: its resource is the first route of its API that is read with GET, for a person. Raises NoBank.

    What a client reads with a token of its own is the first whose rule lets it, at the same scope.
    """
    settings = provider.settings
    try:
        rules = policy.rules(settings.resource_rules)
    except policy.RulesError as problem:
        raise NoBank(f"DUCAT_RESOURCE_RULES: {problem}") from None
    own = {
        route.partition(" ")[2]: rule
        for route, rule in rules.items()
        if route.startswith("GET ") and route != f"GET {USERINFO}" and "resource" not in rule and "scope" in rule
    }
    path = next((path for path, rule in own.items() if rule.get("subject") != "client"), None)
    if path is None:
        raise NoBank("DUCAT_RESOURCE_RULES names no route to read with GET besides /userinfo")
    scope = own[path]["scope"]
    open_to_clients = (
        settings.resource_url + path
        for path, rule in own.items()
        if rule.get("subject", "person") != "person" and rule["scope"] == scope
    )
    return Bank(provider, settings.resource_url + path, scope, person, next(open_to_clients, None))
