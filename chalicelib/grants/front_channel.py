"""What the authorization endpoint itself hands out (OpenID Connect Core 3.3.2.5): by itself no grant_type of the token endpoint.

Beside the code, an ID token that signs the response, and a token of which the whole way is public: it only reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.authorization import approval, claims_request, scope
from chalicelib.clients import lifetimes
from chalicelib.errors import AccessDenied
from chalicelib.people.claims import NAMES as PERSONAL
from chalicelib.profiles import PROFILES, Profile
from chalicelib.provider import Provider
from chalicelib.storage.handles import join
from chalicelib.storage.records import AccessToken, Client, Interaction
from chalicelib.tokens import id_token


def issue(interaction: Interaction, code: str, provider: Provider, *, now: int) -> dict[str, str]:
    """The parameters of the response to an approved interaction that asks for more than a code.

    Raises AccessDenied where its client is no longer registered.
    """
    client = provider.clients.find(interaction.request.client_id, now=now)
    if client is None:
        raise AccessDenied("the app that sent you here is no longer registered")
    profile = PROFILES[client.profile]
    token = (
        _access_token(interaction, client, profile, provider, now=now)
        if "token" in interaction.request.response_type.split(" ")
        else {}
    )
    signed = _id_token(interaction, client, profile, code, token.get("access_token"), provider, now=now)
    return {"code": code, "id_token": signed, **token}


def _access_token(
    interaction: Interaction, client: Client, profile: Profile, provider: Provider, *, now: int
) -> dict[str, str]:
    """W2 and W5 of the Read-and-Write profile: bound to nothing, since a browser has no key, and so without what writes."""
    consent = approval.consent(interaction, lifetime=lifetimes.of_consent(client, profile), now=now)
    readable = scope.read(consent.scope)
    handle = join(provider.new_handle(), consent.consent_id)
    token = AccessToken(
        client_id=consent.client_id,
        scope=readable,
        cnf={},
        issued_at=now,
        expires_at=min(now + profile.public_access_token_lifetime, consent.expires_at),
        consent_id=consent.consent_id,
    )
    provider.tokens.begin(consent, handle, token)
    return {
        "access_token": handle,
        "token_type": "Bearer",
        "expires_in": str(token.expires_at - now),
        "scope": " ".join(readable),  # RFC6749-4.2.2
    }


def _id_token(
    interaction: Interaction,
    client: Client,
    profile: Profile,
    code: str,
    access_token: str | None,
    provider: Provider,
    *,
    now: int,
) -> str:
    """FAPI1-ADV-5.2.2.1-4: the response's detached signature."""
    request, login = interaction.request, approval.person(interaction)
    claims: Mapping[str, Any] = {}  # FAPI1-ADV-5.2.2.1-6: it passes through a browser, its history and its logs.
    if client.id_token_encrypted_response_alg is not None:
        asked = claims_request.granted(claims_request.of(request, "id_token"), login.claims)
        claims = {name: value for name, value in asked.items() if name in PERSONAL}  # no other was agreed to
        client = provider.published_keys.for_encryption(client, now=now)
    return id_token.issue(
        provider.ring.signing(client.id_token_signed_response_alg, now=now),
        login,
        claims=claims,
        issuer=provider.settings.issuer,
        client=client,
        profile=profile,
        nonce=request.nonce,
        access_token=access_token,
        code=code,
        state=request.state,
        now=now,
    )
