"""grant_type authorization_code (RFC 6749 4.1.3): it redeems a code once for tokens."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import holder_of_key
from chalicelib.authorization import code_challenge
from chalicelib.authorization_details import details
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.errors import InvalidGrant, InvalidRequest
from chalicelib.grant_types.access_token import of_token_request
from chalicelib.grant_types.id_token import id_token_of
from chalicelib.grant_types.token_response import TokenResponse, token_response
from chalicelib.provider import Provider
from chalicelib.single_use import SingleUseValues
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.stores import NotOpen, Replayed
from chalicelib.storage.token_values import TokenValue, join, matches, of_grant
from chalicelib.tokens import refresh_token, sender_constraint
from chalicelib.tokens.refresh_token import RefreshToken
from chalicelib.tokens.sender_constraint import PresentedKeys


def issue(
    caller: AuthenticatedClient,
    form: Mapping[str, str],
    possession: PresentedKeys,
    use: SingleUseValues,
    provider: Provider,
    *,
    now: int,
) -> TokenResponse:
    """The token response. Raises InvalidRequest or InvalidGrant.

    Everything that can fail comes before the write that redeems the code: the checks, the single use of the assertion, the
    signature.
    """
    code, grant = _redeemable(caller, form, possession, use, provider, now=now)
    cnf = _bound(caller, grant, possession)
    covered = details.within(form.get("authorization_details"), grant.granted)
    token = of_token_request(caller, grant, grant.scope, covered, cnf, form=form, settings=provider.settings, now=now)
    if token.expires_at <= now:
        raise InvalidGrant("the code can't be redeemed", detail="its authorization details have ended")
    access_token = join(provider.new_token_value(), grant.key, str(grant.bond))
    renewed = _refresh_token(caller, grant, cnf, provider)
    identity = None
    if "openid" in grant.request.scope and not grant.redeemed_by:  # OpenID Connect Core 3.1.2.1
        identity = id_token_of(grant, caller.client, caller.profile, provider, access_token=access_token, now=now)
    try:
        provider.grants.redeem(
            grant,
            code,
            attempt=provider.new_token_value(),
            access_token=access_token,
            token=token,
            refresh_hash=None if renewed is None else renewed.hash,
            refresh_family=None if renewed is None else renewed.family,
            now=now,
        )
    except (
        Replayed
    ):  # RFC6749-4.1.2, FAPI1-BASE-5.2.2-13: one of two callers stole the code. The write has revoked the grant.
        raise InvalidGrant(
            "the code can't be redeemed", detail="the code was replayed; its grant is revoked", event="replay"
        ) from None
    except NotOpen:
        raise InvalidGrant("the code can't be redeemed", detail="expired or revoked while it was redeemed") from None
    refreshed = None if renewed is None else renewed.token_value
    return token_response(access_token, token, refresh_token=refreshed, id_token=identity, now=now)


def _redeemable(
    caller: AuthenticatedClient,
    form: Mapping[str, str],
    possession: PresentedKeys,
    use: SingleUseValues,
    provider: Provider,
    *,
    now: int,
) -> tuple[TokenValue, Grant]:
    """The code and its grant, if the caller may redeem it with this code_verifier: FAPI1-BASE-5.2.2.1-5.

    A redeemed code also passes, so that the write can detect the replay. A caller who has only the code does not get so far,
    and can't revoke the grant.
    """
    value, redirect_uri = form.get("code"), form.get("redirect_uri")
    if value is None:
        raise InvalidRequest("code is required")  # RFC6749-4.1.3
    code = of_grant(value)
    found = None if code is None else use.beside_read(lambda along: provider.grants.find_code(code, along=along))
    if code is None or found is None or not matches(code.secret, found[0].code_hash):
        raise _refused("the code is unknown")
    grant, epoch = found
    is_theirs = grant.is_requested_by(caller.client, lifetime=caller.profile.request_uri_lifetime)
    if not grant.is_of(caller.client) or not (is_theirs or grant.redeemed_by is not None):
        raise _refused("the code was issued to another client")
    caller.note(journey=grant.journey)
    if grant.redeemed_by is None and grant.code_expires_at <= now:
        raise _refused("expired")
    if not grant.in_force(epoch, now=now):
        raise _refused("revoked, or the user ended the client's access")
    if redirect_uri is None and grant.request.code_challenge is None:
        raise InvalidRequest("redirect_uri is required, since the request had no code_challenge")  # RFC6749-4.1.3
    if redirect_uri is not None and grant.request.redirect_uri != redirect_uri:
        raise _refused("redirect_uri does not match the request")
    code_challenge.require_verifier(form.get("code_verifier"), grant.request.code_challenge)
    jkt = grant.request.dpop_jkt
    if jkt is not None and (possession.proof is None or possession.proof.jkt != jkt):
        raise _refused("bound to another DPoP key")  # DPOP-10
    return code, grant


def _refused(detail: str) -> InvalidGrant:
    return InvalidGrant("the code can't be redeemed", detail=detail)


def _refresh_token(
    caller: AuthenticatedClient, grant: Grant, cnf: dict[str, str], provider: Provider
) -> RefreshToken | None:
    """A refresh token, if the client is registered for it and the grant is not one-off. Otherwise None.

    The refresh tokens of a public client rotate, unless they are bound to its key.
    """
    refreshes = "refresh_token" in caller.client.grant_types and "refresh_token" in caller.profile.grant_types
    if not refreshes or not details.recur(grant.granted):
        return None
    return refresh_token.made(
        grant.key, str(grant.bond), rotates=caller.client.public and not cnf, new_token_value=provider.new_token_value
    )


def _bound(caller: AuthenticatedClient, grant: Grant, possession: PresentedKeys) -> dict[str, str]:
    """The `cnf` of the tokens, from the caller's keys. Raises InvalidRequest or InvalidGrant."""
    writes = holder_of_key.may_write(grant)
    if writes and caller.client.public and grant.request.dpop_jkt is None:
        raise _refused("a public client's code with write access is not bound to a key")
    return sender_constraint.bind(possession, caller.client, caller.profile, writes=writes)
