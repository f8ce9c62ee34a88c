"""The demo's two clients: who they are, and how they say so (RFC 7591, RFC 8705)."""

from __future__ import annotations
