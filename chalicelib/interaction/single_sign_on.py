"""Whether a request is answered by who signed in in this browser a while ago (OpenID Connect Core 3.1.2.3)."""

from __future__ import annotations

from chalicelib.authorization import claims_request, writing
from chalicelib.interaction import browser, session
from chalicelib.messages import Request
from chalicelib.profiles import PROFILES, Profile
from chalicelib.provider import Provider
from chalicelib.storage.handles import session_of
from chalicelib.storage.permission import Grant
from chalicelib.storage.records import AuthorizationRequest, Client, Login
from chalicelib.storage.stores import Gone
from chalicelib.users import assurance, bond, pairwise


def recognised(
    request: Request, asked: AuthorizationRequest, client: Client, provider: Provider, *, now: int
) -> Login | None:
    """Who signed in in this browser a while ago, if that answers the request. Raises UnmetAuthenticationRequirements."""
    profile, possible = PROFILES[client.profile], assurance.acr_values(provider.settings)
    acrs = claims_request.require_acr(asked, *assurance.enough(profile, possible, writes=writing.may_write(asked)))
    known = session.fitting(request, asked, profile, provider.sessions, acrs=acrs, now=now)
    if known is None:
        return None
    person = provider.people.recall(known.username, scope=asked.scope, claims=claims_request.names(asked), now=now)
    login = session.login(known, person)
    try:
        told = None if login is None else pairwise.known_to(client, login, provider.kms)
        return told and claims_request.require_person_of(asked, told)
    except claims_request.AnotherPerson:
        return None


def sign_on(
    request: Request,
    grant: Grant,
    cookie: str,
    login: Login,
    provider: Provider,
    profile: Profile,
    *,
    now: int,
) -> None:
    """Let the grant be of who is recognised, for no longer than the browser's session is. Raises AccessDenied."""
    key = bond.key_of(login.sub, grant.client_id, provider.kms)
    found = provider.bonds.find(key, now=now)
    try:
        provider.grants.authenticate(
            grant.key,
            cookie,
            login,
            bond=key,
            epoch=found.epoch,
            now=now,
            session=session_of(session.handle_of(request)),
            expires_at=min(grant.expires_at, login.auth_time + profile.longest_session),
        )
    except Gone:
        raise browser.over() from None
