"""GET and POST /consent: the consent page, and the authorization response that follows."""

from __future__ import annotations

from chalicelib import aws_errors
from chalicelib.errors import ConsentRequired, InvalidRequest, OAuthError
from chalicelib.interaction import (
    browser_binding,
    consent_page,
    consent_time,
    consent_without_page,
    decision,
    response,
)
from chalicelib.interaction.decision import BOX_ACTION, approve, cancel
from chalicelib.interaction.page_frame import frame_of_grant, refuse
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages.frame import Frame
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import Authentication
from chalicelib.storage.token_values import digest

__all__ = ["answer", "refuse"]


def answer(request: Request, provider: Provider) -> Response:
    """The page; for a POST the authorization response, with a code or with access_denied, or the page again."""
    return _post(request, provider) if request.method == "POST" else _show(request, provider)


def _show(request: Request, provider: Provider) -> Response:
    now = provider.now()
    key = request.parameters.get("interaction", "")
    grant = decision.own(request, key, provider, now=now, decided="approved")
    if grant.login is None:
        return see_other(f"/login?interaction={key}")
    cookie = browser_binding.cookie_of(request, key)
    frame = frame_of_grant(request, grant, "/consent", provider)
    try:
        return _answer_or_show_page(grant, grant.login, cookie, provider, frame, now=now)
    except OAuthError:
        raise
    except Exception as problem:
        if "none" not in grant.request.prompt:
            raise  # A person sees the error page and can reload.
        return response.failure(grant.request, provider, aws_errors.refusal(problem), frame, now=now)  # RFC6749-4.1.2.1


def _answer_or_show_page(
    grant: Grant, login: Authentication, cookie: str, provider: Provider, frame: Frame, *, now: int
) -> Response:
    requested = consent_page.of(grant, login, provider, now=now)
    if requested.answered:
        person = digest(login.sub)
        return consent_without_page.approve_as_before(grant, cookie, person, requested.bond, provider, frame, now=now)
    if "none" in grant.request.prompt:
        why = ConsentRequired("the user must consent; send the request without prompt=none")
        return cancel(grant, cookie, provider, frame, now=now, why=why)
    return consent_page.page(requested, cookie, frame)


def _post(request: Request, provider: Provider) -> Response:
    now = provider.now()

    # Read.
    form = request.form
    key, cookie = browser_binding.require_posted(request, form)
    # A script that submits the form presses no button.
    action = form.get("action", "approve" if form.get("passkey") else None)
    if action == "cancel":
        denied = decision.own(request, key, provider, now=now, decided="denied")
        return cancel(denied, cookie, provider, frame_of_grant(request, denied, "/consent", provider), now=now)
    look = action == "look" or BOX_ACTION.fullmatch(action or "") is not None
    if not look and action not in ("approve", *decision.APP_ACTIONS):
        raise InvalidRequest("action must be approve, cancel or look")

    # Check. The grant is read first only if its choices, its signature or its page needs it.
    looked = action != "approve" or "details" in form or "look" in form or consent_time.is_shorter(form)
    if not looked:
        frame = frame_of_grant(request, None, "/consent", provider)
        return approve(None, key, cookie, consent_page.choice_without_read(form, cookie), provider, frame, now=now)
    grant = decision.own(request, key, provider, now=now, decided="approved")
    frame = frame_of_grant(request, grant, "/consent", provider)
    if look:
        return consent_page.again(grant, cookie, form, provider, frame, now=now)
    chosen = consent_page.choice(form, grant, cookie, provider, frame, now=now)

    # Store, and answer.
    return chosen if isinstance(chosen, Response) else approve(grant, key, cookie, chosen, provider, frame, now=now)
