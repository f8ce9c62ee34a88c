"""GET and POST /authorize: the authorization endpoint (RFC 6749 3.1; OpenID Connect Core 3.1.2).

An error is a page, not a redirect, until the redirect_uri is verified.
"""

from __future__ import annotations

from chalicelib import aws_errors
from chalicelib.authorization import pushed_request_uri
from chalicelib.authorization import request as authorization_request
from chalicelib.errors import LoginRequired, OAuthError
from chalicelib.interaction import browser_binding, response
from chalicelib.interaction.page_frame import frame_of, refuse
from chalicelib.interaction.resolve_request import resolve_authorization_request
from chalicelib.interaction.single_sign_on import find_sso_login, sign_on
from chalicelib.messages import Request, Response, see_other
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider

__all__ = ["answer", "refuse"]


def answer(request: Request, provider: Provider) -> Response:
    """303 to the login page, or to the consent page if the browser's session is usable, with the cookie of the interaction."""
    now = provider.now()

    # Read.
    parameters = request.form if request.method == "POST" else request.parameters
    token_value = pushed_request_uri.token_value_of(parameters.get("request_uri"))
    cookie = provider.new_token_value()
    journey = request.interaction_id
    client, redirect_target, check = resolve_authorization_request(
        parameters, token_value, cookie, provider, journey=journey, now=now
    )
    request.note(client_id=client.client_id)
    profile = PROFILES[client.profile]
    frame = frame_of(request, provider)

    # Check, and store who is signed in.
    try:
        grant = check()
        request.note(journey=grant.journey)
        authorization_request.require_answerable(grant.request, client)
        login = find_sso_login(request, grant.request, client, provider, now=now)
        if login is not None:
            sign_on(request, grant, cookie, login, provider, profile, now=now)
        elif "none" in grant.request.prompt:
            raise LoginRequired("the user must sign in; send the request without prompt=none")  # OIDCC-3.1.2.1
    except OAuthError as refusal:
        return response.failure(redirect_target, provider, refusal, frame, now=now)
    except Exception as problem:  # RFC6749-4.1.2.1: the client gets the error if its redirect_uri is known.
        return response.failure(redirect_target, provider, aws_errors.refusal(problem), frame, now=now)

    # Answer.
    bound = browser_binding.bind(grant.key, cookie, seconds=profile.interaction_lifetime)
    page = "login" if login is None else "consent"
    return see_other(f"/{page}?interaction={grant.key}", bound).noting(client_id=client.client_id)
