"""The protected resources that an access token is good at (RFC 8707 2.2; RFC 9700 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalicelib.authorization import resource
from chalicelib.errors import InvalidTarget
from chalicelib.resource_server import policy
from chalicelib.settings import Settings
from chalicelib.users import claims


def narrowed(form: Mapping[str, str], granted: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """Those that a token request names, else all of `granted`, which names none where the client named none.

    Raises InvalidTarget: what was granted is never widened.
    """
    named = resource.requested(form, lambda: policy.resources(settings))
    if granted and not set(named) <= set(granted):
        raise InvalidTarget("resource: not in the authorization request")
    return named or granted


def of_token(
    named: tuple[str, ...], settings: Settings, *, bound: bool, scope: Collection[str], details: Collection[object]
) -> tuple[str, ...]:
    """What a token is good at whose client named these.

    Where it named none: all, if the token is bound, since who sees it can't use it. One that is bound to nothing is good where
    its scope leads: at userinfo by openid (OIDCC-5.3.1), at the API by what is about the API, and at no other resource.
    """
    if named or bound:
        return named
    of_api = bool(details) or any(token != "openid" and not claims.of_scope(token) for token in scope)
    candidates = ((policy.userinfo(settings), "openid" in scope or not of_api), (settings.resource_url, of_api))
    return tuple(resource for resource, applies in candidates if applies)
