"""A posted sign-in: the user as this client may know them, and the epoch of their bond."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib import holder_of_key
from chalicelib.authorization import claims_request
from chalicelib.errors import AccessDenied, UnmetAuthenticationRequirements
from chalicelib.interaction import browser_binding, passkey_challenge, session
from chalicelib.messages import Request
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Bond, Grant
from chalicelib.storage.records import Authentication, AuthorizationRequest, Client, PasskeyHolder
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import session_of
from chalicelib.user_directory import SignedIn
from chalicelib.users import assurance, bond_key, known_browser, pairwise, sign_in_form


class TooWeak(Exception):
    """The user signed in, but the level of assurance is too low for the request."""


@dataclass(frozen=True)
class Authenticated:
    """The result of a sign-in. Only `check` makes it.

    `bond`: key of the bond between user and client.
    `epoch`: the bond's epoch.
    `first`: the same form was not posted before.
    """

    login: Authentication
    client: Client
    bond: str
    epoch: int
    first: bool


@dataclass(frozen=True)
class Read:
    """What the form of a sign-in is about.

    `holder`: the claimed user of a passkey.
    `browser`: identifies a browser that the user is known in, or None.
    `ended`: the user has signed out everywhere since the browser was known.
    """

    grant: Grant | None
    holder: PasskeyHolder | None = None
    browser: str | None = None
    ended: bool = False


def read(request: Request, form: Mapping[str, str], key: str, provider: Provider, *, now: int) -> Read:
    """What the form is about. The reads are independent, or one."""
    if "passkey" in form:
        grant, holder = provider.alongside(
            lambda: provider.grants.find(key, now=now), lambda: sign_in_form.find_passkey(form, provider.user_directory)
        )
        return Read(grant, holder)
    known = known_browser.known(request, sign_in_form.form_field(form, "username"), provider.kms)
    if known is None:
        return Read(provider.grants.find(key, now=now))
    grant, epoch = provider.grants.find_beside(key, known.bond, now=now)
    browser = known.unless_ended(epoch)
    return Read(grant, browser=browser, ended=browser is None)


def check(
    form: Mapping[str, str],
    holder: PasskeyHolder | None,
    grant: Grant,
    cookie: str,
    provider: Provider,
    *,
    now: int,
    known_browser: str | None = None,
) -> Authenticated:
    """The user of the form, if the sign-in satisfies the request. The credentials that are valid once are used up for this
    login.

    Raises SignInRefused, AlreadyUsed, TooWeak, AnotherPerson or UnmetAuthenticationRequirements.
    """
    this = browser_binding.attempt(grant.key, cookie)
    signed_in = sign_in_form.sign_in(
        holder,
        form,
        provider.user_directory,
        requested=passkey_challenge.answered(form, grant.key, cookie, latest=grant.expires_at, now=now),
        scope=grant.request.scope,
        claims=claims_request.names(grant.request),
        attempt=this,
        now=now,
        browser=known_browser,
    )
    client = client_of(grant, provider, now=now)
    login = replace(signed_in.login, username=signed_in.username or sign_in_form.form_field(form, "username").strip())
    try:
        login = _fitting(login, grant.request, client, provider)
    except (TooWeak, UnmetAuthenticationRequirements, claims_request.AnotherPerson):
        # RFC6238-5.2: an accepted one-time code is not accepted again.
        sign_in_form.claim(signed_in, this, provider.replay_cache, now=now)
        raise
    return _authenticated(login, client, signed_in, this, provider, now=now)


def remember(
    request: Request,
    grant: Grant,
    cookie: str,
    who: Authenticated,
    provider: Provider,
    *,
    now: int,
    ended: bool = False,
) -> tuple[tuple[str, str], ...]:
    """Write the sign-in. Then begin the session, whose failure has no effect. Gives the Set-Cookie headers.

    `ended`: as of `known_browser.remember`. Raises AccessDenied.
    """
    profile = PROFILES[who.client.profile]
    token_value = session.new_token_value(who.login, profile, provider) if who.first else None
    try:
        provider.grants.authenticate(
            grant.key,
            cookie,
            who.login,
            bond=who.bond,
            epoch=who.epoch,
            now=now,
            session=None if token_value is None else session_of(token_value),
        )
    except NotOpen:
        raise browser_binding.over() from None
    # The write has succeeded, so the sign-in is final.
    begun = session.begin(request, token_value, who.login, profile, provider, now=now) if who.first else ()
    known = known_browser.remember(request, who.login, provider.kms, provider.new_token_value(), ended=ended)
    return (*begun, *known)


def client_of(grant: Grant, provider: Provider, *, now: int) -> Client:
    """The client of the request. Raises AccessDenied."""
    client = provider.clients.find(grant.client_id, now=now)
    if client is None or not grant.is_requested_by(client, lifetime=PROFILES[client.profile].request_uri_lifetime):
        raise AccessDenied("the app that sent you here is no longer registered")
    return client


def _authenticated(
    login: Authentication, client: Client, signed_in: SignedIn, this: str, provider: Provider, *, now: int
) -> Authenticated:
    key = bond_key.key_of(login.sub, client.client_id, provider.kms)

    def claim() -> bool:
        return sign_in_form.claim(signed_in, this, provider.replay_cache, now=now)

    def find() -> Bond:
        return provider.bonds.find(key, now=now)

    # A thread takes more CPU than a claim of nothing.
    known, first = provider.alongside(find, claim) if signed_in.single_use else (find(), claim())
    return Authenticated(login, client, key, known.epoch, first)


def _fitting(
    login: Authentication, requested: AuthorizationRequest, client: Client, provider: Provider
) -> Authentication:
    """The authentication as the client may see it, if its user and its level satisfy the request."""
    disclosed = claims_request.require_person_of(requested, pairwise.with_pairwise_subject(client, login, provider.kms))
    fit = claims_request.require_acr(requested, disclosed.acr)
    if not assurance.enough(PROFILES[client.profile], fit, writes=holder_of_key.may_write(requested)):
        raise TooWeak("the level of assurance is too low for the request")
    return disclosed
