"""GET and POST /consent: the page on which a person agrees, and the authorization response that follows."""

from __future__ import annotations

from chalicelib.authorization import browser, claims_request, details, response, scope
from chalicelib.authorization.detail_type import Detail
from chalicelib.clients import lifetimes
from chalicelib.endpoints.authorize import refuse
from chalicelib.endpoints.login import cancel
from chalicelib.errors import AccessDenied, InvalidRequest
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import render
from chalicelib.people import claims
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest, join
from chalicelib.storage.records import Interaction
from chalicelib.storage.stores import Gone

__all__ = ["answer", "refuse"]


def answer(request: Request, provider: Provider) -> Response:
    """The page; or, posted, 303 back to the client with a code or with access_denied."""
    return _post(request, provider) if request.method == "POST" else _show(request, provider)


def _show(request: Request, provider: Provider) -> Response:
    now = provider.now()
    key = request.parameters.get("interaction", "")
    interaction = browser.require_own(request, provider.interactions.find(key, now=now))
    if interaction.login is None:
        return see_other(f"/login?interaction={key}")
    client = provider.clients.find(interaction.request.client_id, now=now)
    if client is None:
        raise AccessDenied("the app that sent you here is no longer registered")
    return render.consent(
        bank_name=provider.settings.bank_name,
        client_name=client.client_name,
        key=key,
        csrf=browser.token(key, browser.cookie_of(request, key), person=digest(interaction.login.sub)),
        redirect_uri=interaction.request.redirect_uri,
        person=str(interaction.login.claims.get("name") or interaction.login.username),
        asks=[
            *scope.in_words(interaction.request.scope),
            *claims.in_words(claims_request.names(interaction.request), interaction.request.scope),
        ],
        details=details.in_words(interaction.request.authorization_details, interaction.login.accounts),
        until=details.ends(
            interaction.request.authorization_details,
            otherwise=now + lifetimes.of_consent(client, PROFILES[client.profile]),
        ),
    )


def _post(request: Request, provider: Provider) -> Response:
    now = provider.now()

    # Read.
    form = request.form
    key, cookie = browser.require_posted(request, form)
    action = form.get("action")
    if action == "cancel":
        return cancel(key, cookie, provider, now=now)
    if action != "approve":
        raise InvalidRequest("the page was posted without a decision")

    # Check. Only where something is to be chosen is there anything to look at first.
    granted: tuple[Detail, ...] = ()
    if "details" in form:
        interaction = browser.require_own(request, provider.interactions.find(key, now=now))
        accounts = interaction.login.accounts if interaction.login is not None else ()
        try:
            granted = details.granted(interaction.request.authorization_details, form, accounts)
        except AccessDenied:
            return cancel(key, cookie, provider, now=now)

    # Remember. The write itself checks that the interaction is this browser's, open, and logged in as who saw the page:
    # somebody else may have signed in meanwhile, who agreed to nothing.
    code = join(provider.new_handle(), key)
    try:
        interaction = provider.interactions.decide(
            key,
            cookie,
            decision="approved",
            now=now,
            person=browser.asked(form),
            consent_id=provider.new_handle(),
            code=code,
            granted=granted,
        )
    except Gone:
        raise browser.over() from None

    # Answer.
    back = response.success(interaction.request, provider, _given(interaction, code, provider, now=now), now=now)
    return back.with_headers(browser.release(key))


def _given(interaction: Interaction, code: str, provider: Provider, *, now: int) -> dict[str, str]:
    if interaction.request.response_type == "code":
        return {"code": code}
    from chalicelib.grants import front_channel  # brings PyJWT, which a code alone never needs

    return front_channel.issue(interaction, code, provider, now=now)
