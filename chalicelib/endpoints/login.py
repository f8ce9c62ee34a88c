"""GET and POST /login: the page on which a person proves who they are (FAPI1-BASE-5.2.2.1-3)."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.authorization import browser, claims_request, writing
from chalicelib.endpoints.authorize import refuse
from chalicelib.errors import AccessDenied, UnmetAuthenticationRequirements
from chalicelib.logins.decision import cancel
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import render
from chalicelib.pages.ceremony import Ceremony
from chalicelib.people import assurance, attempt, pairwise, passkey, session
from chalicelib.people.port import SignedIn, SignInRefused
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.records import AuthorizationRequest, Client, Interaction, Login
from chalicelib.storage.stores import AlreadyUsed, Gone

__all__ = ["answer", "refuse"]

STRONGER = "The app that sent you here needs a stronger way to sign in, such as a passkey."
ANOTHER = "The app that sent you here asked for somebody else to sign in."


class TooWeak(Exception):
    """Who signed in is who they say, and yet this is not enough."""


def answer(request: Request, provider: Provider) -> Response:
    """The page; or, posted, 303 to the consent page, 303 back to the client, or the page again with what is wrong."""
    return _post(request, provider) if request.method == "POST" else _show(request, provider)


def _show(request: Request, provider: Provider) -> Response:
    now = provider.now()
    key = request.parameters.get("interaction", "")
    interaction = browser.require_own(request, provider.interactions.find(key, now=now))
    return _page(interaction, browser.cookie_of(request, key), provider, username=interaction.request.login_hint or "")


def _post(request: Request, provider: Provider) -> Response:
    now = provider.now()

    # Read.
    form = request.form
    key, cookie = browser.require_posted(request, form)
    if form.get("action") == "cancel":
        return cancel(key, cookie, provider, now=now)
    username = attempt.typed(form, "username")

    # Check. Neither read needs the other.
    found, user = provider.alongside(
        lambda: provider.interactions.find(key, now=now), lambda: attempt.find(form, provider.people)
    )
    interaction = browser.require_own(request, found)
    try:
        signed_in = attempt.sign_in(
            user,
            form,
            provider.people,
            challenge=browser.challenge(key, cookie, attempt.typed(form, "passkey_nonce")),
            until=interaction.expires_at,
            scope=interaction.request.scope,
            claims=claims_request.names(interaction.request),
            now=now,
        )
        client = _client(interaction, provider, now=now)
        login = _fitting(signed_in, username, interaction, client, provider, now=now)
    except (SignInRefused, AlreadyUsed) as refused:
        again = _page(interaction, cookie, provider, username=username, problem=attempt.problem(form))
        return again.noting(reason=str(refused))
    except TooWeak as weak:
        return _page(interaction, cookie, provider, username=username, problem=STRONGER).noting(reason=str(weak))
    except UnmetAuthenticationRequirements as unmet:  # another level than the client must have
        return cancel(key, cookie, provider, now=now, why=unmet)
    except claims_request.AnotherPerson as another:
        return _page(interaction, cookie, provider, username=username, problem=ANOTHER).noting(reason=str(another))

    # Remember.
    try:
        provider.interactions.authenticate(key, cookie, login, now=now, once=signed_in.once)
    except AlreadyUsed as used:
        return _page(interaction, cookie, provider, username=username, problem=attempt.problem(form)).noting(
            reason=str(used)
        )
    except Gone:
        raise browser.over() from None

    # Only now is it sure that the one-time code was good: a session begins with what nobody can use twice.
    recognised = session.begin(request, login, PROFILES[client.profile], provider)

    # Answer.
    return see_other(f"/consent?interaction={key}", *recognised).noting(client_id=client.client_id, sub=login.sub)


def _page(
    interaction: Interaction, cookie: str, provider: Provider, *, username: str, problem: str | None = None
) -> Response:
    return render.login(
        bank_name=provider.settings.bank_name,
        client_name=_client(interaction, provider, now=provider.now()).client_name,
        key=interaction.key,
        csrf=browser.token(interaction.key, cookie),
        redirect_uri=interaction.request.redirect_uri,
        username=username,
        hint=provider.people.hint,
        problem=problem,
        passkey=_ceremony(interaction, cookie, provider),
    )


def _ceremony(interaction: Interaction, cookie: str, provider: Provider) -> Ceremony | None:
    """What a passkey would be asked for, where people have any: another challenge each time the page is shown."""
    if provider.people.passkeys is None:
        return None
    nonce = provider.new_handle()
    challenge = browser.challenge(interaction.key, cookie, nonce)
    return Ceremony(passkey.requested(challenge, provider.settings.issuer), nonce)


def _client(interaction: Interaction, provider: Provider, *, now: int) -> Client:
    client = provider.clients.find(interaction.request.client_id, now=now)
    if client is None:
        raise AccessDenied("the app that sent you here is no longer registered")
    return client


def _fitting(
    signed_in: SignedIn, username: str, interaction: Interaction, client: Client, provider: Provider, *, now: int
) -> Login:
    """The sign-in as the client may know it, if it answers the request.

    Raises AnotherPerson, TooWeak or UnmetAuthenticationRequirements, and AlreadyUsed where its code was: what was right is
    good no more, even if it was not enough (RFC6238-5.2).
    """
    login = replace(signed_in.login, username=signed_in.username or username.strip())
    try:
        told = claims_request.require_person_of(interaction.request, pairwise.known_to(client, login, provider.kms))
        _require_level(interaction.request, told.acr, client)
    except (TooWeak, UnmetAuthenticationRequirements, claims_request.AnotherPerson):
        provider.used_once.claim(signed_in.once, now=now)
        raise
    return told


def _require_level(asked: AuthorizationRequest, acr: str, client: Client) -> str:
    """The acr, if it is what the request needs. Raises TooWeak, or UnmetAuthenticationRequirements."""
    fit = claims_request.require_acr(asked, acr)
    if not assurance.enough(PROFILES[client.profile], fit, writes=writing.may_write(asked)):
        raise TooWeak("the level of assurance is too low for what is asked for")
    return acr
