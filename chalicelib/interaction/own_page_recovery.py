"""The recovery of a person who has the password, and neither the phone nor a recovery code: a wait, and then another app.

A bank switches it on. The password begins it, and a notice to the person tells of it (the record has user.recovery_begun). A
person who can sign in stops it at /security. After the wait the password opens the page for one thing: another app.

The count of attempts goes on, also after a right password. A copy of the request opens what the password in it opens anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.interaction import browser_binding, own_page
from chalicelib.interaction.own_page import PATH, RECOVERING, SIGN_IN_FORM
from chalicelib.language import message
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import security
from chalicelib.pages.frame import Frame
from chalicelib.provider import Provider
from chalicelib.storage.records import Authentication
from chalicelib.user_directory import SignInMeans, SignInRefused, refused_note
from chalicelib.users import known_browser
from chalicelib.users.sign_in_form import form_field

WAY = "recovery"
"""Of the query parameter and the form field `with`."""

# One text for all problems, as on the login page.
MISMATCH_TEXT = message(
    "That did not match. Check your user name and password, and try again. After some tries, wait a while."
)


def is_on(provider: Provider) -> bool:
    """Whether the bank has switched it on."""
    return provider.settings.recovery_seconds > 0


def page(frame: Frame, cookie: str, provider: Provider, *, username: str = "", problem: str | None = None) -> Response:
    """The page that asks for user name and password."""
    return security.begin_recovery(
        frame=frame,
        key=SIGN_IN_FORM,
        csrf=browser_binding.token(SIGN_IN_FORM, cookie),
        hours=provider.settings.recovery_seconds // 3600,
        username=username,
        problem=problem and frame.language.say(problem),
    )


def post(
    request: Request,
    form: Mapping[str, str],
    cookie: str,
    frame: Frame,
    means: SignInMeans,
    provider: Provider,
    *,
    now: int,
) -> Response:
    """The page that says from when the recovery can be completed; after that, 303 to the page that completes it."""
    username = form_field(form, "username")
    known, _ = known_browser.identified(request, username, provider, now=now)
    try:
        found = means.begin_recovery(username, password=form_field(form, "password"), now=now, browser=known)
    except SignInRefused as refused:
        again = page(frame, cookie, provider, username=username, problem=MISMATCH_TEXT)
        return again.noting(**refused_note(refused))
    if now < found.ready_at:
        waiting = security.recovery(frame=replace(frame, here=""), ready_at=found.ready_at)
        return waiting.noting(sub=found.sub)
    login = Authentication(sub=found.sub, username=found.username, auth_time=now, acr="", amr=RECOVERING)
    begun = own_page.begin(request, login, means, provider, now=now)
    return see_other(PATH, begun, browser_binding.release(SIGN_IN_FORM)).noting(sub=login.sub, event="sign_in")
