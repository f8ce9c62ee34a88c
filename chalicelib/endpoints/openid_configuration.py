"""GET /.well-known/openid-configuration: OpenID Connect Discovery 4, the same document as RFC 8414's."""

from __future__ import annotations

from chalicelib.endpoints.oauth_authorization_server import answer

__all__ = ["answer"]
