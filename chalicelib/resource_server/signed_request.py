"""The check of a signed API call (FAPI 2.0 HTTP Signatures)."""

from __future__ import annotations

from chalicelib.messages import Request
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.resource_server.policy import ResourcePolicy
from chalicelib.resource_server.request_signature import NotSigned, require_signed, with_keys
from chalicelib.resource_server.verified_access_token import VerifiedAccessToken


def check(
    request: Request, opened: VerifiedAccessToken, policy: ResourcePolicy, provider: Provider, *, now: int
) -> dict[str, str]:
    """The members of the context that the API needs for a signed response. Raises NotSigned."""
    client = provider.clients.find(opened.token.client_id, now=now)
    if client is None:
        raise NotSigned("the client is no longer registered")
    client = with_keys(request, client, provider.published_keys, now=now)
    signed = require_signed(request, client, PROFILES[client.profile], urls=policy.urls, now=now)
    return {"target_uri": signed.target_uri}
