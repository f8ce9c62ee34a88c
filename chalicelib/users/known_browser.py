"""Known browsers: a browser in which a user has signed in before. Guesses of the password elsewhere do not lock it.

Each user has a cookie in the browser. Its value is random, with a keyed hash over it and the username. It can't be forged,
nothing of it is stored, and it gives no access by itself.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import urlsafe_b64encode

from chalicelib.keys.key_ring import KeyManagement
from chalicelib.messages import Request
from chalicelib.storage.token_values import digest
from chalicelib.users.username import normalize_username

PREFIX = "__Host-ducat-device-"
LIFETIME = 400 * 24 * 3600
"""Seconds: the maximum lifetime of a cookie in browsers (RFC 6265bis 5.5)."""
MAX_ITEMS = 20
"""Maximum number of users in one browser. API Gateway refuses requests with more than 10,240 bytes of headers."""
OURS = re.compile(re.escape(PREFIX) + "[A-Za-z0-9_-]{12}")


def known(request: Request, username: str, kms: KeyManagement) -> str | None:
    """An identifier of this browser, if the user has signed in here before; otherwise None."""
    if not any(name.startswith(PREFIX) for name in request.cookies):
        return None
    value = request.cookies.get(_name(username, kms), "")
    random, _, made = value.partition(".")
    right = hmac.compare_digest(made.encode(), _mac("value", [normalize_username(username), random], kms).encode())
    return digest(value)[:16] if right else None


def remember(request: Request, username: str, kms: KeyManagement, random: str) -> tuple[tuple[str, str], ...]:
    """The Set-Cookie headers after a sign-in; empty if the browser is known. `random`: a new random value.

    If the browser knows too many users, the first one is deleted; browsers send the oldest cookie first (RFC 6265bis 5.8.3).
    """
    if known(request, username, kms) is not None:
        return ()
    value = f"{random}.{_mac('value', [normalize_username(username), random], kms)}"
    before = [name for name in request.cookies if OURS.fullmatch(name)]
    forgotten = (_cookie(name, "", 0) for name in before[: max(0, len(before) - MAX_ITEMS + 1)])
    return (*forgotten, _cookie(_name(username, kms), value, LIFETIME))


def _cookie(name: str, value: str, seconds: int) -> tuple[str, str]:
    return ("Set-Cookie", f"{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")


def _name(username: str, kms: KeyManagement) -> str:
    """The name of a user's cookie. It does not reveal the user."""
    return PREFIX + _mac("name", [normalize_username(username)], kms)[:12]


def _mac(what: str, of: list[str], kms: KeyManagement) -> str:
    made = kms.bond_mac(f"ducat device 1 {what} {json.dumps(of)}".encode())  # a bond's key is made of a JSON array
    return urlsafe_b64encode(made).rstrip(b"=").decode()
