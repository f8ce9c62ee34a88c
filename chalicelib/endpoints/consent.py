"""GET and POST /consent: the page on which a person agrees, and the authorization response that follows."""

from __future__ import annotations

from chalicelib.authorization import agreement, browser, details, scope
from chalicelib.authorization.detail_type import Detail
from chalicelib.clients import lifetimes
from chalicelib.endpoints.authorize import refuse
from chalicelib.errors import AccessDenied, ConsentRequired, InvalidRequest
from chalicelib.logins.decision import approve, cancel
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import render
from chalicelib.people import claims
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest
from chalicelib.storage.records import Agreement

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
    profile = PROFILES[client.profile]
    wanted = agreement.asked(interaction.request, known=claims.NAMES)
    before = Agreement()
    if agreement.rememberable(interaction.request, client, profile):
        before = provider.agreements.find(interaction.login.sub, client.client_id, now=now)
    new = agreement.new(wanted, before)
    cookie, person = browser.cookie_of(request, key), digest(interaction.login.sub)
    if "consent" not in interaction.request.prompt and before != Agreement() and new == Agreement():
        return approve(key, cookie, person, provider, now=now)
    if "none" in interaction.request.prompt:
        return cancel(key, cookie, provider, now=now, why=ConsentRequired("the person would have to agree"))
    return render.consent(
        bank_name=provider.settings.bank_name,
        client_name=client.client_name,
        key=key,
        csrf=browser.token(key, cookie, person=person),
        redirect_uri=interaction.request.redirect_uri,
        person=str(interaction.login.claims.get("name") or interaction.login.username),
        asks=_asks(wanted, new) if before != Agreement() else _in_words(wanted, interaction.request.scope),
        details=details.in_words(interaction.request.authorization_details, interaction.login.accounts),
        until=details.ends(
            interaction.request.authorization_details,
            otherwise=now + lifetimes.of_consent(client, profile),
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

    # Remember, and answer.
    return approve(key, cookie, browser.asked(form), provider, now=now, granted=granted, by_hand=True)


def _in_words(asked: Agreement, with_scope: tuple[str, ...]) -> list[str]:
    return [*scope.in_words(asked.scope), *claims.in_words(asked.claims, with_scope)]


def _asks(wanted: Agreement, new: Agreement) -> list[str]:
    """Everything that is asked for; what was not agreed to before comes first, and says so."""
    fresh = _in_words(new, wanted.scope)
    return [*(f"{words} (new)" for words in fresh), *(w for w in _in_words(wanted, wanted.scope) if w not in fresh)]
