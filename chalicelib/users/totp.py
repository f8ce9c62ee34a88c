"""Time-based one-time codes (RFC 6238): six digits, a new code every 30 seconds. Only this file imports pyotp."""

from __future__ import annotations

import hmac
from base64 import b32encode

from pyotp import TOTP

STEP = 30  # RFC6238-5.2
STEP_TOLERANCE = 1
"""Accepted steps before and after the current one, for clock drift and typing (RFC 6238 5.2, 6)."""

DIGITS = 6
SECRET_BYTES = 20
"""The length of SHA-1's output, which authenticator apps use (RFC 4226 4, R6)."""


def step_of(code: str, secret: bytes, *, now: int) -> int | None:
    """The time step of `code`, or None if the code is not valid now.

    Every accepted step is compared, each in constant time.
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    codes = TOTP(_base32(secret), digits=DIGITS, interval=STEP)
    present = now // STEP
    steps = range(present - STEP_TOLERANCE, present + STEP_TOLERANCE + 1)
    found = [step for step in steps if hmac.compare_digest(codes.at(step * STEP), typed)]
    return found[-1] if found else None


def provisioning_uri(secret: bytes, *, username: str, bank_name: str) -> str:
    """The otpauth URI with the secret for an authenticator app, usually shown as a QR code."""
    return TOTP(_base32(secret), digits=DIGITS, interval=STEP).provisioning_uri(name=username, issuer_name=bank_name)


def _base32(secret: bytes) -> str:
    return b32encode(secret).decode()
