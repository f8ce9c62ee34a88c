"""GET and POST /grants: the user's grants, and the buttons that end them (FAPI1-BASE-5.2.2-18, OIDCC-16.18)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from chalicelib.clients import lifetimes
from chalicelib.errors import AccessDenied
from chalicelib.interaction import browser_binding, connections, given_consents, passkey_challenge, session
from chalicelib.interaction.page_frame import frame_of, own_page_of, refuse
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import grants
from chalicelib.provider import Provider
from chalicelib.storage.records import Session
from chalicelib.storage.stores import AlreadyUsed, NotOpen
from chalicelib.user_directory import SignInRefused, refused_note
from chalicelib.users import known_browser, sign_in_form
from chalicelib.users import username as usernames

__all__ = ["answer", "refuse"]

PATH = "/grants"
SIGN_IN_FORM, GRANTS_FORM = "grants", "session"
"""The page that a form belongs to: the sign-in page, or the list of the signed-in user."""
PAGE_LIFETIME = 15 * 60
"""Seconds that the sign-in page may stay open, and that the session of this page lasts."""
ENDING = frozenset({("end", True, False), ("end-one", False, True)})
"""Buttons that end something, and whether their form names a client, and a consent."""


def answer(request: Request, provider: Provider) -> Response:
    """The list of the signed-in user, or the sign-in page; for a POST 303 to the page."""
    now = provider.now()
    if request.method == "POST":
        form = request.form
        key, cookie = browser_binding.require_posted(request, form)
        if key == SIGN_IN_FORM:
            return _sign_in(request, form, cookie, provider, now=now)
        return _do(form, cookie, provider, now=now)
    token_value = session.token_value_of(request)
    known = session.with_user(provider.sessions.find(token_value, now=now), provider, now=now)
    if known is None:
        cookie = provider.new_token_value()
        return _sign_in_page(request, cookie, provider, now=now, username=usernames.remembered(request)).with_headers(
            browser_binding.bind(SIGN_IN_FORM, cookie, seconds=PAGE_LIFETIME)
        )
    return _list(request, known, token_value, provider, now=now)


def _list(request: Request, known: Session, token_value: str, provider: Provider, *, now: int) -> Response:
    """The page of the user's consents in force, or of the past ones."""
    query = dict(request.query)
    after, kind = query.get("after"), {"past": "1"} if "past" in query else {}

    def at(position: str | None) -> str:
        where = kind if position is None else kind | {"after": position}
        return f"{PATH}?{urlencode(where)}" if where else PATH

    frame = frame_of(request, provider, here=at(after))
    csrf = browser_binding.token(GRANTS_FORM, token_value)
    ours = grants.Ours(frame, GRANTS_FORM, csrf, known.username, after is not None, own_page_of(provider))
    if kind:
        past, more = given_consents.past(known.sub, provider, frame.language, after=after, now=now)
        return grants.past(ours, past, more=more and at(more))
    found, more = given_consents.in_force(known.sub, provider, frame.language, after=after, now=now)
    done = connections.done_in_words(request, token_value, provider, frame.language, now=now)
    return grants.page_of(ours, found, done=done, more=more and at(more)).with_headers(*_said(request))


def _do(form: Mapping[str, str], token_value: str, provider: Provider, *, now: int) -> Response:
    """Do the action of the button for the user of this browser's session. Raises AccessDenied."""
    known = provider.sessions.find(token_value, now=now)
    if known is None:  # The session has ended since the page was shown. Another person may use the browser now.
        return see_other(PATH)
    action, client_id, key = (form.get(name, "") for name in ("action", "client", "consent"))
    if action == "sign-out":
        # Undecided interactions of this browser end too.
        provider.sessions.end(token_value, now=now, keep=now + lifetimes.MAX_INTERACTION_LENGTH)
        return see_other(PATH, session.release(), connections.done("out", "")).noting(sub=known.sub)
    if action == "sign-out-everywhere":
        connections.sign_out_everywhere(known.sub, provider, now=now)
        out = see_other(PATH, session.release(), connections.done("everywhere", ""))
        return out.noting(sub=known.sub, event="signed_out_everywhere")
    if (action, bool(client_id), bool(key)) not in ENDING and action != "end-all":
        raise AccessDenied("action must be end, end-one, end-all, sign-out or sign-out-everywhere")
    if session.with_user(known, provider, now=now) is None:
        return see_other(PATH)
    ended = connections.end(action, known.sub, client_id, key, provider, now=now)
    if ended is None:  # Deleted since, or never this person's.
        return see_other(PATH)
    said = connections.done(ended.what, token_value, client_id=ended.client_id)
    return see_other(PATH, said).noting(sub=known.sub, event="access_ended", **ended.about)


def _sign_in(request: Request, form: Mapping[str, str], cookie: str, provider: Provider, *, now: int) -> Response:
    """303 to the list, or the sign-in page with the problem."""
    if form.get("action") == "forget":
        return _sign_in_page(request, cookie, provider, now=now).with_headers(usernames.forget())
    username = sign_in_form.form_field(form, "username")
    this = browser_binding.attempt(SIGN_IN_FORM, cookie)
    known, ended = known_browser.identified(request, username, provider, now=now)
    try:
        signed_in = sign_in_form.sign_in(
            sign_in_form.find_passkey(form, provider.user_directory),
            form,
            provider.user_directory,
            requested=passkey_challenge.answered(
                form, SIGN_IN_FORM, cookie, latest=now + PAGE_LIFETIME, now=now, offered=True
            ),
            scope=(),
            claims=(),
            attempt=this,
            now=now,
            browser=known,
        )
        first = sign_in_form.claim(signed_in, this, provider.replay_cache, now=now)
    except (SignInRefused, AlreadyUsed, NotOpen) as refused:
        page = _sign_in_page(request, cookie, provider, now=now, username=username, problem=sign_in_form.problem(form))
        return page.noting(**refused_note(refused))
    login = replace(signed_in.login, username=signed_in.username or username.strip())
    if not first:  # The first POST began the session. This POST shows its result.
        return see_other(PATH)
    kept = known_browser.remember(request, login, provider.kms, provider.new_token_value(), ended=ended)
    kept += usernames.remember(request, form, login.username)
    token_value = session.made(login, login.auth_time + PAGE_LIFETIME, provider)
    session.begin_for(request, token_value, login, provider, seconds=PAGE_LIFETIME, now=now)
    return see_other(
        PATH, session.cookie(token_value, seconds=PAGE_LIFETIME), browser_binding.release(SIGN_IN_FORM), *kept
    ).noting(sub=login.sub, event="sign_in")


def _sign_in_page(
    request: Request, cookie: str, provider: Provider, *, now: int, username: str = "", problem: str | None = None
) -> Response:
    frame = frame_of(request, provider, here=PATH)
    return grants.sign_in(
        frame=frame,
        key=SIGN_IN_FORM,
        csrf=browser_binding.token(SIGN_IN_FORM, cookie),
        username=username,
        remembered=usernames.is_remembered(request, username),
        hint=provider.user_directory.login_help_text,
        problem=problem and frame.language.say(problem),
        done=connections.done_in_words(request, "", provider, frame.language, now=now),
        passkey=passkey_challenge.begin(SIGN_IN_FORM, cookie, provider, until=now + PAGE_LIFETIME, offered=True),
    ).with_headers(*_said(request))


def _said(request: Request) -> tuple[tuple[str, str], ...]:
    """The header after which no page says again what was done."""
    return (connections.forget_done(),) if connections.COOKIE in request.cookies else ()
