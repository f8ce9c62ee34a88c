"""GET and POST /authorize: the authorization endpoint (RFC 6749 3.1; OpenID Connect Core 3.1.2).

Until the request is found where the client pushed it, nothing of it is trusted: a refusal is a page, never a redirect.
"""

from __future__ import annotations

from chalicelib.authorization import browser, claims_request, request_uri, response
from chalicelib.authorization import request as authorization_request
from chalicelib.errors import InvalidRequest, InvalidRequestUri, OAuthError
from chalicelib.messages import Request, Response, see_other
from chalicelib.people.assurance import ACR_VALUES
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest
from chalicelib.storage.records import Interaction, PushedRequest
from chalicelib.storage.stores import Gone


def answer(request: Request, provider: Provider) -> Response:
    """303 to the login page, with the cookie that ties it to this browser."""
    now = provider.now()

    # Read.
    parameters = request.form if request.method == "POST" else request.parameters
    client_id = parameters.get("client_id")
    if client_id is None:
        raise InvalidRequest("client_id is missing")
    handle = request_uri.handle_of(parameters.get("request_uri"))

    # Check.
    pushed = _own(provider.pushed_requests.find(handle, now=now), client_id)
    client = provider.clients.find(client_id, now=now)
    if client is None:
        raise InvalidRequest("the client is unknown")
    authorization_request.require_redirect_uri(pushed.request.redirect_uri, client)  # PAR-7.4
    try:
        asked = authorization_request.require_answerable(pushed.request, client)
        claims_request.require_acr(asked, *ACR_VALUES)
    except OAuthError as refusal:
        return response.failure(pushed.request, provider, refusal, now=now)

    # Remember. The request_uri names the interaction: once that is decided, it can't begin again.
    cookie = provider.new_handle()
    profile = PROFILES[client.profile]
    interaction = Interaction(
        key=digest(handle),
        request=asked,
        browser=digest(cookie),
        begun_at=now,
        expires_at=now + profile.interaction_lifetime,
        code_lifetime=profile.code_lifetime,
    )
    try:
        provider.interactions.begin(interaction)
    except Gone:
        raise InvalidRequestUri("the request_uri was used before") from None  # PAR-7.3

    # Answer.
    bound = browser.bind(interaction.key, cookie, seconds=profile.interaction_lifetime)
    return see_other(f"/login?interaction={interaction.key}", bound).noting(client_id=client_id)


def refuse(refusal: OAuthError, provider: Provider) -> Response:
    """The refusal as a page."""
    from chalicelib.pages import render

    return render.error(
        bank_name=provider.settings.bank_name,
        error=refusal.error,
        description=refusal.description,
        status=refusal.status,
    )


def _own(pushed: PushedRequest | None, client_id: str) -> PushedRequest:
    if pushed is None or pushed.request.client_id != client_id:
        raise InvalidRequestUri("the request_uri is unknown, expired or of another client")  # PAR-2.2, PAR-4
    return pushed
