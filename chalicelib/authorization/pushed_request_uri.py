"""The request_uri of a pushed authorization request (RFC 9126 2.2): a random value after a fixed prefix."""

from __future__ import annotations

PREFIX = "urn:ietf:params:oauth:request_uri:"


def of(token_value: str) -> str:
    """The request_uri of a token value."""
    return PREFIX + token_value


def token_value_of(request_uri: str | None) -> str | None:
    """The token value of a request_uri; None if it is absent or not one of ours."""
    if request_uri is None or not request_uri.startswith(PREFIX):
        return None
    return request_uri.removeprefix(PREFIX)
