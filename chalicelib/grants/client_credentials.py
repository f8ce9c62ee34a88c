"""grant_type client_credentials (RFC 6749 4.4): an access token for the client itself; no person, no refresh token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.authorization import scope, writing
from chalicelib.clients import lifetimes
from chalicelib.clients.authentication import AuthenticatedClient
from chalicelib.errors import InvalidScope, UnauthorizedClient
from chalicelib.provider import Provider
from chalicelib.storage.records import AccessToken
from chalicelib.tokens import confirmation
from chalicelib.tokens.confirmation import Possession


def issue(
    caller: AuthenticatedClient, form: Mapping[str, str], possession: Possession, provider: Provider, *, now: int
) -> dict[str, Any]:
    """The members of the token response.

    Raises InvalidRequest, InvalidScope or UnauthorizedClient; AlreadyUsed where the assertion was.
    """
    if caller.client.public:
        raise UnauthorizedClient("a public client has no token of its own")  # RFC6749-4.4
    allowed = scope.of_the_client_itself(caller.client.scope)
    granted = scope.asked(form["scope"], allowed) if "scope" in form else allowed
    if not granted:
        raise InvalidScope("this client has no scope of its own")
    cnf = confirmation.bind(possession, caller.client, caller.profile, writes=writing.writes(granted, ()))
    access_token = provider.new_handle()
    lifetime = lifetimes.of_access_token(caller.client, caller.profile, bound=bool(cnf))
    token = AccessToken(
        client_id=caller.client.client_id,
        scope=granted,
        cnf=cnf,
        issued_at=now,
        expires_at=now + lifetime,
        dpop_nonce_required=caller.client.dpop_nonce_required,
    )
    provider.tokens.keep(access_token, token, now=now, once=caller.once)
    return {
        "access_token": access_token,
        "token_type": confirmation.token_type(cnf),
        "expires_in": lifetime,
        "scope": " ".join(granted),
    }
