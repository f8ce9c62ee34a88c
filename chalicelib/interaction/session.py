"""Sessions: a browser in which a user is recognised without a page (OpenID Connect Core 3.1.2.3)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from chalicelib.best_effort import best_effort
from chalicelib.errors import TemporarilyUnavailable
from chalicelib.messages import Request
from chalicelib.profiles import Profile
from chalicelib.provider import Provider
from chalicelib.storage.records import Authentication, AuthorizationRequest, Session
from chalicelib.storage.token_values import with_week
from chalicelib.user_directory import CurrentUser, Suspended, Unavailable
from chalicelib.users import bond_key

if TYPE_CHECKING:
    from chalicelib.storage.session_stores import Sessions

COOKIE = "__Host-ducat-session"
"""A browser accepts a cookie with this prefix only for this host, with Secure and for all paths (RFC 6265bis 4.1.3.2)."""

ASKS_FOR_SIGN_IN = frozenset({"login", "select_account"})
"""Values of `prompt` that a session can't satisfy: the user must sign in or choose an account."""


def token_value_of(request: Request) -> str:
    """The session's token value in the browser's cookie; empty if there is none."""
    return request.cookies.get(COOKIE, "")


def new_token_value(login: Authentication, profile: Profile, provider: Provider) -> str | None:
    """The token value of the session that a sign-in begins; None if the client's profile has no sessions."""
    return made(login, login.auth_time + profile.session_lifetime, provider) if profile.session_lifetime else None


def made(login: Authentication, expires_at: int, provider: Provider) -> str:
    """A new token value of a session of this user with this end. By the bond in it one read also gives what ends all of them."""
    bond = bond_key.of_person(login.sub, provider.kms)
    return with_week(f"{provider.new_token_value()}.{bond}", expires_at)


def begin(
    request: Request, token_value: str | None, login: Authentication, profile: Profile, provider: Provider, *, now: int
) -> tuple[tuple[str, str], ...]:
    """Begin a session for the user who signed in, under this new token value; gives its Set-Cookie headers.

    The browser's previous session ends. If the client's profile has no sessions, or the write fails, no session begins and the
    browser deletes its cookie.
    """
    before = token_value_of(request)
    if token_value is None:
        if not before:
            return ()
        best_effort("session", lambda: provider.sessions.replace(before, now=now))
        return (release(),)
    seconds = profile.session_lifetime
    if best_effort("session", lambda: begin_for(request, token_value, login, provider, seconds=seconds, now=now)):
        return (cookie(token_value, seconds=seconds),)
    return (release(),) if before else ()


def begin_for(
    request: Request, token_value: str, login: Authentication, provider: Provider, *, seconds: int, now: int
) -> None:
    """Write the session of a sign-in, in place of the browser's previous session."""
    if before := token_value_of(request):
        provider.sessions.replace(before, now=now)
    session = Session(
        sub=login.sub,
        username=login.username,
        auth_time=login.auth_time,
        acr=login.acr,
        amr=login.amr,
        expires_at=login.auth_time + seconds,
    )
    provider.sessions.begin(token_value, session)


def release() -> tuple[str, str]:
    """The Set-Cookie header that deletes the session's cookie."""
    return cookie("", seconds=0)


def usable_session(
    request: Request,
    requested: AuthorizationRequest,
    profile: Profile,
    sessions: Sessions,
    *,
    acrs: Collection[str],
    now: int,
) -> Session | None:
    """The browser's session, if it satisfies the request as a new sign-in would. `acrs`: acr values that satisfy the request."""
    token_value = token_value_of(request)
    if not token_value or not profile.session_lifetime or ASKS_FOR_SIGN_IN.intersection(requested.prompt):
        return None
    session = sessions.find(token_value, now=now)
    if session is None or session.acr not in acrs:
        return None
    age = now - session.auth_time
    # OIDCC-3.1.2.1: max_age=0 always requires a sign-in.
    is_recent = 0 <= age <= profile.session_lifetime and (requested.max_age is None or age < requested.max_age)
    return session if is_recent else None


def with_user(session: Session | None, provider: Provider, *, now: int) -> Session | None:
    """The session, if its user may still sign in. Raises TemporarilyUnavailable if the directory can't answer.

    `recall` is no answer to this: a directory that recognises nobody without a sign-in gives None for each.
    """
    if session is None:
        return None
    try:
        return session if provider.user_directory.may_sign_in(session.sub, now=now) else None
    except Suspended:
        return None
    except Unavailable:
        raise TemporarilyUnavailable("the user directory can't be reached; try again") from None


def login(session: Session, person: CurrentUser | None) -> Authentication | None:
    """The authentication of a session, with the user's current data; None if the username is another user's, or nobody's."""
    if person is None or person.sub != session.sub:
        return None
    return Authentication(
        sub=session.sub,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        claims=person.claims,
        accounts=person.accounts,
        username=session.username,
    )


def cookie(token_value: str, *, seconds: int) -> tuple[str, str]:
    """The Set-Cookie header of a session."""
    return ("Set-Cookie", f"{COOKIE}={token_value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")
