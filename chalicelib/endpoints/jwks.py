"""GET /jwks: the public keys that verify what we sign (RFC 7517 5)."""

from __future__ import annotations

from chalicelib.messages import Request, Response, json_response
from chalicelib.provider import Provider

CACHED = ("Cache-Control", "public, max-age=300")
"""With the warm function's own five minutes shorter than a key's time between publication and first signature."""


def answer(request: Request, provider: Provider) -> Response:
    """The JWK Set, out of the key registry: no call to KMS."""
    return json_response(200, provider.ring.jwks(now=provider.now()), CACHED)
