"""Policies of resources: the requirements for an access token. The bank's API has one rule per route in the settings.

A rule is a JSON object with at least a scope or a type. A route without a rule is closed. Members:

`scope`: a scope value.
`authorization_details_type`: the token must have a detail of this type (RFC 9396).
`acr`: the minimum level of assurance (RFC 9470).
`max_age`: maximum seconds since the user signed in (RFC 9470).
`signed`: true if the request must be signed (RFC 9421).
`subject`: "person" (the default) for a user's token, "client" for a client's own token, or "any".
`resource`: the identifier of the protected resource (RFC 8707), if it is not the API.
`consumes`: true if a call consumes the token's detail of that type.
`idempotency_key`: the header with the idempotency key.

Annotations are objects here, as in protocol_types.py.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypedDict

from chalicelib.protocol_types import Json
from chalicelib.settings import Settings, text_of

USERINFO = "/userinfo"
"""The path of our own protected resource, on the issuer's host."""

METADATA = "/.well-known/oauth-protected-resource"
"""The path of a resource's metadata (RFC 9728 3)."""


Subject = Literal["person", "client", "any"]
"""Whose token a route accepts."""


class Rule(TypedDict, total=False):
    """The rule of a route in the settings."""

    scope: str
    authorization_details_type: str
    acr: str
    max_age: int
    signed: bool
    subject: Subject
    resource: str
    consumes: bool
    idempotency_key: str


KINDS: Mapping[str, type] = {
    "scope": str,
    "authorization_details_type": str,
    "acr": str,
    "max_age": int,
    "signed": bool,
    "subject": str,
    "resource": str,
    "consumes": bool,
    "idempotency_key": str,
}
"""The members of a rule and their types."""

SUBJECTS: tuple[Subject, ...] = ("person", "client", "any")

IDEMPOTENCY_KEY = "x-idempotency-key"
"""The default header of the idempotency key."""

HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}"
"""A header name (RFC 9110 5.1)."""


RESOURCE = r"https://[\x21\x22\x24-\x7e]{1,500}"
"""The identifier of a protected resource: an absolute https URI without fragment (RFC8707-2)."""


class RulesError(ValueError):
    """The rules are invalid. The message names the route and the reason."""


class ResourcePolicy(NamedTuple):
    """The policy of a resource.

    `urls`: its URLs. A DPoP proof may name any of them.
    `acr_values`: accepted acr values, lowest first.
    `metadata`: URL of the resource's metadata, or None.
    `subject`: whose token is accepted, one of SUBJECTS.
    `consumes`: the header of the idempotency key, if a call consumes the token's detail.
    `resource`: its identifier (RFC 8707).
    """

    urls: tuple[str, ...]
    scope: str | None = None
    authorization_details_type: str | None = None
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    signed: bool = False
    subject: Subject = "person"
    consumes: str | None = None
    metadata: str | None = None
    resource: str | None = None


@lru_cache(maxsize=4)
def rules(text: str) -> dict[str, Rule]:
    """The rules by "METHOD /path", of a JSON text or of the package's file of one. Raises RulesError."""
    try:
        found = json.loads(text_of(text))
    except OSError as unreadable:
        raise RulesError(f"{text} can't be read: {type(unreadable).__name__}") from None
    except ValueError:
        raise RulesError("not JSON") from None
    if not isinstance(found, dict):
        raise RulesError("not a JSON object")
    for route, rule in found.items():
        if problem := _problem(rule):
            raise RulesError(f"{route}: {problem}")
    return found


def _problem(rule: Json) -> str | None:
    """The problem of a rule, None if it has none."""
    if not isinstance(rule, dict) or not rule.keys() <= KINDS.keys():
        return f"a rule is an object with no more than {', '.join(KINDS)}"
    wrong = [name for name, value in rule.items() if type(value) is not KINDS[name] or value == ""]
    if wrong:
        return f"{', '.join(wrong)} is of the wrong type"
    checks = (
        (
            {"scope", "authorization_details_type"} & rule.keys(),
            "names neither a scope nor an authorization_details_type",
        ),
        (rule.get("subject", "person") in SUBJECTS, f"subject must be one of {', '.join(SUBJECTS)}"),
        (re.fullmatch(RESOURCE, rule.get("resource", "https://x")), "resource must be an https URL without fragment"),
        (
            not rule.get("consumes") or "authorization_details_type" in rule,
            "consumes needs an authorization_details_type, which is what a call consumes",
        ),
        (
            re.fullmatch(HEADER, rule.get("idempotency_key", IDEMPOTENCY_KEY)),
            "idempotency_key is not the name of a header",
        ),
    )
    return next((problem for holds, problem in checks if not holds), None)


def resources(settings: Settings) -> tuple[str, ...]:
    """The identifiers of all protected resources: userinfo, the API, and those of the rules."""
    named = (rule.get("resource") for rule in rules(settings.resource_rules).values())
    return tuple(dict.fromkeys((userinfo(settings), settings.resource_url, *(one for one in named if one is not None))))


def userinfo(settings: Settings) -> str:
    """The identifier of userinfo as a protected resource."""
    return settings.issuer + USERINFO


def policy_for(settings: Settings, route: str, urls: tuple[str, ...], *, acr_values: Sequence[str]) -> ResourcePolicy:
    """The policy of a route. `acr_values`: all levels, lowest first. Raises LookupError if the route has no rule."""
    rule = rules(settings.resource_rules)[route]
    ours = userinfo(settings) if route.partition(" ")[2] == USERINFO else settings.resource_url
    acr = rule.get("acr")
    return ResourcePolicy(
        urls,
        scope=rule.get("scope"),
        authorization_details_type=rule.get("authorization_details_type"),
        acr_values=() if acr is None else _from(acr, acr_values),
        max_age=rule.get("max_age"),
        signed=rule.get("signed", False),
        subject=rule.get("subject", "person"),
        consumes=rule.get("idempotency_key", IDEMPOTENCY_KEY) if rule.get("consumes") else None,
        metadata=None
        if "resource" in rule
        else settings.resource_url + METADATA,  # RFC9728-3.3: only for the API itself.
        resource=rule.get("resource", ours),
    )


def _from(acr: str, acr_values: Sequence[str]) -> tuple[str, ...]:
    """The acr and every higher one. An unknown acr is alone, and no sign-in reaches it."""
    return tuple(acr_values[acr_values.index(acr) :]) if acr in acr_values else (acr,)
