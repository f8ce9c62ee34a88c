"""The sign-in of /security: by passkey, by password and one-time code, or by password and recovery code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.interaction import browser_binding, own_page, own_page_recovery, passkey_challenge
from chalicelib.interaction.own_page import LIFETIME, PATH, SIGN_IN_FORM
from chalicelib.language import message
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import security
from chalicelib.pages.frame import Frame
from chalicelib.provider import Provider
from chalicelib.storage.records import Authentication
from chalicelib.storage.stores import AlreadyUsed, NotOpen
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignedIn, SignInMeans, SignInRefused, refused_note
from chalicelib.users import known_browser, sign_in_form, web_authentication
from chalicelib.users import username as usernames
from chalicelib.users.sign_in_form import form_field

WITH = "with"
RECOVERY_CODE = "recovery-code"
"""The query parameter and the form field that select the form for a recovery code."""

# One text for all problems, as on the login page.
MISMATCH_TEXT = message(
    "That did not match. Check your user name, password and recovery code, and try again. "
    "After some tries, wait a while."
)


def show(request: Request, frame: Frame, provider: Provider, *, now: int) -> Response:
    """The sign-in page, in a browser that it is bound to."""
    cookie = provider.new_token_value()
    if (WITH, own_page_recovery.WAY) in request.query and own_page_recovery.is_on(provider):
        page = own_page_recovery.page(frame, cookie, provider)
        return page.with_headers(browser_binding.bind(SIGN_IN_FORM, cookie, seconds=LIFETIME))
    by_code = (WITH, RECOVERY_CODE) in request.query
    words, headers = own_page.words_of(request, "")
    username = "" if by_code else usernames.remembered(request)
    page = _page(request, frame, cookie, provider, by_code=by_code, username=username, done=words, now=now)
    return page.with_headers(browser_binding.bind(SIGN_IN_FORM, cookie, seconds=LIFETIME), *headers)


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
    """303 to the page, or the sign-in page with the problem."""
    if form.get(WITH) == own_page_recovery.WAY and own_page_recovery.is_on(provider):
        return own_page_recovery.post(request, form, cookie, frame, means, provider, now=now)
    username, by_code = form_field(form, "username"), form.get(WITH) == RECOVERY_CODE
    if form.get("action") == "forget":
        return _page(request, frame, cookie, provider, by_code=by_code, now=now).with_headers(usernames.forget())
    this = browser_binding.attempt(SIGN_IN_FORM, cookie)
    known, ended = known_browser.identified(request, username, provider, now=now)
    try:
        if by_code:
            password, code = form_field(form, "password"), form_field(form, "recovery_code")
            who = means.recover(username, password=password, code=code, now=now, attempt=this, browser=known)
        else:
            who = _signed_in(form, cookie, this, known, provider, now=now)
        first = sign_in_form.claim(who, this, provider.replay_cache, now=now)
    except (SignInRefused, AlreadyUsed, NotOpen) as refused:
        problem = MISMATCH_TEXT if by_code else sign_in_form.problem(form)
        again = _page(request, frame, cookie, provider, by_code=by_code, username=username, problem=problem, now=now)
        return again.noting(**refused_note(refused))
    if not first:  # The first POST began the session. This POST shows its result.
        return see_other(PATH)
    login = replace(who.login, username=who.username or username.strip())
    remembered = () if by_code else _remembered(request, form, login, provider, ended=ended)
    passkey = digest(web_authentication.id_of(form["passkey"])) if "passkey" in form and not by_code else ""
    begun = own_page.begin(request, login, means, provider, now=now, passkey=passkey, secrets=who.secrets)
    released = browser_binding.release(SIGN_IN_FORM)
    return see_other(PATH, begun, released, *remembered).noting(sub=login.sub, event="sign_in")


def _signed_in(
    form: Mapping[str, str], cookie: str, this: str, known: str | None, provider: Provider, *, now: int
) -> SignedIn:
    """The person of a passkey, or of a password and a one-time code. Raises SignInRefused."""
    return sign_in_form.sign_in(
        sign_in_form.find_passkey(form, provider.user_directory),
        form,
        provider.user_directory,
        requested=passkey_challenge.answered(form, SIGN_IN_FORM, cookie, latest=now + LIFETIME, now=now, offered=True),
        scope=(),
        claims=(),
        attempt=this,
        now=now,
        browser=known,
    )


def _remembered(
    request: Request, form: Mapping[str, str], login: Authentication, provider: Provider, *, ended: bool
) -> tuple[tuple[str, str], ...]:
    known = known_browser.remember(request, login, provider.kms, provider.new_token_value(), ended=ended)
    return (*usernames.remember(request, form, login.username), *known)


def _page(
    request: Request,
    frame: Frame,
    cookie: str,
    provider: Provider,
    *,
    by_code: bool,
    now: int,
    username: str = "",
    problem: str | None = None,
    done: str | None = None,
) -> Response:
    until = now + LIFETIME
    ceremony = None if by_code else passkey_challenge.begin(SIGN_IN_FORM, cookie, provider, until=until, offered=True)
    return security.sign_in(
        frame=frame,
        key=SIGN_IN_FORM,
        csrf=browser_binding.token(SIGN_IN_FORM, cookie),
        username=username,
        remembered=not by_code and usernames.is_remembered(request, username),
        hint=None if by_code else provider.user_directory.login_help_text,
        problem=problem and frame.language.say(problem),
        done=done and frame.language.say(done),
        by_code=by_code,
        recovers=own_page_recovery.is_on(provider),
        passkey=ceremony,
    )
