"""POST /revoke: token revocation (RFC 7009)."""

from __future__ import annotations

from chalicelib import client_authentication
from chalicelib.errors import InvalidRequest
from chalicelib.messages import Request, Response, uncached
from chalicelib.provider import Provider
from chalicelib.single_use import consuming
from chalicelib.storage.grant_records import AccessToken, Grant


def answer(request: Request, provider: Provider) -> Response:
    """200 in every case (RFC 7009 2.2). Tokens of other clients are not revoked."""
    now = provider.now()
    form = request.form
    caller = client_authentication.authenticate(request, form, provider, now=now)
    with consuming(caller, provider, now=now) as use:
        if "token" not in form:
            raise InvalidRequest("token is missing")  # RFC7009-2.1
        value = form["token"]
        token, grant = use.beside_read(lambda along: provider.tokens.look_up(value, now=now, along=along))
        found = grant.is_of(caller.client) if grant is not None else token is not None and token.is_of(caller.client)
        if found:
            request.note(journey=None if grant is None else grant.journey)
            _revoke(value, token, grant, provider, now=now)
    return uncached(200).noting(client_id=caller.client.client_id, event="token_revoked")


def _revoke(value: str, token: AccessToken | None, grant: Grant | None, provider: Provider, *, now: int) -> None:
    """Revoke the access token alone, or with a refresh token, even a replaced one, the whole grant: RFC7009-2.1."""
    if token is not None:
        provider.tokens.revoke(value, grant, now=now)
    elif grant is not None:
        provider.grants.revoke(grant.key, now=now)
