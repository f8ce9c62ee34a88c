"""GET and POST /userinfo: what the person agreed to tell (OpenID Connect Core 5.3, FAPI1-BASE-6.2.1-1)."""

from __future__ import annotations

from chalicelib.authorization.writing import writes
from chalicelib.errors import InvalidToken
from chalicelib.messages import Request, Response, uncached
from chalicelib.people import claims
from chalicelib.provider import Provider
from chalicelib.resource import fapi_headers
from chalicelib.tokens import access
from chalicelib.tokens.demand import Demand

SCOPE = "openid"


def answer(request: Request, provider: Provider) -> Response:
    """200 with `sub` and the claims of the token's scope, of the token's person: FAPI1-BASE-6.2.1-6, FAPI1-BASE-6.2.1-7."""
    demand = Demand(provider.settings.addresses(request.path), scope=SCOPE)
    opened = access.check(request, provider, demand, now=provider.now(), writes=writes, vouched=request.vouched)
    fapi_headers.check(request)
    if opened.consent is None:
        raise access.challenged(InvalidToken("no person stands behind this access token"), demand, None)
    login = opened.consent.login
    told = claims.asked_for(login.claims, opened.token.scope, opened.consent.userinfo)
    return uncached(200, **told, sub=login.sub).noting(client_id=opened.token.client_id, sub=login.sub)
