"""The parts of a type of authorization details (RFC 9396 2): schemas and texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from unicodedata import category

from chalicelib.language import Language
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


def is_readable(text: str) -> bool:
    """Whether the text has no invisible characters, line breaks or direction marks, so that a user reads it as intended."""
    seen = all(category(character)[0] != "C" and category(character) not in ("Zl", "Zp") for character in text)
    return seen and bool(text.strip())


FORMATS: Mapping[str, Callable[[str], bool]] = {"iban": is_iban, "day": is_day, "readable": is_readable}

IBAN = {"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", "format": "iban"}
DAY = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "format": "day"}
ACCOUNT = {"type": "object", "properties": {"iban": IBAN}, "required": ["iban"], "additionalProperties": False}
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


def with_iban(accounts: Sequence[Account]) -> list[Account]:
    """The accounts with an IBAN. A card or loan account may have none."""
    return [account for account in accounts if account.get("iban")]


def distinct(accounts: Iterable[Account]) -> list[Account]:
    """The accounts by IBAN, without repeats."""
    return [{"iban": iban} for iban in dict.fromkeys(account["iban"] for account in accounts)]


# Words.


def spaced(iban: str) -> str:
    """An IBAN in groups of four characters."""
    return " ".join(iban[n : n + 4] for n in range(0, len(iban), 4))


def called(account: Account, language: Language) -> str:
    """The name of an account for its owner."""
    return str(account.get("name") or language.say("Account"))
