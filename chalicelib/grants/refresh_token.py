"""grant_type refresh_token (RFC 6749 6): a new access token within a consent that is still in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.authorization import details, scope, writing
from chalicelib.clients import lifetimes
from chalicelib.clients.authentication import AuthenticatedClient
from chalicelib.errors import InvalidGrant, InvalidRequest
from chalicelib.provider import Provider
from chalicelib.storage.handles import join, key_of, matches
from chalicelib.storage.records import AccessToken, Consent
from chalicelib.storage.stores import Gone, Replayed
from chalicelib.tokens import confirmation, refresh
from chalicelib.tokens.confirmation import Possession


def issue(
    caller: AuthenticatedClient, form: Mapping[str, str], possession: Possession, provider: Provider, *, now: int
) -> dict[str, Any]:
    """The members of the token response. The refresh token stays the same (FAPI2-SP-FINAL-5.3.2.1-9), but a public client's.

    Raises InvalidRequest, InvalidGrant, InvalidScope or InvalidAuthorizationDetails; AlreadyUsed where the assertion was.
    """
    consent = _refreshable(caller, form, provider, now=now)
    cnf = confirmation.renew(
        consent.cnf or {},
        possession,
        caller.client,
        caller.profile,
        certified=caller.by_certificate,
        writes=writing.may_write(consent),
    )
    # What the client may no longer ask for, it gets no longer.
    granted = tuple(token for token in consent.scope if token in caller.client.scope)
    given = tuple(
        one for one in consent.authorization_details if one["type"] in caller.client.authorization_details_types
    )
    if not granted and not given:
        raise InvalidGrant("the refresh token can't be used", detail="the client may ask for nothing of it any more")
    if "scope" in form:
        granted = scope.asked(form["scope"], granted)  # RFC6749-6: nothing beyond what was granted
    covered = details.within(form.get("authorization_details"), given)
    access_token = join(provider.new_handle(), consent.consent_id)
    token = AccessToken(
        client_id=caller.client.client_id,
        scope=granted,
        cnf=cnf,
        issued_at=now,
        expires_at=min(
            now + lifetimes.of_access_token(caller.client, caller.profile, bound=bool(cnf)),
            details.ends(covered, otherwise=consent.expires_at),
        ),
        consent_id=consent.consent_id,
        dpop_nonce_required=caller.client.dpop_nonce_required,
        authorization_details=covered,
    )
    renewed = _keep(caller, form["refresh_token"], consent, access_token, token, provider, now=now)
    return {
        "access_token": access_token,
        "token_type": confirmation.token_type(cnf),
        "expires_in": token.expires_at - now,
        "scope": " ".join(granted) or None,
        "authorization_details": list(covered) or None,  # RFC9396-7
        "refresh_token": renewed,
    }


def _keep(
    caller: AuthenticatedClient,
    used: str,
    consent: Consent,
    handle: str,
    token: AccessToken,
    provider: Provider,
    *,
    now: int,
) -> str | None:
    """Remember the access token; with it, the next refresh token of a family, which is given. Raises InvalidGrant."""
    try:
        if consent.refresh_family is None:
            provider.tokens.keep(handle, token, now=now, once=caller.once)
            return None
        following = refresh.after(used, chance=provider.new_handle)
        provider.tokens.rotate(consent, following.hash, handle=handle, token=token, now=now, once=caller.once)
        return following.handle
    except Replayed:
        raise _reused(consent, provider, now=now) from None
    except Gone:
        raise InvalidGrant("the refresh token can't be used", detail="revoked while it was used") from None


def _reused(consent: Consent, provider: Provider, *, now: int) -> InvalidGrant:
    """RFC9700-4.14.2: of two who have a refresh token that is good once, one stole it; the whole family dies."""
    provider.consents.revoke(consent.consent_id, now=now)
    return InvalidGrant("the refresh token can't be used", detail="used before; its consent is revoked")


def _refreshable(caller: AuthenticatedClient, form: Mapping[str, str], provider: Provider, *, now: int) -> Consent:
    """The consent whose refresh token this is, if it is the caller's."""
    refresh_token = form.get("refresh_token")
    if refresh_token is None:
        raise InvalidRequest("refresh_token is required")
    consent = provider.consents.find(key_of(refresh_token) or "", now=now)
    if consent is not None and refresh.was_good(refresh_token, consent):
        if not matches(refresh_token, consent.refresh_hash):
            raise _reused(consent, provider, now=now)
    elif consent is not None and caller.client.public:
        raise InvalidGrant("the refresh token can't be used", detail="a public client's that would stay")
    if consent is None or not matches(refresh_token, consent.refresh_hash):
        raise InvalidGrant("the refresh token can't be used", detail="unknown, expired or revoked")
    if consent.client_id != caller.client.client_id:
        raise InvalidGrant("the refresh token can't be used", detail="another client's")
    return consent
