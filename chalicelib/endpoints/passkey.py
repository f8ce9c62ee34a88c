"""GET and POST /passkey: an invited user adds a passkey, after password and one-time code."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from chalicelib.errors import AccessDenied, InvalidRequest, NotFoundOrMethodNotAllowed
from chalicelib.interaction import browser_binding
from chalicelib.interaction.page_frame import frame_of, refuse
from chalicelib.language import message
from chalicelib.messages import Request, Response
from chalicelib.pages import enrolment
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.provider import Provider
from chalicelib.storage.stores import AlreadyUsed, NotOpen
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import Passkeys, SignInRefused, refused_note
from chalicelib.users import web_authentication

__all__ = ["answer", "refuse"]

PAGE_LIFETIME = 24 * 3600
"""Seconds that the page may stay open. It equals the lifetime of an invitation."""

# One text for all problems. Different texts would reveal whose link it is.
MISMATCH_TEXT = message(
    "That did not match. Check your user name, password and one-time code, and try again. "
    "A link works once, for a day, and for the person it was made for."
)
FIELDS = ("username", "password", "one_time_code", "invitation")
MAX_LENGTH = 1024
"""Characters of each field that are read."""


def answer(request: Request, provider: Provider) -> Response:
    """The page of the link; for a POST the page that makes the passkey, the same page again, or the final page."""
    passkeys = provider.user_directory.passkeys
    if passkeys is None:
        raise NotFoundOrMethodNotAllowed("passkeys are not offered here")
    if request.method == "POST":
        form = request.form
        key, cookie = browser_binding.require_posted(request, form)
        here = f"/passkey?{urlencode({'invitation': form['invitation']})}" if "invitation" in form else ""
        frame = frame_of(request, provider, here=here)
        return (_add if "ticket" in form else _prove)(form, key, cookie, passkeys, provider, frame)
    invitation = request.parameters.get("invitation")
    if invitation is None:
        raise InvalidRequest("the link is incomplete: invitation is missing")
    key, cookie = digest(invitation), provider.new_token_value()
    frame = frame_of(request, provider, here=f"/passkey?{urlencode({'invitation': invitation})}")
    shown = _page(key, cookie, frame, invitation=invitation)
    return shown.with_headers(browser_binding.bind(key, cookie, seconds=PAGE_LIFETIME))


def _prove(
    form: Mapping[str, str], key: str, cookie: str, passkeys: Passkeys, provider: Provider, frame: Frame
) -> Response:
    username, password, one_time_code, invitation = (form.get(name, "")[:MAX_LENGTH] for name in FIELDS)
    enrolment_token = browser_binding.enrolment_token(key, cookie)
    try:
        offer = passkeys.verify_for_enrolment(
            invitation,
            _bound(enrolment_token, cookie),
            username=username,
            password=password,
            one_time_code=one_time_code,
            attempt=browser_binding.attempt(key, cookie),
            now=provider.now(),
        )
    except (SignInRefused, NotOpen, AlreadyUsed) as refused:
        again = _page(key, cookie, frame, invitation=invitation, username=username, problem=MISMATCH_TEXT)
        return again.noting(**refused_note(refused))
    requested = web_authentication.creation(
        browser_binding.challenge(key, cookie, enrolment_token),
        provider.settings.issuer,
        bank_name=frame.bank_name,
        username=offer.username,
        user_handle=offer.user_handle,
        known=offer.known,
        pays=provider.settings.confirms_payments,
    )
    return enrolment.make(
        frame=frame,
        key=key,
        csrf=browser_binding.token(key, cookie),
        username=offer.username,
        passkey=Ceremony(requested, enrolment_token),
    )


def _add(
    form: Mapping[str, str], key: str, cookie: str, passkeys: Passkeys, provider: Provider, frame: Frame
) -> Response:
    enrolment_token, username = (form.get(name, "")[:MAX_LENGTH] for name in ("ticket", "username"))
    try:
        sub = passkeys.add(
            _bound(enrolment_token, cookie),
            form.get("passkey", ""),
            username=username,
            challenge=browser_binding.challenge(key, cookie, enrolment_token),
            now=provider.now(),
        )
    except (SignInRefused, NotOpen) as refused:
        raise AccessDenied("the passkey was not accepted; please ask for a new link", detail=str(refused)) from None
    made = enrolment.made(frame=frame)
    return made.with_headers(browser_binding.release(key)).noting(sub=sub)


def _page(
    key: str, cookie: str, frame: Frame, *, invitation: str, username: str = "", problem: str | None = None
) -> Response:
    return enrolment.prove(
        frame=frame,
        key=key,
        csrf=browser_binding.token(key, cookie),
        invitation=invitation,
        username=username,
        problem=problem and frame.language.say(problem),
    )


def _bound(enrolment_token: str, cookie: str) -> str:
    """The enrolment token as it is stored. Its cookie binds it to the browser. Its space keeps it apart from invitations."""
    return f"{enrolment_token} {cookie}"
