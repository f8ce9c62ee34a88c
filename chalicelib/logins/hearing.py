"""What is asked at the authorization endpoint, by whom, and where the answer goes; whichever way the request came."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.authorization import request as authorization_request
from chalicelib.authorization.response import Answerable
from chalicelib.errors import InvalidRequest, InvalidRequestUri
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.records import AuthorizationRequest, Client, PushedRequest

Check = Callable[[], AuthorizationRequest]


def heard(
    parameters: Mapping[str, str], handle: str | None, provider: Provider, *, now: int
) -> tuple[Client, Answerable, Check]:
    """Who asks, where to answer, and what is asked: by a request_uri of ours, or all at once. Raises OAuthError, for a page."""
    client_id = parameters.get("client_id")
    if client_id is None:
        raise InvalidRequest("client_id is missing")
    pushed = None if handle is None else _own(provider.pushed_requests.find(handle, now=now), client_id)
    client = provider.clients.find(client_id, now=now)
    if client is None:
        raise InvalidRequest("the client is unknown")
    if pushed is None:
        from chalicelib.authorization import direct_request  # brings PyJWT, which a request that was pushed never needs

        heard = direct_request.hear(
            parameters,
            client,
            PROFILES[client.profile],
            issuer=provider.settings.issuer,
            documents=provider.documents,
            with_keys=lambda sent: provider.published_keys.for_request_object(client, sent, now=now),
            jwks=lambda: provider.ring.jwks(now=now),
            decryption_key=lambda kid: provider.ring.unwrapping(kid, now=now),
            now=now,
        )
        return client, heard.way_back, heard.check
    asked = pushed.request
    authorization_request.require_redirect_uri(asked.redirect_uri, client)  # PAR-7.4
    return client, asked, lambda: asked


def _own(pushed: PushedRequest | None, client_id: str) -> PushedRequest:
    if pushed is None or pushed.request.client_id != client_id:
        raise InvalidRequestUri("the request_uri is unknown, expired or of another client")  # PAR-2.2, PAR-4
    return pushed
