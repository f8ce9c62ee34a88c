"""What a resource asks of an access token; of the bank's own API, by the routes' rules in the settings.

A rule is a JSON object: `scope`, a scope token; `authorization_details_type`, of which the token must carry one (RFC 9396);
`acr`, the least level of assurance, and `max_age`, seconds since the person signed in (RFC 9470); `signed`, true where the
request itself must be (RFC 9421); `subject`, of whom it is: "person", where it says nothing, "client" for a client's own token,
or "any"; `consumes`, true where a call uses up the token's detail of that type, and
`idempotency_key`, the header that names the call. It names a scope or a type: a route that asks for neither is shut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

METADATA = "/.well-known/oauth-protected-resource"
"""Where a resource says what it asks for (RFC 9728 3)."""


KINDS: Mapping[str, type] = {
    "scope": str,
    "authorization_details_type": str,
    "acr": str,
    "max_age": int,
    "signed": bool,
    "subject": str,
    "consumes": bool,
    "idempotency_key": str,
}
"""A rule's members and their types."""

SUBJECTS = ("person", "client", "any")
"""Whose token a route may ask for."""

IDEMPOTENCY_KEY = "x-idempotency-key"
"""The header that names a call which may be made once, where its rule names no other."""

HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
"""A header's name (RFC 9110 5.1)."""


class RulesError(ValueError):
    """The rules can't be used. The message says which and why."""


@dataclass(frozen=True)
class Demand:
    """What a resource asks for.

    `urls`: its addresses, any of which a proof may name. `acr_values`: any of which will do, the least first. `metadata`: address
    of the resource's metadata, if it has any. `subject`: whose token it must be, one of SUBJECTS. `consumes`: the header that
    names a call, where a call uses up the token's detail.
    """

    urls: tuple[str, ...]
    scope: str | None = None
    authorization_details_type: str | None = None
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    signed: bool = False
    subject: str = "person"
    consumes: str | None = None
    metadata: str | None = None


@lru_cache(maxsize=4)
def rules(text: str) -> dict[str, dict[str, Any]]:
    """Every route's rule, by "METHOD /path". Raises RulesError."""
    try:
        found = json.loads(text)
    except ValueError:
        raise RulesError("not JSON") from None
    if not isinstance(found, dict):
        raise RulesError("not a JSON object")
    for route, rule in found.items():
        if not isinstance(rule, dict) or not rule.keys() <= KINDS.keys():
            raise RulesError(f"{route}: a rule is an object with no more than {', '.join(KINDS)}")
        wrong = [name for name, value in rule.items() if type(value) is not KINDS[name] or value == ""]
        if wrong:
            raise RulesError(f"{route}: {', '.join(wrong)} is of the wrong type")
        if not {"scope", "authorization_details_type"} & rule.keys():
            raise RulesError(f"{route}: names neither a scope nor an authorization_details_type")
        if rule.get("subject", "person") not in SUBJECTS:
            raise RulesError(f"{route}: subject must be one of {', '.join(SUBJECTS)}")
        if rule.get("consumes") and "authorization_details_type" not in rule:
            raise RulesError(f"{route}: consumes needs an authorization_details_type, which is what a call consumes")
        if not HEADER.fullmatch(rule.get("idempotency_key", IDEMPOTENCY_KEY)):
            raise RulesError(f"{route}: idempotency_key is not the name of a header")
    return found


def of_route(text: str, route: str, urls: tuple[str, ...], *, metadata: str, acr_values: Sequence[str]) -> Demand:
    """What a route asks for. `acr_values`: all levels, lowest first. Raises LookupError where no rule is the route's."""
    rule = rules(text)[route]
    acr: str | None = rule.get("acr")
    return Demand(
        urls,
        scope=rule.get("scope"),
        authorization_details_type=rule.get("authorization_details_type"),
        acr_values=() if acr is None else _from(acr, acr_values),
        max_age=rule.get("max_age"),
        signed=rule.get("signed", False),
        subject=rule.get("subject", "person"),
        consumes=rule.get("idempotency_key", IDEMPOTENCY_KEY) if rule.get("consumes") else None,
        metadata=metadata,
    )


def _from(acr: str, acr_values: Sequence[str]) -> tuple[str, ...]:
    """The acr and every higher one; alone, where it is none of ours: then nobody reaches it."""
    return tuple(acr_values[acr_values.index(acr) :]) if acr in acr_values else (acr,)
