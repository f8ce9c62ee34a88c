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
from typing import TypeVar

from chalicelib import log_lines
from chalicelib.best_effort import best_effort
from chalicelib.one_time_code_secrets import CannotUnseal
from chalicelib.provider import Provider
from chalicelib.storage.records import SingleUse, User
from chalicelib.storage.stores import AlreadyUsed
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import CurrentUser, Passkeys, SignedIn, SignInRefused, UserDirectory
from chalicelib.users import assurance, lockout, password, totp
from chalicelib.users.claims import disclosed_claims
from chalicelib.users.username import MAX_USERNAME_LENGTH, normalize_username

log = logging.getLogger("ducat")

A = TypeVar("A")
B = TypeVar("B")


def build(provider: Provider) -> UserDirectory:
    """The directory of DUCAT_USER_DIRECTORY for a bank without its own directory."""
    return Directory(provider)


class Directory:
    """user_directory.UserDirectory over the users table and KMS."""

    login_help_text: str | None = None

    def __init__(self, provider: Provider) -> None:
        self._users, self._replay_cache = provider.users, provider.replay_cache
        self._secrets = provider.one_time_code_secrets
        self._alongside, self._new_token_value = provider.alongside, provider.new_token_value
        self._provider = provider

    @cached_property
    def passkeys(self) -> Passkeys | None:
        from chalicelib.users import passkeys  # It imports this file.

        return passkeys.Passkeys(self._provider, self)

    def find(self, username: str) -> User | None:
        name = normalize_username(username)
        return self._users.find(name) if len(name) <= MAX_USERNAME_LENGTH else None

    def sign_in(
        self,
        user: User | None,
        *,
        password: str,
        one_time_code: str,
        scope: tuple[str, ...],
        now: int,
        attempt: str,
        claims: tuple[str, ...] = (),
        browser: str | None = None,
    ) -> SignedIn:
        known = self._check_password(user, password, browser or "", now=now)
        used = self._check_code(known, one_time_code, now=now)
        first = self._forgive(known, used, attempt, browser or "", now=now)
        requested = disclosed_claims(known.claims, scope, claims)
        login = assurance.login(
            known.sub,
            auth_time=now,
            methods=("pwd", "otp"),
            claims=requested,
            accounts=known.accounts,
            reached=assurance.reached(self._provider.settings),
        )
        return SignedIn(login, again=not first)

    def recall(
        self, username: str, *, scope: tuple[str, ...], now: int, claims: tuple[str, ...] = ()
    ) -> CurrentUser | None:
        user = self.find(username)
        if user is None:
            return None
        return CurrentUser(user.sub, disclosed_claims(user.claims, scope, claims), user.accounts)

    def may_sign_in(self, sub: str, *, now: int) -> bool:
        return self._users.is_known(sub)

    def _check_password(self, user: User | None, typed: str, browser: str, *, now: int) -> User:
        """The user, if the password is right and an attempt is allowed now. An unknown name takes as long."""
        if len(typed) > password.MAX_LENGTH:
            raise SignInRefused("password too long")
        username = user.username if user else f" {self._new_token_value()}"
        admitted = self._users.admit(
            username,
            attempt=self._new_token_value(),
            free=lockout.FREE_ATTEMPTS,
            locks=lockout.LOCKS,
            now=now,
            browser=browser,
        )
        right = password.matches(typed, user.password if user and admitted else password.DUMMY_HASH)
        if user is None:
            raise SignInRefused("unknown name")
        if not admitted:
            raise SignInRefused("locked", locked=True)
        if not right:
            raise SignInRefused("wrong password")
        return user

    def _check_code(self, user: User, typed: str, *, now: int) -> SingleUse:
        """The code as a value for single use (RFC 6238 5.2)."""
        try:
            secret = self._secrets.unseal(user.totp, user.username, now=now)
        except CannotUnseal as problem:  # An error would say that the password was right.
            line = {"endpoint": "users", "outcome": "unreadable", "sub": user.sub, "reason": f"totp: {problem}"}
            log_lines.write(log, line, logging.ERROR)
            raise SignInRefused("wrong code") from None
        step = totp.step_of(typed, secret, now=now)
        if step is None:
            raise SignInRefused("wrong code")
        return SingleUse(digest(f"totp:{user.username}:{step}"), totp.step_expires_at(step), "one-time code")

    def _forgive(self, user: User, used: SingleUse, attempt: str, browser: str, *, now: int) -> bool:
        """Reset the count of attempts, after the code is used up: a replayed code must not allow more guesses.

        Gives whether this login used the code for the first time.
        """
        try:
            first = self._replay_cache.consume(used, now=now, attempt=attempt)
        except AlreadyUsed:
            raise SignInRefused("code used before") from None
        best_effort("attempts", lambda: self._users.cleared(user.username, browser=browser))
        return first
