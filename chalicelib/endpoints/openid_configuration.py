"""GET /.well-known/openid-configuration: OpenID Connect Discovery 4. The document is that of RFC 8414."""

from __future__ import annotations

from chalicelib.server_metadata import answer

__all__ = ["answer"]
