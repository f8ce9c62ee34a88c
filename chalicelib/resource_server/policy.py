"""What a resource asks of an access token; of the bank's own API, by the routes' rules in the settings.

A rule is a JSON object: `scope`, a scope token; `authorization_details_type`, of which the token must carry one (RFC 9396);
`acr`, the least level of assurance, and `max_age`, seconds since the person signed in (RFC 9470); `signed`, true where the
request itself must be (RFC 9421); `subject`, of whom it is: "person", where it says nothing, "client" for a client's own token,
or "any"; `resource`, the identifier of the protected resource that it is part of (RFC 8707), where that is another than the API;
`consumes`, true where a call uses up the token's detail of that type, and
`idempotency_key`, the header that names the call. It names a scope or a type: a route that asks for neither is shut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypedDict

from chalicelib.protocol_types import Json

if TYPE_CHECKING:
    from chalicelib.settings import Settings

USERINFO = "/userinfo"
"""The path of the one protected resource that is ours, on the issuer's host."""

METADATA = "/.well-known/oauth-protected-resource"
"""Where a resource says what it asks for (RFC 9728 3)."""


Subject = Literal["person", "client", "any"]
"""Whose token a route may ask for."""


class Rule(TypedDict, total=False):
    """What a route asks for, as the settings have it."""

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
"""A rule's members and their types."""

SUBJECTS: tuple[Subject, ...] = ("person", "client", "any")

IDEMPOTENCY_KEY = "x-idempotency-key"
"""The header that names a call which may be made once, where its rule names no other."""

HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
"""A header's name (RFC 9110 5.1)."""


RESOURCE = re.compile(r"https://[\x21\x22\x24-\x7e]{1,500}")
"""The identifier of a protected resource: an absolute URI without fragment (RFC8707-2), here of https."""


class RulesError(ValueError):
    """The rules can't be used. The message says which and why."""


@dataclass(frozen=True)
class ResourcePolicy:
    """What a resource asks for.

    `urls`: its addresses, any of which a proof may name. `acr_values`: any of which will do, the least first. `metadata`: address
    of the resource's metadata, if it has any. `subject`: whose token it must be, one of SUBJECTS. `consumes`: the header that
    names a call, where a call uses up the token's detail. `resource`: its identifier (RFC 8707).
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
    """Every route's rule, by "METHOD /path". Raises RulesError."""
    try:
        found = json.loads(text)
    except ValueError:
        raise RulesError("not JSON") from None
    if not isinstance(found, dict):
        raise RulesError("not a JSON object")
    for route, rule in found.items():
        if problem := _problem(rule):
            raise RulesError(f"{route}: {problem}")
    return found


def _problem(rule: Json) -> str | None:
    """What is wrong with a rule, None where nothing is."""
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
        (RESOURCE.fullmatch(rule.get("resource", "https://x")), "resource must be an https URL without fragment"),
        (
            not rule.get("consumes") or "authorization_details_type" in rule,
            "consumes needs an authorization_details_type, which is what a call consumes",
        ),
        (HEADER.fullmatch(rule.get("idempotency_key", IDEMPOTENCY_KEY)), "idempotency_key is not the name of a header"),
    )
    return next((problem for holds, problem in checks if not holds), None)


def resources(settings: Settings) -> tuple[str, ...]:
    """The identifier of every protected resource that tokens are issued for: userinfo's, the API's, and those of its rules."""
    named = (rule.get("resource") for rule in rules(settings.resource_rules).values())
    return tuple(dict.fromkeys((userinfo(settings), settings.resource_url, *(one for one in named if one is not None))))


def userinfo(settings: Settings) -> str:
    """The identifier of userinfo as a protected resource."""
    return settings.issuer + USERINFO


def policy_for(settings: Settings, route: str, urls: tuple[str, ...], *, acr_values: Sequence[str]) -> ResourcePolicy:
    """What a route asks for. `acr_values`: all levels, lowest first. Raises LookupError where no rule is the route's."""
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
        metadata=None if "resource" in rule else settings.resource_url + METADATA,  # RFC9728-3.3: of the API alone
        resource=rule.get("resource", ours),
    )


def _from(acr: str, acr_values: Sequence[str]) -> tuple[str, ...]:
    """The acr and every higher one; alone, where it is none of ours: then nobody reaches it."""
    return tuple(acr_values[acr_values.index(acr) :]) if acr in acr_values else (acr,)
