"""What a type of authorization details is (RFC 9396 2), and what its fields and words are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from unicodedata import category

from chalicelib.protocol_types import Account, Detail, Schema


@dataclass(frozen=True)
class Choice:
    """What a person may take or leave. `field`: name of the form's field; `value`: what it sends when taken."""

    field: str
    value: str
    words: str
    note: str = ""


@dataclass(frozen=True)
class Question:
    """What a person decides. `one`: just one choice is taken; else any may be left out. `none`: said where there is no choice."""

    words: str
    choices: tuple[Choice, ...]
    none: str
    one: bool = False


@dataclass(frozen=True)
class Shown:
    """A detail as a person reads it. `facts`: label and value. `figure`: the part of the heading that the eye should meet."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...] = ()
    figure: str = ""


@dataclass(frozen=True)
class DetailType:
    """A type. `require`: the detail, if it holds what its schema can't say, on a day; raises ValueError.

    `say`: in words, for a person with these accounts, fields named after a place.
    `grant`: what is left of it once the person chose (the form's fields), None if nothing is; never more than was asked.
    `narrow`: what of a granted one an asked one covers, None where it asks for more.
    `writes`: it lets a client change something, and not only look.
    `one_off`: whether the detail allows something once, and so gives no refresh token and a short consent.
    `consumed`: what people read beside the day on which that was done.
    `own_accounts`: the person's own accounts in a granted detail.
    """

    name: str
    schema: Schema
    require: Callable[[Detail, date], Detail]
    say: Callable[[Detail, Sequence[Account], str], Shown]
    grant: Callable[[Detail, Sequence[Account], str, Mapping[str, str]], Detail | None]
    narrow: Callable[[Detail, Detail], Detail | None]
    writes: bool
    one_off: Callable[[Detail], bool]
    consumed: str
    own_accounts: Callable[[Detail], Sequence[Account]]


# Fields, as schemas.


def is_iban(text: str) -> bool:
    """ISO 13616: of the form of an account number, and its check digits add up (ISO 7064 MOD 97-10)."""
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def is_day(text: str) -> bool:
    """A day that the calendar has."""
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_readable(text: str) -> bool:
    """Nothing in it is unseen, breaks a line or turns the text around it, so that a person reads what is meant."""
    seen = all(category(character)[0] != "C" and category(character) not in ("Zl", "Zp") for character in text)
    return seen and bool(text.strip())


FORMATS: Mapping[str, Callable[[str], bool]] = {"iban": is_iban, "day": is_day, "readable": is_readable}

IBAN = {"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", "format": "iban"}
DAY = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "format": "day"}
ACCOUNT = {"type": "object", "properties": {"iban": IBAN}, "required": ["iban"], "additionalProperties": False}
LOCATION = {"type": "string", "pattern": "^https://[\x21-\x7e]{1,500}$"}
LOCATIONS = {"type": "array", "items": LOCATION, "minItems": 1, "maxItems": 5, "uniqueItems": True}


def text(max_length: int) -> Schema:
    """The schema of a text that people read."""
    return {"type": "string", "minLength": 1, "maxLength": max_length, "format": "readable"}


def some_of(*names: str) -> Schema:
    """The schema of a list of some of these."""
    return {"type": "array", "items": {"enum": list(names)}, "minItems": 1, "uniqueItems": True}


def require_ahead(detail: Detail, name: str, today: date) -> Detail:
    """The detail, if a day that it names is not over. Raises ValueError."""
    if name in detail and date.fromisoformat(detail[name]) < today:
        raise ValueError(f"{name} is over")
    return detail


Limit = int | str | list[str]
"""A number, a flag, a day, or texts of which any is allowed."""


def no_looser(requested: Limit, granted: Limit | None) -> bool:
    """Whether a limit allows no more than the granted one of its kind, None where none was set."""
    if granted is None:
        return True
    if isinstance(requested, list) and isinstance(granted, list):
        return set(requested) <= set(granted)
    if isinstance(requested, int) and isinstance(granted, int):
        return requested <= granted
    return isinstance(requested, str) and isinstance(granted, str) and requested <= granted


def with_iban(accounts: Sequence[Account]) -> list[Account]:
    """Those of a person's accounts that a detail can name by an IBAN: a card or a loan account may have none."""
    return [account for account in accounts if account.get("iban")]


def distinct(accounts: Iterable[Account]) -> list[Account]:
    """Accounts by their IBAN, each once."""
    return [{"iban": iban} for iban in dict.fromkeys(account["iban"] for account in accounts)]


# Words.


def spaced(iban: str) -> str:
    """An IBAN in groups of four, as people read it."""
    return " ".join(iban[n : n + 4] for n in range(0, len(iban), 4))


def called(account: Account) -> str:
    """What a person calls an account of theirs."""
    return str(account.get("name") or "Account")


def in_full(iso: str) -> str:
    """A day, as people read it."""
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B} {day.year}"
