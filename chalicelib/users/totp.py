"""One-time codes by time (RFC 6238): six digits, a new one every 30 seconds. The only file that knows pyotp."""

from __future__ import annotations

import hmac
from base64 import b32encode

from pyotp import TOTP

STEP = 30  # RFC6238-5.2
STEP_TOLERANCE = 1
"""Steps accepted before and after the present one, for clocks that drift and people who type (RFC 6238 5.2, 6)."""

DIGITS = 6
SECRET_BYTES = 20
"""As long as SHA-1's output, which is what authenticator apps know (RFC 4226 4, R6)."""


def step_of(code: str, secret: bytes, *, now: int) -> int | None:
    """The time step that `code` belongs to, or None if it is no code of this time.

    Every acceptable step is compared, each in constant time.
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    codes = TOTP(_base32(secret), digits=DIGITS, interval=STEP)
    present = now // STEP
    steps = range(present - STEP_TOLERANCE, present + STEP_TOLERANCE + 1)
    found = [step for step in steps if hmac.compare_digest(codes.at(step * STEP), typed)]
    return found[-1] if found else None


def step_expires_at(step: int) -> int:
    """The first instant at which a step's code is accepted no more."""
    return (step + STEP_TOLERANCE + 1) * STEP


def provisioning_uri(secret: bytes, *, username: str, bank_name: str) -> str:
    """What an authenticator app takes the secret from, usually as a QR code: an otpauth URI."""
    return TOTP(_base32(secret), digits=DIGITS, interval=STEP).provisioning_uri(name=username, issuer_name=bank_name)


def _base32(secret: bytes) -> str:
    return b32encode(secret).decode()
