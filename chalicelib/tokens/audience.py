"""The audience of an access token, as a protected resource that introspects is told of it (RFC 7662 2.2; RFC 8707 2)."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.storage.grant_records import AccessToken


def is_for(token: AccessToken | None, resources: Collection[str]) -> bool:
    """Whether it is an access token that is good at one of these resources. One that names none is good at all."""
    return (
        token is not None
        and bool(resources)
        and (not token.resources or not set(resources).isdisjoint(token.resources))
    )


def disclosed(token: AccessToken | None, resources: Collection[str], *, own: bool) -> list[str] | None:
    """`aud`: to its client all of it, `own`, None where it is good at all there are; to a resource what of it is its own."""
    if token is None:
        return None
    named = token.resources or (() if own else resources)
    return [one for one in named if own or one in resources] or None
