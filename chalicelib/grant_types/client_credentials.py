"""grant_type client_credentials (RFC 6749 4.4): an access token for the client itself, without a user and a refresh token."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import holder_of_key
from chalicelib.authorization import scope
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.errors import InvalidScope, UnauthorizedClient
from chalicelib.grant_types import audience
from chalicelib.grant_types.access_token import new_access_token
from chalicelib.grant_types.token_response import TokenResponse, token_response
from chalicelib.provider import Provider
from chalicelib.single_use import SingleUseValues
from chalicelib.storage.token_values import with_week
from chalicelib.tokens import sender_constraint
from chalicelib.tokens.sender_constraint import PresentedKeys


def issue(
    caller: AuthenticatedClient,
    form: Mapping[str, str],
    possession: PresentedKeys,
    use: SingleUseValues,
    provider: Provider,
    *,
    now: int,
) -> TokenResponse:
    """The token response.

    Raises InvalidRequest, InvalidTarget, InvalidScope or UnauthorizedClient.
    """
    if caller.client.public:
        raise UnauthorizedClient("a public client can't use client_credentials")  # RFC6749-4.4
    allowed = scope.of_the_client_itself(caller.client.scope)
    granted = scope.requested(form["scope"], allowed) if "scope" in form else allowed
    if not granted:
        raise InvalidScope("scope: the client is not registered for a scope that client_credentials can have")
    cnf = sender_constraint.bind(possession, caller.client, caller.profile, writes=holder_of_key.writes(granted, ()))
    token = new_access_token(
        caller.client,
        caller.profile,
        provider.settings,
        scope=granted,
        cnf=cnf,
        named=audience.narrowed(form, (), provider.settings),
        now=now,
    )
    access_token = with_week(provider.new_token_value(), token.expires_at)
    use.beside(
        lambda: provider.tokens.put(access_token, token)
    )  # The client gets the token only if the request succeeds.
    return token_response(access_token, token, now=now)
