"""Stores: the ports. A verb is a guarantee.

`put` writes; `find` reads consistently and never returns what has expired; `decide` and `redeem` succeed once, ever, whoever
races; `claim` succeeds once until expiry; `revoke` and `end` take effect on the next read. Each of them is one conditional
write of one item, which may be sent twice: it sets, adds to a set, or names its attempt. Stores take handles and keep only
their hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.protocol_types import Detail, Passkey
from chalicelib.storage.grant_records import AccessToken, Bond, Grant, RememberedConsent
from chalicelib.storage.records import Authentication, Client, PasskeyHolder, Session, SigningKey, SingleUse, User
from chalicelib.storage.token_values import TokenValue


class AlreadyUsed(Exception):
    """A value that may be used once was used before; `value` is that one."""

    def __init__(self, value: SingleUse) -> None:
        super().__init__(f"this {value.what} was used before")
        self.value = value


class Replayed(Exception):
    """A code that was redeemed before came again, and the write that noticed has ended what it gave; or a refresh token
    that was replaced came again, which ends nothing by itself."""


class NotOpen(Exception):
    """What was to be changed is not there, has expired, was decided before, or is another browser's."""


class Clients(Protocol):
    def find(self, client_id: str, *, now: int) -> Client | None:
        """The client; may be a minute old (cached in the warm function)."""

    def put(self, client: Client) -> None:
        """Register or replace."""


class Users(Protocol):
    def put(self, user: User) -> None:
        """Add or replace. A sub that the name had before is known no more."""

    def remove(self, username: str, *, now: int) -> None:
        """Nobody has that name from here on, and their sub is known no more. Raises NotOpen where nobody has it."""

    def is_known(self, sub: str) -> bool:
        """Whether somebody has this sub. One read."""

    def find(self, username: str) -> User | None: ...

    def admit(
        self, username: str, *, attempt: str, free: int, locks: Sequence[int], now: int, browser: str = ""
    ) -> bool:
        """Count an attempt that is about to be looked at; False where it must not be. One write; an unknown name takes as long.

        `free`: how many attempts are, before the first lock. `locks`: seconds after each further one; the last goes on.
        `browser`: what names a browser in which the person is known, which counts for itself. `attempt`: named, it counts once.
        """

    def cleared(self, username: str, *, browser: str = "") -> None:
        """Forget the attempts that were counted."""

    def invite(self, username: str, *, invitation: str, until: int) -> None:
        """Let the person add one passkey, in place of an invitation before. Raises NotOpen where nobody has that name."""

    def exchange(self, username: str, *, invitation: str, enrolment_token: str, until: int, now: int) -> None:
        """Use the invitation up for `enrolment_token`, which allows the same until then. Raises NotOpen unless it is in force."""

    def add_passkey(self, user: User, passkey: Passkey, *, enrolment_token: str, sign_count: int, now: int) -> None:
        """Use the token up for a passkey; `user` was read since it is in force. Raises NotOpen unless so, or for a known one."""

    def find_by_passkey(self, credential_id: str) -> PasskeyHolder | None: ...

    def counted(self, credential_id: str, sign_count: int, *, attempt: str) -> None:
        """Remember how often the authenticator signed. Raises NotOpen unless that is more than before, or of the same attempt."""


class Grants(Protocol):
    """One item a permission. Each step is one conditional write."""

    def push(self, grant: Grant) -> None:
        """Write a new one, under the digest of a secret that nobody has yet. Sent again it changes nothing."""

    def open(self, key: str, client_id: str, browser: str, *, now: int, expires_at: int, code_lifetime: int) -> Grant:
        """Let the browser of the cookie `browser` answer it until then, in place of one before. Gives the grant.

        Raises NotOpen unless it is this client's, its request_uri may still be opened, and nothing was decided.
        """

    def find(self, key: str, *, now: int) -> Grant | None:
        """The grant, if the step that it is in may still be done."""

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
        """Say who the person is, and in which epoch of the bond. Raises NotOpen unless it is this browser's and undecided.

        `session`: digest of the handle of the session that the login is from or begins; None leaves what is there, since the
        same form that is posted again begins none. `expires_at`: until when the person
        may decide, where that is sooner.
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
        session: str | None = None,
        until: int | None = None,
        front: tuple[str, AccessToken] | None = None,
    ) -> Grant:
        """Approve, and let the code of this secret be redeemed. Again until it is: then another code takes its place.

        `person`: the digest of the sub of who was asked. `granted`: the authorization_details that the person agreed to.
        `session`: digest of the handle of the session that was looked at, None where none was. `until`: when what comes of
        it ends, where that is sooner. `front`: the access token that goes out with the code, and its handle.
        Raises NotOpen unless it is this browser's, in time, of that person and session, not denied and not redeemed.
        """

    def deny(self, key: str, browser: str, *, now: int) -> Grant:
        """Deny, or deny again. Raises NotOpen unless it is this browser's, in time and not approved."""

    def find_code(self, code: TokenValue) -> tuple[Grant, int] | None:
        """The grant that a code names, in force or not, and its bond's epoch: who asks decides what that means. One read."""

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
        """Redeem the code for these tokens. The first attempt has it, ever; the next one ends the grant by the same write.

        Raises Replayed to all but the first, and to the first if another came since. Raises NotOpen where the code expired,
        is not the newest, or the grant was revoked.
        """

    def find_refreshable(self, refresh_token: TokenValue, *, now: int) -> Grant | None:
        """The grant that a refresh token names, if it is in force; whether it is its refresh token is for who asks."""

    def rotate(self, grant: Grant, refresh_hash: str, *, now: int, again: bool = False) -> None:
        """Put another refresh token in the place of the grant's, as it was found.

        `again`: in the place of one whose answer was lost; the one before it stays what it was, and until when.
        Raises Replayed to all but one, or NotOpen unless the grant is in force in that instant.
        """

    def revoke(self, key: str, *, now: int) -> bool:
        """Everything that came of it is dead from here on. Gives whether it is there; revoking twice is no error."""
        ...

    def consume(self, grant: Grant, index: int, *, by: str, now: int) -> None:
        """Use up the granted detail of that place. The same `by`, a digest of what names the call, may do so again.

        Raises Replayed where another used it up, or NotOpen unless the grant is in force in that instant.
        """

    def relied_on(self, key: str, epoch: int, *, now: int, since: int = 0) -> bool:
        """Whether what lives from this grant may live: it is in force, and its code was redeemed or still may be.

        `since`: it was approved no earlier than that.
        """

    def of_person(
        self, sub: str, *, now: int, after: str | None = None, limit: int = 100
    ) -> tuple[list[Grant], str | None]:
        """Those of a person that are in force, the newest first, and what to ask `after` for more of them; None at the end.

        None are given only at the end. `limit`: how many are looked at at once, in force or not. One that is some seconds
        old may not be among them yet; what is told of each is as of now.
        """


class Bonds(Protocol):
    """What each person and client have with each other, by a keyed hash of both."""

    def find(self, key: str, *, now: int) -> Bond:
        """The bond; one that is not there has the first epoch, and nothing is remembered. Read consistently."""

    def remember(self, key: str, bond: Bond, more: RememberedConsent, *, keep: int) -> None:
        """Add to what is remembered; what `more` names lives from its source from here on, and lasts as long.

        What is there already and is not named stays as it is. `bond`: of which only the epoch matters. `keep`: until when
        the item stays. Raises NotOpen unless its epoch is still the same.
        """

    def rely(self, key: str, bond: Bond, source: str) -> None:
        """Let what `bond` has remembered live from another grant, no longer than before. `bond`: as it was found, or less.

        Raises NotOpen unless all that it has is still as it was found.
        """

    def end(self, key: str, *, now: int, keep: int) -> None:
        """Begin a new epoch: nothing is remembered, and every grant of an epoch before is over. One write.

        `keep`: until when the item stays, which is as long as any grant of an epoch before could last.
        """


class Tokens(Protocol):
    """Access tokens: a client's own and refreshed ones have an item, the others stand in their grant."""

    def put(self, token_value: str, token: AccessToken) -> None:
        """Write a token under a handle that nobody has yet. Sent again it changes nothing."""

    def find(self, token_value: str, *, now: int) -> tuple[AccessToken, Grant | None] | None:
        """The token with its grant, in one read; None unless both are in force."""

    def look_up(self, token_value: str, *, now: int) -> tuple[AccessToken | None, Grant | None]:
        """Of a handle that may be of either kind: the access token and its grant; or, where `token_value` is a refresh token,
        None and its grant in force, whose newest it need not be; or twice None. In one read."""

    def revoke(self, token_value: str, grant: Grant | None, *, now: int) -> None:
        """That access token alone is dead from here on. Revoking twice, or what is not there, is no error.

        `grant`: its own, as it was looked up.
        """


class Sessions(Protocol):
    """Who is recognised in which browser."""

    def begin(self, token_value: str, session: Session) -> None:
        """Write it, under a handle that nobody has yet. Sent again it changes nothing."""

    def replace(self, token_value: str, *, now: int) -> None:
        """Another one takes its place: it is not found from here on. What the person began in it goes on."""

    def find(self, token_value: str, *, now: int) -> Session | None: ...

    def end(self, token_value: str, *, now: int, keep: int) -> None:
        """The person signed out: it is not found from here on. `keep`: until when that is known. Twice is no error."""

    def signed_out(self, session: str) -> bool:
        """Whether the person signed out of the session of this digest."""


class ReplayCache(Protocol):
    def offer(self, single_use: SingleUse) -> None:
        """Remember that we gave it out, until it expires. Sent again it changes nothing."""

    def consume(self, single_use: SingleUse, *, now: int, attempt: str | None = None) -> bool:
        """Use it. Raises AlreadyUsed where another attempt did, NotOpen where it was to be offered and was not.

        `attempt`: names who uses it, who may do so again. Gives whether this is the first time, so that what only the first
        use may give is given once.
        """


class Sweeping(Protocol):
    """What takes the place of time to live where tables have none."""

    def make_tables(self, *, now: int) -> list[str]:
        """Make the tables of this week and of those ahead; gives the new ones."""

    def drop_tables(self, *, now: int) -> list[str]:
        """Drop the tables of the week before last and before, in which nothing is good any more; gives them."""

    def delete_expired(self, *, now: int, pages: int) -> tuple[int, bool]:
        """Delete grants and bonds that expired a day ago, each only as it was seen. Looks at so many pages of each table.

        Gives how many, and whether all was looked at.
        """


class SigningKeys(Protocol):
    def put(self, key: SigningKey) -> None: ...

    def all(self, *, now: int) -> tuple[SigningKey, ...]:
        """Every key of the registry; may be minutes old (cached in the warm function)."""
