"""GET /.well-known/oauth-authorization-server: authorization server metadata (RFC 8414)."""

from __future__ import annotations

from chalicelib.server_metadata import answer

__all__ = ["answer"]
