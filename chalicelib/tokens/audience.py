"""The `aud` member of an introspection response (RFC 7662 2.2; RFC 8707 2)."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.storage.grant_records import AccessToken


def is_for(token: AccessToken | None, resources: Collection[str]) -> bool:
    """Whether it is an access token for one of these resources. A token without resources is valid at all resources."""
    return (
        token is not None
        and bool(resources)
        and (not token.resources or not set(resources).isdisjoint(token.resources))
    )


def disclosed(token: AccessToken | None, resources: Collection[str], *, own: bool) -> list[str] | None:
    """`aud`: all resources for the token's own client (`own`), or None for an unrestricted token; for a resource only its own."""
    if token is None:
        return None
    named = token.resources or (() if own else resources)
    return [one for one in named if own or one in resources] or None
