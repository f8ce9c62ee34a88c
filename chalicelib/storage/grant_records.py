"""Records of a permission: the grant that it is, the bond that can end it, the tokens that come of it.

Frozen values, as those in records.py. A handle never stands in one; only its hash does.
"""

from dataclasses import dataclass, field
from typing import Literal

from chalicelib.protocol_types import Detail
from chalicelib.storage.records import Authentication, AuthorizationRequest, Client


@dataclass(frozen=True)
class AccessToken:
    """An issued access token. `grant`: key of the person's grant that it is of, None for a client's own (client_credentials).

    `dpop_nonce_required`: a proof that comes with it must carry a nonce of ours. `resources`: the protected resources that it is
    good at (RFC 8707), none for all.
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
        """Whether it is this client's, and not of one that was registered under this name before."""
        return self.client_id == client.client_id and self.issued_at >= client.registered_at


Decision = Literal["", "approved", "denied"]


@dataclass(frozen=True)
class Consumption:
    """A granted detail that a call of the bank's API consumed. `at`: when; `by`: digest of that call's idempotency key."""

    at: int
    by: str


@dataclass(frozen=True)
class Grant:
    """One permission: an authorization request, the login and the decision that answer it, and the consent that it becomes.

    One item, from the request's arrival to the end of the last token, so that what ends it is one write.

    `key`: digest of the request_uri's secret; also in page URLs and tokens, and no secret.
    `request_expires_at`: until when the request_uri may be opened. `expires_at`: until when the step that it is in may be
    done: opening, then deciding, then using. `consent_expires_at`: until when what comes of it lasts; the page says so.
    `browser`: digest of the cookie of the browser that answers it. `code_lifetime`: seconds, from the decision.
    `bond`: key of what the person and the client have with each other; `epoch`: its epoch at the sign-in.
    `session`: digest of the handle of the browser's session that the sign-in is from, or began.
    `decision`: "" while open. `granted`: of the request's authorization_details, what the person agreed to.
    `given_at`: when the person approved. `redeemed_by`: the attempt that redeemed the code; `attempts`: all that tried with
    everything right, of which the second is a theft.
    `token`: the access token that the code gave, `token_hash`: the digest of its handle. `front_token`, `front_hash`: of the
    one that came with the code. `*_ended_at`: when it was revoked by itself.
    `refresh_hash`: of the refresh token. `refresh_before`: of the one that it replaced, at `refreshed_at`.
    `refresh_family`: digest of what all of its refresh tokens have in common, where they are replaced at each use.
    `cnf`: what the refresh token is bound to.
    `revoked_at`: when all of it ended. `consumed`: of the granted details those that were used up, by their place in `granted`,
    each as `consumption` reads it. `journey`: what the login is named in the log, from its request to its last token; no key.
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
    consumed: dict[str, str] = field(default_factory=dict)
    journey: str = ""

    @property
    def client_id(self) -> str:
        """Whose request it is."""
        return self.request.client_id

    @property
    def scope(self) -> tuple[str, ...]:
        """The scope tokens that were asked for, all of which an approval grants."""
        return self.request.scope

    @property
    def authorization_details(self) -> tuple[Detail, ...]:
        """What was granted of the authorization details (RFC 9396)."""
        return self.granted

    @property
    def person(self) -> Authentication:
        """Who signed in. Only for a grant that somebody signed in to, as every approved one is."""
        assert self.login is not None
        return self.login

    def is_of(self, client: Client) -> bool:
        """Whether it is this client's: the approval of a client that was registered under this name before is not."""
        return self.client_id == client.client_id and self.given_at >= client.registered_at

    def is_requested_by(self, client: Client, *, lifetime: int) -> bool:
        """Whether this client asked for it, while nobody has redeemed its code; not one that had this name before.

        `lifetime`: of its request_uri, seconds.
        """
        return self.client_id == client.client_id and self.request_expires_at - lifetime >= client.registered_at

    def consumption(self, index: int) -> Consumption | None:
        """What used up the granted detail of that place, if anything did."""
        at, point, by = self.consumed.get(str(index), "").partition(".")
        return Consumption(int(at), by) if point else None

    def may_be_redeemed(self, *, now: int) -> bool:
        """Whether its code still waits to be redeemed."""
        return self.decision == "approved" and self.redeemed_by is None and now < self.code_expires_at

    def in_force(self, epoch: int, *, now: int) -> bool:
        """Whether what came of it may be used. `epoch`: its bond's, as it is now. A second attempt at its code ended it.

        A bond that was swept has its first epoch again. What began after its last end is in force still.
        """
        return (
            self.decision == "approved"
            and self.revoked_at is None
            and len(self.attempts) <= 1
            and now < self.consent_expires_at
            and self.epoch >= epoch
        )


@dataclass(frozen=True)
class RememberedConsent:
    """What a person agreed to that one client may have, and is not asked again: scope tokens, and names of single claims.

    `until`: when it is forgotten, epoch seconds. `source`: key of the grant that it lives from and ends with.
    """

    scope: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    until: int = 0
    source: str = ""


@dataclass(frozen=True)
class Bond:
    """What one person and one client have with each other. Ending their access is the writing of another `epoch`.

    Every grant carries the epoch in which the person signed in; with the epoch all of them end at once. `remembered`: apart,
    what lives from one grant until one time; each thing that was agreed to stands in one of them.
    """

    epoch: int = 0
    remembered: tuple[RememberedConsent, ...] = ()
