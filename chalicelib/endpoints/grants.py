"""GET and POST /grants: what a person lets each app do, and the buttons that end it (FAPI1-BASE-5.2.2-18, OIDCC-16.18)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from chalicelib.authorization import browser, details, scope
from chalicelib.endpoints.authorize import refuse
from chalicelib.errors import AccessDenied
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import grants
from chalicelib.pages.ceremony import Ceremony
from chalicelib.pages.grants import Grant
from chalicelib.people import attempt, claims, passkey, session
from chalicelib.people.port import SignInRefused
from chalicelib.provider import Provider
from chalicelib.storage.handles import join, key_of
from chalicelib.storage.records import Consent, Session
from chalicelib.storage.stores import AlreadyUsed

__all__ = ["answer", "refuse"]

PATH = "/grants"
STRANGER, PERSON = "grants", "session"
"""What a form is of: the sign-in of a browser that nobody is known in, or the page of who is."""
STAYS = 15 * 60
"""Seconds for which the sign-in page may stay open, and for which who signed in here is recognised."""
UNTIL = re.compile(r"[0-9]{1,12}")


def answer(request: Request, provider: Provider) -> Response:
    """The page, of who is recognised or else to sign in on; or, posted, 303 to the page as it is afterwards."""
    now = provider.now()
    if request.method == "POST":
        form = request.form
        key, cookie = browser.require_posted(request, form)
        return (
            _sign_in(request, form, cookie, provider, now=now)
            if key == STRANGER
            else _do(form, cookie, provider, now=now)
        )
    handle = session.handle_of(request)
    known = provider.sessions.find(handle, now=now)
    if known is None:
        cookie = provider.new_handle()
        return _stranger(cookie, provider, now=now).with_headers(browser.bind(STRANGER, cookie, seconds=STAYS))
    shown = [_told(given, provider, now=now) for given in _by_client(known, provider, now=now).values()]
    csrf = browser.token(PERSON, handle)
    settings = provider.settings
    return grants.page_of(bank_name=settings.bank_name, key=PERSON, csrf=csrf, person=known.username, grants=shown)


def _do(form: Mapping[str, str], handle: str, provider: Provider, *, now: int) -> Response:
    """What the person's button says, for the person whose browser it is. Raises AccessDenied."""
    known = provider.sessions.find(handle, now=now)
    if known is None:  # over since the page was shown: nothing is done for whoever sits there now
        return see_other(PATH)
    if form.get("action") == "sign-out":
        provider.sessions.end(handle)
        return see_other(PATH, session.release()).noting(sub=known.sub)
    client_id = form.get("client", "")
    if form.get("action") != "end" or not client_id:
        raise AccessDenied("that is no button of this page")
    provider.agreements.forget(known.sub, client_id)  # first: whatever else fails, the person is asked again
    for consent in _by_client(known, provider, now=now).get(client_id, ()):
        provider.consents.revoke(consent.consent_id, now=now)
    return see_other(PATH).noting(sub=known.sub, client_id=client_id)


def _sign_in(request: Request, form: Mapping[str, str], cookie: str, provider: Provider, *, now: int) -> Response:
    """303 to the page of who signed in, or the sign-in again with what is wrong."""
    username, nonce = attempt.typed(form, "username"), attempt.typed(form, "passkey_nonce")
    try:
        until = _asked_until(nonce, now=now) if "passkey" in form else now
        signed_in = attempt.sign_in(
            attempt.find(form, provider.people),
            form,
            provider.people,
            challenge=browser.challenge(STRANGER, cookie, nonce),
            until=until,
            scope=(),
            claims=(),
            now=now,
        )
        provider.used_once.claim(signed_in.once, now=now)
    except (SignInRefused, AlreadyUsed) as refused:
        again = _stranger(cookie, provider, now=now, username=username, problem=attempt.problem(form))
        return again.noting(reason=str(refused))
    login = replace(signed_in.login, username=signed_in.username or username.strip())
    recognised = session.begin_for(request, login, provider, seconds=STAYS)
    return see_other(PATH, recognised, browser.release(STRANGER)).noting(sub=login.sub)


def _asked_until(nonce: str, *, now: int) -> int:
    """Until when the page's passkey may answer: the nonce says, which the challenge is made of. Raises SignInRefused.

    No interaction ends here with its challenge, and that one was answered is remembered for no longer than it may be.
    """
    until = key_of(nonce) or ""
    if not UNTIL.fullmatch(until) or not now < int(until) <= now + STAYS:
        raise SignInRefused("passkey: asked for too long ago")
    return int(until)


def _stranger(cookie: str, provider: Provider, *, now: int, username: str = "", problem: str | None = None) -> Response:
    ceremony = None
    if provider.people.passkeys is not None:
        nonce = join(provider.new_handle(), str(now + STAYS))
        asked = passkey.requested(browser.challenge(STRANGER, cookie, nonce), provider.settings.issuer)
        ceremony = Ceremony(asked, nonce)
    return grants.sign_in(
        bank_name=provider.settings.bank_name,
        key=STRANGER,
        csrf=browser.token(STRANGER, cookie),
        username=username,
        hint=provider.people.hint,
        problem=problem,
        passkey=ceremony,
    )


def _by_client(known: Session, provider: Provider, *, now: int) -> dict[str, list[Consent]]:
    """The person's consents that are in force, by client, the newest first."""
    found: dict[str, list[Consent]] = {}
    after: str | None = None
    while True:
        some, after = provider.consents.of(known.sub, now=now, after=after)
        for consent in some:
            found.setdefault(consent.client_id, []).append(consent)
        if after is None:
            return found


def _told(given: list[Consent], provider: Provider, *, now: int) -> Grant:
    """What the consents to one client come to."""
    client_id = given[0].client_id
    client = provider.clients.find(client_id, now=now)
    tokens = {token for consent in given for token in consent.scope}
    single = sorted({name for consent in given for name in consent.userinfo})
    return Grant(
        client_id=client_id,
        client_name=client_id if client is None else client.client_name,
        may=[*scope.in_words(tokens), *claims.in_words(single, sorted(tokens))],
        details=[one for consent in given for one in details.granted_in_words(consent.authorization_details)],
        first=min(consent.given_at for consent in given),
        last=max(consent.given_at for consent in given),
        until=max(consent.expires_at for consent in given),
    )
