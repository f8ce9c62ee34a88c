"""POST /par: the pushed authorization request endpoint (RFC 9126, FAPI1-ADV-5.2.2-11)."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import client_authentication
from chalicelib.authorization import encrypted_request, id_token_hint, pushed_request_uri, request_object
from chalicelib.authorization import request as authorization_request
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.errors import InvalidRequest, UnauthorizedClient
from chalicelib.interaction.new_grant import new_grant
from chalicelib.messages import Request, Response, uncached
from chalicelib.provider import Provider
from chalicelib.resource_server import policy
from chalicelib.single_use import consuming
from chalicelib.storage.records import AuthorizationRequest
from chalicelib.tokens import dpop
from chalicelib.tokens.sender_constraint import Proof


def answer(request: Request, provider: Provider) -> Response:
    """201 with the request_uri and its lifetime in seconds."""
    now = provider.now()  # One time for the whole request.

    # Read.
    form = request.form

    # Authenticate.
    caller = client_authentication.authenticate(request, form, provider, now=now)

    with consuming(caller, provider, now=now) as use:
        # Check. A DPoP proof binds the code to its key.
        shown = dpop.proof(request, urls=provider.settings.addresses(request.path), nonces=provider.nonces, now=now)
        if shown is not None:
            use.add(shown.single_use)
        if caller.client.dpop_nonce_required:
            dpop.require_server_nonce(shown, provider.nonces, now=now)
        requested = _checked(form, caller, shown, provider, now=now)

        # Store. The client does not have the request_uri yet.
        token_value = provider.new_token_value()
        grant = new_grant(
            token_value, requested, caller.client, caller.profile, journey=request.interaction_id, now=now
        )
        request.note(journey=grant.journey)
        use.beside(lambda: provider.grants.push(grant))

    # Answer.
    lifetime = grant.request_expires_at - now
    return uncached(201, request_uri=pushed_request_uri.of(token_value), expires_in=lifetime).noting(
        client_id=requested.client_id
    )


def _checked(
    form: Mapping[str, str], caller: AuthenticatedClient, shown: Proof | None, provider: Provider, *, now: int
) -> AuthorizationRequest:
    if "request_uri" in form:
        raise InvalidRequest("request_uri is not allowed in a pushed authorization request")  # PAR-2.1
    if "authorization_code" not in caller.client.grant_types:
        raise UnauthorizedClient("the client is not registered for authorization_code")
    profile, issuer = caller.profile, provider.settings.issuer
    encrypted = encrypted_request.is_encrypted(form)
    form = encrypted_request.opened(form, caller.client, profile, lambda kid: provider.ring.unwrapper_for(kid, now=now))
    sent = request_object.parse(form, profile, encrypted=encrypted)
    client = provider.published_keys.for_request_object(caller.client, sent, now=now)
    requested = request_object.unwrap(form, sent, client, profile, issuer=issuer, encrypted=encrypted, now=now)
    return authorization_request.check(
        requested,
        client,
        profile,
        now=now,
        pushed=True,
        resources=lambda: policy.resources(provider.settings),
        dpop_jkt=None if shown is None else shown.jkt,
        hinted_sub=id_token_hint.subject(
            requested, client, profile, issuer=issuer, jwks=lambda use: provider.ring.jwks(now=now, use=use)
        ),
    )
