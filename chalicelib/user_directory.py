"""The port of the user directory. A bank may name its own directory in DUCAT_USER_DIRECTORY."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from chalicelib.protocol_types import Account, JsonObject, ShownPayment
from chalicelib.storage.records import Authentication, PasskeyHolder, SingleUse

if TYPE_CHECKING:
    from chalicelib.own_means import AppOffer, MeansHolder, OwnMeans, Recovery


class SignInRefused(Exception):
    """The sign-in failed. `reason` is for the log. The page never says which part was wrong.

    `sub`: of the user whose name or passkey it was, if there is one; for the log and the record.
    """

    def __init__(self, reason: str, *, locked: bool = False, sub: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.sub = sub
        self.locked = locked


def refused_event(why: Exception) -> Literal["lockout", "sign_in_refused"]:
    """What the log counts a refused sign-in as."""
    return "lockout" if isinstance(why, SignInRefused) and why.locked else "sign_in_refused"


def refused_note(why: Exception) -> dict[str, str]:
    """The members of the log line of a refused sign-in."""
    sub = {"sub": why.sub} if isinstance(why, SignInRefused) and why.sub else {}
    return {"reason": str(why), "event": refused_event(why), **sub}


class Unavailable(Exception):
    """The directory can't answer now. The client is asked to try again, and nothing is used up."""


class Suspended(Exception):
    """The user is suspended: for now no refresh succeeds, and the grant stays, so that it is good again afterwards."""


@dataclass(frozen=True)
class SignedIn:
    """A signed-in user.

    `single_use`: values that this login must be the first to use. `claim` uses them up.
    `username`: the user's name, if the user typed none.
    `again`: this login was signed in before by the same user.
    `secrets`: what `SignInMeans.secrets_of` gives for what the sign-in was checked by; empty where the directory does not say it.
    """

    login: Authentication
    single_use: tuple[SingleUse, ...] = ()
    username: str = ""
    again: bool = False
    secrets: str = ""


@dataclass(frozen=True)
class PasskeyEnrolment:
    """The user for whom a passkey may be made.

    `user_handle`: 32 bytes in base64url.
    `known`: ids of the user's passkeys.
    """

    username: str
    user_handle: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class CurrentUser:
    """The current data of a user who signed in earlier. `claims`, `accounts`: as in an Authentication."""

    sub: str
    claims: JsonObject
    accounts: tuple[Account, ...] = ()


class Passkeys(Protocol):
    """The port for passkeys. An `answer` is the JSON of the browser's credential, which the page's script posts."""

    def find(self, answer: str) -> PasskeyHolder | None:
        """The claimed user of the passkey, before any check."""
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
        """The signed-in user. `challenge`: the page's challenge. The caller checks its time and single use.

        `attempt`: identifies this login in this browser, which may send its answer again.

        Raises SignInRefused.
        """
        ...

    def approve(self, answer: str, *, challenge: str, attempt: str, payment: ShownPayment | None = None) -> str:
        """The sub of the user whose passkey signed this challenge, to approve something. No one is signed in by it.

        `attempt`: identifies this approval in this browser, which may send its answer again.
        `payment`: what the browser shows, if the answer may be of Secure Payment Confirmation (users/payment_assertion.py).
        Raises SignInRefused.
        """
        ...

    def ids(self, username: str, *, sub: str) -> tuple[str, ...]:
        """The ids of the user's passkeys. It is called for Secure Payment Confirmation alone."""
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
        """Exchange an invitation for an enrolment token for one passkey, by password and one-time code.

        It may be repeated with the same token.

        Raises NotOpen if the invitation is not in force for this user, SignInRefused, and AlreadyUsed.
        """
        ...

    def add(self, enrolment_token: str, answer: str, *, username: str, challenge: str, now: int) -> str:
        """Exchange the enrolment token for the new passkey; gives the user's sub. A repeated call changes nothing.

        Raises NotOpen, and SignInRefused.
        """
        ...


class SignInMeans(Protocol):
    """The port for what people change of their own sign-in.

    `read` reads a person once a request, and each other method is handed what it read. A change is one conditional write, and
    is refused if what `secrets_of` depends on was changed since.
    """

    def read(self, username: str, sub: str) -> MeansHolder:
        """The person, by `username` and `sub` of their session. Raises NotOpen if the name is not that person's any more."""
        ...

    def find(self, holder: MeansHolder, *, now: int) -> OwnMeans: ...

    def secrets_of(
        self,
        holder: MeansHolder,
        *,
        methods: Collection[str] = (),
        passkey: str = "",
        recovering: bool = False,
        now: int,
    ) -> str:
        """A text that differs once the bank gives the person another password or second factor. It ends their sessions here.

        `passkey`: digest of the id of a passkey that signed in, empty if none did. The text is empty once it is removed.
        `methods`: the amr of the sign-in. The text also differs once the app, or the recovery codes, that it was by are others.
        `recovering`: of a session by a recovery. It differs with each recovery, and NotOpen is raised if none can be completed.
        """
        ...

    def recover(
        self, username: str, *, password: str, code: str, now: int, attempt: str, browser: str | None = None
    ) -> SignedIn:
        """The user of a password and a recovery code, which is used up. The sign-in is for the person's own page only.

        `attempt`, `browser`: as of `UserDirectory.sign_in`. Raises SignInRefused.
        """
        ...

    def begin_recovery(self, username: str, *, password: str, now: int, browser: str | None = None) -> Recovery:
        """The recovery that runs, or else one that begins. It is called only where the bank has switched recovery on.

        The attempt is counted, and a right password does not end the count. Whoever is unknown, suspended or locked is refused
        as for a wrong password. Raises SignInRefused.
        """
        ...

    def cancel_recovery(self, holder: MeansHolder) -> None:
        """End a recovery. A repeated call is no error."""
        ...

    def offer_passkey(self, holder: MeansHolder, *, challenge: str) -> PasskeyEnrolment:
        """The user for whom a passkey may be made on the page with this challenge."""
        ...

    def add_passkey(
        self, holder: MeansHolder, answer: str, *, challenge: str, single_use: SingleUse, name: str, now: int
    ) -> None:
        """Add the passkey. A repeated call changes nothing. `single_use`: the challenge, which is used up.

        Raises SignInRefused, AlreadyUsed, and NotOpen if there are too many passkeys.
        """
        ...

    def rename_passkey(self, holder: MeansHolder, key: str, name: str) -> None:
        """Name the passkey. `key`: of an OwnPasskey."""
        ...

    def remove_passkey(self, holder: MeansHolder, key: str) -> None:
        """Remove the passkey. A repeated call is no error."""
        ...

    def offer_app(self, holder: MeansHolder, *, now: int) -> AppOffer:
        """A new secret. Nothing is stored."""
        ...

    def offer_app_again(self, holder: MeansHolder, sealed: str, *, now: int) -> AppOffer:
        """The secret of an earlier offer to this person. Raises SignInRefused."""
        ...

    def set_app(self, holder: MeansHolder, sealed: str, *, code: str, now: int, recovering: bool = False) -> None:
        """Put the offered secret in place of the earlier one, if the code is right. The code is used up. A recovery ends.

        `recovering`: it completes the recovery, which may have ended (NotOpen), and ends all recovery codes.
        Raises SignInRefused.
        """
        ...

    def make_codes(self, holder: MeansHolder, *, attempt: str) -> list[str]:
        """Replace all recovery codes; gives the new ones. Digests of them are stored. `attempt`: the page, which does it once."""
        ...


class UserDirectory(Protocol):
    """The port of the user directory."""

    @property
    def login_help_text(self) -> str | None:
        """A text for the login page (the sandbox's users), or None."""
        ...

    @property
    def passkeys(self) -> Passkeys | None:
        """The passkeys, or None. Without them no page mentions passkeys."""
        ...

    @property
    def sign_in_means(self) -> SignInMeans | None:
        """What people change of their own sign-in, or None. Without it there is no page /security."""
        ...

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
        """The signed-in user, with the claims that `scope` and `claims` request. `username`: as it was typed.

        `attempt`: identifies this login in this browser. Only it may use its one-time code again.
        `browser`: identifies a browser in which this user signed in before, or None. Guesses elsewhere must not lock it.
        Raises SignInRefused, in the same time for an unknown name as for a wrong password.
        """
        ...

    def recall(
        self, username: str, *, scope: tuple[str, ...], now: int, claims: tuple[str, ...] = ()
    ) -> CurrentUser | None:
        """The user who has this name now, with the claims that `scope` and `claims` request.

        None if nobody has the name, or the user may not sign in now. Then the user's sessions are not usable.
        """
        ...

    def may_sign_in(self, sub: str, *, now: int) -> bool:
        """Whether the user with this sub may still sign in. It is called at each refresh.

        False revokes the grant. So it is for users who left or were excluded by the bank, and never for users who are locked
        after wrong passwords. Raises Suspended if the user may sign in again some day, and Unavailable if there is no answer now.
        """
        ...
