"""grant_type client_credentials (RFC 6749 4.4): an access token for the client itself; no person, no refresh token."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import holder_of_key
from chalicelib.authorization import scope
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.clients import lifetimes
from chalicelib.errors import InvalidScope, UnauthorizedClient
from chalicelib.grant_types import audience
from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider
from chalicelib.single_use import SingleUseValues
from chalicelib.storage.grant_records import AccessToken
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
) -> JsonObject:
    """The members of the token response.

    Raises InvalidRequest, InvalidTarget, InvalidScope or UnauthorizedClient.
    """
    if caller.client.public:
        raise UnauthorizedClient("a public client has no token of its own")  # RFC6749-4.4
    allowed = scope.of_the_client_itself(caller.client.scope)
    granted = scope.requested(form["scope"], allowed) if "scope" in form else allowed
    if not granted:
        raise InvalidScope("this client has no scope of its own")
    cnf = sender_constraint.bind(possession, caller.client, caller.profile, writes=holder_of_key.writes(granted, ()))
    settings = provider.settings
    named = audience.narrowed(form, (), settings)
    lifetime = lifetimes.of_access_token(caller.client, caller.profile, bound=bool(cnf))
    access_token = with_week(provider.new_token_value(), now + lifetime)
    token = AccessToken(
        client_id=caller.client.client_id,
        scope=granted,
        cnf=cnf,
        issued_at=now,
        expires_at=now + lifetime,
        dpop_nonce_required=caller.client.dpop_nonce_required,
        resources=audience.of_token(named, settings, bound=bool(cnf), scope=granted, details=()),
    )
    use.beside(lambda: provider.tokens.put(access_token, token))  # which nobody has unless this is answered
    return {
        "access_token": access_token,
        "token_type": sender_constraint.token_type(cnf),
        "expires_in": lifetime,
        "scope": " ".join(granted),
    }
