"""Usernames in one normalized form, and the one that a browser keeps for its user, who ticked that at a sign-in.

The cookie holds the user name itself, which is no secret, and nothing else. It proves nothing and gives no access: it only fills
in a field. So its name is none that binds an interaction to a browser (interaction/browser_binding.py).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from unicodedata import normalize

from chalicelib.messages import Request

MAX_USERNAME_LENGTH = 64

COOKIE = "__Host-username"
LIFETIME = 180 * 24 * 3600
"""Seconds from the last sign-in with this user name."""
MAX_BYTES = 256
"""Bytes of a user name that is kept. API Gateway refuses requests with more than 10,240 bytes of headers."""
FORM = re.compile(r"[A-Za-z0-9_-]{1,342}")


def normalize_username(username: str) -> str:
    """The normalized form of a typed username."""
    return normalize("NFKC", username).strip().lower()


def remembered(request: Request) -> str:
    """The user name that this browser keeps; empty if there is none."""
    value = request.cookies.get(COOKIE, "")
    if not FORM.fullmatch(value):
        return ""
    try:
        username = urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except ValueError:
        return ""
    return username if username.isprintable() else ""


def remember(request: Request, form: Mapping[str, str], username: str) -> tuple[tuple[str, str], ...]:
    """The Set-Cookie headers after a sign-in. Without the tick, only a user name that the browser already keeps stays longer."""
    if form.get("remember") != "yes" and normalize_username(remembered(request)) != normalize_username(username):
        return ()
    return (_cookie(username, LIFETIME),) if username and len(username.encode()) <= MAX_BYTES else ()


def is_remembered(request: Request, username: str) -> bool:
    """Whether the filled-in user name is the one that this browser keeps."""
    return bool(username) and username == remembered(request)


def forget() -> tuple[str, str]:
    """The Set-Cookie header that deletes the cookie."""
    return _cookie("", 0)


def _cookie(username: str, seconds: int) -> tuple[str, str]:
    value = urlsafe_b64encode(username.encode()).rstrip(b"=").decode()
    return ("Set-Cookie", f"{COOKIE}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")
