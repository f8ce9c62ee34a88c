"""Nonces for DPoP proofs (RFC 9449 8) without storage: each is a time and an HMAC over it.

A warm function derives the HMAC's key once an hour from a KMS key, which never leaves KMS. Only functions whose role may use
that key can make or verify a nonce.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from chalicelib.keys import jwt_time

LIFETIME = 300
"""Minimum seconds that a nonce is valid."""
HOUR = 3600
MAC_BYTES = 16


class Nonces:
    """The nonces of a deployment. `mac`: HMAC-SHA-256 with the deployment's key over a few bytes."""

    def __init__(self, mac: Callable[[bytes], bytes]) -> None:
        self._key_of_hour = lru_cache(maxsize=4)(lambda hour: mac(f"ducat dpop nonce {hour}".encode()))

    def issue(self, *, now: int) -> str:
        """A nonce of this time; 32 characters of base64url."""
        stamp = now.to_bytes(8, "big")
        mac = hmac.digest(self._key_of_hour(now // HOUR), stamp, sha256)[:MAC_BYTES]
        return urlsafe_b64encode(stamp + mac).decode()

    def holds(self, nonce: str, *, now: int) -> bool:
        """Whether we made the nonce within its lifetime."""
        try:
            issued_at = int.from_bytes(urlsafe_b64decode(nonce.encode("ascii"))[:8], "big")
        except ValueError:
            return False
        recent = now - LIFETIME <= issued_at and jwt_time.has_come(issued_at, now=now)
        return recent and hmac.compare_digest(nonce, self.issue(now=issued_at))
