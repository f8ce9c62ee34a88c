"""The product's directory of end users: a password, then a one-time code.

What an answer's time tells. An unknown name, a wrong password and a locked account each cost one password hash and then one
conditional write, so they can't be told apart. A right password with a wrong code costs a call to KMS more, some
milliseconds; each such sample counts as a failure, and the lock leaves too few of them to average. The secret of the codes is
unsealed only after the password, so that guessing at names buys no KMS calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NoReturn, Protocol, TypeVar
from unicodedata import normalize

from chalicelib.keys.ring import KeyHome
from chalicelib.people import assurance, password, totp
from chalicelib.people.claims import asked_for
from chalicelib.people.port import Passkeys, People, Recalled, SignedIn, SignInRefused
from chalicelib.settings import Settings
from chalicelib.storage.handles import digest
from chalicelib.storage.records import Once, User
from chalicelib.storage.stores import AlreadyUsed, UsedOnce, Users

LONGEST_USERNAME = 64

FREE_TRIES = 5
"""Failed attempts before the account is locked. NIST SP 800-63B-4 3.2.2 allows 100 in a row."""

FIRST_LOCK = 30
LONGEST_LOCK = 15 * 60
"""Seconds: the first lock, which each further failure doubles, and the longest, which never grows into a lock for ever."""

A = TypeVar("A")
B = TypeVar("B")


class Needs(Protocol):
    """What the directory asks of the Provider."""

    @property
    def settings(self) -> Settings: ...
    @property
    def users(self) -> Users: ...
    @property
    def used_once(self) -> UsedOnce: ...
    @property
    def kms(self) -> KeyHome: ...

    def new_handle(self) -> str: ...
    def alongside(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]: ...


def build(provider: Needs) -> People:
    """The directory that DUCAT_PEOPLE names where the bank has none of its own."""
    return Directory(provider)


def normal(username: str) -> str:
    """A username as it is remembered, however it was typed."""
    return normalize("NFKC", username).strip().lower()


def sealed_for(username: str) -> dict[str, str]:
    """The encryption context of a person's secrets, so that one person's can't stand in for another's."""
    return {"user": username}


def locked_until(user: User) -> int:
    """When the next attempt will be looked at. Attempts until then don't count, so they make it no later."""
    if user.failures < FREE_TRIES:
        return 0
    doublings = min(user.failures - FREE_TRIES, 16)
    return user.last_failure + min(FIRST_LOCK << doublings, LONGEST_LOCK)


class Directory:
    """port.People over the users table and KMS."""

    hint: str | None = None

    def __init__(self, provider: Needs) -> None:
        self._users, self._used_once, self._kms = provider.users, provider.used_once, provider.kms
        self._alongside, self._chance = provider.alongside, provider.new_handle
        self._provider = provider

    @cached_property
    def passkeys(self) -> Passkeys | None:
        from chalicelib.people import passkeys  # which asks this directory

        return passkeys.Passkeys(self._provider, self)

    def find(self, username: str) -> User | None:
        name = normal(username)
        return self._users.find(name) if len(name) <= LONGEST_USERNAME else None

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
    ) -> SignedIn:
        known = self._check_password(user, password, now=now)
        used = self._check_code(known, one_time_code, now=now)
        first = not known.failures or self._forgive(known, used, attempt, now=now)
        asked = asked_for(known.claims, scope, claims)
        login = assurance.login(
            known.sub,
            auth_time=now,
            methods=("pwd", "otp"),
            claims=asked,
            accounts=known.accounts,
            reached=assurance.reached(self._provider.settings),
        )
        return SignedIn(login, () if known.failures else (used,), again=not first)

    def recall(
        self, username: str, *, scope: tuple[str, ...], now: int, claims: tuple[str, ...] = ()
    ) -> Recalled | None:
        user = self.find(username)
        if user is None or now < locked_until(user):
            return None
        return Recalled(user.sub, asked_for(user.claims, scope, claims), user.accounts)

    def may_sign_in(self, sub: str, *, now: int) -> bool:
        return self._users.is_known(sub)

    def _check_password(self, user: User | None, typed: str, *, now: int) -> User:
        """The user whose password was typed, if it may be tried now. An unknown name's takes as long."""
        if len(typed) > password.LONGEST:
            raise SignInRefused("password too long")
        right, admitted = self._alongside(
            lambda: password.matches(typed, user.password if user else password.NOBODYS),
            lambda: user is None or self._admits(user, now=now),
        )
        if user is None:
            self._refuse("unknown name", None, now=now)
        if not admitted:
            self._refuse("locked", None, now=now, locked=True)
        if not right:
            self._refuse("wrong password", user, now=now)
        return user

    def _admits(self, user: User, *, now: int) -> bool:
        """Whether an attempt may be tried. After a lock only one at a time, so that a volley of them is one failure."""
        if user.failures < FREE_TRIES:
            return True
        if now < locked_until(user):
            return False
        attempt = Once(digest(f"attempt:{user.username}:{user.failures}"), now + FIRST_LOCK, "attempt")
        return self._claims(attempt, now=now)

    def _check_code(self, user: User, typed: str, *, now: int) -> Once:
        """What the code may be used for only once (RFC 6238 5.2)."""
        secret = self._kms.unseal(user.totp, sealed_for(user.username))
        step = totp.step_of(typed, secret, now=now)
        if step is None:
            self._refuse("wrong code", user, now=now)
        return Once(digest(f"totp:{user.username}:{step}"), totp.gone_at(step), "one-time code")

    def _forgive(self, user: User, used: Once, attempt: str, *, now: int) -> bool:
        """Forget the failures. The code is spent first: one that was seen in use must not buy further guesses.

        Gives whether this login spent it for the first time.
        """
        try:
            first = self._used_once.claim(used, now=now, attempt=attempt)
        except AlreadyUsed:
            self._refuse("code used before", user, now=now)
        self._users.cleared(user.username)
        return first

    def _claims(self, once: Once, *, now: int) -> bool:
        try:
            self._used_once.claim(once, now=now)
        except AlreadyUsed:
            return False
        return True

    def _refuse(self, reason: str, counted: User | None, *, now: int, locked: bool = False) -> NoReturn:
        """Count it; where there is nobody to count it for, a name that can't exist takes as long."""
        self._users.failed(counted.username if counted else f" {self._chance()}", now=now)
        raise SignInRefused(reason, locked=locked)
