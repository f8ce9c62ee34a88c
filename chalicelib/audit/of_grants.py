"""Events of the grants table: each step of a grant is one write, and an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.audit.change import Change, named
from chalicelib.audit.draft import Draft
from chalicelib.protocol_types import JsonObject
from chalicelib.storage.dynamodb import grant_items
from chalicelib.storage.dynamodb.codec import Unreadable
from chalicelib.storage.grant_records import Grant

NO_EVENT = {
    "v": "the form of the record",
    "ttl": "when DynamoDB may delete it",
    "used_at": "the day of the last use; the line of each call tells more",
    "ended_by": "who ended it; `by` tells more",
}

NEW = frozenset(
    {
        *("record", "client_id", "journey", "request_expires_at", "expires_at", "consent_expires_at"),
        *("browser", "code_lifetime"),
    }
)
SIGNED_IN = frozenset({"login", "person", "bond", "epoch", "session", "expires_at"})
OPENED = SIGNED_IN | {"browser", "code_lifetime"}
APPROVED = frozenset(
    {
        *("decision", "code_hash", "code_expires_at", "given_at", "granted", "approval", "consent_expires_at"),
        *("front_token", "front_hash", "shown", "listed_until"),
    }
)
REDEEMED = frozenset(
    {
        *("redeemed_by", "token", "token_hash", "cnf", "refresh_hash", "refresh_family", "attempts", "login"),
        *("browser", "code_lifetime", "request_expires_at", "code_expires_at", "expires_at"),
    }
)
REFRESHED = frozenset({"refresh_hash", "refresh_before", "refreshed_at"})
ENDED = frozenset({"token_ended_at", "front_ended_at"})


def drafts(change: Change) -> Iterator[Draft]:
    """What happened to a grant, with what identifies it in each event."""
    grant = grant_items.read(change.item)
    if grant is None:
        raise Unreadable("Grant")
    sub = "" if grant.login is None else grant.login.sub
    known = Draft(
        "",
        client=grant.client_id,
        person=str(change.item.get("person", "")),
        sub=sub,
        grant=grant.key,
        journey=grant.journey,
    )
    for step in _steps(change, grant):
        yield replace(
            known,
            what=step.what,
            details=step.details,
            personal=step.personal,
            agreed=step.agreed,
            shown=step.shown,
            explains=step.explains,
        )


def _steps(change: Change, grant: Grant) -> Iterator[Draft]:
    if change.removed:
        if not change.expired:
            yield Draft("grant.deleted", explains=change.changed)
        return
    if change.added:
        yield Draft("grant.requested", details=_request(grant), explains=NEW)
        if grant.browser:
            yield Draft("grant.opened")
        return
    yield from _until_decided(change, grant)
    yield from _since_decided(change, grant)


def _until_decided(change: Change, grant: Grant) -> Iterator[Draft]:
    if change.differs("browser") and "browser" in change.after:
        yield Draft("grant.opened", explains=OPENED)
    elif change.differs("login", "person") and "decision" not in change.before and grant.login is not None:
        login = grant.login
        methods: JsonObject = {"acr": login.acr, "amr": list(login.amr), "auth_time": login.auth_time}
        personal: JsonObject = {"sub": login.sub, "username": login.username}
        yield Draft("grant.authenticated", details=methods, personal=personal, explains=SIGNED_IN)
    if change.differs("decision", "code_hash", "given_at"):
        if grant.decision == "approved":
            details: JsonObject = {"scope": list(grant.scope), "until": grant.consent_expires_at}
            if grant.granted:
                details["types"] = sorted({str(one["type"]) for one in grant.granted})
            shown = str(change.after.get("shown", ""))
            yield Draft("grant.approved", details=details, agreed=grant, shown=shown, explains=APPROVED)
        elif grant.decision == "denied":
            yield Draft("grant.denied", explains=frozenset({"decision"}))


def _since_decided(change: Change, grant: Grant) -> Iterator[Draft]:
    # What is undone by hand is none of these: it is `grants.changed`.
    if change.differs("attempts") and len(grant.attempts) > 1:
        yield Draft("grant.code_replayed", explains=REDEEMED)
    elif change.gained("redeemed_by"):
        refreshable: JsonObject = {"refresh_token": grant.refresh_hash is not None}
        yield Draft("grant.redeemed", details=refreshable, explains=REDEEMED)
    elif change.differs("refresh_hash") and "refresh_hash" in change.before and "refresh_hash" in change.after:
        yield Draft("grant.refreshed", explains=REFRESHED)
    for name in sorted(filter(change.gained, named(change.changed, grant_items.CONSUMED))):
        index = name.removeprefix(grant_items.CONSUMED)
        yield Draft("grant.consumed", details={"detail": index}, explains=frozenset({name}))
    if any(map(change.gained, ENDED)):
        yield Draft("grant.token_ended", explains=frozenset(filter(change.gained, ENDED)))
    if change.gained("revoked_at"):
        yield Draft("grant.ended", explains=frozenset({"revoked_at", "listed_until"}))


def _request(grant: Grant) -> JsonObject:
    request = grant.request
    details: JsonObject = {"scope": list(request.scope), "response_type": request.response_type}
    if request.authorization_details:
        details["types"] = sorted({str(one["type"]) for one in request.authorization_details})
    return details
