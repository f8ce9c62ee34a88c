"""Grants as items: the constant part is one JSON attribute, and each part that a step writes has its own attribute."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.protocol_types import Json, JsonObject
from chalicelib.storage.dynamodb.attributes import EXPIRES_AT, Item
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import Authentication
from chalicelib.storage.token_values import digest

ATTEMPTS = UnicodeSetAttribute(attr_name="attempts")
SHOWN = UnicodeAttribute(attr_name="shown")
"""The language and the digest of the words on the page that was agreed to (interaction/shown_words.py)."""
BROWSER = UnicodeAttribute(attr_name="browser")
CONSENT_EXPIRES_AT = NumberAttribute(attr_name="consent_expires_at")
REVOKED_AT = NumberAttribute(attr_name="revoked_at")
APPROVAL = UnicodeAttribute(attr_name="approval")
TOKEN_ENDED_AT = NumberAttribute(attr_name="token_ended_at")
LISTED_UNTIL = NumberAttribute(attr_name="listed_until")
"""The end of the consent, as long as it may be in force: by it an index lists such grants alone (persons_grants.py)."""
LISTED = LISTED_UNTIL.set(LISTED_UNTIL | CONSENT_EXPIRES_AT)
"""Written at a use too: what an earlier release approved is not listed."""

JSON = ("granted", "cnf")
TOKENS = ("token", "front_token")
CONSUMED = "consumed_"
"""Prefix of the attribute of a consumed detail, before its index in `granted`."""
INDEX = re.compile("[0-9]{1,4}")
CONSUMPTION = re.compile(r"[0-9]{1,12}\..*", re.DOTALL)

PLAIN = (
    "request_expires_at",
    "expires_at",
    "consent_expires_at",
    "browser",
    "code_lifetime",
    "bond",
    "epoch",
    "session",
    "decision",
    "given_at",
    "approval",
    "code_hash",
    "code_expires_at",
    "redeemed_by",
    "attempts",
    "token_hash",
    "token_ended_at",
    "front_hash",
    "front_ended_at",
    "refresh_hash",
    "refresh_family",
    "refresh_before",
    "refreshed_at",
    "used_at",
    "revoked_at",
    "journey",
)


def new(grant: Grant) -> Item:
    """The item of a new grant."""
    opened: Item = {"browser": grant.browser, "code_lifetime": grant.code_lifetime} if grant.browser else {}
    return {
        "v": VERSION,
        "record": encode(grant.request),
        "client_id": grant.client_id,
        "request_expires_at": grant.request_expires_at,
        "expires_at": grant.expires_at,
        "consent_expires_at": grant.consent_expires_at,
        "ttl": grant.expires_at + SWEEP_SLACK,
        **({"journey": grant.journey} if grant.journey else {}),
        **opened,
    }


def read(item: Item | None) -> Grant | None:
    """The grant, None if it is missing or unreadable. An unreadable one is logged."""
    if item is None:
        return None
    try:
        require_known("Grant", item)
        found: JsonObject = {name: item[name] for name in PLAIN if name in item}
        found |= {name: json.loads(str(item[name])) for name in JSON if name in item}
        found |= {"login": decode(Authentication, str(item["login"]))} if "login" in item else {}
        grant = decode(Grant, as_json({"key": item["pk"]}), request=json.loads(str(item["record"])), **found)
        token, front_token = (_token(grant, name, str(item[name])) if name in item else None for name in TOKENS)
        consumed = dict(_consumed(name, item[name]) for name in item if name.startswith(CONSUMED))
        return replace(grant, consumed=consumed, token=token, front_token=front_token)
    except (Unreadable, ValueError, TypeError, KeyError) as problem:
        unreadable = problem if isinstance(problem, Unreadable) else Unreadable(f"Grant: {type(problem).__name__}")
        report(unreadable, str(item.get("pk")), item.get("v"))
        return None


def _consumed(name: str, value: object) -> tuple[str, str]:
    """A consumed detail by its index. Raises Unreadable: a detail that was consumed counts, or the grant counts as missing."""
    index = name.removeprefix(CONSUMED)
    if not INDEX.fullmatch(index) or not isinstance(value, str) or not CONSUMPTION.fullmatch(value):
        raise Unreadable(f"Grant: of another type: {name}")
    return index, value


def current(item: Item | None, *, now: int) -> Grant | None:
    """The grant, if its current step is still possible."""
    grant = read(item)
    return grant if grant is not None and now < grant.expires_at else None


def approved_by(person: str, item: Item | None) -> Grant | None:
    """The grant, if the user with this digest approved it.

    Whose an approved grant is does not change any more (Grants.authenticate). So its revocation needs no condition, and the role
    of who does it may write neither the decision nor the person.
    """
    grant = read(item)
    approved = grant is not None and item is not None and item.get("person") == person and grant.decision == "approved"
    return grant if approved else None


def as_read(grant: Grant) -> Condition:
    """The condition that no attempt at its code was added since the read, and that its only access token was not revoked."""
    tried = set(grant.attempts) == ATTEMPTS if grant.attempts else ATTEMPTS.does_not_exist()
    alone = grant.refresh_hash is None and grant.token_ended_at is None
    return cast(Condition, tried & TOKEN_ENDED_AT.does_not_exist() if alone else tried)


def revoked(now: int) -> tuple[Action, ...]:
    """What a revocation writes. A repeated one keeps the first time."""
    return REVOKED_AT.set(REVOKED_AT | now), LISTED_UNTIL.remove()


def in_force(now: int) -> Condition:
    """The condition that the grant was not revoked, and its consent has not ended."""
    return cast(Condition, REVOKED_AT.does_not_exist() & (now < CONSENT_EXPIRES_AT))


def of_browser(browser: str, *, now: int) -> Condition:
    """The condition that the grant is of the browser with this cookie, and its current step has not ended."""
    return cast(Condition, (digest(browser) == BROWSER) & (now < EXPIRES_AT))


def consumption(at: int, by: str) -> str:
    """The stored form of a consumption. `by`: a digest."""
    return f"{at}.{by}"


def token_of(grant: Grant, token: AccessToken, *, cnf: dict[str, str]) -> str:
    """The stored form of an access token in its grant: the members that differ from the grant. `cnf`: the grant's."""
    members: JsonObject = json.loads(encode(token))
    said: JsonObject = json.loads(encode(_shared(grant, cnf)))
    return as_json({name: value for name, value in members.items() if said.get(name) != value})


def _token(grant: Grant, name: str, text: str) -> AccessToken:
    shared = _shared(grant, grant.cnf or {} if name == "token" else {})
    return decode(AccessToken, as_json({**json.loads(encode(shared)), **json.loads(text)}))


def _shared(grant: Grant, cnf: dict[str, str]) -> AccessToken:
    """A token with only the grant's members."""
    return AccessToken(grant.client_id, grant.scope, cnf, issued_at=0, expires_at=0, grant=grant.key)


def is_relied_on(grant: Grant, epoch: int, *, now: int) -> bool:
    """Whether remembered consent may depend on this grant: it is in force, and its code was redeemed or still may be."""
    redeemed = grant.redeemed_by is not None or grant.may_be_redeemed(now=now)
    return redeemed and grant.in_force(epoch, now=now)


def as_json(value: Json) -> str:
    """The stored form of a value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
