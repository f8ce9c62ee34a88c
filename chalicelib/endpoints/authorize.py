"""GET and POST /authorize: the authorization endpoint (RFC 6749 3.1; OpenID Connect Core 3.1.2).

Until a redirect_uri is proven to be the client's, nothing of a request is trusted: a refusal is a page, never a redirect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.authorization import browser, claims_request, request_uri, response, writing
from chalicelib.authorization import request as authorization_request
from chalicelib.authorization.response import Answerable
from chalicelib.errors import InvalidRequest, InvalidRequestUri, LoginRequired, OAuthError
from chalicelib.messages import Request, Response, see_other
from chalicelib.people import assurance, pairwise, session
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest
from chalicelib.storage.records import AuthorizationRequest, Client, Interaction, Login, PushedRequest
from chalicelib.storage.stores import Gone

Check = Callable[[], AuthorizationRequest]


def answer(request: Request, provider: Provider) -> Response:
    """303 to the login page, or past it where this browser's session will do, with the cookie that ties it to the browser."""
    now = provider.now()

    # Read.
    parameters = request.form if request.method == "POST" else request.parameters
    handle = request_uri.handle_of(parameters.get("request_uri"))
    client, way_back, check = _heard(parameters, handle, provider, now=now)

    # Check.
    try:
        asked = authorization_request.require_answerable(check(), client)
        login = _recognised(request, asked, client, provider, now=now)
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


def _recognised(
    request: Request, asked: AuthorizationRequest, client: Client, provider: Provider, *, now: int
) -> Login | None:
    """Who signed in in this browser a while ago, if that answers the request. Raises UnmetAuthenticationRequirements."""
    profile, possible = PROFILES[client.profile], assurance.acr_values(provider.settings)
    acrs = claims_request.require_acr(asked, *assurance.enough(profile, possible, writes=writing.may_write(asked)))
    known = session.fitting(request, asked, profile, provider.sessions, acrs=acrs, now=now)
    if known is None:
        return None
    person = provider.people.recall(known.username, scope=asked.scope, claims=claims_request.names(asked), now=now)
    login = session.login(known, person)
    try:
        told = None if login is None else pairwise.known_to(client, login, provider.kms)
        return told and claims_request.require_person_of(asked, told)
    except claims_request.AnotherPerson:
        return None


def _heard(
    parameters: Mapping[str, str], handle: str | None, provider: Provider, *, now: int
) -> tuple[Client, Answerable, Check]:
    """Who asks, where to answer, and what is asked: by a request_uri of ours, or all at once. Raises OAuthError, for a page."""
    client_id = parameters.get("client_id")
    if client_id is None:
        raise InvalidRequest("client_id is missing")
    pushed = None if handle is None else _own(provider.pushed_requests.find(handle, now=now), client_id)
    client = provider.clients.find(client_id, now=now)
    if client is None:
        raise InvalidRequest("the client is unknown")
    if pushed is None:
        from chalicelib.authorization import direct_request  # brings PyJWT, which a request that was pushed never needs

        heard = direct_request.hear(
            parameters,
            client,
            PROFILES[client.profile],
            issuer=provider.settings.issuer,
            documents=provider.documents,
            with_keys=lambda sent: provider.published_keys.for_request_object(client, sent, now=now),
            jwks=lambda: provider.ring.jwks(now=now),
            decryption_key=lambda kid: provider.ring.unwrapping(kid, now=now),
            now=now,
        )
        return client, heard.way_back, heard.check
    asked = pushed.request
    authorization_request.require_redirect_uri(asked.redirect_uri, client)  # PAR-7.4
    return client, asked, lambda: asked


def _own(pushed: PushedRequest | None, client_id: str) -> PushedRequest:
    if pushed is None or pushed.request.client_id != client_id:
        raise InvalidRequestUri("the request_uri is unknown, expired or of another client")  # PAR-2.2, PAR-4
    return pushed
