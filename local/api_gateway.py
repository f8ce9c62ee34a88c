"""API Gateway for one machine: routes to the functions of app.py and the bank's, the authorizer before them, its own refusals.

The functions run as Lambda would run them: an event in, a proxy answer out. What API Gateway does to an answer is done here too,
the renamed WWW-Authenticate among it, so that what works here works there. Its refusals are those of
ducat_cdk/gateway_responses.py.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from chalicelib import language
from chalicelib.events import Event
from chalicelib.pages import gateway_error_pages
from local import api_gateway_events
from local.https_server import Incoming, Outgoing

Handler = Callable[[Event, object], Any]

SAFE = {
    "Cache-Control": "'no-store'",
    "Strict-Transport-Security": "'max-age=63072000; includeSubDomains'",
    "x-fapi-interaction-id": "method.request.header.x-fapi-interaction-id",
}
"""What every one of them carries; the authorizer's refusal names the call by what it found to be a UUID, or made."""

REFUSALS: Mapping[str, tuple[int, Mapping[str, str], Mapping[str, str]]] = {
    "ACCESS_DENIED": (
        401,
        {
            "WWW-Authenticate": "context.authorizer.www_authenticate",
            "DPoP-Nonce": "context.authorizer.dpop_nonce",
            "Accept-Signature": "context.authorizer.accept_signature",
            "x-fapi-interaction-id": "context.authorizer.interaction_id",
        },
        {"error": "$context.authorizer.error"},
    ),
    "MISSING_AUTHENTICATION_TOKEN": (404, {}, {"error": "not_found"}),
    "AUTHORIZER_FAILURE": (503, {"Retry-After": "'2'"}, {"error": "temporarily_unavailable"}),
    "DEFAULT_5_XX": (502, {}, {"error": "server_error"}),
}
"""As ducat_cdk/gateway_responses.py has them: a header is a 'literal', or taken from the request or the authorizer's context."""

RENAMED = frozenset({"connection", "content-length", "date", "server", "transfer-encoding", "www-authenticate"})
"""Headers of a function's answer that API Gateway sends as x-amzn-Remapped-<name>."""

NOT_FOR_LOCALHOST = frozenset({"strict-transport-security"})
"""A browser that trusts the dev CA would remember it for every other program on this machine's localhost, for two years."""

log = logging.getLogger("ducat.local")


@dataclass(frozen=True)
class Route:
    """A function behind a method and path; `guarded`: behind the authorizer."""

    function: Handler
    guarded: bool = False


@dataclass(frozen=True)
class Context:
    """The little of Lambda's context object that anything reads."""

    function_name: str
    aws_request_id: str


@dataclass(frozen=True)
class Api:
    """A REST API. `routes`: by (method, path)."""

    routes: Mapping[tuple[str, str], Route]
    authorizer: Handler

    def answer(self, request: Incoming) -> Outgoing:
        """The answer of the function that serves the request, or API Gateway's own. Raises nothing."""
        answer = self._answer(request)
        kept = tuple(pair for pair in answer.headers if pair[0].lower() not in NOT_FOR_LOCALHOST)
        return replace(answer, headers=kept)

    def _answer(self, request: Incoming) -> Outgoing:
        resource = api_gateway_events.path_of(request)
        route = self.routes.get((request.method, resource))
        if route is None:
            return refusal("MISSING_AUTHENTICATION_TOKEN", request)
        try:
            allowed = self._authorize(request, resource) if route.guarded else None
        except Exception:
            log.exception("the authorizer of %s %s failed", request.method, resource)
            return refusal("AUTHORIZER_FAILURE", request)
        if isinstance(allowed, Outgoing):
            return allowed
        try:
            event = api_gateway_events.proxy_event(request, resource, allowed)
            return _outgoing(route.function(event, _context(event)))
        except Exception:
            log.exception("%s %s failed", request.method, resource)
            return refusal("DEFAULT_5_XX", request)

    def _authorize(self, request: Incoming, resource: str) -> dict[str, str] | Outgoing:
        """What the authorizer hands on, or the refusal."""
        event = api_gateway_events.authorizer_event(request, resource)
        decision = self.authorizer(event, _context(event))
        context = {name: _text(value) for name, value in decision.get("context", {}).items()}
        if _allows(decision["policyDocument"], event["methodArn"]):
            return {"principalId": decision["principalId"], "integrationLatency": "0", **context}
        return refusal("ACCESS_DENIED", request, context)


def refusal(kind: str, request: Incoming, authorizer: Mapping[str, str] | None = None) -> Outgoing:
    """API Gateway's own words. A header whose source is not there is left out."""
    status, headers, body = REFUSALS[kind]
    sources = {f"context.authorizer.{name}": value for name, value in (authorizer or {}).items()}
    sources |= {f"method.request.header.{name.lower()}": value for name, value in request.headers}
    is_page = kind in gateway_error_pages.WORDS and gateway_error_pages.accepts_a_page(
        sources.get("method.request.header.accept") or ""
    )
    sent = [("Content-Type", "text/html; charset=utf-8" if is_page else "application/json")]
    for name, source in {**SAFE, **headers}.items():
        value = source.strip("'") if source.startswith("'") else sources.get(source)
        if value is not None:
            sent.append((name, value))
    if is_page:
        return Outgoing(status, tuple(sent), gateway_error_pages.page(kind, tuple(language.names())).encode())
    words = {name: sources.get(value.removeprefix("$"), value) for name, value in body.items()}
    return Outgoing(status, tuple(sent), json.dumps(words).encode())


def _outgoing(answer: Mapping[str, Any]) -> Outgoing:
    """A proxy integration's answer on the wire. Raises KeyError, ValueError or TypeError where it is none."""
    many = {name: [value] for name, value in (answer.get("headers") or {}).items()}
    many |= answer.get("multiValueHeaders") or {}
    headers = tuple((_sent_as(name), str(value)) for name, values in many.items() for value in values)
    if not any(name.lower() == "content-type" for name in many):
        headers += (("Content-Type", "application/json"),)
    body: str = answer.get("body") or ""
    return Outgoing(
        int(answer["statusCode"]),
        headers,
        base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode(),
    )


def _sent_as(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in RENAMED else name


def _allows(policy: Mapping[str, Any], arn: str) -> bool:
    """Whether a statement allows the method and none denies it, as IAM evaluates (deny by default)."""
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if any(fnmatchcase(arn, resource) for resource in _listed(statement["Resource"]))
        and any(fnmatchcase("execute-api:Invoke", action) for action in _listed(statement["Action"]))
    }
    return effects == {"Allow"}


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A value of the authorizer's context as API Gateway hands it on. Raises TypeError for what it would refuse."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError("an authorizer's context holds texts, numbers and booleans")


def _context(event: Mapping[str, Any]) -> Context:
    context = event["requestContext"]
    return Context(context["resourcePath"], context["requestId"])
