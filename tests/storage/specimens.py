"""Records to try the stores with. Each has keys of its own, so that no test meets another's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.assembly import Aws
from chalicelib.storage.handles import digest, join
from chalicelib.storage.records import (
    AccessToken,
    AuthorizationRequest,
    Client,
    Consent,
    Interaction,
    Login,
    Once,
    PushedRequest,
    Session,
    User,
)

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
LOGIN = Login("s-alice", NOW - 5, "urn:ducat:loa:2", ("pwd", "otp", "mfa"), {"address": {"country": "AT"}})


def handle() -> str:
    return secrets.token_urlsafe(32)


def client(**changes: Any) -> Client:
    one = Client(handle(), "A Fintech", "fapi2-security", "private_key_jwt", ("authorization_code",), ("openid",))
    return replace(one, **changes)


def user(**changes: Any) -> User:
    return replace(User(handle(), "s-alice", "$argon2id$", "c2VhbGVk", {"name": "Alice"}), **changes)


def session(**changes: Any) -> Session:
    one = Session("s-alice", "alice", NOW - 5, "urn:ducat:loa:2", ("pwd", "otp", "mfa"), NOW + 900)
    return replace(one, **changes)


def pushed(**changes: Any) -> PushedRequest:
    return replace(PushedRequest(REQUEST, NOW + 90), **changes)


def once(expires_at: int = NOW + 60, what: str = "assertion") -> Once:
    return Once(digest(handle()), expires_at, what)


def token(consent_id: str | None = None, **changes: Any) -> AccessToken:
    one = AccessToken("fintech", ("accounts",), {"x5t#S256": "thumb"}, NOW, NOW + 600, consent_id)
    return replace(one, **changes)


@dataclass(frozen=True)
class Flow:
    """One login and what it leads to, step by step. `browser`, `code`, `access`, `refresh`: the handles."""

    interaction: Interaction
    browser: str
    consent: Consent
    code: str
    access: str
    refresh: str

    @property
    def key(self) -> str:
        return self.interaction.key

    @property
    def token(self) -> AccessToken:
        return token(self.consent.consent_id)

    def begun(self, aws: Aws) -> Flow:
        aws.interactions.begin(self.interaction)
        return self

    def authenticated(self, aws: Aws) -> Flow:
        aws.interactions.authenticate(self.key, self.browser, LOGIN, now=NOW)
        return self

    def decide(self, aws: Aws, browser: str | None = None, now: int = NOW) -> Any:
        consent_id = self.consent.consent_id
        return aws.interactions.decide(
            self.key,
            browser or self.browser,
            decision="approved",
            now=now,
            person=digest(LOGIN.sub),
            consent_id=consent_id,
            code=self.code,
        )

    def approved(self, aws: Aws) -> Flow:
        self.begun(aws).authenticated(aws).decide(aws)
        return self

    def spend(self, aws: Aws, access: str | None = None, now: int = NOW, once: tuple[Once, ...] = ()) -> None:
        found = aws.interactions.find_code(self.key)
        aws.interactions.spend(
            found, consent=self.consent, handle=access or self.access, token=self.token, now=now, once=once
        )

    def spent(self, aws: Aws) -> Flow:
        self.approved(aws).spend(aws)
        return self


def flow(**changes: Any) -> Flow:
    key, consent_id, browser = handle(), handle(), handle()
    refresh = join(handle(), consent_id)
    return Flow(
        interaction=replace(Interaction(key, REQUEST, digest(browser), NOW, NOW + 900, 60), **changes),
        browser=browser,
        consent=Consent(
            consent_id,
            "fintech",
            ("openid", "accounts"),
            LOGIN,
            NOW,
            NOW + 9000,
            refresh_hash=digest(refresh),
            cnf={"x5t#S256": "thumb"},
        ),
        code=join(handle(), key),
        access=join(handle(), consent_id),
        refresh=refresh,
    )
