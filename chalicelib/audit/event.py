"""An event of the record, its form as a JSON line, and the names of what can happen.

`ducat audit`, the bucket and the event bus read this form. A member is added to it and never given another meaning.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from chalicelib.protocol_types import JsonObject, Untyped

VERSION = 1

ERASED = "erased"
"""The `person` of an event about somebody whose key was deleted before the event was made."""

ActorKind = Literal["person", "client", "operator", "schedule", "aws", "unknown"]

WHAT = {
    "client.added": "A client was registered.",
    "client.changed": "Registered metadata of a client changed. `changed`: their names.",
    "client.suspended": "A client was suspended.",
    "client.resumed": "The suspension of a client ended.",
    "client.ended": "A client was deleted. Nothing that it was granted is accepted.",
    "user.added": "A user was enrolled.",
    "user.changed": "Other data of a user changed. `changed`: the names of the members.",
    "user.claims_changed": "Claims or accounts of a user changed. `changed`: which.",
    "user.password_changed": "A user has another password.",
    "user.second_factor_changed": "A user has another secret of one-time codes.",
    "user.suspended": "A user was suspended.",
    "user.resumed": "The suspension of a user ended.",
    "user.invited": "A user was invited to add a passkey.",
    "user.invitation_used": "An invitation was exchanged in a browser.",
    "user.invitation_ended": "An invitation was used up or taken back.",
    "user.passkey_added": "A passkey was added to a user.",
    "user.passkey_removed": "A passkey of a user was removed.",
    "user.passkey_renamed": "A passkey of a user has another name.",
    "user.recovery_codes_made": "A user has new recovery codes, and the earlier ones are void. `left`: how many.",
    "user.recovery_code_used": "A user signed in with a recovery code, to change how they sign in. `left`: how many are left.",
    "user.recovery_codes_ended": "The recovery codes of a user are void. `left`: 0.",
    "user.recovery_begun": "A recovery was begun by the password of a user. `ready_at`: from when it can be completed.",
    "user.recovery_completed": "A user set up another app by a recovery, after its wait.",
    "user.recovery_cancelled": "A recovery was stopped, or ended by another app, a reset or a suspension.",
    "user.unlocked": "The failed attempts of a user were forgotten by an operator.",
    "user.locked": "Five or more attempts in a row had no success so far. Further ones have to wait.",
    "user.ended": "A user was deleted.",
    "user.left": "The sub of a user is unknown from then on: nothing is refreshed for it.",
    "user.returned": "A sub that had left is known again.",
    "user.forgotten": "The item of a sub was deleted.",
    "grant.requested": "A client asked for access: an authorization request was pushed or sent.",
    "grant.opened": "A browser opened the authorization request.",
    "grant.authenticated": "A person signed in for the request, or was recognised by a session.",
    "grant.approved": "A person agreed. The sealed part says to what, in which words, and how the person signed in.",
    "grant.denied": "The request was refused on the page, or without one.",
    "grant.redeemed": "The code was exchanged for tokens.",
    "grant.code_replayed": "A code was sent a second time. The grant has ended.",
    "grant.refreshed": "A refresh token was replaced.",
    "grant.consumed": "A detail that is agreed to once, such as a payment, was used. `detail`: its index.",
    "grant.token_ended": "One access token of a grant was revoked.",
    "grant.ended": "A grant was revoked, with all its tokens.",
    "grant.deleted": "A grant was deleted before its end.",
    "access.ended": "All access of one client to one person's data was ended.",
    "access.deleted": "The item of a person and a client was deleted before its end.",
    "consent.remembered": "A consent is remembered for later requests. `scope`, `claims`: what.",
    "session.began": "A browser is recognised from then on.",
    "session.replaced": "A session was replaced by a newer one.",
    "session.signed_out": "A person signed out.",
    "session.all_ended": "A person signed out in every browser. No session of before is accepted.",
    "session.deleted": "A session was deleted before its end.",
    "key.added": "A signing key was published.",
    "key.changed": "A published key changed. `changed`: the names of the members.",
    "key.withdrawn": "A signing key is to be published no longer than until the given time.",
    "key.removed": "A signing key was deleted.",
    "data_key.made": "A data key for the secrets of one-time codes was made.",
    "certificate.denied": "A client certificate was denied.",
    "certificate.allowed": "A denied client certificate was allowed again.",
    "crl.fetched": "The CRLs of an authority were written.",
    "crl.removed": "The CRLs of an authority were deleted.",
    "truststore.changed": "The truststore's object was written.",
    "truststore.removed": "The truststore's object was deleted.",
    "sign_in.succeeded": "A person signed in.",
    "sign_in.refused": "An attempt to sign in was refused.",
    "sign_in.locked": "An attempt was refused because of too many before.",
    "approval.refused": "A payment was refused in the bank's app, or the app's answer approved none. `reason`: which.",
    "token.issued": "A client got an access token of its own, which concerns no person.",
    "token.refreshed": "A client got a new access token by a refresh token.",
    "token.revoked": "A client had a token revoked.",
    "request.refused": "A request was refused. `error`, `reason`: why.",
    "request.replayed": "Something that may be used once was used again.",
    "request.reported": "A log line has an event that this release does not know. `event`: which.",
    "request.failed": "A request failed because of the server.",
    "certificate.refused": "A certificate was refused as revoked, or for a CRL that is too old.",
    "job.reported": "A scheduled job reported something. `event`, `reason`: what.",
    "unreadable": "A change could not be read, such as one by a later release. `table`: where.",
}
"""Each name of what can happen, in a sentence. Beside them `<table>.changed` tells of unknown attributes."""


@dataclass(frozen=True)
class Actor:
    """Who did it.

    `kind`: unknown for a change that was not made by the product, such as one by hand in AWS's console.
    `id`: a person's pseudonym, a client_id, an operator's ARN or OS user, a job's name. Empty where there is none.
    """

    kind: ActorKind
    id: str = ""


@dataclass(frozen=True)
class Event:
    """One event.

    `id`: unique, and the same whenever the event is made again.
    `at`: epoch seconds, of the change or of the log line.
    `what`: a key of `WHAT`, or `<table>.changed`.
    `sequence`: sorts the events within a second, as texts.
    `writer`: the function or command that did it.
    `client`: client_id of the client concerned.
    `person`: pseudonym of the person concerned, or `ERASED`.
    `grant`: the consent's id: the grant's key.
    `journey`: the interaction id of the whole login. It is the reference on its error pages.
    `interaction`: the interaction id of this request.
    `key`: of the item, where it is none of these: a kid, a certificate's thumbprint, an object's URL.
    `details`: what else can be told without naming a person.
    `sealed`: the personal part, encrypted by the person's key, base64url. Without that key nobody can read it.
    """

    id: str
    at: int
    what: str
    actor: Actor
    sequence: str = ""
    writer: str = ""
    client: str = ""
    person: str = ""
    grant: str = ""
    journey: str = ""
    interaction: str = ""
    key: str = ""
    details: JsonObject = field(default_factory=dict)
    sealed: str = ""


def as_json(event: Event) -> JsonObject:
    """The event as members of its line. Empty ones are left out."""
    members: JsonObject = {
        "v": VERSION,
        "id": event.id,
        "at": datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "what": event.what,
        "actor": {"kind": event.actor.kind, **({"id": event.actor.id} if event.actor.id else {})},
    }
    names = ("sequence", "writer", "client", "person", "grant", "journey", "interaction", "key", "details", "sealed")
    return members | {name: value for name in names if (value := getattr(event, name))}


def as_line(event: Event) -> str:
    """The event as a line of JSON, with its end."""
    return json.dumps(as_json(event), separators=(",", ":")) + "\n"


def hour_of(event: Event) -> str:
    """The folder of an event's hour, UTC."""
    return datetime.fromtimestamp(event.at, UTC).strftime("dt=%Y-%m-%d/hour=%H")


def from_json(members: Untyped) -> Event:
    """The event of a line's members; of a later release too. Members that this one does not know are left out."""
    at = datetime.strptime(members["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    actor = members.get("actor") or {}
    names = ("sequence", "writer", "client", "person", "grant", "journey", "interaction", "key", "sealed")
    return Event(
        id=str(members["id"]),
        at=int(at.timestamp()),
        what=str(members["what"]),
        actor=Actor(actor.get("kind", "unknown"), str(actor.get("id", ""))),
        details=members.get("details") or {},
        **{name: str(members[name]) for name in names if name in members},
    )
