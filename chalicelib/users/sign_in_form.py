"""An attempt to sign in, as the login page's form holds it: a passkey's answer, or a name, a password and a one-time code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.storage.records import PasskeyHolder, SingleUse, User
from chalicelib.storage.stores import ReplayCache
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignedIn, SignInRefused, UserDirectory

MAX_LENGTH = 1024
"""Characters of any typed field that are looked at."""

# One text for all: another one after so many tries would tell which user names there are.
MISMATCH_TEXT = (
    "That did not match. Check your user name, password and one-time code, and try again. "
    "After some tries, wait a while."
)
WRONG_PASSKEY = "That passkey was not accepted. Try again, or sign in with your password and one-time code."


@dataclass(frozen=True)
class PasskeyChallenge:
    """What a page asked a passkey to sign. `until`: when it is too late for the answer.

    `offered`: it is good only if we remember having asked for it.
    """

    challenge: str
    until: int
    offered: bool = False

    @property
    def single_use(self) -> SingleUse:
        """The challenge, which one answer uses up, whatever directory checks it."""
        return SingleUse(digest(f"passkey:{self.challenge}"), self.until, "passkey's challenge", self.offered)


def form_field(form: Mapping[str, str], name: str) -> str:
    """A field of the form, no longer than anybody types."""
    return form.get(name, "")[:MAX_LENGTH]


def find(form: Mapping[str, str], directory: UserDirectory) -> User | PasskeyHolder | None:
    """Who says to be signing in; nothing is proven by that."""
    if "passkey" not in form:
        return directory.find(form_field(form, "username"))
    return directory.passkeys.find(form["passkey"]) if directory.passkeys is not None else None


def sign_in(
    found: User | PasskeyHolder | None,
    form: Mapping[str, str],
    directory: UserDirectory,
    *,
    requested: PasskeyChallenge | None,
    scope: tuple[str, ...],
    claims: tuple[str, ...],
    attempt: str,
    now: int,
    browser: str | None = None,
) -> SignedIn:
    """The person whom `find` found, signed in. `requested`: what a passkey was asked to sign, None where none answers.

    `attempt`: names this login in this browser. `browser`: names it among those that the person is known in, if it is.

    Raises SignInRefused.
    """
    if isinstance(found, PasskeyHolder) and directory.passkeys is not None and requested is not None:
        signed_in = directory.passkeys.sign_in(
            found, form["passkey"], challenge=requested.challenge, scope=scope, claims=claims, attempt=attempt, now=now
        )
        return replace(signed_in, single_use=(*signed_in.single_use, requested.single_use))
    if isinstance(found, PasskeyHolder) or "passkey" in form:
        raise SignInRefused("unknown passkey")
    return directory.sign_in(
        found,
        password=form_field(form, "password"),
        one_time_code=form_field(form, "one_time_code"),
        scope=scope,
        claims=claims,
        attempt=attempt,
        now=now,
        browser=browser,
    )


def claim(signed_in: SignedIn, attempt: str, replay_cache: ReplayCache, *, now: int) -> bool:
    """Use up what the person signed in by, for this login alone. Raises AlreadyUsed,
    or NotOpen where a passkey answers what nobody asked for.

    Gives whether it is the first time. The same form that is sent again goes on, and begins no second session: who kept
    the whole request, cookie and all, gains nothing by it.
    """
    first = [replay_cache.consume(single_use, now=now, attempt=attempt) for single_use in signed_in.single_use]
    return all(first) and not signed_in.again


def problem(form: Mapping[str, str]) -> str:
    """What the page says of an attempt that failed."""
    return WRONG_PASSKEY if "passkey" in form else MISMATCH_TEXT
