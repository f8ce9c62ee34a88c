"""The binding of an interaction to one browser: a cookie per interaction, and a token in each form.

Another browser with the same link has no cookie. Another site that posts our form does not know the form's token.
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
"""A browser accepts a cookie with this prefix only for this host, with Secure and for all paths (RFC 6265bis 4.1.3.2)."""


def bind(key: str, cookie: str, *, seconds: int) -> tuple[str, str]:
    """The Set-Cookie header that binds the interaction `key` to the browser."""
    return ("Set-Cookie", f"{_name(key)}={cookie}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")


def release(key: str) -> tuple[str, str]:
    """The Set-Cookie header that deletes the cookie."""
    return bind(key, "", seconds=0)


def require_own(request: Request, grant: Grant | None, *, now: int, decided: Decision = "") -> Grant:
    """The grant of the interaction, if it exists and belongs to this browser. Raises AccessDenied, for a page.

    `decided`: a decision that is also accepted, until the code is redeemed.
    """
    if grant is not None:
        request.note(client_id=grant.client_id, journey=grant.journey)
    if grant is None or now >= grant.expires_at or grant.decision not in ("", decided) or grant.redeemed_by is not None:
        raise over()
    if not matches(request.cookies.get(_name(grant.key)), grant.browser):
        raise AccessDenied("this login was begun in another browser; please start again at the app that sent you here")
    return grant


def over() -> AccessDenied:
    """The error for an interaction that has ended."""
    return AccessDenied("this login has expired or was completed; please start again at the app that sent you here")


def require_posted(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """The interaction's key and the browser's cookie, from a form that we made for this browser. Raises AccessDenied."""
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
    """The browser's cookie of an interaction; empty if there is none."""
    return request.cookies.get(_name(key), "")


def requested(form: Mapping[str, str]) -> str:
    """The `person` of the form's token (see `token`); empty if the page was not for a certain person."""
    return form.get("csrf", "").partition(".")[2]


def token(key: str, cookie: str, *, person: str = "") -> str:
    """The form's token (CSRF). Only a page for this browser and this interaction has it.

    `person`: digest of the sub of the user on the page. A form can't be posted for a user who signed in later.
    """
    made = hmac.digest(cookie.encode(), f"form {key} {person}".encode(), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode() + (f".{person}" if person else "")


def shown_field(key: str, cookie: str, summary: str) -> str:
    """The form field of what the page showed: a summary of its words, which no other page can post."""
    made = hmac.digest(cookie.encode(), f"shown {key} {summary}".encode(), sha256)
    return f"{summary}.{urlsafe_b64encode(made).rstrip(b'=').decode()}"


def shown(form: Mapping[str, str], key: str, cookie: str) -> str:
    """The summary of a posted field; empty if there is none, or another than our page had."""
    posted = form.get("shown", "")
    summary = posted.rpartition(".")[0]
    return summary if hmac.compare_digest(shown_field(key, cookie, summary).encode(), posted.encode()) else ""


def challenge(key: str, cookie: str, nonce: str) -> str:
    """The challenge for an authenticator on a page of this browser and interaction; 32 bytes, base64url.

    `nonce`: a random value that the page posts back. Each page has its own challenge.
    """
    made = hmac.digest(cookie.encode(), f"challenge {key} {nonce}".encode(), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def enrolment_token(key: str, cookie: str) -> str:
    """The enrolment token of this browser for the link `key`. It is the same each time, so that a form may be sent again."""
    made = hmac.digest(cookie.encode(), f"ticket {key}".encode(), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def attempt(key: str, cookie: str) -> str:
    """The name of this browser's login. The same form may be sent again under it (models/: rule 3)."""
    return digest(f"login {key} {cookie}")


def _name(key: str) -> str:
    return PREFIX + key[:16]
