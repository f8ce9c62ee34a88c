"""The functions as Lambda would run them: `app.<name>`, the environment's settings, API Gateway's own events."""

import json
from dataclasses import dataclass, fields

import pytest
from cryptography import x509

import app
from chalicelib import assembly
from chalicelib.settings import Settings, variable
from local import events, stack
from local.wire import Incoming
from tests.actors import Fintech, der


@dataclass(frozen=True)
class Wire:
    """What a proxy integration gives back, looked at as API Gateway does."""

    answer: dict

    @property
    def status(self):
        return self.answer["statusCode"]

    def all(self, name):
        return [v for k, values in self.answer["multiValueHeaders"].items() if k.lower() == name for v in values]

    def header(self, name):
        values = self.all(name)
        assert len(values) <= 1, values
        return values[0] if values else None

    def json(self):
        assert self.header("content-type") == "application/json"
        return json.loads(self.answer["body"])


class Lambdas:
    """Every function of app.py, by its name in the template."""

    def __init__(self, bank):
        self.bank = bank

    def __call__(self, name, event):
        """The wire answer of a function to an event, both as JSON, which is how Lambda hands them over."""
        answer = getattr(app, name)(json.loads(json.dumps(event)), None)
        return Wire(json.loads(json.dumps(answer)))

    def invoke(self, name, event):
        """What a function gives that is no proxy integration."""
        return json.loads(json.dumps(getattr(app, name)(json.loads(json.dumps(event)), None)))

    def event(self, method, path, *, headers=(), body="", certificate=None, authorizer=None):
        """API Gateway's proxy event. `path`: with its query. `certificate`: PEM."""
        return events.proxy_event(
            incoming(method, path, headers, body, certificate), path.partition("?")[0], authorizer
        )

    def authorizer_event(self, method, path, *, headers=(), certificate=None):
        """The event of a REQUEST authorizer."""
        return events.authorizer_event(incoming(method, path, headers, "", certificate), path.partition("?")[0])

    def api(self):
        """All of them behind API Gateway's stand-in, which does to an answer what API Gateway does."""
        return stack.api()


def incoming(method, path, headers=(), body="", certificate=None):
    shown = None if certificate is None else x509.load_der_x509_certificate(der(certificate))
    sent = (("Host", "login.bank.example"), *headers)
    return Incoming(method, path, sent, body if isinstance(body, bytes) else body.encode(), "203.0.113.7", shown)


@pytest.fixture
def lambdas(bank, monkeypatch):
    """The functions, set up by their environment alone, but for the clock and the stand-in's clients."""
    for field in fields(Settings):
        monkeypatch.setenv(variable(field.name), str(getattr(bank.settings, field.name)))

    def made(settings):
        assert settings == bank.settings
        return bank.aws

    monkeypatch.setattr(assembly, "Aws", made)
    assembly.provider.cache_clear()
    yield Lambdas(bank)
    assembly.provider.cache_clear()


@pytest.fixture
def form(fintech):
    """A function: parameters to the urlencoded body of an authenticated request, and its header."""
    from urllib.parse import urlencode

    def made(client: Fintech = fintech, **parameters):
        return {
            "body": urlencode(client.authenticated(parameters)),
            "headers": (("Content-Type", "application/x-www-form-urlencoded"),),
            "certificate": client.certificate,
        }

    return made
