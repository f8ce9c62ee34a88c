"""The stores (ports). Each verb is a guarantee.

`put` writes. `find` reads consistently, and never gives an expired item. `decide` and `redeem` succeed once in all races.
`consume` succeeds once until expiry. `revoke` and `end` take effect at the next read. Each is one conditional write of one item
and may be sent twice: it sets, adds to a set, or names its attempt. Stores take token values and store only hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.protocol_types import Detail, Standing
from chalicelib.storage.grant_records import AccessToken, Bond, Grant, RememberedConsent
from chalicelib.storage.records import Authentication, Client, SingleUse, User, UserProfile
from chalicelib.storage.revocation_stores import Along
from chalicelib.storage.token_values import TokenValue


class AlreadyUsed(Exception):
    """A value for single use was used before. `value`: that value."""

    def __init__(self, value: SingleUse) -> None:
        super().__init__(f"this {value.what} was used before")
        self.value = value


class Replayed(Exception):
    """A redeemed code was sent again, and the write has revoked the grant; or a replaced refresh token, which revokes nothing."""


class NotOpen(Exception):
    """The item is missing, expired, decided, or another browser's."""


class Clients(Protocol):
    def find(self, client_id: str, *, now: int) -> Client | None:
        """The client. It may be a minute old (cached in the warm function)."""

    def put(self, client: Client, *, new: bool = False) -> None:
        """Register, or replace the record that is there. A suspended client stays suspended.

        `new`: raises NotOpen if there is one, also a suspended one. Raises NotOpen if it was changed between the read that
        comes first and the write.
        """


class Users(Protocol):
    def put(self, user: User) -> None:
        """Add or replace. An earlier sub of the name is then unknown. A suspended user stays suspended.

        Without `passkey_keys` all passkeys that have an item are removed. Otherwise those in the table stay. So it is with
        `own_totp` and `recovery_codes`. Raises NotOpen if it was changed between the read that comes first and the write.
        """

    def remove(self, username: str, *, now: int) -> None:
        """Remove the user. The name and the sub are then unknown. Raises NotOpen for an unknown name."""

    def standing(self, sub: str) -> Standing:
        """Whether a user has this sub, and is not suspended. One read."""

    def named(self, person: str) -> str | None:
        """The username of the sub with this digest; None if no user has it."""

    def find(self, username: str) -> User | None: ...
    def find_profile(self, username: str) -> UserProfile | None:
        """The user's profile, read without any secret. None also if it is not stored yet, or the user is suspended."""

    def keep_profile(self, user: User) -> None: ...

    def admit(
        self, username: str, *, attempt: str, free: int, locks: Sequence[int], now: int, browser: str = ""
    ) -> tuple[User | None, bool]:
        """Count an attempt before it is checked. Gives the user, and whether it may be checked. One write, as for no user.

        `free`: number of attempts before the first lock.
        `locks`: seconds after each further one. The last value repeats.
        `browser`: identifies a known browser, which has its own count. `attempt`: its name, so that it counts once.
        """

    def use_code(self, username: str, step: int, *, attempt: str, browser: str = "") -> bool:
        """Use up the one-time code of a time step and all earlier ones, and reset the count of attempts. One write.

        Gives whether it is the first time. The same `attempt` may use the code again.

        Raises NotOpen if the code or a later one was used, or the name is unknown.
        """

    def invite(self, username: str, *, invitation: str, until: int) -> None:
        """Allow the user to add one passkey. It replaces an earlier invitation. A repeated write changes nothing.

        Raises NotOpen for an unknown name, and for a user who was invited or reset meanwhile.
        """

    def exchange(self, username: str, *, invitation: str, enrolment_token: str, until: int, now: int) -> None:
        """Exchange the invitation for `enrolment_token`, valid until `until`. Raises NotOpen if it is not in force."""


class Grants(Protocol):
    """Grants. A grant is one item, and each step is one conditional write."""

    def push(self, grant: Grant) -> None:
        """Write a new grant, whose key is the digest of a new secret. A repeated write changes nothing."""

    def open(self, key: str, client_id: str, browser: str, *, now: int, expires_at: int, code_lifetime: int) -> Grant:
        """Bind the grant to the browser with the cookie `browser`, in place of an earlier one. Gives the grant.

        Raises NotOpen unless it is this client's, its request_uri is valid, and nothing was decided.
        """

    def find(self, key: str, *, now: int) -> Grant | None:
        """The grant, if its current step is still possible."""

    def find_beside(self, key: str, bond: str, *, now: int) -> tuple[Grant | None, int]:
        """The same, and the epoch of a bond that is not the grant's, in one read."""

    def authenticate(
        self,
        key: str,
        browser: str,
        login: Authentication,
        *,
        bond: str,
        epoch: int,
        now: int,
        session: str | None = None,
        expires_at: int | None = None,
    ) -> None:
        """Write the authentication and the bond's epoch. Raises NotOpen unless it is this browser's and undecided.

        `session`: digest of the session's token value; None keeps the stored one, because a repeated form begins no session.
        `expires_at`: an earlier end for the decision.
        """

    def approve(
        self,
        key: str,
        browser: str,
        *,
        person: str,
        secret: str,
        now: int,
        granted: Sequence[Detail] = (),
        approval: str = "",
        session: str | None = None,
        until: int | None = None,
        shown: str = "",
        front: tuple[str, AccessToken] | None = None,
    ) -> Grant:
        """Approve, and make the code of this secret redeemable. A repeated approval replaces the code until one is redeemed.

        `person`: digest of the sub of the user on the page. `granted`, `approval`: the granted details, and the evidence of it.
        `session`: digest of the session that was checked, None if none was. `until`: an earlier end of the consent.
        `shown`: the summary of the page's words, empty if there was no page.
        `front`: the access token of the authorization response, and its value.
        Raises NotOpen unless it is this browser's, in time, of that user and session, not denied and not redeemed.
        """

    def deny(self, key: str, browser: str, *, now: int) -> Grant:
        """Deny, also repeatedly. Raises NotOpen unless it is this browser's, in time and not approved."""

    def find_code(self, code: TokenValue, *, along: Along = None) -> tuple[Grant, int] | None:
        """The grant of a code, in force or not, and its bond's epoch. The caller decides what they mean. One read.

        `along`: is read in the same call.
        """

    def redeem(
        self,
        grant: Grant,
        code: TokenValue,
        *,
        attempt: str,
        access_token: str,
        token: AccessToken,
        refresh_hash: str | None,
        refresh_family: str | None,
        now: int,
    ) -> Grant:
        """Redeem the code for these tokens. Only the first attempt gets them. The write of a second attempt ends the grant.

        Raises Replayed for every attempt but the first, and for the first if there was another since. Raises NotOpen if the
        code has expired or is not the newest, or the grant was revoked.
        """

    def find_refreshable(self, refresh_token: TokenValue, *, now: int, along: Along = None) -> Grant | None:
        """The grant of a refresh token, if it is in force. The caller checks whether the token is its refresh token.

        `along`: is read in the same call.
        """

    def rotate(self, grant: Grant, refresh_hash: str, *, now: int, again: bool = False) -> None:
        """Replace the grant's refresh token, as it was read. Raises Replayed for all but one, or NotOpen unless the grant is in
        force.

        `again`: replace a token whose response was lost; the token before it keeps its tolerance.
        """

    def used(self, key: str, *, now: int) -> None:
        """Write that the grant's client used it now, for the person's page. Nothing is written for a grant that was revoked."""

    def revoke(self, key: str, *, now: int) -> bool:
        """Revoke the grant and all its tokens. Gives whether it exists. A repeated revocation is no error."""

    def revoke_own(self, key: str, sub: str, *, now: int) -> Grant | None:
        """Revoke this user's approved grant as `revoke` does, and give it. None for any other, or one that is gone."""

    def consume(self, grant: Grant, index: int, *, by: str, now: int) -> None:
        """Consume the granted detail with this index. The same `by`, a digest of the idempotency key, may do so again.

        Raises Replayed if another consumed it, or NotOpen unless the grant is in force at that moment.
        """

    def relied_on(self, key: str, epoch: int, *, now: int, since: int = 0) -> bool:
        """Whether remembered consent may depend on this grant: it is in force, and its code was redeemed or still may be.

        `since`: it was approved no earlier.
        """

    def of_person(
        self, sub: str, *, now: int, after: str | None = None, limit: int = 100
    ) -> tuple[list[Grant], str | None]:
        """The user's grants in force, first the one that ends last, and the value of `after` for more; None at the end.

        `limit`: how many are read at once. Expired and revoked ones make it no longer. It may be empty before the end if very
        many were ended by their bonds. One of the last seconds may be missing. All are current.
        """

    def history_of_person(
        self, sub: str, *, after: str | None = None, limit: int = 100
    ) -> tuple[list[tuple[Grant, int]], str | None]:
        """The user's grants whose codes were redeemed, in force or not, each with the epoch of its bond; the newest first, and
        the value of `after` for more, None at the end.

        It reads `limit` of them once, and may be empty before the end. They stay a year after the end that was agreed to.
        """


class Bonds(Protocol):
    """Bonds, by a keyed hash of user and client."""

    def find(self, key: str, *, now: int) -> Bond:
        """The bond. A missing bond has the first epoch and no remembered consent. A consistent read."""

    def remember(self, key: str, bond: Bond, more: RememberedConsent, *, keep: int, client_id: str, sub: str) -> None:
        """Add a remembered consent. What `more` names then belongs to its source and ends with it.

        Other remembered consent is unchanged. `bond`: only its epoch is used. `keep`, `client_id`, `sub`: as of `end`. Raises
        NotOpen unless the epoch is the same.
        """

    def rely(self, key: str, bond: Bond, source: str) -> None:
        """Move the remembered consent of `bond` to another grant, with the same end. `bond`: as it was read, or less.

        Raises NotOpen unless all of it is still as it was read.
        """

    def end(self, key: str, *, now: int, keep: int, client_id: str = "", sub: str = "") -> None:
        """Begin a new epoch: no remembered consent, and all grants of earlier epochs end. One write.

        `keep`: end of the item, after all grants of earlier epochs. `client_id`, `sub`: whose, for the record.
        """


class Tokens(Protocol):
    """Access tokens. A client's own and refreshed tokens have an item; the others are part of their grant."""

    def put(self, token_value: str, token: AccessToken) -> None:
        """Write a token with a new token value. A repeated write changes nothing."""

    def find(self, token_value: str, *, now: int, along: Along = None) -> tuple[AccessToken, Grant | None] | None:
        """The token with its grant, in one read; None unless both are in force. `along`: is read in the same call."""

    def look_up(self, token_value: str, *, now: int, along: Along = None) -> tuple[AccessToken | None, Grant | None]:
        """The access token and its grant; or, for a refresh token, None and its grant in force, even for a replaced one; or
        None twice. One read. `along`: is read in the same call, unless the value is no token's and nothing is read.
        """

    def revoke(self, token_value: str, grant: Grant | None, *, now: int) -> None:
        """Revoke this access token only. A repeated revocation, or one of a missing token, is no error.

        `grant`: its grant, from `look_up`.
        """


class ReplayCache(Protocol):
    def offer(self, single_use: SingleUse) -> None:
        """Store a value that we gave out, until it expires. A repeated write changes nothing."""

    def consume(self, single_use: SingleUse, *, now: int, attempt: str | None = None) -> bool:
        """Use the value up. Raises AlreadyUsed if another attempt did, and NotOpen if it must have been stored and was not.

        `attempt`: names the user of the value, who may repeat it. Gives whether this is the first time.
        """
