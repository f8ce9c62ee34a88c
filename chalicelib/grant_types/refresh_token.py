"""grant_type refresh_token (RFC 6749 6): a new access token of a grant in force."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import holder_of_key
from chalicelib.authorization import scope
from chalicelib.authorization_details import details
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.errors import AccessDenied, Event, InvalidGrant, InvalidRequest, TemporarilyUnavailable
from chalicelib.grant_types.access_token import of_token_request
from chalicelib.grant_types.token_response import TokenResponse, token_response
from chalicelib.provider import Provider
from chalicelib.single_use import SingleUseValues
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.stores import NotOpen, Replayed
from chalicelib.storage.token_values import TokenValue, join, matches, of_grant, with_week
from chalicelib.tokens import refresh_token, sender_constraint
from chalicelib.tokens.sender_constraint import PresentedKeys
from chalicelib.user_directory import Suspended, Unavailable

DAY = 24 * 3600
"""Seconds in which the use of a grant is written once, for the person's page."""
MAX_ROTATION_ATTEMPTS = 8
"""Number of parallel requests with one refresh token that all succeed."""


def issue(
    caller: AuthenticatedClient,
    form: Mapping[str, str],
    possession: PresentedKeys,
    use: SingleUseValues,
    provider: Provider,
    *,
    now: int,
) -> TokenResponse:
    """The token response. The refresh token stays the same (FAPI2-SP-FINAL-5.3.2.1-9), except for an unbound public client.

    Raises InvalidRequest, InvalidGrant, InvalidScope, InvalidAuthorizationDetails or AccessDenied.
    """
    used, grant = _refreshable(caller, form, use, provider, now=now)
    cnf = sender_constraint.renew(
        grant.cnf or {},
        possession,
        caller.client,
        caller.profile,
        authenticated_by_certificate=caller.by_certificate,
        writes=holder_of_key.may_write(grant),
    )
    grant = _require_good(used, grant, provider, now=now)
    # The client no longer gets values that its record has lost.
    granted = tuple(token for token in grant.scope if token in caller.client.scope)
    given = details.of_allowed_types(grant.granted, caller.client.authorization_details_types)
    if not granted and not given:
        raise _refused("the client is no longer registered for any scope of this grant")
    if "scope" in form:
        granted = scope.requested(form["scope"], granted)  # RFC6749-6: nothing beyond what was granted
    covered = details.within(form.get("authorization_details"), given)
    token = of_token_request(caller, grant, granted, covered, cnf, form=form, settings=provider.settings, now=now)
    access_token = with_week(join(provider.new_token_value(), grant.key, str(grant.bond)), token.expires_at)
    renewed = _keep(used, grant, access_token, token, provider, now=now)
    return token_response(access_token, token, refresh_token=renewed, now=now)


def _keep(
    used: TokenValue, grant: Grant, access_token: str, token: AccessToken, provider: Provider, *, now: int
) -> str | None:
    """Store the access token. Then rotate the refresh token of a family, and give the new one. Raises InvalidGrant.

    The token is stored while the user directory is read. The client gets it only if the user may still sign in.
    """
    _, may = provider.alongside(
        lambda: provider.tokens.put(access_token, token), lambda: _may_sign_in(grant, provider, now=now)
    )
    if not may:
        provider.grants.revoke(grant.key, now=now)
        raise _refused("the user may no longer sign in; the grant is revoked")
    if grant.refresh_family is None:
        if now - grant.last_used_at >= DAY:  # A rotation is written in any case, and tells it.
            from chalicelib.best_effort import best_effort  # Once a day.

            best_effort("last use", lambda: provider.grants.used(grant.key, now=now))
        return None
    following = refresh_token.after(used, new_token_value=provider.new_token_value)
    for _ in range(MAX_ROTATION_ATTEMPTS):
        try:
            again = not matches(used.value, grant.refresh_hash)
            provider.grants.rotate(grant, following.hash, now=now, again=again)
            return following.token_value
        except Replayed:  # Another request was faster: of the same client, or of a thief.
            grant = _again(used, provider, now=now)
        except NotOpen:
            raise _refused("revoked while it was used") from None
    raise TemporarilyUnavailable("too many requests use this refresh token at the same time; try again")


def _may_sign_in(grant: Grant, provider: Provider, *, now: int) -> bool:
    """Whether the grant's user may still sign in.

    Raises AccessDenied for a suspended user. invalid_grant would say that the refresh token is over (RFC 6749 5.2), so clients
    would drop it. Raises TemporarilyUnavailable if the directory can't answer.
    """
    try:
        return provider.user_directory.may_sign_in(grant.person.sub, now=now)
    except Suspended:
        raise AccessDenied("the user is suspended; the grant stays", detail="suspended") from None
    except Unavailable:
        raise TemporarilyUnavailable("the user directory can't be reached; try again") from None


def _again(used: TokenValue, provider: Provider, *, now: int) -> Grant:
    """The current grant, if the refresh token is still valid. Raises InvalidGrant."""
    grant = provider.grants.find_refreshable(used, now=now)
    if grant is None:
        raise _refused("revoked while it was used")
    return _require_good(used, grant, provider, now=now)


def _reused(grant: Grant, provider: Provider, *, now: int) -> InvalidGrant:
    """RFC9700-4.14.2: revoke the grant. A rotated refresh token was used again, so it may be stolen."""
    provider.grants.revoke(grant.key, now=now)
    return _refused("the refresh token was used before; its grant is revoked", event="replay")


def _refreshable(
    caller: AuthenticatedClient, form: Mapping[str, str], use: SingleUseValues, provider: Provider, *, now: int
) -> tuple[TokenValue, Grant]:
    """The refresh token and its grant, if it was issued to the caller. A replaced token is checked after everything else."""
    value = form.get("refresh_token")
    if value is None:
        raise InvalidRequest("refresh_token is required")
    used = of_grant(value)
    grant = None
    if used is not None:
        grant = use.beside_read(lambda along: provider.grants.find_refreshable(used, now=now, along=along))
    if used is None or grant is None:
        raise _refused("unknown, expired or revoked")
    if not grant.is_of(caller.client):
        raise _refused("the refresh token was issued to another client")
    caller.note(journey=grant.journey)
    if caller.client.public and grant.refresh_family is None and not grant.cnf:
        raise _refused("a public client's refresh token is neither bound nor rotated")
    return used, grant


def _require_good(used: TokenValue, grant: Grant, provider: Provider, *, now: int) -> Grant:
    """The grant, if this is its refresh token, or the one before it within the tolerance. Raises InvalidGrant."""
    if matches(used.value, grant.refresh_hash) or refresh_token.is_tolerated(used, grant, now=now):
        return grant
    if refresh_token.was_good(used, grant):
        raise _reused(grant, provider, now=now)
    raise _refused("unknown, expired or revoked")


def _refused(detail: str, event: Event | None = None) -> InvalidGrant:
    return InvalidGrant("the refresh token can't be used", detail=detail, event=event)
