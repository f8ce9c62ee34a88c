"""Sandbox people: alice and bob, whose secrets stand on the login page. Not deployed: the package has no local/.

Each has every claim that the provider advertises, so that whoever tries one finds it. Whoever was added to the users table signs
in beside them, by the product's own directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from chalicelib.protocol_types import Account
from chalicelib.provider import Provider
from chalicelib.storage.notice_stores import Contact
from chalicelib.storage.records import User
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import (
    CurrentUser,
    Passkeys,
    SignedIn,
    SignInMeans,
    SignInRefused,
    UserDirectory,
)
from chalicelib.users import assurance, directory, enrolment, totp
from chalicelib.users.claims import disclosed_claims
from chalicelib.users.passkeys import Passkeys as Kept
from chalicelib.users.sign_in_means import SignInMeans as Means

ONE_TIME_CODE = "123456"

ADDRESS = {"street_address": "1 Sandbox Lane", "locality": "Hamburg", "postal_code": "20095", "country": "DE"}


def _person(
    username: str,
    sub: str,
    password: str,
    given_name: str,
    birthdate: str,
    phone_number: str,
    accounts: Mapping[str, str],
) -> User:
    known: dict[str, Any] = {
        "name": f"{given_name} Sandbox",
        "given_name": given_name,
        "middle_name": "Sam",
        "family_name": "Sandbox",
        "nickname": given_name[:2],
        "preferred_username": username,
        "profile": f"https://example.com/{username}",
        "picture": f"https://example.com/{username}.png",
        "website": f"https://{username}.example.com",
        "gender": "unspecified",
        "birthdate": birthdate,
        "zoneinfo": "Europe/Berlin",
        "locale": "en-GB",
        "email": f"{username}@example.com",
        "email_verified": True,
        "address": {**ADDRESS, "formatted": "1 Sandbox Lane\n20095 Hamburg\nDE"},
        "phone_number": phone_number,
        "phone_number_verified": True,
        "updated_at": 1767225600,
        "customer_since": "2019-04-01",
    }
    own = tuple(Account(iban=iban, name=name) for iban, name in accounts.items())
    return User(username, sub, password, ONE_TIME_CODE, known, own)


ALICE = _person(
    "alice",
    "c4d0a1ce-0001-4000-8000-000000000001",
    "wonderland",
    "Alice",
    "1987-03-21",
    "+4940000001",
    {"DE02100100100006820101": "Current account", "DE18100100100006820201": "Savings"},
)
BOB = _person(
    "bob",
    "c4d0a1ce-0002-4000-8000-000000000002",
    "builder",
    "Bob",
    "1990-11-05",
    "+4940000002",
    {"DE34100100100006820301": "Current account"},
)

USERS: Mapping[str, User] = {person.username: person for person in (ALICE, BOB)}


def build(provider: object) -> UserDirectory:
    """What DUCAT_USER_DIRECTORY names on a laptop."""
    return Sandbox(cast(Provider, provider))


class Sandbox:
    """user_directory.UserDirectory whose passwords are no secret. Its one-time code can be used any number of times.

    Passkeys are kept in the users table, of whoever was put there (`keep`).
    """

    def __init__(self, provider: Provider) -> None:
        self._provider, self._added = provider, directory.Directory(provider)

    @property
    def passkeys(self) -> Passkeys | None:
        return Kept(self._provider, self)

    @property
    def sign_in_means(self) -> SignInMeans | None:
        return Means(self._provider, self.check_password)

    @property
    def login_help_text(self) -> str | None:
        names = " or ".join(f"{person.username} (password {person.password})" for person in USERS.values())
        return f"Sandbox: sign in as {names}, one-time code {ONE_TIME_CODE}."

    def find(self, username: str) -> User | None:
        return USERS.get(username.strip().lower())

    def contact(self, person: str) -> Contact | None:
        known = next((one for one in USERS.values() if digest(one.sub) == person), None)
        return self._added.contact(person) if known is None else directory.contact_of(known.claims)

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
        user = self.find(username)
        if user is None:
            return self._added.sign_in(
                username,
                password=password,
                one_time_code=one_time_code,
                scope=scope,
                now=now,
                attempt=attempt,
                claims=claims,
                browser=browser,
            )
        if password != user.password:
            raise SignInRefused("wrong password", sub=user.sub)
        if one_time_code != user.totp and not self._of_own_app(user, one_time_code, now=now):
            raise SignInRefused("wrong one-time code", sub=user.sub)
        disclosed = disclosed_claims(user.claims, scope, claims)
        login = assurance.login(
            user.sub,
            auth_time=now,
            methods=("pwd", "otp"),
            claims=disclosed,
            accounts=user.accounts,
            reached=assurance.reached(self._provider.settings),
        )
        return SignedIn(login)

    def check_password(self, username: str, typed: str, browser: str, *, now: int) -> User:
        """As of the product's own directory. A sandbox person must be in the users table."""
        user = self.find(username)
        if user is None:
            return self._added.check_password(username, typed, browser, now=now)
        kept = self._provider.users.find(user.username)
        if typed != user.password or kept is None:
            raise SignInRefused("wrong password", sub=user.sub)
        return kept

    def _of_own_app(self, user: User, code: str, *, now: int) -> bool:
        """Whether the code is of an app that the sandbox person set up."""
        kept = self._provider.users.find(user.username)
        if kept is None or not kept.own_totp:
            return False
        secret = self._provider.one_time_code_secrets.unseal(kept.own_totp, user.username, now=now)
        return totp.step_of(code, secret, now=now) is not None

    def recall(
        self, username: str, *, scope: tuple[str, ...], now: int, claims: tuple[str, ...] = ()
    ) -> CurrentUser | None:
        user = self.find(username)
        if user is None:
            return self._added.recall(username, scope=scope, now=now, claims=claims)
        return CurrentUser(user.sub, disclosed_claims(user.claims, scope, claims), user.accounts)

    def may_sign_in(self, sub: str, *, now: int) -> bool:
        return any(person.sub == sub for person in USERS.values()) or self._added.may_sign_in(sub, now=now)


def invitations(provider: Provider) -> dict[str, str]:
    """Put the sandbox people into the users table, and give each a link to add a passkey by."""
    for person in USERS.values():
        provider.users.put(person)
    return {name: enrolment.invite(provider, name) for name in USERS}
