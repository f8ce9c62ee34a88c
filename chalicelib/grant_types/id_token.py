"""The ID token of a grant: its claims and its encryption, at both endpoints."""

from __future__ import annotations

from chalicelib.authorization import claims_request
from chalicelib.profiles import Profile
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import Client
from chalicelib.tokens import id_token
from chalicelib.users import claims


def id_token_of(
    grant: Grant,
    client: Client,
    profile: Profile,
    provider: Provider,
    *,
    access_token: str | None,
    code: str | None = None,
    now: int,
) -> str:
    """The signed ID token.

    `access_token`, `code`: issued together with it. With a code it is part of the authorization response. There it is the
    detached signature of the response, and it passes through the browser, its history and its logs: FAPI1-ADV-5.2.2.1-4.
    """
    request, login = grant.request, grant.person
    encrypts = client.id_token_encrypted_response_alg is not None
    hidden = code is None or encrypts  # FAPI1-ADV-5.2.2.1-6
    requested = claims_request.granted(claims_request.of(request, "id_token"), login.claims) if hidden else {}
    if encrypts:
        client = provider.published_keys.for_encryption(client, now=now)
    return id_token.issue(
        provider.ring,
        login,
        claims=claims.of_a_person(requested),
        issuer=provider.settings.issuer,
        client=client,
        profile=profile,
        nonce=request.nonce,
        access_token=access_token,
        code=code,
        state=None if code is None else request.state,
        now=now,
    )
