"""GET and POST /authorize: the authorization endpoint (RFC 6749 3.1; OpenID Connect Core 3.1.2).

Until a redirect_uri is proven to be the client's, nothing of a request is trusted: a refusal is a page, never a redirect.
"""

from __future__ import annotations

from chalicelib.authorization import browser, request_uri, response
from chalicelib.authorization import request as authorization_request
from chalicelib.errors import InvalidRequestUri, LoginRequired, OAuthError
from chalicelib.logins.hearing import heard
from chalicelib.logins.recognition import recognised
from chalicelib.messages import Request, Response, see_other
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest
from chalicelib.storage.records import Interaction
from chalicelib.storage.stores import Gone


def answer(request: Request, provider: Provider) -> Response:
    """303 to the login page, or past it where this browser's session will do, with the cookie that ties it to the browser."""
    now = provider.now()

    # Read.
    parameters = request.form if request.method == "POST" else request.parameters
    handle = request_uri.handle_of(parameters.get("request_uri"))
    client, way_back, check = heard(parameters, handle, provider, now=now)

    # Check.
    try:
        asked = authorization_request.require_answerable(check(), client)
        login = recognised(request, asked, client, provider, now=now)
        if login is None and "none" in asked.prompt:
            raise LoginRequired("the person would have to log in")  # OIDCC-3.1.2.1
    except OAuthError as refusal:
        return response.failure(way_back, provider, refusal, now=now)

    # Remember. A request_uri of ours names the interaction: once that is decided, it can't begin again.
    cookie = provider.new_handle()
    profile = PROFILES[client.profile]
    interaction = Interaction(
        key=digest(handle or provider.new_handle()),
        request=asked,
        browser=digest(cookie),
        begun_at=now,
        expires_at=now + profile.interaction_lifetime,
        code_lifetime=profile.code_lifetime,
        login=login,
    )
    try:
        provider.interactions.begin(interaction)
    except Gone:
        raise InvalidRequestUri("the request_uri was used before") from None  # PAR-7.3

    # Answer.
    bound = browser.bind(interaction.key, cookie, seconds=profile.interaction_lifetime)
    page = "login" if login is None else "consent"
    return see_other(f"/{page}?interaction={interaction.key}", bound).noting(client_id=client.client_id)


def refuse(refusal: OAuthError, provider: Provider) -> Response:
    """The refusal as a page."""
    from chalicelib.pages import render

    return render.error(
        bank_name=provider.settings.bank_name,
        error=refusal.error,
        description=refusal.description,
        status=refusal.status,
    )
