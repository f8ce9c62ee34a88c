"""Stores: the ports. A verb is a guarantee.

`keep` writes; `find` reads consistently and never returns what has expired; `spend` and `decide` succeed once, ever, whoever
races; `claim` succeeds once until expiry; `revoke` takes effect on the next read. `once=` names values that the same
write must be the first to use: either everything is written, or nothing is and AlreadyUsed is raised. Stores take handles and
keep only their hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from chalicelib.storage.records import (
    AccessToken,
    Agreement,
    Client,
    Consent,
    Interaction,
    Login,
    Once,
    PasskeyHolder,
    PushedRequest,
    Session,
    SigningKey,
    User,
)


class AlreadyUsed(Exception):
    """A value that may be used once was used before; `value` is that one."""

    def __init__(self, value: Once) -> None:
        super().__init__(f"this {value.what} was used before")
        self.value = value


class Replayed(Exception):
    """A code that was redeemed before, or a refresh token that was replaced, came again; carries what it once gave."""

    def __init__(self, consent_id: str) -> None:
        super().__init__("already used")
        self.consent_id = consent_id


class Gone(Exception):
    """What was to be changed is not there, has expired, was decided before, or is another browser's."""


class Clients(Protocol):
    def find(self, client_id: str, *, now: int) -> Client | None:
        """The client; may be a minute old (cached in the warm function)."""

    def keep(self, client: Client) -> None:
        """Register or replace."""


class Users(Protocol):
    def keep(self, user: User) -> None:
        """Add or replace."""

    def find(self, username: str) -> User | None: ...

    def failed(self, username: str, *, now: int) -> None:
        """Count a failed attempt. An unknown name is no error, and takes as long."""

    def cleared(self, username: str) -> None:
        """Forget failed attempts."""

    def invite(self, username: str, *, invitation: str, until: int) -> None:
        """Let the person add one passkey, in place of an invitation before. Raises Gone where nobody has that name."""

    def exchange(
        self, username: str, *, invitation: str, ticket: str, until: int, now: int, once: Sequence[Once] = ()
    ) -> None:
        """Use the invitation up for `ticket`, which allows the same until then. Raises Gone unless it is in force."""

    def add_passkey(self, user: User, passkey: dict[str, Any], *, ticket: str, sign_count: int, now: int) -> None:
        """Use the ticket up for a passkey; `user` was read since it is in force. Raises Gone unless it is, or for a known one."""

    def find_by_passkey(self, credential_id: str) -> PasskeyHolder | None: ...

    def counted(self, credential_id: str, sign_count: int) -> None:
        """Remember how often the authenticator signed. Raises Gone unless that is more than before."""


class PushedRequests(Protocol):
    def keep(self, handle: str, pushed: PushedRequest, *, now: int, once: Sequence[Once] = ()) -> None: ...

    def find(self, handle: str, *, now: int) -> PushedRequest | None: ...


class Interactions(Protocol):
    def begin(self, interaction: Interaction) -> None:
        """Write it, in place of an undecided one of the same key. Raises Gone if that one was decided."""

    def find(self, key: str, *, now: int) -> Interaction | None: ...

    def authenticate(self, key: str, browser: str, login: Login, *, now: int, once: Sequence[Once] = ()) -> None:
        """Say who the person is. Raises Gone unless it is this browser's and still open."""

    def decide(
        self,
        key: str,
        browser: str,
        *,
        decision: str,
        now: int,
        person: str = "",
        consent_id: str | None = None,
        code: str | None = None,
        granted: Sequence[dict[str, Any]] = (),
    ) -> Interaction:
        """Approve or deny, once. Raises Gone unless it is this browser's, still open and, to approve, logged in as `person`.

        To approve, `person` is the digest of the sub of who was asked, `consent_id` names the consent to be and `code` is the
        handle that redeems it; `granted`: the authorization_details that the person agreed to.
        """

    def find_code(self, key: str) -> Interaction | None:
        """The interaction that a code names, expired or not: who asks decides what that means."""

    def spend(
        self,
        interaction: Interaction,
        *,
        consent: Consent,
        handle: str,
        token: AccessToken,
        now: int,
        once: Sequence[Once] = (),
    ) -> None:
        """Redeem the code and write what it gives, all or nothing. Raises Replayed to all but one, or Gone if expired."""


class Tokens(Protocol):
    def keep(
        self,
        handle: str,
        token: AccessToken,
        *,
        now: int,
        once: Sequence[Once] = (),
    ) -> None:
        """Write a token. Raises Gone unless its consent, if it has one, is active in that instant."""

    def rotate(
        self,
        consent: Consent,
        refresh_hash: str,
        *,
        handle: str,
        token: AccessToken,
        now: int,
        once: Sequence[Once] = (),
    ) -> None:
        """Put another refresh token in the place of the consent's, and write a token, all or nothing.

        `consent`: as it was found, with the refresh token that is used. Raises Replayed to all but one who use it, or Gone
        unless the consent is active in that instant.
        """

    def begin(self, consent: Consent, handle: str, token: AccessToken) -> None:
        """Write a consent with its first token, before its code is redeemed, which then writes the consent anew."""

    def find(self, handle: str, *, now: int) -> tuple[AccessToken, Consent | None] | None:
        """The token with its consent, in one read; None unless both are in force."""

    def look_up(self, handle: str, *, now: int) -> tuple[AccessToken | None, Consent | None]:
        """Of a handle that may be of either kind: the access token and its consent; or, where `handle` is the consent's
        refresh token, None and that consent; or twice None. In one read."""

    def revoke(self, handle: str, *, now: int, once: Sequence[Once] = ()) -> None: ...


class Consents(Protocol):
    def find(self, consent_id: str, *, now: int) -> Consent | None:
        """The consent, if it is in force."""

    def revoke(self, consent_id: str, *, now: int, once: Sequence[Once] = ()) -> None:
        """Every token that came of it is dead from here on. Revoking twice is no error."""

    def of(self, sub: str, *, now: int, after: str | None = None, most: int = 25) -> tuple[list[Consent], str | None]:
        """Those of a person that are in force, the newest first, and what to ask `after` for more of them; None at the end.

        `most`: how many are looked at, in force or not. One that is some seconds old may not be among them yet; what is told
        of each is as of now.
        """


class Agreements(Protocol):
    """What people agreed to, by person (the bank's own sub) and client."""

    def find(self, sub: str, client_id: str, *, now: int) -> Agreement:
        """What is in force of it; nothing, where there is none."""

    def remember(self, sub: str, client_id: str, agreement: Agreement, *, until: int) -> None:
        """Add to it. What is there already and is not named now lasts no longer than it did."""

    def forget(self, sub: str, client_id: str) -> None:
        """From here on the person is asked again. What came of it is not touched."""


class Sessions(Protocol):
    """Who is recognised in which browser."""

    def begin(self, handle: str, session: Session, *, instead_of: str | None = None) -> None:
        """Write it, and end the one of the handle `instead_of`, all or nothing."""

    def find(self, handle: str, *, now: int) -> Session | None: ...

    def end(self, handle: str) -> None:
        """It is not found from here on. Ending twice is no error."""


class UsedOnce(Protocol):
    def claim(self, once: Sequence[Once], *, now: int) -> None:
        """Raises AlreadyUsed unless this is the first use of every value."""


class SigningKeys(Protocol):
    def keep(self, key: SigningKey) -> None: ...

    def all(self, *, now: int) -> tuple[SigningKey, ...]:
        """Every key of the registry; may be minutes old (cached in the warm function)."""
