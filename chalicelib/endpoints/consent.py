"""GET and POST /consent: the page on which a person agrees, and the authorization response that follows."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.authorization import browser, details
from chalicelib.authorization.detail_type import Detail
from chalicelib.endpoints.authorize import refuse
from chalicelib.errors import AccessDenied, ConsentRequired, InvalidRequest
from chalicelib.logins import asking, decision, sparing
from chalicelib.logins.decision import Choice, approve, cancel
from chalicelib.messages import Request, Response, see_other
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest
from chalicelib.storage.permission import Grant

__all__ = ["answer", "refuse"]


def answer(request: Request, provider: Provider) -> Response:
    """The page; or, posted, the way back to the client with a code or with access_denied, or the page again."""
    return _post(request, provider) if request.method == "POST" else _show(request, provider)


def _show(request: Request, provider: Provider) -> Response:
    now = provider.now()
    key = request.parameters.get("interaction", "")
    grant = decision.own(request, key, provider, now=now, decided="approved")
    if grant.login is None:
        return see_other(f"/login?interaction={key}")
    cookie, asked = browser.cookie_of(request, key), asking.of(grant, grant.login, provider, now=now)
    if asked.answered:
        person = digest(grant.login.sub)
        return sparing.approve_as_before(grant, cookie, person, asked.bond, provider, now=now)
    if "none" in grant.request.prompt:
        return cancel(grant, cookie, provider, now=now, why=ConsentRequired("the person would have to agree"))
    return asking.page(asked, cookie, provider)


def _post(request: Request, provider: Provider) -> Response:
    now = provider.now()

    # Read.
    form = request.form
    key, cookie = browser.require_posted(request, form)
    action = form.get("action")
    if action == "cancel":
        return cancel(decision.own(request, key, provider, now=now, decided="denied"), cookie, provider, now=now)
    if action not in ("approve", "look"):
        raise InvalidRequest("the page was posted without a decision")

    # Check. Only where something is to be chosen, signed or looked at again is there anything to look at first.
    looked = action == "look" or "details" in form or "look" in form
    grant = decision.own(request, key, provider, now=now, decided="approved") if looked else None
    if grant is not None and action == "look":
        return _again(grant, cookie, form, provider, now=now)
    granted: tuple[Detail, ...] = ()
    if grant is not None and grant.request.authorization_details:
        accounts = grant.login.accounts if grant.login is not None else ()
        try:
            granted = details.granted(grant.request.authorization_details, form, accounts)
        except AccessDenied:
            if details.can_be_chosen(grant.request.authorization_details, accounts):
                return _again(grant, cookie, form, provider, now=now, problem=asking.NOTHING_CHOSEN)
            return cancel(grant, cookie, provider, now=now)

    # Remember, and answer.
    choice = Choice(browser.asked(form), granted, by_hand=True)
    return approve(grant, key, cookie, choice, provider, now=now)


def _again(
    grant: Grant, cookie: str, form: Mapping[str, str], provider: Provider, *, now: int, problem: str | None = None
) -> Response:
    """The page again, as the person left it. Nothing is decided."""
    if grant.login is None:
        raise browser.over()
    asked = asking.of(grant, grant.login, provider, now=now)
    return asking.page(asked, cookie, provider, chosen=form, problem=problem)
