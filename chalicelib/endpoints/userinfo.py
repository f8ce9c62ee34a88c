"""GET and POST /userinfo: the claims that the user consented to (OpenID Connect Core 5.3, FAPI1-BASE-6.2.1-1)."""

from __future__ import annotations

import json

from chalicelib.authorization import granted_access
from chalicelib.errors import InvalidToken
from chalicelib.messages import NO_STORE, Request, Response, uncached
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import Claims
from chalicelib.provider import Provider
from chalicelib.resource_server import fapi_headers, verified_access_token
from chalicelib.resource_server.policy import ResourcePolicy, userinfo
from chalicelib.storage.records import Client
from chalicelib.users import claims

SCOPE = "openid"


def answer(request: Request, provider: Provider) -> Response:
    """200 with `sub` and the claims of the access token's scope: FAPI1-BASE-6.2.1-6, FAPI1-BASE-6.2.1-7.

    The response is a JWT if the client registered one.
    """
    now = provider.now()
    addresses, resource = provider.settings.addresses(request.path), userinfo(provider.settings)
    required = ResourcePolicy(addresses, scope=SCOPE, resource=resource)
    opened = verified_access_token.verify_access_token(
        request,
        provider,
        required,
        now=now,
        proof_checked_by_authorizer=request.proof_checked_by_authorizer,
    )
    noted = fapi_headers.check(request).noted
    if opened.grant is None:
        raise verified_access_token.challenged(
            InvalidToken("the access token is a client's own; userinfo needs a user's"), required, None
        )
    client = provider.clients.find(opened.token.client_id, now=now)
    if client is None or not opened.grant.is_of(client):
        raise verified_access_token.challenged(
            InvalidToken("the client of the access token is no longer registered"), required, None
        )
    login = opened.grant.person
    disclosed = claims.disclosed_claims(login.claims, opened.token.scope, granted_access.userinfo_claims(opened.grant))
    answer = _as_registered({**disclosed, "sub": login.client_sub}, client, provider, now=now)
    return answer.noting(client_id=opened.token.client_id, sub=login.sub, **noted)


def _as_registered(disclosed: Claims, client: Client, provider: Provider, *, now: int) -> Response:
    """OIDCC-5.3.2: signed, encrypted, or both; otherwise plain JSON. A signed response has `iss` and `aud`."""
    alg = client.userinfo_signed_response_alg
    if alg is None and client.userinfo_encrypted_response_alg is None:
        return uncached(200, **disclosed)
    from chalicelib.clients.encryption import encrypted
    from chalicelib.keys import signing  # This imports PyJWT, which plain JSON does not need.

    profile = PROFILES[client.profile]
    if client.userinfo_encrypted_response_alg is not None:
        client = provider.published_keys.for_encryption(client, now=now)
    if alg is None:
        content = encrypted(json.dumps(disclosed), "userinfo", client, profile, cty=None)
    else:
        members = {**disclosed, "iss": provider.settings.issuer, "aud": client.client_id}
        signed = signing.sign(members, provider.ring, alg, "api_response", now=now)
        content = encrypted(signed, "userinfo", client, profile)
    return Response(200, (("Content-Type", "application/jwt"), *NO_STORE), content)
