"""POST /introspect: token introspection (RFC 7662).

A client may introspect its own tokens. A protected resource is a client with `protected_resources` in its record. It may
introspect tokens with a scope or a type of authorization details that it serves, and sees only those.
"""

from __future__ import annotations

from chalicelib.client_authentication import AuthenticatedClient, authenticate, require_confidential
from chalicelib.errors import InvalidRequest
from chalicelib.holder_of_key import may_write
from chalicelib.keys import signing
from chalicelib.messages import NO_STORE, Request, Response, uncached
from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider
from chalicelib.single_use import consuming
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import Authentication, Client
from chalicelib.storage.token_values import matches
from chalicelib.tokens import audience, sender_constraint

SIGNED = "application/token-introspection+jwt"


def answer(request: Request, provider: Provider) -> Response:
    """200 with `active`, and with more members for an active token. A token that the caller may not see is inactive."""
    now = provider.now()
    form = request.form
    caller = require_confidential(authenticate(request, form, provider, now=now))
    token = form.get("token")
    with consuming(caller, provider, now=now) as use:
        if token is None:
            raise InvalidRequest("token is missing")  # RFC7662-2.1
        access_token, grant = use.beside_read(lambda along: provider.tokens.look_up(token, now=now, along=along))
    if access_token is None and grant is not None and not matches(token, grant.refresh_hash):
        grant = None  # A refresh token that was replaced.
    found = grant or access_token
    if found is not None and found.client_id == caller.client.client_id and not found.is_of(caller.client):
        access_token = grant = None  # It belongs to an earlier client of this client_id.
    disclosed = _disclosed(access_token, grant, caller.client, issuer=provider.settings.issuer)
    disclosed = {name: value for name, value in disclosed.items() if value is not None}
    request.note(journey=grant.journey if grant is not None and disclosed["active"] else None)
    said = (
        _signed(disclosed, caller, provider, now=now) if _wants_signed(request, caller) else uncached(200, **disclosed)
    )
    return said.noting(client_id=caller.client.client_id, active=str(disclosed["active"]))


def _wants_signed(request: Request, caller: AuthenticatedClient) -> bool:
    """RFC9701-4: the caller requests a JWT by its Accept header, and its profile allows JWTs."""
    accepted = ",".join(request.header_values("accept")).split(",")
    types = {one.partition(";")[0].strip().lower() for one in accepted}
    return SIGNED in types and bool(caller.profile.introspection_signing_algs)


def _signed(disclosed: JsonObject, caller: AuthenticatedClient, provider: Provider, *, now: int) -> Response:
    """RFC9701-5: the response as a JWT for this caller. Its typ keeps it from use as an access token or an ID token."""
    claims = {
        "iss": provider.settings.issuer,
        "aud": caller.client.client_id,
        "iat": now,
        "token_introspection": disclosed,
    }
    alg = caller.client.introspection_signed_response_alg
    signed = signing.sign(claims, provider.ring, alg, "api_response", typ="token-introspection+jwt", now=now)
    return Response(200, (("Content-Type", SIGNED), *NO_STORE), signed)


def _disclosed(token: AccessToken | None, grant: Grant | None, caller: Client, *, issuer: str) -> JsonObject:
    found = token or grant
    if found is None or (token is not None and not token.cnf and may_write(token)):  # No resource accepts it.
        return {"active": False}
    scope, details = found.scope, found.authorization_details
    if found.client_id != caller.client_id:
        scope = tuple(name for name in scope if name in caller.scope)
        details = tuple(one for one in details if one["type"] in caller.authorization_details_types)
        if not (audience.is_for(token, caller.protected_resources) and (scope or details)):
            return {"active": False}  # RFC7662-4: a caller sees only tokens of its own resources.
    login = grant.login if grant is not None else None
    return {
        "active": True,
        "iss": issuer,
        "client_id": found.client_id,
        "scope": " ".join(scope) or None,
        "aud": audience.disclosed(token, caller.protected_resources, own=found.client_id == caller.client_id),
        "exp": token.expires_at if token is not None else grant.consent_expires_at if grant is not None else None,
        "iat": token.issued_at if token is not None else grant.given_at if grant is not None else None,
        "token_type": sender_constraint.token_type(token.cnf) if token is not None else None,
        "authorization_details": list(details) or None,  # RFC9396-9.2
        "cnf": found.cnf or None,  # RFC8705-3.2
        "sub": _sub(login, own=found.client_id == caller.client_id),
        "acr": login.acr if login is not None else None,
        "auth_time": login.auth_time if login is not None else None,
    }


def _sub(login: Authentication | None, *, own: bool) -> str | None:
    """The client's subject for the client; the bank's own sub for a protected resource."""
    return None if login is None else login.client_sub if own else login.sub
