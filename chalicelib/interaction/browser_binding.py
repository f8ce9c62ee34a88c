"""Which browser an interaction belongs to: a cookie of its own, and a token in each form.

Another browser that opens the same link has no cookie and gets nowhere; another site that posts our form knows no token.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from chalicelib.errors import AccessDenied
from chalicelib.messages import Request
from chalicelib.storage.grant_records import Decision, Grant
from chalicelib.storage.token_values import digest, matches

PREFIX = "__Host-ducat-"
"""A browser takes a cookie of that prefix only for this very host, Secure and for all paths (RFC 6265bis 4.1.3.2)."""


def bind(key: str, cookie: str, *, seconds: int) -> tuple[str, str]:
    """The Set-Cookie header that ties the interaction `key` to the browser which gets it."""
    return ("Set-Cookie", f"{_name(key)}={cookie}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")


def release(key: str) -> tuple[str, str]:
    """The Set-Cookie header that ends it."""
    return bind(key, "", seconds=0)


def require_own(request: Request, grant: Grant | None, *, now: int, decided: Decision = "") -> Grant:
    """The grant that is being answered, if it is there and this browser's. Raises AccessDenied, for a page.

    `decided`: one that was decided so will do too, until its code is redeemed.
    """
    if grant is not None:
        request.note(client_id=grant.client_id, journey=grant.journey)
    if grant is None or now >= grant.expires_at or grant.decision not in ("", decided) or grant.redeemed_by is not None:
        raise over()
    if not matches(request.cookies.get(_name(grant.key)), grant.browser):
        raise AccessDenied("this login was begun in another browser; please start again at the app that sent you here")
    return grant


def over() -> AccessDenied:
    """What a person is told whose interaction is no longer open."""
    return AccessDenied("this login has expired or was completed; please start again at the app that sent you here")


def require_posted(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """The interaction's key and the browser's cookie, of a form that we made for it. Raises AccessDenied."""
    key = form.get("interaction", "")
    cookie = request.cookies.get(_name(key), "")
    made = token(key, cookie, person=requested(form))
    if not cookie or not hmac.compare_digest(made.encode(), form.get("csrf", "").encode()):
        raise AccessDenied(
            "this page was not opened in this browser; please start again at the app that sent you here",
            detail="the interaction's cookie is missing, or the form's token does not match",
        )
    return key, cookie


def cookie_of(request: Request, key: str) -> str:
    """The browser's cookie for an interaction; empty if it has none."""
    return request.cookies.get(_name(key), "")


def requested(form: Mapping[str, str]) -> str:
    """Whom the page asked that the form is of, as `token` was told; empty where it asked nobody in particular."""
    return form.get("csrf", "").partition(".")[2]


def token(key: str, cookie: str, *, person: str = "") -> str:
    """The form's token: only a page that was made for this browser and this interaction has it.

    `person`: digest of the sub of whom the page asks, so that it can't be answered in the name of who signed in later.
    """
    made = hmac.digest(cookie.encode(), f"form {key} {person}".encode(), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode() + (f".{person}" if person else "")


def challenge(key: str, cookie: str, nonce: str) -> str:
    """What an authenticator is asked to sign for a page of this browser and interaction; 32 bytes, base64url.

    `nonce`: a handle that the page posts back, so that no two pages ask for the same.
    """
    made = hmac.digest(cookie.encode(), f"challenge {key} {nonce}".encode(), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def enrolment_token(key: str, cookie: str) -> str:
    """What this browser is given for the link `key`: the same each time, so that a form that is sent again goes on."""
    made = hmac.digest(cookie.encode(), f"ticket {key}".encode(), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def attempt(key: str, cookie: str) -> str:
    """The name of this browser's login, by which it may send the same form again (models/: rule 3)."""
    return digest(f"login {key} {cookie}")


def _name(key: str) -> str:
    return PREFIX + key[:16]
