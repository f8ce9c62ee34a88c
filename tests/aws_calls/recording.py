"""Writes down each kind of call to AWS that a function makes in this process.

A function is known by what serves it: `gateway.serve` and the authorizer's and the jobs' own functions are wrapped, so that
every test and command that reaches one is recorded, by whatever way it comes. Calls of nobody's are an operator's or a test's.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS

from chalicelib import gateway, jobs
from chalicelib.audit import recording as audit_recording
from chalicelib.endpoints import authorizer
from tests.aws_calls.requests import KmsKey, Request, of_api_gateway, of_dynamodb, of_events, of_kms, of_s3

Recorded = tuple[str, Request]
"""A function's name and what it asks of AWS."""

calls: set[Recorded] = set()
policies: dict[str, dict[str, list[Any]]] = {}
"""The statements of each function, by the deployment that was synthesized (judging.Policies)."""

_function: ContextVar[str] = ContextVar("_function", default="")
_keys: dict[str, KmsKey] = {}


def begin() -> None:
    """From here on everything is recorded."""
    gateway.serve = _as_named(gateway.serve)
    authorizer.decide = _as("authorizer", authorizer.decide)
    for _, name, _ in pkgutil.iter_modules(jobs.__path__):
        job = import_module(f"chalicelib.jobs.{name}")
        vars(job)["run"] = _as(name, job.run)
    vars(audit_recording)["run"] = _as("audit", audit_recording.run)
    submit = ThreadPoolExecutor.submit

    def submitted(pool: ThreadPoolExecutor, work: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        return submit(pool, copy_context().run, work, *given, **named)  # Provider.alongside

    ThreadPoolExecutor.submit = submitted  # type: ignore[method-assign,assignment]
    BUILTIN_HANDLERS.extend(
        [
            ("provide-client-params", _record),
            ("before-call", _suspend),
            ("after-call", _resume),
            ("after-call-error", _resume),
        ]
    )


def _as(name: str, really: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(really)
    def wrapped(*given: Any, **named: Any) -> Any:
        before = _function.set(name)
        try:
            return really(*given, **named)
        finally:
            _function.reset(before)

    return wrapped


def _as_named(really: Callable[..., Any]) -> Callable[..., Any]:
    """`gateway.serve`, whose first argument is the endpoint's name."""

    @wraps(really)
    def wrapped(name: str, *given: Any, **named: Any) -> Any:
        before = _function.set(name)
        try:
            return really(name, *given, **named)
        finally:
            _function.reset(before)

    return wrapped


def _record(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    """botocore's `provide-client-params`: the parameters of a call."""
    service, function = model.service_model.service_name, _function.get()
    if service == "kms":
        if model.name == "CreateKey":
            context["ducat_key"] = KmsKey.made_by(params)
        elif model.name == "ListResourceTags":
            context["ducat_tags_of"] = params["KeyId"]
        if function:
            calls.update((function, one) for one in of_kms(model.name, params, _keys.get(params.get("KeyId", ""))))
    elif service == "dynamodb" and function:
        calls.update((function, one) for one in of_dynamodb(model.name, params))
    elif service == "apigateway" and function:
        calls.add((function, of_api_gateway(model.http["method"], params)))
    elif service == "s3" and function:
        calls.add((function, of_s3(model.name, params)))
    elif service == "events" and function:
        calls.add((function, of_events(model.name, params)))


def _suspend(context: dict[str, Any], **_: Any) -> None:
    """botocore's `before-call`. What a test does in the stand-in, while a function waits, is not the function's."""
    context["ducat_function"] = _function.get()
    _function.set("")


def _resume(context: Mapping[str, Any], parsed: Mapping[str, Any] | None = None, **_: Any) -> None:
    """botocore's `after-call` and `after-call-error`. By the answer a key that was made is known.

    A key whose answer was lost is known by its tags, which the job asks for.
    """
    _function.set(context["ducat_function"])
    answer = parsed or {}
    if "ducat_key" in context and "KeyMetadata" in answer:
        _keys[answer["KeyMetadata"]["Arn"]] = context["ducat_key"]
    if "ducat_tags_of" in context and "Tags" in answer:
        signs = {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256", "Tags": answer["Tags"]}
        _keys.setdefault(context["ducat_tags_of"], KmsKey.made_by(signs))


def as_json(recorded: set[Recorded]) -> list[Any]:
    """Calls for another process."""
    return sorted([function, one.action, one.resource, one.context] for function, one in recorded)


def from_json(recorded: list[Any]) -> set[Recorded]:
    """Calls of another process."""
    return {
        (function, Request(action, resource, _context(context))) for function, action, resource, context in recorded
    }


def _context(found: list[Any]) -> tuple[Any, ...]:
    return tuple((key, value if isinstance(value, str) else tuple(value)) for key, value in found)


def write(file: Path, recorded: set[Recorded], policies: Mapping[str, Any]) -> None:
    """Calls and policies for a judge outside of Python."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"calls": as_json(recorded), "policies": policies}, indent=1), encoding="utf-8")
