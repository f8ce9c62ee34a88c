"""The tokens that the authorization endpoint issues (OpenID Connect Core 3.3.2.5). This is not a grant type of the token
endpoint.

Beside the code there is an ID token, which signs the response, and maybe an access token. That token passes through the
browser, so it is for reading only.
"""

from __future__ import annotations

from chalicelib.authorization import scope
from chalicelib.errors import AccessDenied
from chalicelib.grant_types.access_token import new_access_token
from chalicelib.grant_types.id_token import id_token_of
from chalicelib.grant_types.token_response import token_response
from chalicelib.profiles import PROFILES, Profile
from chalicelib.provider import Provider
from chalicelib.settings import Settings
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import Client
from chalicelib.storage.token_values import join


def issue(
    grant: Grant, code: str, provider: Provider, *, now: int
) -> tuple[tuple[str, AccessToken] | None, dict[str, str]]:
    """The access token with its value, which the approval stores, and the parameters of the response.

    Raises AccessDenied if the client is no longer registered.
    """
    client = provider.clients.find(grant.client_id, now=now)
    if client is None or not grant.is_requested_by(client, lifetime=PROFILES[client.profile].request_uri_lifetime):
        raise AccessDenied("the app that sent you here is no longer registered")
    profile = PROFILES[client.profile]
    given, response = None, {}
    token_value = None
    if "token" in grant.request.response_type.split(" "):
        token_value = join(provider.new_token_value(), grant.key, str(grant.bond))
        token = _access_token(grant, client, profile, provider.settings, now=now)
        given = token_value, token
        response = token_response(token_value, token, now=now).members
    identity = id_token_of(grant, client, profile, provider, access_token=token_value, code=code, now=now)
    return given, {"code": code, "id_token": identity} | {name: str(value) for name, value in response.items()}


def _access_token(grant: Grant, client: Client, profile: Profile, settings: Settings, *, now: int) -> AccessToken:
    """W2 and W5 of the Read-and-Write profile: a browser has no key, so the token is unbound and has no write access."""
    reads = scope.read(grant.scope)
    named = grant.request.resource
    return new_access_token(client, profile, settings, scope=reads, cnf={}, named=named, grant=grant, now=now)
