"""An authorization request that the browser carries directly, without a request_uri of ours (RFC 9101 5)."""

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
from chalicelib.protocol_types import JwkSet, KeyUse
from chalicelib.storage.records import AuthorizationRequest, Client


@dataclass(frozen=True)
class UnvalidatedRequest:
    """A request of which only the redirect target is verified.

    `check`: checks the rest, and gives the request. It raises OAuthError, which the client gets.
    """

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
    jwks: Callable[[KeyUse | None], JwkSet],
    decryption_key: Callable[[str | None], Unwrapper],
    resources: Callable[[], Collection[str]],
    now: int,
) -> UnvalidatedRequest:
    """The request from the parameters that a browser sent.

    `documents`: fetches a request object by reference.
    `with_keys`: gives the client with the keys for this request object, or for None.
    `jwks`: our own published keys.
    `decryption_key`: our key of a `kid`, for encrypted request objects.
    `resources`: as in request.py.
    Raises OAuthError, for a page, if the client may not send direct requests or the request is not proven to be the client's.
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
