"""Handles: 256 random bits that stand for something remembered (FAPI1-BASE-5.2.2-16). Only a hash of one is ever stored.

A handle that belongs to a consent or an interaction is `<secret>.<key>`: the key, which is no secret, lets both records be
read in one call.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256


def digest(handle: str) -> str:
    """SHA-256 of a handle, base64url without padding: 43 characters. Plain, since a handle is 256 random bits."""
    return urlsafe_b64encode(sha256(handle.encode(errors="surrogatepass")).digest()).rstrip(b"=").decode()


def matches(handle: str | None, stored: str | None) -> bool:
    """Whether `stored` is the digest of `handle`; in constant time."""
    return handle is not None and stored is not None and hmac.compare_digest(digest(handle), stored)


def join(secret: str, key: str) -> str:
    """A handle that carries the key of what it belongs to."""
    return f"{secret}.{key}"


def key_of(handle: str) -> str | None:
    """The key that a handle carries, or None."""
    return handle.partition(".")[2] or None
