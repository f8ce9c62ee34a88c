"""GET and POST /login: the page on which the user signs in (FAPI1-BASE-5.2.2.1-3)."""

from __future__ import annotations

from chalicelib.authorization import claims_request
from chalicelib.errors import UnmetAuthenticationRequirements
from chalicelib.interaction import browser_binding, decision, passkey_challenge, sign_in
from chalicelib.interaction.page_frame import frame_of_grant, recovery_page_of, refuse
from chalicelib.language import message
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages.frame import Frame
from chalicelib.pages.render import time_limit
from chalicelib.pages.sign_in import login
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.stores import AlreadyUsed
from chalicelib.user_directory import SignInRefused, refused_note
from chalicelib.users import sign_in_form
from chalicelib.users import username as usernames

__all__ = ["answer", "refuse"]

STRONGER = message("The app that sent you here needs a stronger way to sign in, such as a passkey.")
ANOTHER = message("The app that sent you here asked for somebody else to sign in.")


def answer(request: Request, provider: Provider) -> Response:
    """The page; for a POST 303 to the consent page, the authorization response with an error, or the page with the problem."""
    return _post(request, provider) if request.method == "POST" else _show(request, provider)


def _show(request: Request, provider: Provider) -> Response:
    now = provider.now()
    key = request.parameters.get("interaction", "")
    grant = browser_binding.require_own(request, provider.grants.find(key, now=now), now=now)
    frame = frame_of_grant(request, grant, "/login", provider)
    # OIDCC-3.1.2.1: the client may name the user.
    return _page(request, grant, provider, frame, grant.request.login_hint or usernames.remembered(request))


def _post(request: Request, provider: Provider) -> Response:
    now = provider.now()

    # Read.
    form = request.form
    key, cookie = browser_binding.require_posted(request, form)
    if form.get("action") == "cancel":
        denied = decision.own(request, key, provider, now=now, decided="denied")
        return decision.cancel(denied, cookie, provider, frame_of_grant(request, denied, "/login", provider), now=now)

    # Check.
    read = sign_in.read(request, form, key, provider, now=now)
    grant = browser_binding.require_own(request, read.grant, now=now)
    frame = frame_of_grant(request, grant, "/login", provider)
    if form.get("action") == "forget":
        return _page(request, grant, provider, frame, "").with_headers(usernames.forget())

    def again(problem: str, why: Exception) -> Response:
        username = sign_in_form.form_field(form, "username")
        return _page(request, grant, provider, frame, username, problem).noting(**refused_note(why))

    try:
        who = sign_in.check(form, read.holder, grant, cookie, provider, now=now, known_browser=read.browser)
    except (SignInRefused, AlreadyUsed) as refused:
        return again(sign_in_form.problem(form), refused)
    except sign_in.TooWeak as weak:
        return again(STRONGER, weak)
    except claims_request.AnotherPerson as another:
        return again(ANOTHER, another)
    except UnmetAuthenticationRequirements as unmet:  # The sign-in does not reach the level that the client requires.
        return decision.cancel(grant, cookie, provider, frame, now=now, why=unmet)

    # Store, and answer.
    cookies = sign_in.remember(request, grant, cookie, who, provider, now=now, ended=read.ended)
    kept = usernames.remember(request, form, who.login.username)
    to_consent = see_other(f"/consent?interaction={key}", *cookies, *kept)
    return to_consent.noting(client_id=who.client.client_id, sub=who.login.sub, event="sign_in")


def _page(
    request: Request, grant: Grant, provider: Provider, frame: Frame, username: str, problem: str | None = None
) -> Response:
    """Nothing on the page depends on whether a user exists."""
    key, cookie = grant.key, browser_binding.cookie_of(request, grant.key)
    client = sign_in.client_of(grant, provider, now=provider.now())
    return login(
        frame=frame,
        client_name=client.in_language("client_name", frame.tag),
        key=key,
        csrf=browser_binding.token(key, cookie),
        redirect_uri=grant.request.redirect_uri,
        username=username,
        remembered=usernames.is_remembered(request, username),
        hint=provider.user_directory.login_help_text,
        limit=time_limit(grant.expires_at, frame.language, now=provider.now()),
        problem=problem and frame.language.say(problem),
        passkey=passkey_challenge.begin(key, cookie, provider, until=grant.expires_at),
        recovery=recovery_page_of(provider),
    )
