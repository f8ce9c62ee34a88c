"""grant_type authorization_code (RFC 6749 4.1.3): a code, once, for tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.authorization import approval, claims_request, code_challenge, details, writing
from chalicelib.clients import lifetimes
from chalicelib.clients.authentication import AuthenticatedClient
from chalicelib.errors import InvalidGrant, InvalidRequest
from chalicelib.people.claims import NAMES as PERSONAL
from chalicelib.provider import Provider
from chalicelib.storage.handles import join, key_of, matches
from chalicelib.storage.records import AccessToken, Consent, Interaction
from chalicelib.storage.stores import Gone, Replayed
from chalicelib.tokens import confirmation, id_token, refresh
from chalicelib.tokens.confirmation import Possession
from chalicelib.tokens.refresh import RefreshToken


def issue(
    caller: AuthenticatedClient, form: Mapping[str, str], possession: Possession, provider: Provider, *, now: int
) -> dict[str, Any]:
    """The members of the token response. Raises InvalidRequest or InvalidGrant; AlreadyUsed where the assertion was."""
    interaction = _redeemable(caller, form, provider, now=now)
    _require_bound_key(interaction, possession)
    access_token = join(provider.new_handle(), str(interaction.consent_id))
    renewed = _refresh_token(caller, interaction, provider)
    consent = _consent(caller, interaction, possession, renewed, now=now)
    cnf = consent.cnf or {}
    covered = details.within(form.get("authorization_details"), consent.authorization_details)
    token = AccessToken(
        client_id=caller.client.client_id,
        scope=consent.scope,
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
    if token.expires_at <= now:
        raise InvalidGrant("the code can't be redeemed", detail="what it is for is over")

    def spend() -> None:
        provider.interactions.spend(
            interaction, consent=consent, handle=access_token, token=token, now=now, once=caller.once
        )

    try:
        # The signature is made beside the write, not after it: nothing leaves unless both succeed.
        _, identity = provider.alongside(spend, lambda: _id_token(caller, interaction, access_token, provider, now=now))
    except Replayed as replay:
        raise _replayed(replay.consent_id, provider, now=now) from None
    except Gone:
        raise InvalidGrant("the code can't be redeemed", detail="expired while it was redeemed") from None
    return {  # FAPI1-BASE-5.2.2-14
        "access_token": access_token,
        "token_type": confirmation.token_type(cnf),
        "expires_in": token.expires_at - now,
        "scope": " ".join(consent.scope) or None,  # FAPI1-BASE-5.2.2-15
        "authorization_details": list(covered) or None,  # RFC9396-7
        "refresh_token": None if renewed is None else renewed.handle,
        "id_token": identity,
    }


def _redeemable(caller: AuthenticatedClient, form: Mapping[str, str], provider: Provider, *, now: int) -> Interaction:
    """The interaction whose code this is, if it may be redeemed by this caller with this verifier: FAPI1-BASE-5.2.2.1-5."""
    code = form.get("code")
    redirect_uri = form.get("redirect_uri")
    if code is None or redirect_uri is None:
        raise InvalidRequest("code and redirect_uri are required")  # RFC6749-4.1.3
    interaction = provider.interactions.find_code(key_of(code) or "")
    if interaction is None or not matches(code, interaction.code_hash):
        raise InvalidGrant("the code can't be redeemed", detail="unknown code")
    if interaction.request.client_id != caller.client.client_id:
        raise InvalidGrant("the code can't be redeemed", detail="another client's code")
    if interaction.redeemed_at is not None:
        raise _replayed(str(interaction.consent_id), provider, now=now)
    if interaction.code_expires_at <= now:
        raise InvalidGrant("the code can't be redeemed", detail="expired")
    if interaction.request.redirect_uri != redirect_uri:
        raise InvalidGrant("the code can't be redeemed", detail="another redirect_uri")
    code_challenge.require_verifier(form.get("code_verifier"), interaction.request.code_challenge)
    return interaction


def _require_bound_key(interaction: Interaction, possession: Possession) -> str | None:
    """DPOP-10: the key that the code was bound to when it was asked for, None if to none. Raises InvalidGrant."""
    bound = interaction.request.dpop_jkt
    if bound is not None and (possession.proof is None or possession.proof.jkt != bound):
        raise InvalidGrant("the code can't be redeemed", detail="bound to another DPoP key")
    return bound


def _replayed(consent_id: str, provider: Provider, *, now: int) -> InvalidGrant:
    """RFC 6749 4.1.2, FAPI1-BASE-5.2.2-13: a code that comes twice was stolen, from one of the two; what it gave dies."""
    provider.consents.revoke(consent_id, now=now)
    return InvalidGrant("the code can't be redeemed", detail="replayed; what it gave is revoked")


def _refresh_token(caller: AuthenticatedClient, interaction: Interaction, provider: Provider) -> RefreshToken | None:
    """Where the client has them, and what was agreed to may be had again; a public client's are of a family."""
    refreshes = "refresh_token" in caller.client.grant_types and "refresh_token" in caller.profile.grant_types
    if not refreshes or not details.recur(interaction.granted):
        return None
    return refresh.made(str(interaction.consent_id), rotates=caller.client.public, chance=provider.new_handle)


def _consent(
    caller: AuthenticatedClient,
    interaction: Interaction,
    possession: Possession,
    renewed: RefreshToken | None,
    *,
    now: int,
) -> Consent:
    """The consent, bound to what the caller shows: the access token is bound so too. Raises InvalidRequest."""
    consent = approval.consent(
        interaction,
        lifetime=lifetimes.of_consent(caller.client, caller.profile),
        now=now,
        refresh_hash=None if renewed is None else renewed.hash,
        refresh_family=None if renewed is None else renewed.family,
    )
    writes = writing.may_write(consent)
    if writes and caller.client.public and interaction.request.dpop_jkt is None:
        raise InvalidGrant("the code can't be redeemed", detail="a public client's code that writes, bound to no key")
    return replace(consent, cnf=confirmation.bind(possession, caller.client, caller.profile, writes=writes))


def _id_token(
    caller: AuthenticatedClient, interaction: Interaction, access_token: str, provider: Provider, *, now: int
) -> str | None:
    """None where openid was not asked for (OpenID Connect Core 3.1.2.1)."""
    if "openid" not in interaction.request.scope:
        return None
    login, client = approval.person(interaction), caller.client
    asked = claims_request.granted(claims_request.of(interaction.request, "id_token"), login.claims)
    if client.id_token_encrypted_response_alg is not None:
        client = provider.published_keys.for_encryption(client, now=now)
    return id_token.issue(
        provider.ring.signing(client.id_token_signed_response_alg, now=now),
        login,
        claims={name: value for name, value in asked.items() if name in PERSONAL},  # no other was agreed to
        issuer=provider.settings.issuer,
        client=client,
        profile=caller.profile,
        nonce=interaction.request.nonce,
        access_token=access_token,
        now=now,
    )
