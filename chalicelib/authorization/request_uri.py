"""The request_uri of a pushed authorization request (RFC 9126 2.2): a handle behind a fixed prefix."""

from __future__ import annotations

from chalicelib.errors import InvalidRequest

PREFIX = "urn:ietf:params:oauth:request_uri:"


def of(handle: str) -> str:
    """The request_uri that carries the handle."""
    return PREFIX + handle


def handle_of(request_uri: str | None) -> str:
    """The handle that a request_uri carries. Raises InvalidRequest where there is none: nothing was pushed."""
    if request_uri is None or not request_uri.startswith(PREFIX):
        raise InvalidRequest("this authorization request was not pushed; request_uri is missing")  # PAR-5
    return request_uri.removeprefix(PREFIX)
