"""The functions as Lambda would run them: `app.<name>`, the environment's settings, API Gateway's own events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Unpack
from urllib.parse import urlencode

import pytest
from cryptography import x509

import app
from chalicelib import assembly
from chalicelib.assembly import Aws
from chalicelib.events import Event
from chalicelib.settings import Settings, variable
from local import api_gateway_events, stack
from local.api_gateway import Api
from local.https_server import Incoming
from tests.actors import Bank, Fintech, der, known
from tests.actors.parameters import Form, Headers


@dataclass(frozen=True)
class Wire:
    """What a proxy integration gives back, looked at as API Gateway does."""

    answer: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.answer["statusCode"])

    def all(self, name: str) -> list[str]:
        return [v for k, values in self.answer["multiValueHeaders"].items() if k.lower() == name for v in values]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, values
        return values[0] if values else None

    def json(self) -> Any:
        assert self.header("content-type") == "application/json"
        return json.loads(self.answer["body"])


class Lambdas:
    """Every function of app.py, by its name in the template."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    def __call__(self, name: str, event: dict[str, Any]) -> Wire:
        """The wire answer of a function to an event, both as JSON, which is how Lambda hands them over."""
        answer = getattr(app, name)(json.loads(json.dumps(event)), None)
        return Wire(json.loads(json.dumps(answer)))

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """What a function gives that is no proxy integration."""
        return json.loads(json.dumps(getattr(app, name)(json.loads(json.dumps(event)), None)))

    def event(
        self,
        method: str,
        path: str,
        *,
        headers: Headers = (),
        body: str | bytes = "",
        certificate: str | None = None,
        authorizer: Mapping[str, str] | None = None,
    ) -> Event:
        """API Gateway's proxy event. `path`: with its query. `certificate`: PEM."""
        return api_gateway_events.proxy_event(
            incoming(method, path, headers, body, certificate), path.partition("?")[0], authorizer
        )

    def authorizer_event(
        self, method: str, path: str, *, headers: Headers = (), certificate: str | None = None
    ) -> Event:
        """The event of a REQUEST authorizer."""
        return api_gateway_events.authorizer_event(
            incoming(method, path, headers, "", certificate), path.partition("?")[0]
        )

    def api(self) -> Api:
        """All of them behind API Gateway's stand-in, which does to an answer what API Gateway does."""
        return stack.api()


def incoming(
    method: str, path: str, headers: Headers = (), body: str | bytes = "", certificate: str | None = None
) -> Incoming:
    shown = None if certificate is None else x509.load_der_x509_certificate(der(certificate))
    sent = (("Host", "login.bank.example"), *headers)
    return Incoming(method, path, sent, body if isinstance(body, bytes) else body.encode(), "203.0.113.7", shown)


@pytest.fixture
def lambdas(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    """The functions, set up by their environment alone, but for the clock and the stand-in's clients."""
    for name, value in bank.settings._asdict().items():
        if value is not None:
            monkeypatch.setenv(variable(name), str(value))

    def made(settings: Settings) -> Aws:
        assert settings == bank.settings
        return bank.aws

    monkeypatch.setattr(assembly, "Aws", made)
    assembly.provider.cache_clear()
    yield Lambdas(bank)
    assembly.provider.cache_clear()


@pytest.fixture
def form(fintech: Fintech) -> Callable[..., dict[str, Any]]:
    """A function: parameters to the urlencoded body of an authenticated request, and its header."""

    def made(client: Fintech = fintech, **parameters: Unpack[Form]) -> dict[str, Any]:
        return {
            "body": urlencode(client.authenticated(known(parameters, Form))),
            "headers": (("Content-Type", "application/x-www-form-urlencoded"),),
            "certificate": client.certificate,
        }

    return made
