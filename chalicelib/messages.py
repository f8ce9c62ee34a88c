"""Request and Response: HTTP as the specifications see it.

Neither knows API Gateway or Chalice; `gateway.py` translates. A certificate is only ever the one that the TLS
layer verified and handed over, never a header.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import parse_qsl

from chalicelib.errors import InvalidRequest, quoted
from chalicelib.protocol_types import Claims, Json

MAX_PARAMETERS = 64
MAX_BODY_BYTES = 64 * 1024
MAY_REPEAT = "resource"
"""The one parameter that a request may have more than once."""


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    `method`: upper case. `path`: without stage or base path, no query. `query`, `headers`: pairs as sent, header names in
    lower case, duplicates kept. `body`: decoded text. `client_certificate`: PEM of the certificate that ended mutual TLS,
    or None. `target`: the path as it was sent, where `path` may be a template. `proof_checked_by_authorizer`: what the
    authorizer in front says that it used up for this request. `interaction_id`: a UUID, by which the call is named in
    both logs. `notes`: what its log line keeps, however it ends; `note` adds to it.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    client_certificate: str | None = None
    target: str = ""
    proof_checked_by_authorizer: str | None = None
    interaction_id: str | None = None
    notes: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def note(self, **members: str | None) -> None:
        """Keep more for the log line: identifiers, never a secret. What is None or empty is left out."""
        self.notes.update({name: value for name, value in members.items() if value})

    def header_values(self, name: str) -> tuple[str, ...]:
        """Every value sent under `name`, in order."""
        name = name.lower()
        return tuple(value for key, value in self.headers if key == name)

    def header(self, name: str) -> str | None:
        """The one value of `name`, or None. Raises InvalidRequest where the header was repeated."""
        values = self.header_values(name)
        if len(values) > 1:
            raise InvalidRequest(f"the {name} header was sent more than once")
        return values[0] if values else None

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The form body's parameters. Raises InvalidRequest on another media type, a repeated name, or too much."""
        media_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != "application/x-www-form-urlencoded":
            raise InvalidRequest("Content-Type must be application/x-www-form-urlencoded")
        if len(self.body) > MAX_BODY_BYTES:
            raise InvalidRequest(f"the body is longer than {MAX_BODY_BYTES} bytes", status=413)  # PAR-2.3
        try:
            pairs = parse_qsl(self.body, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
        except ValueError as problem:
            raise InvalidRequest(
                f"the body must be a form in UTF-8 with at most {MAX_PARAMETERS} parameters",
                detail=type(problem).__name__,
            ) from None
        return _once_each(pairs)

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The query's parameters. Raises InvalidRequest where a name is repeated."""
        return _once_each(self.query)

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies; of a name sent twice, none, since which one is ours can't be told."""
        seen: dict[str, list[str]] = {}
        for line in self.header_values("cookie"):
            for part in line.split(";"):
                name, equals, value = part.strip().partition("=")
                if equals:
                    seen.setdefault(name, []).append(value)
        return {name: values[0] for name, values in seen.items() if len(values) == 1}


def _once_each(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """RFC 6749 3.1, 3.2: a parameter sent without a value is as if omitted; none may come twice, but one (RFC8707-2).

    That one is a JSON array of its values, however often it came, as in a request object.
    """
    found: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for name, value in pairs:
        if name == MAY_REPEAT:
            repeated.setdefault(name, []).append(value)
        elif name in found:
            raise InvalidRequest(f"the parameter{quoted(name)} was sent more than once")  # RFC6749-3.1
        else:
            found[name] = value
    lists = {name: json.dumps(kept) for name, values in repeated.items() if (kept := [one for one in values if one])}
    return {name: value for name, value in found.items() if value != ""} | lists


@dataclass(frozen=True)
class Response:
    """One HTTP response. `headers`: pairs, repeats allowed (Set-Cookie). `log`: what the log line may keep of it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    log: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, *more: tuple[str, str]) -> Response:
        """The same answer with further headers."""
        return replace(self, headers=self.headers + more)

    def noting(self, **log: str) -> Response:
        """The same answer, with more for the log: identifiers and reasons, never a secret."""
        return replace(self, log={**self.log, **log})


NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))  # RFC6749-5.1


def json_response(status: int, members: Claims, *headers: tuple[str, str]) -> Response:
    """A JSON answer in UTF-8 (FAPI1-BASE-6.2.1-8, FAPI1-BASE-6.2.1-9); the caller says how it may be cached."""
    return Response(
        status,
        (("Content-Type", "application/json"), *headers),
        json.dumps(members, separators=(",", ":"), ensure_ascii=False),
    )


def uncached(status: int, **members: Json) -> Response:
    """A JSON answer that nobody may store (RFC 6749 5.1); members that are None are left out."""
    return json_response(status, {k: v for k, v in members.items() if v is not None}, *NO_STORE)


def see_other(location: str, *headers: tuple[str, str]) -> Response:
    """303, so that a posted password is never posted on (FAPI 2.0 Security Profile 5.3.2.2; RFC 9700 4.12)."""
    return Response(303, (("Location", location), *NO_STORE, *headers))
