"""The bank: the provider, in this process."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from jwt.algorithms import OKPAlgorithm

import app
from chalicelib import client_registration, gateway
from chalicelib.assembly import Aws
from chalicelib.endpoints import authorizer
from chalicelib.events import AuthorizerAnswer, Event, Identity
from chalicelib.settings import Settings
from chalicelib.storage.records import Client
from tests.actors.answer import Answer
from tests.actors.material import secret_octets
from tests.actors.parameters import AUTHORITY, ISSUER, MTLS, NOW
from tests.web import Web

jwt.register_algorithm("Ed25519", OKPAlgorithm())  # RFC 9864: the newer name of the same


class Bank:
    """The provider on AWS's stand-in. `now` is its clock; `web` is what it can fetch."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.now = NOW
        self.settings = Settings.read(
            {
                "DUCAT_ISSUER": ISSUER,
                "DUCAT_MTLS_URL": MTLS,
                "DUCAT_BANK_NAME": "Example Bank",
                "DUCAT_PAYMENT_EXEMPTION": "low value",  # tests/specs/test_rts.py has none
                "DUCAT_USER_DIRECTORY": "local.sandbox_users:build",
                "DUCAT_RESOURCE_URL": "https://api.bank.example",
                "DUCAT_CLIENT_AUTHORITIES": json.dumps([AUTHORITY]),
                "DUCAT_RESOURCE_RULES": json.dumps(
                    {"GET /accounts": {"scope": "accounts"}, "GET /userinfo": {"scope": "openid"}}
                ),
                **environment,
            }
        )
        self.aws = Aws(self.settings, clock=lambda: self.now)
        self.web = self.aws.documents = Web()

    def about_anyone(self) -> None:
        """From here on GET /accounts is not about a person alone: a client's own token may open it too."""
        rules = json.loads(self.settings.resource_rules)
        rules["GET /accounts"]["subject"] = "any"
        self.aws.settings = self.settings._replace(resource_rules=json.dumps(rules))

    def send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | list[tuple[str, str]] | str = (),  # type: ignore[assignment]
        form: dict[str, str] | list[tuple[str, str]] | str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        certificate: str | None = None,
        content_type: str | None = "application/x-www-form-urlencoded",
    ) -> Answer:
        """One request to the function that serves `path`, as API Gateway hands it over. `content_type`: of the form."""
        name = next(iter(app.app.routes[path].values())).view_name
        methods = tuple(app.app.routes[path])
        if form is not None:
            form = form if isinstance(form, str) else urlencode(form)
            if content_type is not None:
                headers = (*headers, ("Content-Type", content_type))
        event = self.event(method, path, query=query, body=form, headers=headers, certificate=certificate)
        response = gateway.serve(name, methods, path, event, lambda: self.aws)
        return Answer(response.status, tuple((k.lower(), v) for k, v in response.headers), response.body)

    def event(
        self, method: str, path: str, *, query: Any = (), body: Any = None, headers: Any = (), certificate: Any = None
    ) -> Event:
        """API Gateway's proxy event."""
        pairs = parse_qsl(query, keep_blank_values=True) if isinstance(query, str) else list(dict(query).items())
        if isinstance(query, list):
            pairs = query
        identity: Identity = {} if certificate is None else {"clientCert": {"clientCertPem": certificate}}
        return {
            "httpMethod": method,
            "path": path,
            "multiValueQueryStringParameters": _grouped(pairs),
            "multiValueHeaders": _grouped(headers),
            "requestContext": {"httpMethod": method, "resourcePath": path, "identity": identity},
            "body": body,
            "isBase64Encoded": False,
        }

    def authorize(
        self, method: str, path: str, *, headers: Any = (), certificate: str | None = None, query: Any = ()
    ) -> AuthorizerAnswer:
        """What the Lambda authorizer decides about a call of the bank's API."""
        event = self.event(method, path, headers=headers, certificate=certificate, query=query)
        arn = f"arn:aws:execute-api:eu-central-1:111122223333:a1b2c3/live{path}"
        return authorizer.decide(gateway.from_event(event), arn, self.aws)

    def register(self, **given: Any) -> Client:
        """Register a client, by its metadata. A secret that it gets is one of `secret_of`."""
        client, _ = client_registration.register(
            given, self.aws, lambda octets: secret_octets(given["client_id"], octets)
        )
        return client

    def metadata(self) -> dict[str, Any]:
        """The provider's metadata (RFC 8414)."""
        return dict(self.send("GET", "/.well-known/oauth-authorization-server").json())

    def jwks(self) -> dict[str, Any]:
        """The keys that the provider publishes."""
        return dict(self.send("GET", "/jwks").json())

    def verified(self, id_token: str, client_id: str) -> dict[str, Any]:
        """The claims of an ID token, verified by a library of its own against the published keys; times are not looked at."""
        kid = jwt.get_unverified_header(id_token)["kid"]
        (key,) = [
            jwt.PyJWK(key, algorithm=None if "alg" in key else "EdDSA")
            for key in self.jwks()["keys"]
            if key["kid"] == kid
        ]
        return jwt.decode(
            id_token,
            key.key,
            algorithms=["PS256", "ES256", "EdDSA", "Ed25519"],
            audience=client_id,
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )


def _grouped(pairs: Any) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
