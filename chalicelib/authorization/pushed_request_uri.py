"""The request_uri of a pushed authorization request (RFC 9126 2.2): a handle behind a fixed prefix."""

from __future__ import annotations

PREFIX = "urn:ietf:params:oauth:request_uri:"


def of(token_value: str) -> str:
    """The request_uri that carries the handle."""
    return PREFIX + token_value


def token_value_of(request_uri: str | None) -> str | None:
    """The handle that a request_uri carries; None where it is none of ours, or there is none."""
    if request_uri is None or not request_uri.startswith(PREFIX):
        return None
    return request_uri.removeprefix(PREFIX)
