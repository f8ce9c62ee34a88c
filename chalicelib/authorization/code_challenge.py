"""Proof Key for Code Exchange (RFC 7636), with S256 only."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from chalicelib.errors import InvalidGrant, InvalidRequest
from chalicelib.profiles import Profile

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256, base64url: RFC7636-4.2
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC7636-4.1


def challenged(parameters: Mapping[str, str], profile: Profile, *, pushed: bool, public: bool) -> str | None:
    """The code_challenge, or None if there is none and none is required. Raises InvalidRequest (RFC 7636 4.4.1).

    `pushed`: the request came to the PAR endpoint.
    `public`: the client is public, which always requires a code_challenge.
    """
    challenge = parameters.get("code_challenge")
    method = parameters.get("code_challenge_method", "plain")  # RFC7636-4.3
    if challenge is None:
        needed = public or profile.code_challenge_required  # RFC9700-2.1.1
        needed |= pushed and profile.code_challenge_required_when_pushed
        if needed or "code_challenge_method" in parameters:
            raise InvalidRequest("code_challenge is required")
        return None
    if method not in profile.code_challenge_methods:
        raise InvalidRequest("code_challenge_method must be S256")
    if not CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge must be 43 base64url characters, the SHA-256 of the code_verifier")
    return challenge


def require_verifier(verifier: str | None, challenge: str | None) -> str | None:
    """The code_verifier, if it matches the challenge; None if there is neither. Raises InvalidGrant (RFC 7636 4.6)."""
    if challenge is None and verifier is None:
        return None
    if challenge is None or verifier is None or not VERIFIER.fullmatch(verifier):
        raise InvalidGrant(
            "the code can't be redeemed", detail="code_verifier is missing, malformed or without a code_challenge"
        )
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if not hmac.compare_digest(made, challenge):
        raise InvalidGrant("the code can't be redeemed", detail="code_verifier does not match the code_challenge")
    return verifier
