"""The buttons of /security. Each change is of the person of the page's session, and one conditional write."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.errors import AccessDenied
from chalicelib.interaction import browser_binding, passkey_challenge
from chalicelib.interaction.own_page import FORM, LIFETIME, PATH, OwnPage
from chalicelib.language import message
from chalicelib.messages import Response, see_other
from chalicelib.own_means import AppOffer, OwnMeans
from chalicelib.pages import security
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.storage.stores import AlreadyUsed, NotOpen
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignInRefused
from chalicelib.users import web_authentication
from chalicelib.users.sign_in_form import form_field

MAX_NAME_LENGTH = 50
"""Characters of a passkey's name."""

NOTHING = OwnMeans((), 0, full=True)
"""What a session by a recovery sees."""
OF_RECOVERY = ("offer-app", "set-app", "sign-out")
"""What it may do."""

NOT_ADDED = message("The passkey was not accepted. Try again, or use another device.")
NOT_PROVEN = message(
    "That code did not match. Check that the clock of your phone is right, and type the code that the app shows now."
)
MADE_BEFORE = message("These recovery codes were shown before. If you did not keep them, make new ones.")


def show(page: OwnPage, *, done: str | None = None, problem: str | None = None) -> Response:
    """The page."""
    who = page.who
    found = NOTHING if page.recovering else page.means.find(page.holder, now=page.now)
    say = page.frame.language.say
    return security.page_of(
        frame=page.frame,
        key=FORM,
        csrf=page.csrf,
        person=who.username,
        means=found,
        recovering=page.recovering,
        nonce=page.provider.new_token_value(),
        ceremony=_ceremony(page) if page.may_add_passkey and not found.full else None,
        done=done and say(done),
        problem=problem and say(problem),
    )


def do(page: OwnPage, form: Mapping[str, str]) -> Response:
    """Do the action of the button. Raises AccessDenied."""
    if page.recovering and form.get("action") not in OF_RECOVERY:
        raise AccessDenied("a recovery sets up an app, and changes nothing else")
    other = _open if "open" in form else _add_passkey if form.get("passkey") else None
    action = ACTIONS.get(form.get("action", ""), other)
    if action is None:
        raise AccessDenied(f"action must be one of {', '.join(ACTIONS)}")
    try:
        return action(page, form)
    except NotOpen as gone:  # The name is another person's now, or the change was made before in another tab.
        return see_other(PATH).noting(sub=page.who.sub, reason=str(gone))


def _ceremony(page: OwnPage) -> Ceremony:
    nonce = f"{page.provider.new_token_value()}.{page.who.expires_at}"
    challenge = browser_binding.challenge(FORM, page.token_value, nonce)
    offer = page.means.offer_passkey(page.holder, challenge=challenge)
    options = web_authentication.creation(
        challenge,
        page.provider.settings.issuer,
        bank_name=page.frame.bank_name,
        username=offer.username,
        user_handle=offer.user_handle,
        known=offer.known,
        pays=page.provider.settings.confirms_payments,
    )
    return Ceremony(options, nonce)


def _add_passkey(page: OwnPage, form: Mapping[str, str]) -> Response:
    if not page.may_add_passkey:
        raise AccessDenied("a sign-in with a recovery code adds no passkey")
    try:
        requested = passkey_challenge.posted(form, FORM, page.token_value, latest=page.who.expires_at, now=page.now)
        page.means.add_passkey(
            page.holder,
            form["passkey"],
            challenge=requested.challenge,
            single_use=requested.single_use,
            name=_name_in(form),
            now=page.now,
        )
    except (SignInRefused, AlreadyUsed, NotOpen) as refused:
        return show(page, problem=NOT_ADDED).noting(sub=page.who.sub, reason=str(refused))
    return page.done("added")


def _rename(page: OwnPage, form: Mapping[str, str]) -> Response:
    page.means.rename_passkey(page.holder, form_field(form, "key"), _name_in(form))
    return page.done("named")


def _open(page: OwnPage, form: Mapping[str, str]) -> Response:
    found: OwnMeans = page.means.find(page.holder, now=page.now)
    one = next((one for one in found.passkeys if one.key == form["open"]), None)
    if one is None:
        return see_other(PATH)
    # A removal is the second press, on a page that says what follows.
    return security.passkey(frame=page.posted_frame, key=FORM, csrf=page.csrf, one=one, last=len(found.passkeys) == 1)


def _remove(page: OwnPage, form: Mapping[str, str]) -> Response:
    key = form_field(form, "key")
    page.means.remove_passkey(page.holder, key)
    # The passkey that signed in ends this session with it.
    return page.left("removed") if key == page.who.passkey else page.done("removed")


def _offer_app(page: OwnPage, _: Mapping[str, str]) -> Response:
    return _app(page, page.means.offer_app(page.holder, now=page.now))


def _set_app(page: OwnPage, form: Mapping[str, str]) -> Response:
    sealed = browser_binding.shown(form, FORM, page.token_value)  # None but that of our own page in this session.
    sub = page.who.sub
    if not sealed:
        return see_other(PATH).noting(sub=sub, reason="the secret was not offered in this session")
    try:
        page.means.set_app(
            page.holder,
            sealed,
            code=form_field(form, "one_time_code"),
            now=page.now,
            recovering=page.recovering,
        )
    except SignInRefused as refused:
        again = _app(page, page.means.offer_app_again(page.holder, sealed, now=page.now), problem=NOT_PROVEN)
        return again.noting(sub=sub, reason=str(refused))
    if page.recovering:
        return _end(page, "recovered")
    # The app that signed in ends the sessions that it began, this one too.
    return page.left("app") if page.by_app else page.done("app")


def _app(page: OwnPage, offer: AppOffer, *, problem: str | None = None) -> Response:
    return security.app(
        frame=page.posted_frame,
        key=FORM,
        csrf=page.csrf,
        shown=browser_binding.shown_field(FORM, page.token_value, offer.sealed),
        uri=offer.uri,
        secret=offer.secret,
        problem=problem and page.frame.language.say(problem),
    )


def _make_codes(page: OwnPage, form: Mapping[str, str]) -> Response:
    # The page names its attempt, so that a double press does not replace the codes that are shown.
    attempt = digest(f"recovery codes {page.token_value} {form_field(form, 'nonce')}")
    try:
        codes = page.means.make_codes(page.holder, attempt=attempt)
    except NotOpen as before:
        return show(page, problem=MADE_BEFORE).noting(sub=page.who.sub, reason=str(before))
    return security.codes(frame=page.posted_frame, codes=codes).noting(sub=page.who.sub)


def _cancel_recovery(page: OwnPage, _: Mapping[str, str]) -> Response:
    page.means.cancel_recovery(page.holder)
    return page.done("stopped")


def _sign_out(page: OwnPage, _: Mapping[str, str]) -> Response:
    return _end(page, "out")


def _end(page: OwnPage, what: str) -> Response:
    """End the session, and have the sign-in page say what was done."""
    page.provider.sessions.end(page.token_value, now=page.now, keep=page.now + LIFETIME)
    return page.left(what)


def _name_in(form: Mapping[str, str]) -> str:
    """The typed name, without line breaks and invisible characters."""
    plain = "".join(c if c.isprintable() else " " for c in form_field(form, "name"))
    return " ".join(plain.split())[:MAX_NAME_LENGTH]


ACTIONS: Mapping[str, Callable[[OwnPage, Mapping[str, str]], Response]] = {
    "rename": _rename,
    "remove": _remove,
    "offer-app": _offer_app,
    "set-app": _set_app,
    "make-codes": _make_codes,
    "cancel-recovery": _cancel_recovery,
    "sign-out": _sign_out,
}
