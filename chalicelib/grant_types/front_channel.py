"""What the authorization endpoint itself hands out (OpenID Connect Core 3.3.2.5): by itself no grant_type of the token endpoint.

Beside the code, an ID token that signs the response, and a token of which the whole way is public: it only reads.
"""

from __future__ import annotations

from chalicelib.authorization import claims_request, scope
from chalicelib.errors import AccessDenied
from chalicelib.grant_types import audience
from chalicelib.profiles import PROFILES, Profile
from chalicelib.protocol_types import Claims
from chalicelib.provider import Provider
from chalicelib.settings import Settings
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import Client
from chalicelib.storage.token_values import join
from chalicelib.tokens import id_token
from chalicelib.users import claims as personal


def issue(
    grant: Grant, code: str, provider: Provider, *, now: int
) -> tuple[tuple[str, AccessToken] | None, dict[str, str]]:
    """The access token with its handle, to be written with the approval, and the parameters of the response.

    Raises AccessDenied where its client is no longer registered.
    """
    client = provider.clients.find(grant.client_id, now=now)
    if client is None or not grant.is_requested_by(client, lifetime=PROFILES[client.profile].request_uri_lifetime):
        raise AccessDenied("the app that sent you here is no longer registered")
    profile = PROFILES[client.profile]
    if "token" not in grant.request.response_type.split(" "):
        return None, {"code": code, "id_token": _id_token(grant, client, profile, code, None, provider, now=now)}
    token_value = join(provider.new_token_value(), grant.key, str(grant.bond))
    token = _access_token(grant, profile, provider.settings, now=now)
    identity = _id_token(grant, client, profile, code, token_value, provider, now=now)
    return (token_value, token), {
        "code": code,
        "id_token": identity,
        "access_token": token_value,
        "token_type": "Bearer",
        "expires_in": str(token.expires_at - now),
        "scope": " ".join(token.scope),  # RFC6749-4.2.2
    }


def _access_token(grant: Grant, profile: Profile, settings: Settings, *, now: int) -> AccessToken:
    """W2 and W5 of the Read-and-Write profile: bound to nothing, since a browser has no key, and so without what writes."""
    reads = scope.read(grant.scope)
    return AccessToken(
        client_id=grant.client_id,
        scope=reads,
        cnf={},
        issued_at=now,
        expires_at=min(now + profile.public_access_token_lifetime, grant.consent_expires_at),
        grant=grant.key,
        resources=audience.of_token(grant.request.resource, settings, bound=False, scope=reads, details=()),
    )


def _id_token(
    grant: Grant,
    client: Client,
    profile: Profile,
    code: str,
    access_token: str | None,
    provider: Provider,
    *,
    now: int,
) -> str:
    """FAPI1-ADV-5.2.2.1-4: the response's detached signature."""
    request, login = grant.request, grant.person
    claims: Claims = {}  # FAPI1-ADV-5.2.2.1-6: it passes through a browser, its history and its logs.
    if client.id_token_encrypted_response_alg is not None:
        requested = claims_request.granted(claims_request.of(request, "id_token"), login.claims)
        claims = {
            name: value for name, value in requested.items() if name in personal.known()
        }  # no other was agreed to
        client = provider.published_keys.for_encryption(client, now=now)
    return id_token.issue(
        provider.ring.signer_for(client.id_token_signed_response_alg, now=now),
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
