"""POST /introspect: token introspection (RFC 7662).

A client may ask about its own tokens. A protected resource, which is a client registered with no grant type at all, may ask
about any token that carries a scope which it serves, and learns of no other scope.
"""

from __future__ import annotations

from typing import Any

from chalicelib.clients import authentication
from chalicelib.errors import InvalidRequest
from chalicelib.messages import Request, Response, uncached
from chalicelib.provider import Provider
from chalicelib.storage.records import AccessToken, Client, Consent


def answer(request: Request, provider: Provider) -> Response:
    """200 with `active`, and with the rest where the caller may know it. A token that is not theirs is just inactive."""
    now = provider.now()
    form = request.form
    caller = authentication.authenticate(request, form, provider.clients, urls=provider.settings.urls, now=now)
    token = form.get("token")
    _, (access_token, consent) = provider.alongside(
        lambda: authentication.use_up(caller, provider.used_once, now=now),
        lambda: provider.tokens.look_up(token or "", now=now),
    )
    if token is None:
        raise InvalidRequest("token is missing")  # RFC7662-2.1
    told = _told(access_token, consent, caller.client, issuer=provider.settings.issuer)
    return uncached(200, **told).noting(client_id=caller.client.client_id, active=str(told["active"]))


def _told(token: AccessToken | None, consent: Consent | None, caller: Client, *, issuer: str) -> dict[str, Any]:
    found = token or consent
    if found is None:
        return {"active": False}
    scope = found.scope
    if found.client_id != caller.client_id:
        scope = tuple(name for name in scope if name in caller.scope) if not caller.grant_types and token else ()
        if not scope:
            return {"active": False}  # RFC7662-4: nobody learns of tokens that are not theirs
    login = consent.login if consent is not None else None
    return {
        "active": True,
        "iss": issuer,
        "client_id": found.client_id,
        "scope": " ".join(scope),
        "exp": found.expires_at,
        "iat": token.issued_at if token is not None else consent.given_at if consent is not None else None,
        "token_type": "Bearer" if token is not None else None,
        "cnf": found.cnf,  # RFC8705-3.2
        "sub": login.sub if login is not None else None,
        "acr": login.acr if login is not None else None,
        "auth_time": login.auth_time if login is not None else None,
    }
