"""The page /security of a person who has just signed in for it: its session, and the word of what was done."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from chalicelib.errors import AccessDenied, NotFoundOrMethodNotAllowed
from chalicelib.interaction import browser_binding, session
from chalicelib.language import message
from chalicelib.messages import Request, Response, see_other
from chalicelib.own_means import MeansHolder
from chalicelib.pages.frame import Frame
from chalicelib.provider import Provider
from chalicelib.storage.records import Authentication, Session
from chalicelib.storage.stores import NotOpen
from chalicelib.user_directory import SignInMeans

PATH = "/security"
SIGN_IN_FORM, FORM = "security", "security-page"
"""The page that a form belongs to: the sign-in page, or the page of the signed-in person."""
MADE_FOR = "security"
LIFETIME = 10 * 60
"""Seconds from the sign-in in which changes are accepted, and that the sign-in page may stay open."""

RECOVERING = ("pwd", "recovery")
"""The methods of a session by a recovery after its wait. RFC 8176 has no name for it, and no client sees it."""

BY_APP = "otp"
"""The method of a one-time code (RFC 8176 2)."""

COOKIE = "__Host-done-security"
"""It holds what was done, for the next page only. No other host can set it (RFC 6265bis 4.1.3.2)."""
COOKIE_SECONDS = 60

WORDS: dict[str, str] = {
    "added": message("Done. The passkey was added."),
    "named": message("Done. The passkey has its new name."),
    "removed": message("Done. The passkey was removed."),
    "app": message("Done. Your new app makes your one-time codes from now on."),
    "recovered": message("Done. Your new app makes your one-time codes from now on. Sign in with one."),
    "stopped": message("Done. The recovery is stopped. If it was not you, ask your bank for another password."),
    "out": message("Done. You are signed out."),
}


@dataclass(frozen=True)
class OwnPage:
    """The page of one request.

    `who`: the person's session, which is of this page alone. `holder`: the person as they were read to see that it is in force.
    `token_value`: the session's.
    """

    provider: Provider
    means: SignInMeans
    frame: Frame
    who: Session
    holder: MeansHolder
    token_value: str
    now: int

    @property
    def csrf(self) -> str:
        """The token of its forms."""
        return browser_binding.token(FORM, self.token_value)

    @property
    def posted_frame(self) -> Frame:
        """The frame of a page that can't be loaded again: its language switch would lead away, and recovery codes be lost."""
        return replace(self.frame, here="")

    @property
    def may_add_passkey(self) -> bool:
        """Whether the sign-in reaches a level. One by a recovery code does not, and a passkey approves payments."""
        return bool(self.who.acr)

    @property
    def recovering(self) -> bool:
        """Whether the session is by a recovery. It sets up an app and does nothing else."""
        return self.who.amr == RECOVERING

    @property
    def by_app(self) -> bool:
        """Whether a one-time code signed in."""
        return BY_APP in self.who.amr

    def done(self, what: str) -> Response:
        """303 to the page, which says what was done."""
        return see_other(PATH, said(what, self.token_value)).noting(sub=self.who.sub)

    def left(self, what: str) -> Response:
        """303 to the sign-in page, which says what was done, after the end of the session."""
        return see_other(PATH, browser_binding.release(FORM), said(what, "")).noting(sub=self.who.sub)


def means_of(provider: Provider) -> SignInMeans:
    """What people change of their own sign-in. Raises NotFoundOrMethodNotAllowed if the directory does not have it."""
    # A bank's own directory may be older than the port.
    means: SignInMeans | None = getattr(provider.user_directory, "sign_in_means", None)
    if means is None:
        raise NotFoundOrMethodNotAllowed("people change their sign-in elsewhere")
    return means


def session_of(
    request: Request, means: SignInMeans, provider: Provider, *, now: int
) -> tuple[Session, MeansHolder] | None:
    """The session of this page and its person, if they may still sign in. No other session is accepted.

    It has ended if an operator gave the person another password or second factor, or if the passkey that signed in was removed,
    or its app or codes replaced: it may be a thief's. One by a recovery ends with the recovery.
    """
    token_value = browser_binding.cookie_of(request, FORM)
    found = provider.sessions.find(token_value, now=now, made_for=MADE_FOR)
    found = session.with_user(found, provider, now=now)
    if found is None:
        return None
    try:
        holder, secrets = _secrets_of(found, means, passkey=found.passkey, now=now)
    except AccessDenied:
        if found.amr != RECOVERING:
            raise
        return None
    return (found, holder) if found.secrets == secrets else None


def begin(
    request: Request,
    login: Authentication,
    means: SignInMeans,
    provider: Provider,
    *,
    now: int,
    passkey: str = "",
    secrets: str = "",
) -> tuple[str, str]:
    """Begin the session of this page, in place of the browser's earlier one; gives its Set-Cookie header.

    `passkey`: digest of the id of the passkey that signed in, if one did.
    `secrets`: what the sign-in was checked by (SignedIn). Such a session is not in force if that was changed since the check.
    Raises AccessDenied.
    """
    _, current = _secrets_of(login, means, passkey=passkey, now=now)
    # A session of no secrets would be in force for as long as the passkey is not.
    if not current or current != (secrets or current):
        raise AccessDenied("how this person signs in was changed", detail="it was changed during the sign-in")
    if before := browser_binding.cookie_of(request, FORM):
        provider.sessions.replace(before, now=now)
    expires_at = login.auth_time + LIFETIME
    token_value = session.made(login, expires_at, provider)
    made = Session(
        sub=login.sub,
        username=login.username,
        auth_time=login.auth_time,
        acr=login.acr,
        amr=login.amr,
        expires_at=expires_at,
        made_for=MADE_FOR,
        secrets=secrets or current,
        passkey=passkey,
    )
    provider.sessions.begin(token_value, made)
    return browser_binding.bind(FORM, token_value, seconds=LIFETIME)


def _secrets_of(
    who: Authentication | Session, means: SignInMeans, *, passkey: str, now: int
) -> tuple[MeansHolder, str]:
    """The person, and the secrets that a session is compared with.

    Raises AccessDenied if the name is another person's, or nobody's here, or a recovery has ended.
    """
    try:
        holder = means.read(who.username, who.sub)
        recovering = who.amr == RECOVERING
        return holder, means.secrets_of(holder, passkey=passkey, methods=who.amr, recovering=recovering, now=now)
    except NotOpen as gone:
        raise AccessDenied("how this person signs in can't be changed here", detail=str(gone)) from None


def said(what: str, token_value: str) -> tuple[str, str]:
    """The Set-Cookie header that has the next page say what was done. `token_value`: empty after the sign-out."""
    return _cookie(f"{what}.{_proof(what, token_value)}", seconds=COOKIE_SECONDS)


def words_of(request: Request, token_value: str) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """What was done a moment ago in this session, in English, or None; and the header after which no page says it again."""
    if COOKIE not in request.cookies:
        return None, ()
    what, _, proof = request.cookies[COOKIE].partition(".")
    right = hmac.compare_digest(proof.encode(), _proof(what, token_value).encode())
    return WORDS.get(what) if right else None, (_cookie("", seconds=0),)


def _proof(what: str, token_value: str) -> str:
    return browser_binding.token(f"done security {what}", token_value)


def _cookie(value: str, *, seconds: int) -> tuple[str, str]:
    return ("Set-Cookie", f"{COOKIE}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")
