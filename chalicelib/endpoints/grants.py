"""GET and POST /grants: the user's grants, and the buttons that end them (FAPI1-BASE-5.2.2-18, OIDCC-16.18)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from chalicelib.authorization import granted_access, scope
from chalicelib.clients import lifetimes
from chalicelib.errors import AccessDenied
from chalicelib.interaction import browser_binding, passkey_challenge, session
from chalicelib.interaction.page_frame import frame_of, refuse
from chalicelib.language import Language
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import grants
from chalicelib.pages.grants import Entry
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import Session
from chalicelib.storage.stores import AlreadyUsed, NotOpen
from chalicelib.user_directory import SignInRefused, refused_note
from chalicelib.users import bond_key, claims, known_browser, sign_in_form

__all__ = ["answer", "refuse"]

PATH = "/grants"
SIGN_IN_FORM, GRANTS_FORM = "grants", "session"
"""The page that a form belongs to: the sign-in page, or the list of the signed-in user."""
PAGE_LIFETIME = 15 * 60
"""Seconds that the sign-in page may stay open, and that the session of this page lasts."""


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
        return _sign_in_page(request, cookie, provider, now=now).with_headers(
            browser_binding.bind(SIGN_IN_FORM, cookie, seconds=PAGE_LIFETIME)
        )
    frame = frame_of(request, provider, here=PATH)
    csrf = browser_binding.token(GRANTS_FORM, token_value)
    shown = [_entry(given, provider, frame.language, now=now) for given in _by_client(known, provider, now=now)]
    return grants.page_of(frame=frame, key=GRANTS_FORM, csrf=csrf, person=known.username, grants=shown)


def _do(form: Mapping[str, str], token_value: str, provider: Provider, *, now: int) -> Response:
    """Do the action of the button for the user of this browser's session. Raises AccessDenied."""
    known = provider.sessions.find(token_value, now=now)
    if known is None:  # The session has ended since the page was shown. Another person may use the browser now.
        return see_other(PATH)
    if form.get("action") == "sign-out":
        # Undecided interactions of this browser end too.
        provider.sessions.end(token_value, now=now, keep=now + lifetimes.MAX_INTERACTION_LENGTH)
        return see_other(PATH, session.release()).noting(sub=known.sub)
    client_id = form.get("client", "")
    if form.get("action") != "end" or not client_id:
        raise AccessDenied("action must be end or sign-out")
    if session.with_user(known, provider, now=now) is None:
        return see_other(PATH)
    key = bond_key.key_of(known.sub, client_id, provider.kms)
    provider.bonds.end(key, now=now, keep=now + lifetimes.MAX_CONSENT_LIFETIME, client_id=client_id, sub=known.sub)
    return see_other(PATH).noting(sub=known.sub, client_id=client_id, event="access_ended")


def _sign_in(request: Request, form: Mapping[str, str], cookie: str, provider: Provider, *, now: int) -> Response:
    """303 to the list, or the sign-in page with the problem."""
    username = sign_in_form.form_field(form, "username")
    this = browser_binding.attempt(SIGN_IN_FORM, cookie)
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
            browser=known_browser.known(request, username, provider.kms),
        )
        first = sign_in_form.claim(signed_in, this, provider.replay_cache, now=now)
    except (SignInRefused, AlreadyUsed, NotOpen) as refused:
        problem = sign_in_form.problem(form)
        again = _sign_in_page(request, cookie, provider, now=now, username=username, problem=problem)
        return again.noting(**refused_note(refused))
    login = replace(signed_in.login, username=signed_in.username or username.strip())
    if not first:  # The first POST began the session. This POST shows its result.
        return see_other(PATH)
    known = known_browser.remember(request, login.username, provider.kms, provider.new_token_value())
    token_value = session.made(login.auth_time + PAGE_LIFETIME, provider)
    session.begin_for(request, token_value, login, provider, seconds=PAGE_LIFETIME, now=now)
    return see_other(
        PATH, session.cookie(token_value, seconds=PAGE_LIFETIME), browser_binding.release(SIGN_IN_FORM), *known
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
        hint=provider.user_directory.login_help_text,
        problem=problem and frame.language.say(problem),
        passkey=passkey_challenge.begin(SIGN_IN_FORM, cookie, provider, until=now + PAGE_LIFETIME, offered=True),
    )


def _by_client(known: Session, provider: Provider, *, now: int) -> Collection[list[Grant]]:
    """The user's grants in force by client, newest first."""
    found: dict[str, list[Grant]] = {}
    after: str | None = None
    while True:
        some, after = provider.grants.of_person(known.sub, now=now, after=after)
        for grant in some:
            found.setdefault(grant.client_id, []).append(grant)
        if after is None:
            return found.values()


def _entry(given: list[Grant], provider: Provider, language: Language, *, now: int) -> Entry:
    """One entry for all grants of a client."""
    client_id = given[0].client_id
    client = provider.clients.find(client_id, now=now)
    until = max(grant.consent_expires_at for grant in given)
    tokens = {token for grant in given for token in grant.scope}
    single = sorted({name for grant in given for name in granted_access.userinfo_claims(grant)})
    return Entry(
        client_id=client_id,
        client_name=client_id if client is None else client.in_language("client_name", language.tag),
        may=[*scope.in_words(tokens, language), *claims.in_words(single, sorted(tokens), language)],
        details=[one for grant in given for one in granted_access.granted_in_words(grant, language, until=until)],
        first=min(grant.given_at for grant in given),
        last=max(grant.given_at for grant in given),
        until=until,
    )
