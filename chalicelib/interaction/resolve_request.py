"""The resolution of a request to the authorization endpoint: the client, the redirect target and the grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.authorization import request as authorization_request
from chalicelib.errors import InvalidRequest, InvalidRequestUri
from chalicelib.interaction.new_grant import new_grant
from chalicelib.interaction.response import ResponseTarget
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.resource_server import policy
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import Client
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, read

Check = Callable[[], Grant]


def resolve_authorization_request(
    parameters: Mapping[str, str],
    token_value: str | None,
    cookie: str,
    provider: Provider,
    *,
    journey: str | None,
    now: int,
) -> tuple[Client, ResponseTarget, Check]:
    """The client, the redirect target, and a function that gives the grant, bound to the browser of this cookie.

    The request comes by a request_uri of ours, or directly. `journey`: as in `new_grant`. Raises OAuthError, for a page.
    """
    client_id = parameters.get("client_id")
    if client_id is None:
        raise InvalidRequest("client_id is missing")
    if token_value is not None and read(token_value) is None:
        raise _unknown()
    client = provider.clients.find(client_id, now=now)
    if client is None:
        raise _unknown() if token_value is not None else InvalidRequest("client_id: unknown client")
    if token_value is not None:
        grant = _open(digest(token_value), client, cookie, provider, now=now)
        authorization_request.require_redirect_uri(grant.request.redirect_uri, client)  # PAR-7.4
        return client, grant.request, lambda: grant
    from chalicelib.authorization import direct_request  # This imports PyJWT, which a pushed request does not need.

    profile = PROFILES[client.profile]
    unvalidated = direct_request.read_direct_request(
        parameters,
        client,
        profile,
        issuer=provider.settings.issuer,
        documents=provider.documents,
        with_keys=lambda sent: provider.published_keys.for_request_object(client, sent, now=now),
        jwks=lambda use: provider.ring.jwks(now=now, use=use),
        decryption_key=lambda kid: provider.ring.unwrapper_for(kid, now=now),
        resources=lambda: policy.resources(provider.settings),
        now=now,
    )

    def begun() -> Grant:
        grant = replace(
            new_grant(provider.new_token_value(), unvalidated.check(), client, profile, journey=journey, now=now),
            browser=digest(cookie),
            expires_at=now + profile.interaction_lifetime,
            code_lifetime=profile.code_lifetime,
        )
        provider.grants.push(grant)
        return grant

    return client, unvalidated.redirect_target, begun


def _open(key: str, client: Client, cookie: str, provider: Provider, *, now: int) -> Grant:
    """A request_uri of ours names its grant. A decided grant can't be opened again (PAR-7.3)."""
    profile = PROFILES[client.profile]
    try:
        grant = provider.grants.open(
            key,
            client.client_id,
            cookie,
            now=now,
            expires_at=now + profile.interaction_lifetime,
            code_lifetime=profile.code_lifetime,
        )
    except NotOpen:
        raise _unknown() from None
    if not grant.is_requested_by(client, lifetime=profile.request_uri_lifetime):
        raise _unknown()
    return grant


def _unknown() -> InvalidRequestUri:
    return InvalidRequestUri(
        "request_uri is unknown, expired, already used or issued to another client"
    )  # PAR-2.2, PAR-4
