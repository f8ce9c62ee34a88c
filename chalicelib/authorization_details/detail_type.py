"""The parts of a type of authorization details (RFC 9396 2): schemas and texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from chalicelib.language import Language, is_readable
from chalicelib.protocol_types import Account, Detail, Schema


@dataclass(frozen=True)
class Choice:
    """A choice of the user.

    `field`: name of the form field.
    `value`: value of the form field if the choice is taken.
    """

    field: str
    value: str
    words: str
    note: str = ""


@dataclass(frozen=True)
class Question:
    """A question to the user.

    `one`: exactly one choice is taken; otherwise any number.
    `none`: the text if there are no choices.
    """

    words: str
    choices: tuple[Choice, ...]
    none: str
    one: bool = False


@dataclass(frozen=True)
class Shown:
    """A detail as the page shows it.

    `facts`: label and value.
    `figure`: the emphasized part of the heading.
    """

    heading: str
    facts: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...] = ()
    figure: str = ""


@dataclass(frozen=True)
class DetailType:
    """A type of authorization details.

    `require`: gives the detail if it meets the rules that the schema can't express, on a day; raises ValueError.
    `say`: the page's view of a detail, for a user with these accounts, in a language; form fields get the prefix.
    `grant`: the granted part of a detail, by the fields of the form; None if nothing is granted. It is never more than
    requested.
    `narrow`: the part of a granted detail that a requested detail covers; None if it requests more.
    `writes`: the type gives write access.
    `one_off`: whether the detail is for one use. Then there is no refresh token, and the consent is short.
    `consumed`: the label of the day on which the detail was used, in English.
    `own_accounts`: the user's own accounts in a granted detail.
    """

    name: str
    schema: Schema
    require: Callable[[Detail, date], Detail]
    say: Callable[[Detail, Sequence[Account], str, Language], Shown]
    grant: Callable[[Detail, Sequence[Account], str, Mapping[str, str]], Detail | None]
    narrow: Callable[[Detail, Detail], Detail | None]
    writes: bool
    one_off: Callable[[Detail], bool]
    consumed: str
    own_accounts: Callable[[Detail], Sequence[Account]]


# Fields, as schemas.


def is_iban(text: str) -> bool:
    """Whether the check digits of an account number are right (ISO 13616, ISO 7064 MOD 97-10)."""
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def is_day(text: str) -> bool:
    """Whether the text is a day of the calendar."""
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


FORMATS: Mapping[str, Callable[[str], bool]] = {"iban": is_iban, "day": is_day, "readable": is_readable}

IBAN = {"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", "format": "iban"}
DAY = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "format": "day"}
IDENTIFIERS = {
    "iban": {"iban": IBAN},
    "bban": {"bban": {"type": "string", "pattern": "^[A-Za-z0-9]{1,30}$"}},
    "sortCode": {
        "sortCode": {"type": "string", "pattern": "^[0-9]{6}$"},
        "accountNumber": {"type": "string", "pattern": "^[0-9]{8}$"},
    },
    "maskedPan": {"maskedPan": {"type": "string", "pattern": "^[0-9]{0,6}[*xX]{4,13}[0-9]{2,4}$"}},
}
"""The members that identify an account, by kind (Berlin Group: account reference; Open Banking UK: SortCodeAccountNumber).

The whole number of a card is none: it stays with the bank.
"""


def account_by(*kinds: str) -> Schema:
    """The schema of an account that is identified in one of these ways, and in no other beside it."""
    found = [IDENTIFIERS[kind] for kind in kinds]
    alone = {"type": "object", "properties": {name: one for members in found for name, one in members.items()}}
    names = [list(members) for members in found]
    together = {name: members for members in names for name in members if len(members) > 1}
    return alone | {
        "oneOf": [{"required": members} for members in names],
        "dependencies": together,
        "additionalProperties": False,
    }


ACCOUNT = account_by(*IDENTIFIERS)
PAYEE = account_by("iban", "bban", "sortCode")
"""The account of a creditor. A masked number of a card says not which one is paid."""
LOCATION = {"type": "string", "pattern": "^https://[\x21-\x7e]{1,500}$"}
LOCATIONS = {"type": "array", "items": LOCATION, "minItems": 1, "maxItems": 5, "uniqueItems": True}


def text(max_length: int) -> Schema:
    """The schema of a text for people."""
    return {"type": "string", "minLength": 1, "maxLength": max_length, "format": "readable"}


def some_of(*names: str) -> Schema:
    """The schema of a list with some of these values."""
    return {"type": "array", "items": {"enum": list(names)}, "minItems": 1, "uniqueItems": True}


def require_ahead(detail: Detail, name: str, today: date) -> Detail:
    """The detail, if the day in the member `name` is not in the past. Raises ValueError."""
    if name in detail and date.fromisoformat(detail[name]) < today:
        raise ValueError(f"{name} is over")
    return detail


Limit = int | str | list[str]
"""A number, a flag, a day, or a list of allowed texts."""


def no_looser(requested: Limit, granted: Limit | None) -> bool:
    """Whether a requested limit is within the granted limit; None means that no limit was set."""
    if granted is None:
        return True
    if isinstance(requested, list) and isinstance(granted, list):
        return set(requested) <= set(granted)
    if isinstance(requested, int) and isinstance(granted, int):
        return requested <= granted
    return isinstance(requested, str) and isinstance(granted, str) and requested <= granted


# Accounts.


def references(account: Account) -> list[Account]:
    """What identifies an account, in each way that it has, the best first; empty for an account that has none."""
    found = ({name: account.get(name) for name in members} for members in IDENTIFIERS.values())
    return [cast(Account, one) for one in found if all(one.values())]


def account_key(reference: Account) -> str:
    """A text that identifies an account by one reference, as the value of a form field: an IBAN, or another with its kind."""
    (kind,) = (kind for kind, members in IDENTIFIERS.items() if members.keys() <= reference.keys())
    values = [str(reference.get(name)) for name in IDENTIFIERS[kind]]
    return values[0] if kind == "iban" else ".".join([kind, *values])


def is_named(account: Account, keys: Collection[str] | None) -> bool:
    """Whether one of these keys is the account's; None is every account that has a key."""
    return any(keys is None or account_key(one) in keys for one in references(account))


def named(account: Account, keys: Collection[str] | None) -> list[Account]:
    """The references of the account that have one of these keys; for None the best alone."""
    own = references(account)
    return own[:1] if keys is None else [one for one in own if account_key(one) in keys]


def best_key(account: Account) -> str:
    """The key of an account with a reference by its best one: its value in forms."""
    return account_key(references(account)[0])


def identified(accounts: Sequence[Account]) -> list[Account]:
    """The accounts that have a reference of their own, which is all that is left of each. A loan account may have none.

    Two cards may have one masked number. If another number tells them apart, the masked one names neither. Otherwise they are one
    choice by the names of both.
    """
    own = [account for account in accounts if references(account)]
    whose: dict[str, set[str]] = {}
    for account in own:
        for one in references(account):
            whose.setdefault(account_key(one), set()).add(best_key(account))
    found: dict[str, Account] = {}
    for account in own:
        shared = {name for one in references(account) if len(whose[account_key(one)]) > 1 for name in one}
        left = cast(Account, {name: value for name, value in account.items() if name not in shared})
        if references(left):
            same = found.setdefault(best_key(left), left)
            names = dict.fromkeys(one["name"] for one in (same, left) if one.get("name"))
            found[best_key(left)] = cast(Account, {**same, "name": " / ".join(names)} if names else same)
    return list(found.values())


def distinct(accounts: Iterable[Account]) -> list[Account]:
    """The accounts by reference, without repeats."""
    return list({account_key(one): one for account in accounts for one in references(account)[:1]}.values())


# Words.


def number(account: Account) -> str:
    """The number of an account with a reference, as people read it: an IBAN in groups of four, a sort code in pairs."""
    (best, *_) = references(account)
    if "sortCode" in best:
        return f"{'-'.join(_groups(best['sortCode'], 2))} {best['accountNumber']}"
    (text,) = best.values()
    return str(text) if "bban" in best else " ".join(_groups(str(text), 4))


def _groups(text: str, size: int) -> list[str]:
    return [text[n : n + size] for n in range(0, len(text), size)]


def called(account: Account, language: Language) -> str:
    """The name of an account for its owner."""
    return str(account.get("name") or language.say("Account"))
