"""The protected resources of an access token (RFC 8707 2.2; RFC 9700 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalicelib.authorization import resource
from chalicelib.errors import InvalidTarget
from chalicelib.resource_server import policy
from chalicelib.settings import Settings
from chalicelib.users import claims


def narrowed(form: Mapping[str, str], granted: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """The resources of a token request, or all of `granted` if it names none. `granted` is empty if the client named none.

    Raises InvalidTarget: a token request can't widen the grant.
    """
    named = resource.requested(form, lambda: policy.resources(settings))
    if granted and not set(named) <= set(granted):
        raise InvalidTarget("resource: not in the authorization request")
    return named or granted


def of_token(
    named: tuple[str, ...], settings: Settings, *, bound: bool, scope: Collection[str], details: Collection[object]
) -> tuple[str, ...]:
    """The resources of a token whose client named `named`.

    A bound token without named resources is valid at all resources, because only its holder can use it. An unbound token is
    valid only where its scope belongs: at userinfo for openid (OIDCC-5.3.1), and at the API for scope values of the API.
    """
    if named or bound:
        return named
    of_api = bool(details) or any(token != "openid" and not claims.of_scope(token) for token in scope)
    candidates = ((policy.userinfo(settings), "openid" in scope or not of_api), (settings.resource_url, of_api))
    return tuple(resource for resource, applies in candidates if applies)
