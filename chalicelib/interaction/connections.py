"""How what a person gave to clients ends by the page /grants, and the word that it has ended."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal

from chalicelib.clients import lifetimes
from chalicelib.interaction import browser_binding
from chalicelib.interaction.given_consents import name_of
from chalicelib.language import Language, message
from chalicelib.messages import Request
from chalicelib.provider import Provider
from chalicelib.users import bond_key, known_browser

MAX_READS = 4
"""Reads of 100 consents each, of which one press ends all. Most people's are in one."""

Done = Literal["one", "client", "all", "some", "out", "everywhere"]
"""What has ended: one consent, all of a client, all there is, not yet all of very many, the session, all sessions."""

COOKIE = "__Host-done"
"""It holds what was done, for the next page only. No other host can set it (RFC 6265bis 4.1.3.2)."""
COOKIE_SECONDS = 60

WORDS: dict[str, str] = {
    "one": message("Done. This consent of {client} has ended."),
    "client": message("Done. {client} has no more access."),
    "all": message("Done. The access of all your apps has ended."),
    "some": message("The access of many apps has ended, but not yet of all. Press the button again."),
    "out": message("Done. You are signed out."),
    "everywhere": message("Done. You are signed out in every browser, this one too."),
}


@dataclass(frozen=True)
class Ended:
    """What a button ended. `client_id`: whose it was, empty for all. `grant`: the one consent, or empty."""

    what: Done
    client_id: str = ""
    grant: str = ""

    @property
    def about(self) -> dict[str, str]:
        """The members of the log line."""
        return {name: value for name, value in (("client_id", self.client_id), ("grant", self.grant)) if value}


def end(action: str, sub: str, client_id: str, key: str, provider: Provider, *, now: int) -> Ended | None:
    """Do what the button says: end-one, end-all, or end. None if the consent is gone, or not this person's."""
    if action == "end-one":
        ended = provider.grants.revoke_own(key, sub, now=now)
        return None if ended is None else Ended("one", ended.client_id, ended.key)
    if action == "end-all":
        return Ended(end_all(sub, provider, now=now))
    end_client(sub, client_id, provider, now=now)
    return Ended("client", client_id)


def end_client(sub: str, client_id: str, provider: Provider, *, now: int) -> None:
    """End all that the person gave to this client. One write."""
    key = bond_key.key_of(sub, client_id, provider.kms)
    provider.bonds.end(key, now=now, keep=now + lifetimes.KEPT_BOND, client_id=client_id, sub=sub)


def end_all(sub: str, provider: Provider, *, now: int) -> Done:
    """End all that the person gave to any client. One write for each client; "some" if there may be more than it read."""
    ended: set[str] = set()
    after: str | None = None
    for _ in range(MAX_READS):
        some, after = provider.grants.of_person(sub, now=now, after=after)
        for client_id in sorted({grant.client_id for grant in some} - ended):
            end_client(sub, client_id, provider, now=now)
            ended.add(client_id)
        if after is None:
            return "all"
    return "some"


def sign_out_everywhere(sub: str, provider: Provider, *, now: int) -> None:
    """End all sessions of the person, in this browser too, and what each browser is known by. One write.

    Undecided interactions that began in such a session end with it.
    """
    bond = bond_key.of_person(sub, provider.kms)
    provider.bonds.end(bond, now=now, keep=now + known_browser.LIFETIME, sub=sub)


def done(what: Done, token_value: str, *, client_id: str = "") -> tuple[str, str]:
    """The Set-Cookie header that has the next page say what was done.

    `token_value`: of the person's session, so that another person's page does not say it; empty after the sign-out.
    """
    client = urlsafe_b64encode(client_id.encode()).rstrip(b"=").decode()
    return _cookie(f"{what}.{client}.{_proof(what, client, token_value)}", seconds=COOKIE_SECONDS)


def forget_done() -> tuple[str, str]:
    """The Set-Cookie header after which no page says it again."""
    return _cookie("", seconds=0)


def done_in_words(
    request: Request, token_value: str, provider: Provider, language: Language, *, now: int
) -> str | None:
    """What was done a moment ago in this session, or None."""
    what, _, rest = request.cookies.get(COOKIE, "").partition(".")
    client, _, proof = rest.partition(".")
    if what not in WORDS or not hmac.compare_digest(proof.encode(), _proof(what, client, token_value).encode()):
        return None
    client_id = urlsafe_b64decode(client + "==").decode()
    return language.say(WORDS[what], client=name_of(client_id, provider, language, now=now) if client_id else "")


def _proof(what: str, client: str, token_value: str) -> str:
    return browser_binding.token(f"done {what} {client}", token_value)


def _cookie(value: str, *, seconds: int) -> tuple[str, str]:
    return ("Set-Cookie", f"{COOKIE}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")
