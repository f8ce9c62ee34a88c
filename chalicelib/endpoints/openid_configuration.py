"""GET /.well-known/openid-configuration: OpenID Connect Discovery 4, the same document as RFC 8414's."""

from __future__ import annotations

from chalicelib.server_metadata import answer

__all__ = ["answer"]
