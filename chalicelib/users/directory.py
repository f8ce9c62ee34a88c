"""The product's user directory: a password, then a one-time code.

An attempt is counted before it is checked, so that parallel guesses can't exceed the limit. A browser in which the user has
signed in before has its own count, so that guesses elsewhere do not lock it.

Timing: an unknown name, a wrong password and a locked account each cost one conditional write and one password hash, so they
can't be distinguished. A right password with a wrong code may cost a call to KMS more, some milliseconds. Each such sample
counts as a failure, and the lock leaves too few samples for an average. The secret of one-time codes is unsealed only after the
password, so that guesses cause no calls to KMS.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib import log_lines
from chalicelib.best_effort import best_effort
from chalicelib.one_time_code_secrets import CannotUnseal
from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider
from chalicelib.storage.records import User
from chalicelib.storage.stores import NotOpen
from chalicelib.user_directory import (
    CurrentUser,
    Passkeys,
    SignedIn,
    SignInMeans,
    SignInRefused,
    Suspended,
    UserDirectory,
)
from chalicelib.users import assurance, lockout, password, totp
from chalicelib.users.claims import disclosed_claims
from chalicelib.users.username import MAX_USERNAME_LENGTH, normalize_username

if TYPE_CHECKING:
    from chalicelib.storage.notice_stores import Contact

log = logging.getLogger("ducat")


def build(provider: Provider) -> UserDirectory:
    """The directory of DUCAT_USER_DIRECTORY for a bank without its own directory."""
    return Directory(provider)


class Directory:
    """user_directory.UserDirectory over the users table and KMS."""

    login_help_text: str | None = None

    def __init__(self, provider: Provider) -> None:
        self._users = provider.users
        self._secrets = provider.one_time_code_secrets
        self._new_token_value = provider.new_token_value
        self._provider = provider

    @cached_property
    def passkeys(self) -> Passkeys | None:
        from chalicelib.users import passkeys  # It imports this file.

        return passkeys.Passkeys(self._provider, self)

    @property
    def sign_in_means(self) -> SignInMeans | None:
        from chalicelib.users import sign_in_means  # For one function.

        return sign_in_means.SignInMeans(self._provider, self.check_password)

    def sign_in(
        self,
        username: str,
        *,
        password: str,
        one_time_code: str,
        scope: tuple[str, ...],
        now: int,
        attempt: str,
        claims: tuple[str, ...] = (),
        browser: str | None = None,
    ) -> SignedIn:
        known = self.check_password(username, password, browser or "", now=now)
        step = self._check_code(known, one_time_code, now=now)
        try:
            first = self._users.use_code(known.username, step, attempt=attempt, browser=browser or "")
        except NotOpen as problem:
            raise SignInRefused(str(problem), sub=known.sub) from None
        if not known.has_profile:
            best_effort("profile", lambda: self._users.keep_profile(known))
        requested = disclosed_claims(known.claims, scope, claims)
        login = assurance.login(
            known.sub,
            auth_time=now,
            methods=("pwd", "otp"),
            claims=requested,
            accounts=known.accounts,
            reached=assurance.reached(self._provider.settings),
        )
        return SignedIn(login, again=not first, secrets=known.relied_on(login.amr))

    def recall(
        self, username: str, *, scope: tuple[str, ...], now: int, claims: tuple[str, ...] = ()
    ) -> CurrentUser | None:
        user = self._users.find_profile(_name(username))
        if user is None:
            return None
        return CurrentUser(user.sub, disclosed_claims(user.claims, scope, claims), user.accounts)

    def contact(self, person: str) -> Contact | None:
        """user_directory.Contacts."""
        username = self._users.named(person)
        profile = None if username is None else self._users.find_profile(username)
        # A suspended user has no profile for anybody, and is not nobody.
        known = {} if profile is None else profile.claims
        return None if username is None else contact_of(known)

    def may_sign_in(self, sub: str, *, now: int) -> bool:
        standing = self._users.standing(sub)
        if standing == "suspended":
            raise Suspended
        return standing == "known"

    def check_password(self, username: str, typed: str, browser: str, *, now: int) -> User:
        """The user, if the password is right and an attempt is allowed now. An unknown name takes as long."""
        if len(typed) > password.MAX_LENGTH:
            raise SignInRefused("password too long")
        user, allowed = self._users.admit(
            _name(username),
            attempt=self._new_token_value(),
            free=lockout.FREE_ATTEMPTS,
            locks=lockout.LOCKS,
            now=now,
            browser=browser,
        )
        right = password.matches(typed, user.password if user and allowed else password.DUMMY_HASH)
        if user is None:
            raise SignInRefused("unknown name")
        if not allowed:
            raise SignInRefused("locked", locked=True, sub=user.sub)
        if not right:
            raise SignInRefused("wrong password", sub=user.sub)
        if user.suspended_at:  # Before the call to KMS, so that it takes as long as a wrong password.
            raise SignInRefused("suspended", sub=user.sub)
        return user

    def _check_code(self, user: User, typed: str, *, now: int) -> int:
        """The time step of the code, if it is valid now (RFC 6238 5.2)."""
        try:
            secret = self._secrets.unseal(user.code_secret, user.username, now=now)
        except CannotUnseal as problem:  # An error would say that the password was right.
            line = {"endpoint": "users", "outcome": "unreadable", "sub": user.sub, "reason": f"totp: {problem}"}
            log_lines.write(log, line, logging.ERROR)
            raise SignInRefused("wrong code", sub=user.sub) from None
        step = totp.step_of(typed, secret, now=now)
        if step is None:
            raise SignInRefused("wrong code", sub=user.sub)
        return step


def contact_of(claims: JsonObject) -> Contact:
    """The contact of these claims. An address that is said to be another's is none."""
    from chalicelib.storage.notice_stores import Contact  # For the function that sends notices.

    email, locale = claims.get("email"), claims.get("locale")
    own = isinstance(email, str) and claims.get("email_verified", True) is not False
    return Contact(str(email) if own else "", locale if isinstance(locale, str) else "")


def _name(username: str) -> str:
    """The normalized name; a space, which is nobody's, for none and for a longer one than anybody has."""
    name = normalize_username(username)
    return name if 0 < len(name) <= MAX_USERNAME_LENGTH else " "
