"""An authorization request that comes through a browser by itself, and not from a request_uri of ours (RFC 9101 5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from chalicelib.authorization import encrypted_request, id_token_hint, request_object, request_object_by_reference
from chalicelib.authorization import request as authorization_request
from chalicelib.authorization.request import RedirectTarget
from chalicelib.errors import InvalidRequest
from chalicelib.fetch.documents import DocumentFetcher
from chalicelib.keys.jose import UnverifiedJwt
from chalicelib.keys.key_ring import Unwrapper
from chalicelib.profiles import Profile
from chalicelib.protocol_types import JwkSet
from chalicelib.storage.records import AuthorizationRequest, Client


@dataclass(frozen=True)
class UnvalidatedRequest:
    """A request as far as it says where to answer. `check`: the request itself; raises OAuthError, for the client to hear of."""

    redirect_target: RedirectTarget
    check: Callable[[], AuthorizationRequest]


def read_direct_request(
    parameters: Mapping[str, str],
    client: Client,
    profile: Profile,
    *,
    issuer: str,
    documents: DocumentFetcher,
    with_keys: Callable[[UnverifiedJwt | None], Client],
    jwks: Callable[[], JwkSet],
    decryption_key: Callable[[str | None], Unwrapper],
    resources: Callable[[], Collection[str]],
    now: int,
) -> UnvalidatedRequest:
    """The request out of what a browser sent.

    `documents`: fetches one that the client keeps. `with_keys`: the client with the keys that its request object may be signed
    by, given that or None. `jwks`: our own published keys. `decryption_key`: ours that a request object is encrypted to, by
    its kid. `resources`: as request.py takes them.
    Raises OAuthError, for a page, where the client may not ask so, or where nothing proves that it is the one who asks.
    """
    if profile.pushed_requests_only or client.require_pushed_authorization_requests:  # PAR-6
        raise InvalidRequest("request_uri is missing: this client must push its authorization requests (PAR)")  # PAR-5
    parameters = request_object_by_reference.follow(parameters, client, profile, documents)
    encrypted = encrypted_request.is_encrypted(parameters)
    parameters = encrypted_request.opened(parameters, client, profile, decryption_key)
    sent = request_object.parse(parameters, profile, encrypted=encrypted)
    requested = request_object.unwrap(
        parameters, sent, with_keys(sent), profile, issuer=issuer, encrypted=encrypted, now=now
    )
    redirect_target = authorization_request.redirect_target(requested, client, profile)

    def check() -> AuthorizationRequest:
        hinted_sub = id_token_hint.subject(requested, client, profile, issuer=issuer, jwks=jwks)
        return authorization_request.check(
            requested, client, profile, now=now, pushed=False, hinted_sub=hinted_sub, resources=resources
        )

    return UnvalidatedRequest(redirect_target, check)
