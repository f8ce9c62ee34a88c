"""POST /revoke: token revocation (RFC 7009)."""

from __future__ import annotations

from chalicelib.clients import authentication
from chalicelib.errors import InvalidRequest, OAuthError
from chalicelib.messages import Request, Response, uncached
from chalicelib.provider import Provider
from chalicelib.storage.stores import AlreadyUsed


def answer(request: Request, provider: Provider) -> Response:
    """200, whether or not there was anything to revoke (RFC 7009 2.2). What is another client's stays."""
    now = provider.now()
    form = request.form
    caller = authentication.authenticate(request, form, provider, now=now)
    try:
        if "token" not in form:
            raise InvalidRequest("token is missing")  # RFC7009-2.1
        token, consent = provider.tokens.look_up(form["token"], now=now)
        if token is not None and token.client_id == caller.client.client_id:
            provider.tokens.revoke(form["token"], now=now, once=caller.once)
        elif token is None and consent is not None and consent.client_id == caller.client.client_id:
            # RFC7009-2.1: with a refresh token goes the whole grant.
            provider.consents.revoke(consent.consent_id, now=now, once=caller.once)
        else:
            authentication.use_up(caller, provider.used_once, now=now)
    except AlreadyUsed as used:
        raise authentication.replayed(used) from None
    except OAuthError:
        authentication.use_up(caller, provider.used_once, now=now)
        raise
    return uncached(200).noting(client_id=caller.client.client_id)
