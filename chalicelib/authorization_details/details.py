"""Authorization details (RFC 9396): parsing, consent, narrowing and lifetime."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import NoReturn

from chalicelib import language, vocabulary
from chalicelib.authorization_details.account_information import ACCOUNT_INFORMATION
from chalicelib.authorization_details.detail_type import FORMATS, Shown
from chalicelib.authorization_details.detail_types import types
from chalicelib.errors import AccessDenied, InvalidAuthorizationDetails, quoted
from chalicelib.language import Language
from chalicelib.protocol_types import Account, Detail, Json, JsonObject

MAX_LENGTH = 8192
"""Characters of the parameter that are read."""
MAX_ITEMS = 5
MEMBER_PATH = re.compile(r"[A-Za-z0-9_.\[\]-]{1,100}")
"""The path of a member that an error_description may contain (RFC 6749 5.2)."""
DAY = 24 * 60 * 60
LAST_DAY = date.max - timedelta(days=1)
"""The last day that has a following midnight in Python's calendar."""
ONE_OFF_CONSENT_LIFETIME = DAY
"""Lifetime in seconds of a consent for one use. For as long, the same API call may be repeated."""


def requested(value: str | None, allowed: Iterable[str], *, now: int) -> tuple[Detail, ...]:
    """The details of a request, each valid by the schema of its type. `allowed`: the types that the client registered.

    Raises InvalidAuthorizationDetails (RFC 9396 5).
    """
    if value is None:
        return ()
    return require(_read(value, today=vocabulary.current().today(now)), allowed)


def require(details: tuple[Detail, ...], allowed: Iterable[str]) -> tuple[Detail, ...]:
    """The details, if the client is registered for each type. Raises InvalidAuthorizationDetails."""
    usable = of_allowed_types(details, allowed)
    for one in details:
        if one not in usable:
            raise _refused(f"the client is not registered for the type{quoted(one['type'])}")
    return details


def of_allowed_types(details: tuple[Detail, ...], allowed: Iterable[str]) -> tuple[Detail, ...]:
    """The details whose type is in `allowed` and still exists. A bank may have removed a type after it was granted."""
    allowed = types().keys() & frozenset(allowed)
    return tuple(one for one in details if one["type"] in allowed)


def in_words(details: Sequence[Detail], accounts: Sequence[Account], reader: Language) -> list[Shown]:
    """The details as the page shows them to a user with these accounts, in the reader's language."""
    return [types()[one["type"]].say(one, accounts, _field_prefix(n), reader) for n, one in enumerate(details)]


def can_be_chosen(details: Sequence[Detail], accounts: Sequence[Account]) -> bool:
    """Whether a user with these accounts can grant any part of the details."""
    shown = in_words(details, accounts, language.of(language.ENGLISH))  # Its fields are those of every language.
    everything = {c.field: c.value for one in shown for question in one.questions for c in question.choices}
    try:
        return bool(granted(details, everything, accounts))
    except AccessDenied:
        return False


def granted(details: Sequence[Detail], form: Mapping[str, str], accounts: Sequence[Account]) -> tuple[Detail, ...]:
    """The details that the user granted, by the fields of the form.

    Raises AccessDenied if nothing is granted, or a payment is from an account that is not the user's.
    """
    kept = [types()[one["type"]].grant(one, accounts, _field_prefix(n), form) for n, one in enumerate(details)]
    found = tuple(one for one in kept if one is not None)
    if not found:
        raise AccessDenied("the user granted none of the authorization details")
    return found


def within(value: str | None, given: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """The granted details that a token request names, or all if it names none (RFC 9396 6).

    A granted day may be in the past by now. Raises InvalidAuthorizationDetails if more is requested than was granted.
    """
    if value is None:
        return given
    wishes = _read(value, today=date.min)
    covering = _matching_indexes(wishes, given)
    if covering is None:
        raise _refused("more than was granted")
    narrowed = (_narrowed(wish, given[n]) for wish, n in zip(wishes, covering, strict=True))
    return tuple(one for one in narrowed if one is not None)


def ends(details: Iterable[Detail], *, otherwise: int) -> int:
    """The earliest end of the details, at the end of the last day in the deployment's time zone, or `otherwise` if that is
    earlier; epoch seconds.
    """
    days = [date.fromisoformat(one["validUntil"]) for one in details if "validUntil" in one]
    zone = vocabulary.current().zone
    after = (datetime.combine(day, time(), zone) + timedelta(days=1) for day in days if day < LAST_DAY)
    return min([otherwise, *(int(moment.timestamp()) for moment in after)])


def until(details: Iterable[Detail], end: int) -> tuple[Detail, ...]:
    """The granted details of a consent that ends at that time, the end of a day: none says that it is valid for longer.

    Access to accounts then says so in any case, since its client asked for more time than it got.
    """
    last = datetime.fromtimestamp(end - 1, vocabulary.current().zone).date().isoformat()
    return tuple(
        {**one, "validUntil": min(last, one.get("validUntil", last))}
        if "validUntil" in one or one["type"] == ACCOUNT_INFORMATION.name
        else one
        for one in details
    )


def consent_ends(details: Iterable[Detail], *, now: int, otherwise: int) -> int:
    """The end of a consent to the details, or `otherwise` if that is earlier; epoch seconds. A one-off detail shortens it."""
    details = tuple(details)
    return ends(details, otherwise=otherwise if recur(details) else min(otherwise, now + ONE_OFF_CONSENT_LIFETIME))


def recur(details: Iterable[Detail]) -> bool:
    """Whether the access may be repeated without the user."""
    return all(one["type"] in types() and not types()[one["type"]].one_off(one) for one in details)


def indexes(details: Sequence[Detail], granted: Sequence[Detail]) -> list[tuple[int, Detail]]:
    """A token's details, each with the index of the granted detail that covers it."""
    return list(zip(_matching_indexes(details, granted) or (), details, strict=False))


def write(details: Iterable[Detail]) -> bool:
    """Whether any of the details gives write access."""
    return any(types()[one["type"]].writes for one in details)


def _matching_indexes(
    wishes: Sequence[Detail], given: Sequence[Detail], taken: Sequence[int] = ()
) -> tuple[int, ...] | None:
    """The index of the granted detail that covers each requested detail, all different; None if that is impossible.

    The indexes differ, so that no token has twice what was granted once, such as a payment.
    """
    if not wishes:
        return ()
    wish, *others = wishes
    free = [n for n in range(len(given)) if n not in taken and _narrowed(wish, given[n]) is not None]
    for n in sorted(free, key=lambda n: given[n] != wish):  # An equal detail comes before one that covers more.
        if (found := _matching_indexes(others, given, (*taken, n))) is not None:
            return (n, *found)
    return None


def _narrowed(wish: Detail, had: Detail) -> Detail | None:
    """The part of a granted detail that a requested one covers; None for another type or a larger request."""
    return types()[wish["type"]].narrow(wish, had) if had["type"] == wish["type"] in types() else None


def _read(value: str, *, today: date) -> tuple[Detail, ...]:
    """The details of the parameter, each valid by the schema of its type, and none in the past of that day."""
    if len(value) > MAX_LENGTH:
        raise _refused(f"longer than {MAX_LENGTH} characters")
    try:
        found = json.loads(value, object_pairs_hook=_unique, parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _refused("must be JSON without duplicate members or fractions; write amounts as strings") from None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_ITEMS:
        raise _refused(f"must be a JSON array of 1 to {MAX_ITEMS} objects")
    return tuple(_checked(one, today=today) for one in found)


def _checked(one: Json, *, today: date) -> Detail:
    name = one.get("type") if isinstance(one, dict) else None
    if not isinstance(name, str) or name not in types():
        raise _refused(f"unknown type{quoted(name)}")
    try:
        return types()[name].require(_schema(name)(one), today)
    except ValueError as problem:  # the library's own error is a ValueError
        raise _refused(f"does not match the schema of {name}: {_why(problem)}") from None


def _why(problem: ValueError) -> str:
    """The problem, as our text or as a path in the schema, never with the value."""
    if not hasattr(problem, "rule"):
        return str(problem)
    member = ".".join(["it", *str(getattr(problem, "name", "")).split(".")[1:]])
    return f"{member if MEMBER_PATH.fullmatch(member) else 'a member'} ({getattr(problem, 'rule', '')})"


@cache
def _schema(name: str) -> Callable[[Json], Detail]:
    import fastjsonschema  # Needed only for requests with details.

    compiled: Callable[[Json], Detail] = fastjsonschema.compile(
        dict(types()[name].schema), formats=FORMATS, use_default=False
    )
    return compiled


def _field_prefix(number: int) -> str:
    return f"details-{number}"


def _unique(pairs: list[tuple[str, Json]]) -> JsonObject:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def _no_number(text: str) -> NoReturn:
    """Fractions are refused. Amounts are strings, so that no amount is rounded."""
    raise ValueError("a number that is not whole")


def _refused(description: str, *, detail: str = "") -> InvalidAuthorizationDetails:
    return InvalidAuthorizationDetails(f"authorization_details: {description}", detail=detail)
