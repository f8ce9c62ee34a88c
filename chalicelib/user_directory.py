"""The port to whoever knows the end users. A bank may name a directory of its own in DUCAT_USER_DIRECTORY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chalicelib.protocol_types import Account, JsonObject
from chalicelib.storage.records import Authentication, PasskeyHolder, SingleUse, User


class SignInRefused(Exception):
    """The person could not be recognised. `reason` goes to the log; the page never says which part was wrong."""

    def __init__(self, reason: str, *, locked: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.locked = locked


class Unavailable(Exception):
    """The directory can't say at the moment: whoever asked is told to come again, and nothing is used up."""


@dataclass(frozen=True)
class SignedIn:
    """A person who proved who they are. `single_use`: values that this login must be the first to use, and `claim` uses up.

    `username`: where the person typed none. `again`: the same login was signed in by the same before.
    """

    login: Authentication
    single_use: tuple[SingleUse, ...] = ()
    username: str = ""
    again: bool = False


@dataclass(frozen=True)
class PasskeyEnrolment:
    """What a passkey may be made for. `user_handle`: the user handle, 32 bytes in base64url. `known`: ids of those there are."""

    username: str
    user_handle: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class CurrentUser:
    """A person who signed in a while ago, as they are now. `claims`, `accounts`: as in a Login."""

    sub: str
    claims: JsonObject
    accounts: tuple[Account, ...] = ()


class Passkeys(Protocol):
    """Who knows people's passkeys. An `answer` is what the page's script posts, JSON of the browser's credential."""

    def find(self, answer: str) -> PasskeyHolder | None:
        """Whose it says it is; nothing is proven by that."""
        ...

    def sign_in(
        self,
        holder: PasskeyHolder | None,
        answer: str,
        *,
        challenge: str,
        scope: tuple[str, ...],
        now: int,
        attempt: str,
        claims: tuple[str, ...] = (),
    ) -> SignedIn:
        """The signed-in person. `challenge`: what the page asked to be signed; its time and single use are not for this.

        `attempt`: names this login in this browser, which may send its answer again.

        Raises SignInRefused.
        """
        ...

    def verify_for_enrolment(
        self,
        invitation: str,
        enrolment_token: str,
        *,
        username: str,
        password: str,
        one_time_code: str,
        attempt: str,
        now: int,
    ) -> PasskeyEnrolment:
        """Use an invitation up by a password and a one-time code, for a ticket that is good for one passkey.

        With the same ticket it may be done again.

        Raises NotOpen where the invitation is not in force for this person, SignInRefused, and AlreadyUsed.
        """
        ...

    def add(self, enrolment_token: str, answer: str, *, username: str, challenge: str, now: int) -> str:
        """Use the ticket up for the passkey that was made; gives the person's sub. The same again changes nothing.

        Raises NotOpen, and SignInRefused.
        """
        ...


class UserDirectory(Protocol):
    """Who knows the end users."""

    @property
    def login_help_text(self) -> str | None:
        """A line for the login page (the sandbox's names); None where people know their own."""
        ...

    @property
    def passkeys(self) -> Passkeys | None:
        """None where nobody has one; then no page speaks of them."""
        ...

    def find(self, username: str) -> User | None: ...

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
        """The signed-in person, with what `scope` and the names in `claims` ask for.

        `attempt`: names this login in this browser, which may use its one-time code again, as nobody else may.
        `browser`: what names a browser in which this person signed in before, None in any other; strangers' guesses must
        not shut it out.
        Raises SignInRefused; takes as long for an unknown name as for a wrong password.
        """
        ...

    def recall(
        self, username: str, *, scope: tuple[str, ...], now: int, claims: tuple[str, ...] = ()
    ) -> CurrentUser | None:
        """Who has this name now, with what `scope` and the names in `claims` ask for.

        None where there is nobody, or nobody who may sign in now: then a session of theirs is good for nothing.
        """
        ...

    def may_sign_in(self, sub: str, *, now: int) -> bool:
        """Whether the person of this sub is still one who may sign in. It is asked at each refresh.

        False ends the grant for good, so it is of who left or was shut out by the bank, and never of who has typed a
        wrong password too often. Raises Unavailable where it can't be said now.
        """
        ...
