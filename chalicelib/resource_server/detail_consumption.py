"""Consumption of authorization details (RFC 9396): an API call that the user allowed once is made once."""

from __future__ import annotations

import json
import re

from chalicelib.authorization_details import details
from chalicelib.errors import InsufficientScope, InvalidRequest, InvalidToken, OAuthError
from chalicelib.messages import Request
from chalicelib.protocol_types import Detail
from chalicelib.provider import Provider
from chalicelib.resource_server import verified_access_token
from chalicelib.resource_server.policy import ResourcePolicy
from chalicelib.resource_server.verified_access_token import VerifiedAccessToken
from chalicelib.storage.stores import NotOpen, Replayed
from chalicelib.storage.token_values import digest

KEY = re.compile(r"[\x21-\x7e]{1,255}")
IDEMPOTENCY_LIFETIME = 24 * 3600
"""Seconds that a call may be repeated with the same idempotency key."""


def consume(
    request: Request, opened: VerifiedAccessToken, policy: ResourcePolicy, provider: Provider, *, now: int
) -> dict[str, str]:
    """Consume the token's detail of the route's type, and give the members of the context for the API.

    One conditional write decides, and nothing that can fail follows it. A call with the same idempotency key passes again for a
    day.
    Raises InvalidRequest without a key, and InsufficientScope if the detail is consumed, each with a challenge.
    """
    try:
        key = _key(request, str(policy.consumes))
        detail = _consumed(digest(key), opened, policy, provider, now=now)
    except OAuthError as refusal:
        raise verified_access_token.challenged(
            refusal, policy, verified_access_token.DPOP if opened.proof else verified_access_token.BEARER
        ) from None
    return {"consumed": json.dumps(detail, separators=(",", ":")), "idempotency_key": key}


def _key(request: Request, header: str) -> str:
    key = request.header(header)
    if key is None:
        raise InvalidRequest(f"the header {header} is required: it is this call's idempotency key")
    if not KEY.fullmatch(key):
        raise InvalidRequest(f"the header {header} must be 1 to 255 printable ASCII characters without spaces")
    return key


def _consumed(by: str, opened: VerifiedAccessToken, policy: ResourcePolicy, provider: Provider, *, now: int) -> Detail:
    """The detail that this call consumes or has consumed: the first of the token that is not consumed by another call."""
    grant = opened.grant
    if grant is None:
        raise InsufficientScope("this call needs a user's access token, not a client's own")
    all_of_it = details.indexes(opened.token.authorization_details, grant.granted)
    found = [(index, one) for index, one in all_of_it if one["type"] == policy.authorization_details_type]
    for index, one in found:
        before = grant.consumption(index)
        if before is not None and before.by == by and now < before.at + IDEMPOTENCY_LIFETIME:
            return one
    for index, one in found:
        if grant.consumption(index) is not None:
            continue
        try:
            provider.grants.consume(grant, index, by=by, now=now)
        except Replayed:  # Another call consumed it after the read.
            continue
        except NotOpen:
            raise InvalidToken("the access token is unknown, expired or revoked") from None
        return one
    raise InsufficientScope("another call has already consumed the authorization detail", event="replay")
