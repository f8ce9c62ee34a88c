"""Records of a grant, of the bond that can end it, and of its tokens.

They are immutable, as in records.py. A token value is never in a record, only its hash.
"""

from dataclasses import dataclass, field
from typing import Literal

from chalicelib.protocol_types import Detail
from chalicelib.storage.records import Authentication, AuthorizationRequest, Client


@dataclass(frozen=True)
class AccessToken:
    """An issued access token.

    `grant`: key of the user's grant, None for a client's own token (client_credentials).
    `dpop_nonce_required`: a DPoP proof must have a nonce of ours.
    `resources`: the protected resources that accept it (RFC 8707); empty means all.
    """

    client_id: str
    scope: tuple[str, ...]
    cnf: dict[str, str]
    issued_at: int
    expires_at: int
    grant: str | None = None
    dpop_nonce_required: bool = False
    authorization_details: tuple[Detail, ...] = ()
    resources: tuple[str, ...] = ()

    def is_of(self, client: Client) -> bool:
        """Whether it belongs to this client, and not to an earlier client of the same client_id."""
        return self.client_id == client.client_id and self.issued_at >= client.registered_at


Decision = Literal["", "approved", "denied"]

HISTORY = 365 * 24 * 3600
"""Seconds for which a person still sees a consent that has ended, and what was paid by it."""

UNREADABLE_EPOCH = 1 << 60
"""Of a bond whose epoch is no whole number. It is later than any time. No grant of it, or of a later one, is ever in force."""


@dataclass(frozen=True)
class End:
    """The end of a grant.

    `at`: when, epoch seconds. None if it ended because its code was used twice; no item says when that was.
    `by_bond`: all access of the client was ended then, or before; a bond says only when that was done last.
    """

    at: int | None
    by_bond: bool = False


@dataclass(frozen=True)
class Consumption:
    """The consumption of a granted detail. `at`: when. `by`: digest of the call's idempotency key."""

    at: int
    by: str


@dataclass(frozen=True)
class Grant:
    """A grant: an authorization request, its authentication and decision, and the consent that follows.

    A grant is one item from the request to the end of the last token, so that one write can end all of it.

    `key`: digest of the request_uri's secret. It is in page URLs and tokens, and is not secret.
    `request_expires_at`: end of the request_uri.
    `expires_at`: end of the current step: opening, deciding, or using.
    `consent_expires_at`: end of the consent and its tokens, as the page shows it.
    `browser`: digest of the cookie of the interaction's browser.
    `code_lifetime`: seconds from the decision.
    `bond`: key of the bond between user and client.
    `epoch`: the bond's epoch at the sign-in.
    `session`: digest of the session's token value that the sign-in used or began.
    `decision`: "" while open.
    `granted`: the granted authorization details.
    `given_at`: when the user approved.
    `approval`: the evidence of a linked approval (interaction/linked_approval.py), JSON; empty if nothing needed one.
    `redeemed_by`: the attempt that redeemed the code.
    `attempts`: all attempts with valid parameters. A second one is a replay.
    `token`, `token_hash`: the access token of the code, and the digest of its value.
    `front_token`, `front_hash`: the same for the access token of the authorization response.
    `*_ended_at`: when that token was revoked alone.
    `refresh_hash`: digest of the refresh token.
    `refresh_before`: digest of the one that it replaced, at `refreshed_at`.
    `refresh_family`: digest of the secret that all its refresh tokens share, if they rotate.
    `cnf`: the sender constraint of the refresh token.
    `revoked_at`: when the grant was revoked.
    `used_at`: a time on the day on which the refresh token was last used, 0 if it was not after the day of the approval.
    `consumed`: the consumed details by their index in `granted`. `consumption` reads them.
    `journey`: the interaction id of the login in the log. It is not a key.
    """

    key: str
    request: AuthorizationRequest
    request_expires_at: int = 0
    expires_at: int = 0
    consent_expires_at: int = 0
    browser: str = ""
    code_lifetime: int = 0
    login: Authentication | None = None
    bond: str | None = None
    epoch: int = 0
    session: str | None = None
    decision: Decision = ""
    granted: tuple[Detail, ...] = ()
    given_at: int = 0
    approval: str = ""
    code_hash: str | None = None
    code_expires_at: int = 0
    redeemed_by: str | None = None
    attempts: frozenset[str] = frozenset()
    token: AccessToken | None = None
    token_hash: str | None = None
    token_ended_at: int | None = None
    front_token: AccessToken | None = None
    front_hash: str | None = None
    front_ended_at: int | None = None
    refresh_hash: str | None = None
    refresh_family: str | None = None
    refresh_before: str | None = None
    refreshed_at: int = 0
    cnf: dict[str, str] | None = None
    revoked_at: int | None = None
    used_at: int = 0
    consumed: dict[str, str] = field(default_factory=dict)
    journey: str = ""

    @property
    def position(self) -> str:
        """Where an approved grant stands in its user's history: the value of `after` of Grants.history_of_person."""
        return f"{self.given_at}.{self.key}"

    @property
    def position_by_end(self) -> str:
        """Where it stands among its user's grants in force: the value of `after` of Grants.of_person."""
        return f"{self.consent_expires_at}.{self.key}"

    @property
    def client_id(self) -> str:
        """The client of the request."""
        return self.request.client_id

    @property
    def scope(self) -> tuple[str, ...]:
        """The requested scope values, all of which an approval grants."""
        return self.request.scope

    @property
    def authorization_details(self) -> tuple[Detail, ...]:
        """The granted authorization details (RFC 9396)."""
        return self.granted

    @property
    def person(self) -> Authentication:
        """The authentication. Only for a grant with one, as every approved grant has."""
        assert self.login is not None
        return self.login

    def is_of(self, client: Client) -> bool:
        """Whether it belongs to this client. A grant of an earlier client of the same client_id does not."""
        return self.client_id == client.client_id and self.given_at >= client.registered_at

    def is_requested_by(self, client: Client, *, lifetime: int) -> bool:
        """Whether this client sent the request, for a grant whose code is not redeemed; not an earlier client of the client_id.

        `lifetime`: seconds of its request_uri.
        """
        return self.client_id == client.client_id and self.request_expires_at - lifetime >= client.registered_at

    def consumption(self, index: int) -> Consumption | None:
        """The consumption of the granted detail with this index, or None."""
        at, point, by = self.consumed.get(str(index), "").partition(".")
        return Consumption(int(at), by) if point else None

    @property
    def last_used_at(self) -> int:
        """When its client last got a token by it, or did what may be done once, to the day."""
        done = [found.at for index in self.consumed if (found := self.consumption(int(index))) is not None]
        return max(self.given_at, self.used_at, self.refreshed_at, *done)

    def may_be_redeemed(self, *, now: int) -> bool:
        """Whether its code can still be redeemed."""
        return self.decision == "approved" and self.redeemed_by is None and now < self.code_expires_at

    def end(self, epoch: int, *, now: int) -> End | None:
        """When the grant ended; None while it is in force. `epoch`: as of `in_force`. An epoch is the time of its beginning."""
        if self.in_force(epoch, now=now):
            return None
        ends = [self.consent_expires_at, *([] if self.revoked_at is None else [self.revoked_at])]
        if len(self.attempts) > 1 and now < min(ends):
            return End(None)
        by_bond = self.epoch < epoch < min(ends)
        return End(epoch if by_bond else min(ends), by_bond)

    def in_force(self, epoch: int, *, now: int) -> bool:
        """Whether the grant is in force. `epoch`: the current epoch of its bond. A second attempt to redeem its code ended it.

        A deleted bond has the first epoch again. Grants that began after its last end are still in force.
        """
        return (
            self.decision == "approved"
            and self.revoked_at is None
            and len(self.attempts) <= 1
            and now < self.consent_expires_at
            and UNREADABLE_EPOCH > self.epoch >= epoch
        )


@dataclass(frozen=True)
class RememberedConsent:
    """A remembered consent: scope values and names of single claims that need no new consent.

    `until`: when it ends, epoch seconds.
    `source`: key of the grant that it belongs to and ends with.
    """

    scope: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    until: int = 0
    source: str = ""


@dataclass(frozen=True)
class Bond:
    """A bond between one user and one client. A write of a new `epoch` ends the client's access.

    Each grant has the epoch of its sign-in, so a new epoch ends all of them at once.
    `remembered`: the remembered consents, one per source and end. Each scope value or claim is in one of them.
    """

    epoch: int = 0
    remembered: tuple[RememberedConsent, ...] = ()
