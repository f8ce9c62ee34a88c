"""Single sign-on: a session of this browser that satisfies a request (OpenID Connect Core 3.1.2.3)."""

from __future__ import annotations

from chalicelib import holder_of_key
from chalicelib.authorization import claims_request
from chalicelib.interaction import browser_binding, session
from chalicelib.messages import Request
from chalicelib.profiles import PROFILES, Profile
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import Authentication, AuthorizationRequest, Client
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import session_of
from chalicelib.users import assurance, bond_key, pairwise


def find_sso_login(
    request: Request, requested: AuthorizationRequest, client: Client, provider: Provider, *, now: int
) -> Authentication | None:
    """The authentication of this browser's session, if it satisfies the request. Raises UnmetAuthenticationRequirements."""
    profile, possible = PROFILES[client.profile], assurance.acr_values(provider.settings)
    acrs = claims_request.require_acr(
        requested, *assurance.enough(profile, possible, writes=holder_of_key.may_write(requested))
    )
    known = session.usable_session(request, requested, profile, provider.sessions, acrs=acrs, now=now)
    if known is None:
        return None
    person = provider.user_directory.recall(
        known.username, scope=requested.scope, claims=claims_request.names(requested), now=now
    )
    login = session.login(known, person)
    try:
        disclosed = None if login is None else pairwise.with_pairwise_subject(client, login, provider.kms)
        return disclosed and claims_request.require_person_of(requested, disclosed)
    except claims_request.AnotherPerson:
        return None


def sign_on(
    request: Request,
    grant: Grant,
    cookie: str,
    login: Authentication,
    provider: Provider,
    profile: Profile,
    *,
    now: int,
) -> None:
    """Write the session's user to the grant, for no longer than the session lasts. Raises AccessDenied."""
    key = bond_key.key_of(login.sub, grant.client_id, provider.kms)
    found = provider.bonds.find(key, now=now)
    try:
        provider.grants.authenticate(
            grant.key,
            cookie,
            login,
            bond=key,
            epoch=found.epoch,
            now=now,
            session=session_of(session.token_value_of(request)),
            expires_at=min(grant.expires_at, login.auth_time + profile.session_lifetime),
        )
    except NotOpen:
        raise browser_binding.over() from None
