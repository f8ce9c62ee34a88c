"""Request and Response: HTTP as the specifications describe it.

This file does not know API Gateway or Chalice; `gateway.py` translates. A client certificate comes from the TLS layer after
verification, never from a header.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from chalicelib.errors import InvalidRequest, quoted
from chalicelib.protocol_types import Claims, Json

MAX_PARAMETERS = 64
MAX_BODY_BYTES = 64 * 1024
MAY_REPEAT = "resource"
"""The only parameter that a request may repeat."""


class Request:
    """One HTTP request. It is immutable, but for its notes.

    `method`: upper case.
    `path`: the route's path, without stage, base path and query.
    `query`: pairs as sent.
    `headers`: pairs as sent, names in lower case, duplicates kept.
    `body`: decoded text.
    `client_certificate`: PEM of the certificate of the mutual TLS connection, or None.
    `target`: the path as it was sent, where `path` may be a template.
    `proof_checked_by_authorizer`: key of the DPoP proof's jti that the authorizer used up for this request, or None.
    `interaction_id`: the UUID of the call in the client's log and in ours.
    `notes`: members for the log line of this request. `note` adds members.
    """

    def __init__(
        self,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        body: str = "",
        client_certificate: str | None = None,
        target: str = "",
        proof_checked_by_authorizer: str | None = None,
        interaction_id: str | None = None,
    ) -> None:
        self.method: Final = method
        self.path: Final = path
        self.query: Final = query
        self.headers: Final = headers
        self.body: Final = body
        self.client_certificate: Final = client_certificate
        self.target: Final = target
        self.proof_checked_by_authorizer: Final = proof_checked_by_authorizer
        self.interaction_id: Final = interaction_id
        self.notes: Final[dict[str, str]] = {}

    def note(self, **members: str | None) -> None:
        """Add members to the log line: identifiers, never a secret. Members that are None or empty are left out."""
        self.notes.update({name: value for name, value in members.items() if value})

    def header_values(self, name: str) -> tuple[str, ...]:
        """Every value sent under `name`, in order."""
        name = name.lower()
        return tuple(value for key, value in self.headers if key == name)

    def header(self, name: str) -> str | None:
        """The value of the header `name`, or None. Raises InvalidRequest if the header was sent more than once."""
        values = self.header_values(name)
        if len(values) > 1:
            raise InvalidRequest(f"the {name} header was sent more than once")
        return values[0] if values else None

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The parameters of the form body.

        Raises InvalidRequest for another media type, a repeated name, a body that is too large or too many parameters.
        """
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
        """The parameters of the query. Raises InvalidRequest if a name is repeated."""
        return _once_each(self.query)

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies. A name that was sent twice is left out, because the right value is unknown."""
        seen: dict[str, list[str]] = {}
        for line in self.header_values("cookie"):
            for part in line.split(";"):
                name, equals, value = part.strip().partition("=")
                if equals:
                    seen.setdefault(name, []).append(value)
        return {name: values[0] for name, values in seen.items() if len(values) == 1}


def _once_each(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """RFC 6749 3.1, 3.2: a parameter without a value counts as omitted, and no parameter is repeated, except MAY_REPEAT
    (RFC8707-2).

    The value of MAY_REPEAT is always a JSON array, as in a request object.
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


class Response(NamedTuple):
    """One HTTP response.

    `headers`: pairs; a name may repeat (Set-Cookie).
    `log`: members for the log line.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    log: Mapping[str, str] = MappingProxyType({})

    def with_headers(self, *more: tuple[str, str]) -> Response:
        """The response with additional headers."""
        return self._replace(headers=self.headers + more)

    def noting(self, **log: str) -> Response:
        """The response with additional members for the log: identifiers and reasons, never a secret."""
        return self._replace(log={**self.log, **log})


NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))  # RFC6749-5.1


def json_response(status: int, members: Claims, *headers: tuple[str, str]) -> Response:
    """A JSON response in UTF-8 (FAPI1-BASE-6.2.1-8, FAPI1-BASE-6.2.1-9). The caller adds the caching headers."""
    return Response(
        status,
        (("Content-Type", "application/json"), *headers),
        json.dumps(members, separators=(",", ":"), ensure_ascii=False),
    )


def uncached(status: int, **members: Json) -> Response:
    """A JSON response that must not be stored (RFC 6749 5.1). Members that are None are left out."""
    return json_response(status, {k: v for k, v in members.items() if v is not None}, *NO_STORE)


def see_other(location: str, *headers: tuple[str, str]) -> Response:
    """A 303 redirect: the browser does not repeat a posted password (FAPI 2.0 Security Profile 5.3.2.2; RFC 9700 4.12)."""
    return Response(303, (("Location", location), *NO_STORE, *headers))
