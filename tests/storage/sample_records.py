"""Records to try the stores with. Each has keys of its own, so that no test meets another's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.assembly import Aws
from chalicelib.storage.dynamodb import Dynamo
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import Authentication, AuthorizationRequest, Client, Session, SingleUse, UsedOnce, User
from chalicelib.storage.token_values import TokenValue, digest, join, of_grant, with_week

NOW = 1_800_000_000
UNUSABLE = ("", "x" * 5000, "\ud800")
"""What a caller may send, and DynamoDB takes for no key: nothing, too much, half a character of JSON."""

REQUEST = AuthorizationRequest(
    client_id="fintech",
    redirect_uri="https://fintech.example/back?a=b",
    response_type="code",
    scope=("openid", "accounts"),
    code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    state="päß \N{EURO SIGN} & so on",
)
LOGIN = Authentication("s-alice", NOW - 5, "urn:ducat:loa:2", ("pwd", "otp", "mfa"), {"address": {"country": "AT"}})


def token_value() -> str:
    return secrets.token_urlsafe(32)


def client(**changes: Any) -> Client:
    one = Client(token_value(), "A Fintech", "fapi2-security", "private_key_jwt", ("authorization_code",), ("openid",))
    return replace(one, **changes)


def session_handle(expires_at: int = NOW + 900) -> str:
    return with_week(token_value(), expires_at)


def own_handle(expires_at: int = NOW + 600) -> str:
    """Of an access token that has an item of its own and no grant."""
    return with_week(token_value(), expires_at)


def user(**changes: Any) -> User:
    return replace(User(token_value(), "s-alice", "$argon2id$", "c2VhbGVk", {"name": "Alice"}), **changes)


def session(**changes: Any) -> Session:
    one = Session("s-alice", "alice", NOW - 5, "urn:ducat:loa:2", ("pwd", "otp", "mfa"), NOW + 900)
    return replace(one, **changes)


def once(expires_at: int = NOW + 60, what: UsedOnce = "assertion") -> SingleUse:
    return SingleUse(digest(token_value()), expires_at, what)


def token(grant: str | None = None, **changes: Any) -> AccessToken:
    one = AccessToken("fintech", ("accounts",), {"x5t#S256": "thumb"}, NOW, NOW + 600, grant)
    return replace(one, **changes)


Stores = Aws | Dynamo


@dataclass(frozen=True)
class Flow:
    """One login and what it leads to, step by step. `browser`, `secret`, `access`, `refresh`: the token values."""

    grant: Grant
    bond: str
    browser: str
    secret: str
    access: str
    refresh: str
    refresh_family: str | None = None
    sub: str = LOGIN.sub
    epoch: int = 0

    @property
    def key(self) -> str:
        return self.grant.key

    @property
    def code(self) -> TokenValue:
        code = of_grant(join(self.secret, self.key, self.bond))
        assert code is not None
        return code

    @property
    def token(self) -> AccessToken:
        return token(self.key)

    @property
    def login(self) -> Authentication:
        return replace(LOGIN, sub=self.sub)

    def pushed(self, aws: Stores) -> Flow:
        aws.grants.push(self.grant)
        return self

    def open(self, aws: Stores, browser: str | None = None, now: int = NOW, client_id: str = "fintech") -> Grant:
        expires_at = now + 900
        opened: Grant = aws.grants.open(
            self.key, client_id, browser or self.browser, now=now, expires_at=expires_at, code_lifetime=60
        )
        return opened

    def opened(self, aws: Stores) -> Flow:
        self.pushed(aws).open(aws)
        return self

    def authenticate(
        self, aws: Stores, browser: str | None = None, now: int = NOW, login: Authentication | None = None, **more: Any
    ) -> None:
        aws.grants.authenticate(
            self.key,
            self.browser if browser is None else browser,
            login or self.login,
            bond=self.bond,
            epoch=self.epoch,
            now=now,
            **more,
        )

    def authenticated(self, aws: Stores) -> Flow:
        self.opened(aws).authenticate(aws)
        return self

    def approve(
        self, aws: Stores, browser: str | None = None, now: int = NOW, secret: str | None = None, **more: Any
    ) -> Grant:
        approved: Grant = aws.grants.approve(
            self.key,
            self.browser if browser is None else browser,
            **{"person": digest(self.sub), "secret": secret or self.secret, "now": now, **more},
        )
        return approved

    def approved(self, aws: Stores, now: int = NOW) -> Flow:
        self.authenticated(aws).approve(aws, now=now)
        return self

    def redeem(
        self,
        aws: Stores,
        attempt: str | None = None,
        access: str | None = None,
        now: int = NOW,
        code: TokenValue | None = None,
    ) -> Grant:
        redeemed: Grant = aws.grants.redeem(
            replace(self.grant, login=self.login),
            code or self.code,
            attempt=attempt or token_value(),
            access_token=access or self.access,
            token=self.token,
            refresh_hash=digest(self.refresh),
            refresh_family=self.refresh_family,
            now=now,
        )
        return redeemed

    def redeemed(self, aws: Stores) -> Flow:
        self.approved(aws).redeem(aws)
        return self

    def another_access(self) -> str:
        return join(token_value(), self.key, self.bond)

    def refreshed_access(self, expires_at: int = NOW + 600) -> str:
        """The token value of a token that a refresh gave."""
        return with_week(self.another_access(), expires_at)

    def found(self, aws: Stores) -> Grant | None:
        """The grant as it lies there, whatever may still be done with it."""
        pair = aws.grants.find_code(self.code)
        return None if pair is None else pair[0]


def flow(
    sub: str = LOGIN.sub, epoch: int = 0, family: str | None = None, bond: str | None = None, **changes: Any
) -> Flow:
    key, bond = digest(token_value()), bond or digest(token_value())
    grant = Grant(key, REQUEST, NOW + 90, NOW + 90, NOW + 9000)
    return Flow(
        grant=replace(grant, **changes),
        bond=bond,
        browser=token_value(),
        secret=token_value(),
        access=join(token_value(), key, bond),
        refresh=join(token_value(), key, bond, family=family),
        refresh_family=None if family is None else digest(family),
        sub=sub,
        epoch=epoch,
    )
