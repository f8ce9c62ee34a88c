"""A sign-in form: a passkey's response, or a username, a password and a one-time code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.language import message
from chalicelib.storage.records import PasskeyHolder, SingleUse
from chalicelib.storage.stores import ReplayCache
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignedIn, SignInRefused, UserDirectory

MAX_LENGTH = 1024
"""Characters of a typed field that are read."""

# One text for all problems. A different text after some attempts would reveal which usernames exist.
MISMATCH_TEXT = message(
    "That did not match. Check your user name, password and one-time code, and try again. "
    "After some tries, wait a while."
)
WRONG_PASSKEY = message("That passkey was not accepted. Try again, or sign in with your password and one-time code.")


@dataclass(frozen=True)
class PasskeyChallenge:
    """The passkey challenge of a page.

    `until`: when the response is too late.
    `offered`: it is valid only if it was stored.
    """

    challenge: str
    until: int
    offered: bool = False

    @property
    def single_use(self) -> SingleUse:
        """The challenge as a value for single use. One response uses it up, whichever directory checks it."""
        return SingleUse(digest(f"passkey:{self.challenge}"), self.until, "passkey's challenge", self.offered)


def form_field(form: Mapping[str, str], name: str) -> str:
    """A field of the form, cut to its maximum length."""
    return form.get(name, "")[:MAX_LENGTH]


def find_passkey(form: Mapping[str, str], directory: UserDirectory) -> PasskeyHolder | None:
    """The claimed user of the form's passkey, before any check; None without one."""
    if "passkey" not in form or directory.passkeys is None:
        return None
    return directory.passkeys.find(form["passkey"])


def sign_in(
    holder: PasskeyHolder | None,
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
    """The user of the form, signed in.

    `holder`: what `find_passkey` gave.
    `requested`: the passkey challenge, None without a passkey.
    `attempt`: identifies this login in this browser.
    `browser`: identifies a browser that the user is known in, or None.
    Raises SignInRefused.
    """
    if holder is not None and directory.passkeys is not None and requested is not None:
        signed_in = directory.passkeys.sign_in(
            holder, form["passkey"], challenge=requested.challenge, scope=scope, claims=claims, attempt=attempt, now=now
        )
        return replace(signed_in, single_use=(*signed_in.single_use, requested.single_use))
    if holder is not None or "passkey" in form:
        raise SignInRefused("unknown passkey")
    return directory.sign_in(
        form_field(form, "username"),
        password=form_field(form, "password"),
        one_time_code=form_field(form, "one_time_code"),
        scope=scope,
        claims=claims,
        attempt=attempt,
        now=now,
        browser=browser,
    )


def claim(signed_in: SignedIn, attempt: str, replay_cache: ReplayCache, *, now: int) -> bool:
    """Use up the sign-in's values for single use, for this login only. Raises AlreadyUsed, or NotOpen for a passkey challenge
    that was not stored.

    Gives whether it is the first time. The same form may be sent again and begins no second session, so a copy of the whole
    request with its cookies gives nothing.
    """
    first = [replay_cache.consume(single_use, now=now, attempt=attempt) for single_use in signed_in.single_use]
    return all(first) and not signed_in.again


def problem(form: Mapping[str, str]) -> str:
    """The page's text for a failed attempt, in English."""
    return WRONG_PASSKEY if "passkey" in form else MISMATCH_TEXT
