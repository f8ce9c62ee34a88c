"""GET and POST /consent: the page on which a person agrees, and the authorization response that follows."""

from __future__ import annotations

from chalicelib.authorization import browser, details, remembered_consent, scope
from chalicelib.authorization.detail_type import Detail
from chalicelib.authorization.remembered_consent import Asked
from chalicelib.endpoints.authorize import refuse
from chalicelib.errors import AccessDenied, ConsentRequired, InvalidRequest
from chalicelib.logins import decision, sparing
from chalicelib.logins.decision import Choice, approve, cancel
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import render
from chalicelib.people import claims
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest

__all__ = ["answer", "refuse"]


def answer(request: Request, provider: Provider) -> Response:
    """The page; or, posted, 303 back to the client with a code or with access_denied."""
    return _post(request, provider) if request.method == "POST" else _show(request, provider)


def _show(request: Request, provider: Provider) -> Response:
    now = provider.now()
    key = request.parameters.get("interaction", "")
    grant = decision.own(request, key, provider, now=now, decided="approved")
    if grant.login is None:
        return see_other(f"/login?interaction={key}")
    client = provider.clients.find(grant.client_id, now=now)
    if client is None:
        raise AccessDenied("the app that sent you here is no longer registered")
    wanted = remembered_consent.asked(grant.request, known=claims.NAMES)
    bond = sparing.bond_of(grant, client, wanted, provider, now=now)
    before, new = bond.remembered, remembered_consent.new(wanted, bond.remembered)
    cookie, person = browser.cookie_of(request, key), digest(grant.login.sub)
    if "consent" not in grant.request.prompt and before and not any(new):
        return sparing.approve_as_before(grant, cookie, person, bond, provider, now=now)
    if "none" in grant.request.prompt:
        return cancel(grant, cookie, provider, now=now, why=ConsentRequired("the person would have to agree"))
    return render.consent(
        bank_name=provider.settings.bank_name,
        client_name=client.client_name,
        key=key,
        csrf=browser.token(key, cookie, person=person),
        redirect_uri=grant.request.redirect_uri,
        person=str(grant.login.claims.get("name") or grant.login.username),
        asks=_asks(wanted, new) if before else _in_words(wanted, wanted[0]),
        details=details.in_words(grant.request.authorization_details, grant.login.accounts),
        until=grant.consent_expires_at,
        look=decision.needs_a_look(grant),
    )


def _post(request: Request, provider: Provider) -> Response:
    now = provider.now()

    # Read.
    form = request.form
    key, cookie = browser.require_posted(request, form)
    action = form.get("action")
    if action == "cancel":
        return cancel(decision.own(request, key, provider, now=now, decided="denied"), cookie, provider, now=now)
    if action != "approve":
        raise InvalidRequest("the page was posted without a decision")

    # Check. Only where something is to be chosen or signed is there anything to look at first.
    looked = "details" in form or "look" in form
    grant = decision.own(request, key, provider, now=now, decided="approved") if looked else None
    granted: tuple[Detail, ...] = ()
    if grant is not None and grant.request.authorization_details:
        accounts = grant.login.accounts if grant.login is not None else ()
        try:
            granted = details.granted(grant.request.authorization_details, form, accounts)
        except AccessDenied:
            return cancel(grant, cookie, provider, now=now)

    # Remember, and answer.
    choice = Choice(browser.asked(form), granted, by_hand=True)
    return approve(grant, key, cookie, choice, provider, now=now)


def _in_words(asked: Asked, with_scope: tuple[str, ...]) -> list[str]:
    tokens, names = asked
    return [*scope.in_words(tokens), *claims.in_words(names, with_scope)]


def _asks(wanted: Asked, new: Asked) -> list[str]:
    """Everything that is asked for; what was not agreed to before comes first, and says so."""
    fresh = _in_words(new, wanted[0])
    return [*(f"{words} (new)" for words in fresh), *(w for w in _in_words(wanted, wanted[0]) if w not in fresh)]
