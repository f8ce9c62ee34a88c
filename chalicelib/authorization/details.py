"""Authorization details (RFC 9396): what exactly is asked for, agreed to and handed on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from chalicelib.authorization.detail_types import TYPES, Account, Detail, Shown
from chalicelib.errors import AccessDenied, InvalidAuthorizationDetails

LONGEST = 8192
"""Characters of the parameter that are looked at."""
MOST = 5
DATES = ("validUntil", "requestedExecutionDate")


def asked(value: str | None, allowed: Iterable[str], *, now: int) -> tuple[Detail, ...]:
    """The details of a request, each by the schema of its type. `allowed`: the types that the client registered.

    Raises InvalidAuthorizationDetails (RFC 9396 5).
    """
    if value is None:
        return ()
    if len(value) > LONGEST:
        raise _refused(f"longer than {LONGEST} characters")
    try:
        found = json.loads(value, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise _refused("not JSON, or a member stands in it twice") from None
    if not isinstance(found, list) or not 0 < len(found) <= MOST:
        raise _refused(f"not a JSON array of 1 to {MOST}")
    return require(tuple(_checked(one, now=now) for one in found), allowed)


def require(details: tuple[Detail, ...], allowed: Iterable[str]) -> tuple[Detail, ...]:
    """The details, if the client may ask for each. Raises InvalidAuthorizationDetails."""
    allowed = frozenset(allowed)
    if not all(one["type"] in allowed for one in details):
        raise _refused("a type that this client may not ask for")
    return details


def in_words(details: Sequence[Detail], accounts: Sequence[Account]) -> list[Shown]:
    """What a person who has these accounts is asked for."""
    return [TYPES[one["type"]].say(one, accounts, _place(n)) for n, one in enumerate(details)]


def granted(details: Sequence[Detail], form: Mapping[str, str], accounts: Sequence[Account]) -> tuple[Detail, ...]:
    """What is left of the details by the person's choice, which is never more than was asked.

    Raises AccessDenied where nothing is left, or a payment is from an account that is not the person's.
    """
    kept = [TYPES[one["type"]].grant(one, accounts, _place(n), form) for n, one in enumerate(details)]
    found = tuple(one for one in kept if one is not None)
    if not found:
        raise AccessDenied("the person agreed to none of the authorization details")
    return found


def within(value: str | None, given: tuple[Detail, ...], *, now: int) -> tuple[Detail, ...]:
    """Of the granted details those that a token request asks for, all if it names none (RFC 9396 6).

    Raises InvalidAuthorizationDetails where it asks for more.
    """
    if value is None:
        return given
    return tuple(_narrowed(one, given) for one in asked(value, TYPES, now=now))


def ends(details: Iterable[Detail], *, otherwise: int) -> int:
    """When the first of them ends, at the end of its last day in UTC, or `otherwise` if that is sooner; epoch seconds."""
    days = [date.fromisoformat(one["validUntil"]) + timedelta(days=1) for one in details if "validUntil" in one]
    return min([otherwise, *(int(datetime.combine(day, time(), UTC).timestamp()) for day in days)])


def recur(details: Iterable[Detail]) -> bool:
    """Whether access may be had again without the person."""
    return all(one.get("recurringIndicator", True) for one in details)


def _narrowed(one: Detail, given: Sequence[Detail]) -> Detail:
    fit = (TYPES[one["type"]].narrow(one, had) for had in given if had["type"] == one["type"])
    found = next((detail for detail in fit if detail is not None), None)
    if found is None:
        raise _refused("more than was granted")
    return found


def _checked(one: Any, *, now: int) -> Detail:
    name = one.get("type") if isinstance(one, dict) else None
    if not isinstance(name, str) or name not in TYPES:
        raise _refused("an unknown type")
    try:
        detail: Detail = _schema(name)(one)
        _require_true(detail, now=now)
    except (ValueError, ArithmeticError) as problem:  # the library's own error is a ValueError
        where = [str(getattr(problem, name, "")) for name in ("name", "rule")]  # never the value
        raise _refused(f"not what {name} looks like", detail=" ".join(where).strip()) from None
    return detail


@cache
def _schema(name: str) -> Callable[[Any], Any]:
    import fastjsonschema  # only where details are asked for

    compiled: Callable[[Any], Any] = fastjsonschema.compile(dict(TYPES[name].schema), use_default=False)
    return compiled


def _require_true(detail: Detail, *, now: int) -> Detail:
    """What a schema can't say: days that exist and are not over, account numbers that add up, an amount of something."""
    today = datetime.fromtimestamp(now, UTC).date()
    for name in DATES:
        if name in detail and date.fromisoformat(detail[name]) < today:
            raise ValueError(f"{name} is over")
    if not all(_adds_up(iban) for iban in _ibans(detail)):
        raise ValueError("an IBAN does not add up")
    if "instructedAmount" in detail and not Decimal(detail["instructedAmount"]["amount"]):
        raise ValueError("an amount of nothing")
    return detail


def _ibans(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from [member] if name == "iban" else _ibans(member)
    elif isinstance(value, list):
        for member in value:
            yield from _ibans(member)


def _adds_up(iban: str) -> bool:
    """ISO 7064 MOD 97-10, as ISO 13616 has it."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _place(number: int) -> str:
    return f"details-{number}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def _refused(description: str, *, detail: str = "") -> InvalidAuthorizationDetails:
    return InvalidAuthorizationDetails(f"authorization_details: {description}", detail=detail)
