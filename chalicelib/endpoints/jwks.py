"""GET /jwks: the provider's public keys (RFC 7517 5)."""

from __future__ import annotations

from chalicelib.messages import Request, Response, json_response
from chalicelib.provider import Provider

CACHED = ("Cache-Control", "public, max-age=300")
"""Together with the minute of the function's own cache this is shorter than the time from a key's publication to its
first signature.
"""


def answer(request: Request, provider: Provider) -> Response:
    """The JWK Set, from the key registry. It needs no call to KMS."""
    return json_response(200, provider.ring.jwks(now=provider.now()), CACHED)
