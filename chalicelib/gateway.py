"""The adapter between API Gateway and Chalice and the endpoints' Request and Response. No other file knows both.

This file turns errors into responses, and writes one log line per request. A log line never contains a secret.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

from chalice.app import Chalice
from chalice.app import Response as ChaliceResponse

from chalicelib import aws_errors, log_lines, writer
from chalicelib.errors import InvalidRequest, NotFoundOrMethodNotAllowed, OAuthError, TemporarilyUnavailable
from chalicelib.messages import NO_STORE, Request, Response, json_response
from chalicelib.protocol_types import Json, JsonObject
from chalicelib.resource_server import fapi_headers
from chalicelib.settings import SettingsError

if TYPE_CHECKING:  # No function needs them.
    from types import TracebackType

    from chalicelib.events import AuthorizerAnswer, Event, ProxyAnswer
    from chalicelib.provider import Provider

    Handler = Callable[[Event, object], object]

log = logging.getLogger("ducat")
log.setLevel(logging.INFO)

RESOURCES = ("userinfo",)
"""Endpoints that name each call by its own interaction id: FAPI1-BASE-6.2.1-11."""

LOGGED = ("client_id", "error", "reason", "event", "interaction_id")
"""Members of the authorizer's context that its log line contains."""

SECURITY_HEADERS = (
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)


def application() -> Chalice:
    """Chalice's application. Its own logger would keep log lines below ERROR to itself."""
    return Chalice(app_name="ducat", configure_logs=False)


def mount(app: Chalice, provider: Callable[[], Provider], name: str, methods: Sequence[str], path: str) -> Handler:
    """Serve `endpoints/<name>.py` at `path`: as a route of `chalice local`, and as the Lambda function `app.<name>`.

    The endpoint's module is imported at the first request, or by `assembly.warm` in the function's init phase.
    """

    def lambda_handler(event: Event, context: object) -> ProxyAnswer:
        return to_event(serve(name, methods, path, event, provider))

    def view(**_: str) -> ChaliceResponse:
        requested = app.current_request
        assert requested is not None  # Chalice sets it before it calls a view
        answer = lambda_handler(cast("Event", requested.to_original_event()), app.lambda_context)
        headers = {k: v if len(v) > 1 else v[0] for k, v in answer["multiValueHeaders"].items()}
        return ChaliceResponse(answer["body"], headers, answer["statusCode"])

    app.route(path, methods=list(methods), name=name, content_types=[])(view)
    return _function(app, name, lambda_handler)


def mount_authorizer(app: Chalice, provider: Callable[[], Provider], name: str) -> Handler:
    """The Lambda function `app.<name>`, which API Gateway calls before the bank's own API."""

    def lambda_handler(event: Event, context: object) -> AuthorizerAnswer:
        began = time.perf_counter()
        try:
            decide = import_module(f"chalicelib.endpoints.{name}").decide
            request = from_event(event)
            with writer.acting(name, request.interaction_id):
                policy: AuthorizerAnswer = decide(request, event["methodArn"], provider())
        except Exception as problem:  # Lambda would log its text. API Gateway answers 503 (gateway_responses.py).
            log.error("%s failed", name, exc_info=_without_values(problem))
            write_log(name, "failed", {"reason": aws_errors.reason(problem)})
            raise RuntimeError(f"{name} failed") from None
        written = policy["context"]
        write_log(
            name,
            "allowed" if policy["policyDocument"]["Statement"][0]["Effect"] == "Allow" else "refused",
            {**request.notes, **{k: written[k] for k in LOGGED if written.get(k)}, "ms": _milliseconds(began)},
        )
        for name_of_log in ("reason", "event"):
            written.pop(name_of_log, None)
        return policy

    return _function(app, name, lambda_handler)


def mount_job(app: Chalice, provider: Callable[[], Provider], name: str, *, commanded: bool = False) -> Handler:
    """The Lambda function `app.<name>`, run by a schedule and at each deployment, or by what it is connected to.

    `commanded`: what it gets is handed to it, such as an operator's command.
    """

    def lambda_handler(event: Event, context: object) -> JsonObject:
        run = import_module(f"chalicelib.jobs.{name}").run
        by = cast(JsonObject, event).get("by") if commanded else None
        who = writer.OPERATOR + by if isinstance(by, str) else name
        with writer.acting(who, getattr(context, "aws_request_id", None)):
            outcome: JsonObject = run(provider(), event) if commanded else run(provider())
        log_lines.write(log, {"endpoint": name, "outcome": "done", **outcome})
        return outcome

    return _function(app, name, lambda_handler)


def _function(app: Chalice, name: str, lambda_handler: Handler) -> Handler:
    """The Lambda function of that name. `chalice package` names its handler by `__name__`."""
    lambda_handler.__name__ = name
    function: Handler = app.lambda_function(name=name)(lambda_handler)
    return function


def serve(name: str, methods: Sequence[str], path: str, event: Event, provider: Callable[[], Provider]) -> Response:
    """The endpoint's response, or an error response. Every call ends with a Response and one log line."""
    began = time.perf_counter()
    call = _Call(name, provider)
    try:
        request = call.request = from_event(event, lambda: provider().new_uuid())
        if request.path != path:
            raise NotFoundOrMethodNotAllowed("there is no endpoint at this path")
        if request.method not in methods:
            raise NotFoundOrMethodNotAllowed("the method is not allowed at this path", status=405)
        with writer.acting(name, request.interaction_id):
            response: Response = import_module(f"chalicelib.endpoints.{name}").answer(request, provider())
        if request.method == "HEAD":
            response = response._replace(body="")  # RFC9110-9.3.2
        request.note(**response.log)
    except NotFoundOrMethodNotAllowed as refusal:
        response = nowhere(refusal, methods, event, provider)
        call.note(refusal)
    except OAuthError as refusal:
        response = call.said(refusal)
        call.note(refusal)
    except Exception as problem:  # A fault of the server. The caller gets none of its text.
        failed = aws_errors.refusal(problem)
        response = call.said(failed)
        call.notes.update(error=failed.error, reason=aws_errors.reason(problem))
        log.error("%s failed", name, exc_info=_without_values(problem))
    headers: tuple[tuple[str, str], ...] = SECURITY_HEADERS
    if response.status == TemporarilyUnavailable.status:  # Of any origin.
        headers = (("Retry-After", str(TemporarilyUnavailable.retry_after)), *headers)
    call.notes["ms"] = _milliseconds(began)
    reference = call.reference
    if reference is not None:
        call.notes["interaction_id"] = reference  # FAPI1-BASE-6.2.1-12
        headers = ((fapi_headers.INTERACTION_ID, reference), *headers)
    write_log(name, str(response.status), call.notes)
    return response.with_headers(*headers)


class _Call:
    """One request to an endpoint. `request` is None until the event is parsed."""

    def __init__(self, endpoint: str, provider: Callable[[], Provider]) -> None:
        self.endpoint, self.provider = endpoint, provider
        self.request: Request | None = None
        self.unread: dict[str, str] = {}

    @property
    def notes(self) -> dict[str, str]:
        """The members of the log line."""
        return self.unread if self.request is None else self.request.notes

    @property
    def reference(self) -> str | None:
        """The interaction id of the response and the log line: the caller's; otherwise the login's; otherwise the request's
        own.
        """
        if self.request is None:
            return None
        journey = None if self.endpoint in RESOURCES else self.notes.get("journey")
        return fapi_headers.sent(self.request.headers) or journey or self.request.interaction_id

    def note(self, refusal: OAuthError) -> None:
        """Add the error and its reason to the log line."""
        self.notes.update(error=refusal.error, reason=refusal.detail or refusal.description)
        if refusal.event is not None:
            self.notes["event"] = refusal.event

    def said(self, refusal: OAuthError) -> Response:
        """The error response of the endpoint: a page at endpoints for people, JSON at all others."""
        try:
            say: Callable[[OAuthError, Provider, str | None, Request | None], Response] | None
            say = getattr(import_module(f"chalicelib.endpoints.{self.endpoint}"), "refuse", None)
            return refused(refusal) if say is None else say(refusal, self.provider(), self.reference, self.request)
        except Exception as problem:
            log.error("%s could not render the error", self.endpoint, exc_info=_without_values(problem))
            return refused(refusal)


def refused(refusal: OAuthError, methods: Sequence[str] = ()) -> Response:
    """The error as JSON (RFC 6749 5.2), with the headers that its status requires."""
    body = {} if refusal.silent else {"error": refusal.error, "error_description": refusal.description}
    allowed = [("Allow", ", ".join(methods))] if refusal.status == 405 else []
    return json_response(refusal.status, body, *NO_STORE, *allowed, *refusal.headers)


def nowhere(
    refusal: NotFoundOrMethodNotAllowed, methods: Sequence[str], event: Event, provider: Callable[[], Provider]
) -> Response:
    """The response for an unknown path or method: a page for browsers, JSON for programs."""
    from chalicelib.pages import gateway_error_pages  # Only unknown paths need it.

    said = refused(refusal, methods)
    sent = {name.lower(): value for name, value in _headers(event)}
    if not gateway_error_pages.accepts_a_page(sent.get("accept", "")):
        return said
    html = dict(said.headers) | {"Content-Type": "text/html; charset=utf-8"}
    page = gateway_error_pages.page_for(sent.get("accept-language", ""), lambda: provider().settings)
    return Response(said.status, tuple(html.items()), page)


def from_event(event: Event, new_uuid: Callable[[], str | None] = lambda: None) -> Request:
    """A Request from a REST API proxy event, or from an HTTP API event of payload 1.0.

    `new_uuid`: of a call that nobody identified. Raises InvalidRequest if the body is not text.
    """
    context = event["requestContext"]
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True)
        if isinstance(body, bytes):
            body = body.decode()
    except ValueError as problem:  # not base64, or not UTF-8
        raise InvalidRequest("the body must be text in UTF-8", detail=type(problem).__name__) from None
    certificate = (context.get("identity") or {}).get("clientCert") or {}
    headers = tuple((name.lower(), value) for name, value in _headers(event))
    return Request(
        method=context.get("httpMethod") or event["httpMethod"],
        path=context.get("resourcePath") or event.get("path") or "",
        query=_pairs(event.get("multiValueQueryStringParameters"), event.get("queryStringParameters")),
        headers=headers,
        body=body,
        client_certificate=certificate.get("clientCertPem"),
        target=event.get("path") or "",
        proof_checked_by_authorizer=(context.get("authorizer") or {}).get("proof"),
        interaction_id=fapi_headers.interaction_id(headers, context.get("requestId")) or new_uuid(),
    )


def to_event(response: Response) -> ProxyAnswer:
    """The response of the proxy integration. Repeated headers are kept."""
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name, []).append(value)
    return {
        "statusCode": response.status,
        "multiValueHeaders": headers,
        "body": response.body,
        "isBase64Encoded": False,
    }


def _milliseconds(began: float) -> str:
    return str(round((time.perf_counter() - began) * 1000))


def write_log(endpoint: str, outcome: str, members: Mapping[str, str]) -> None:
    """Write one JSON line. `members`: `ms` becomes a number, all others are texts."""
    line: dict[str, Json] = {"endpoint": endpoint, "outcome": outcome, **members}
    if "ms" in members:
        line["ms"] = int(members["ms"])
    log_lines.write(log, line)


def _headers(event: Event) -> tuple[tuple[str, str], ...]:
    return _pairs(event.get("multiValueHeaders"), event.get("headers"))


def _pairs(many: Mapping[str, Sequence[str]] | None, single: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    if many:
        return tuple((name, value) for name, values in many.items() for value in values)
    return tuple((single or {}).items())


def _without_values(problem: Exception) -> tuple[type[Exception], Exception, TracebackType | None]:
    """The traceback without the exception's text, which may quote the request. A SettingsError keeps its text, which has names
    only.
    """
    words = f": {problem}" if isinstance(problem, SettingsError) else ""
    clean = type("Problem", (Exception,), {})(type(problem).__name__ + words)
    return (type(clean), clean, problem.__traceback__)
