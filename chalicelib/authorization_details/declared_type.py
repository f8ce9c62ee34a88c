"""Types of authorization details that a bank declares in its vocabulary (vocabulary.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import cast

from chalicelib.authorization_details import currency
from chalicelib.authorization_details.detail_type import (
    ACCOUNT,
    DAY,
    FORMATS,
    IBAN,
    IDENTIFIERS,
    LOCATIONS,
    Choice,
    DetailType,
    Question,
    Shown,
    account_key,
    best_key,
    called,
    distinct,
    identified,
    is_day,
    is_named,
    named,
    number,
    require_ahead,
    text,
)
from chalicelib.authorization_details.payment_initiation import AMOUNT, AMOUNT_DIGITS, in_words
from chalicelib.language import Language, is_readable
from chalicelib.protocol_types import Account, Detail, Json, JsonObject, MemberKind, Schema
from chalicelib.vocabulary import DeclaredType
from chalicelib.vocabulary_parts import PLACEHOLDER

MEMBERS: Mapping[MemberKind, Schema] = {
    "amount": AMOUNT,
    "account": ACCOUNT,
    "iban": IBAN,
    "day": DAY,
    "text": text(140),
    "number": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
    "switch": {"type": "boolean"},
    "locations": LOCATIONS,
}
"""Kinds of members that a declared type may name instead of a schema."""
AMOUNT_OF = frozenset({"currency", "amount"})
"""Members of an amount."""
DIGITS = re.compile(AMOUNT_DIGITS)


def detail_type(one: DeclaredType) -> DetailType:
    """The declared type as a DetailType. A detail is granted as a whole, with the user's account if the user chooses one."""
    schema = {
        "type": "object",
        "properties": {"type": {"const": one.name}, **{name: schema_of(kind) for name, kind in one.members.items()}},
        "required": ["type", *one.required],
        "additionalProperties": False,
    }
    return DetailType(
        name=one.name,
        schema=schema,
        require=_require,
        say=lambda detail, accounts, field_prefix, language: _say(one, detail, accounts, field_prefix, language),
        grant=lambda detail, accounts, field_prefix, form: _grant(one, detail, accounts, field_prefix, form),
        narrow=lambda requested, granted: _narrow(one, requested, granted),
        writes=one.writes,
        one_off=lambda detail: one.once,
        consumed=one.done,
        own_accounts=lambda detail: distinct([detail[one.account]] if one.account and one.account in detail else []),
    )


def schema_of(kind: MemberKind | Schema) -> Schema:
    """The schema of a member. A text without bounds gets the bounds of texts for people."""
    if isinstance(kind, str):
        return MEMBERS[kind]
    bounded = {"enum", "const", "pattern", "format"} & kind.keys()
    return {**text(140), **kind} if kind.get("type") == "string" and not bounded else kind


def problems_of(one: DeclaredType) -> list[str]:
    """The problems of its schema. It compiles the schema, which is too slow for a function's start."""
    import fastjsonschema

    try:
        fastjsonschema.compile(dict(detail_type(one).schema), formats=FORMATS, use_default=False)
    except (fastjsonschema.JsonSchemaDefinitionException, ValueError, TypeError, AttributeError) as problem:
        return [f"authorization_details_types: {one.name}: its schema can't be used ({type(problem).__name__})"]
    return []


def _require(detail: Detail, today: date) -> Detail:
    for value in _all_in(detail):
        if isinstance(value, str) and value and not is_readable(value):
            raise ValueError("a text has control or invisible characters")
        if isinstance(value, dict) and value.keys() == AMOUNT_OF:
            if not all(isinstance(part, str) for part in value.values()) or not DIGITS.match(value["amount"]):
                raise ValueError("an amount is not a positive decimal number")
            currency.in_full(**value)
    return require_ahead(detail, "validUntil", today)


def _all_in(value: Json) -> Iterator[Json]:
    """The value and all values in it, at any depth."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _all_in(inner)


def _say(
    one: DeclaredType, detail: Detail, accounts: Sequence[Account], field_prefix: str, language: Language
) -> Shown:
    facts = [
        (language.say(label), _filled(words, detail, language))
        for label, words in one.facts.items()
        if _has(words, detail)
    ]
    named = (_member(name, detail) for name in PLACEHOLDER.findall(one.heading))
    amounts = (in_words(value, language) for value in named if isinstance(value, dict) and value.keys() == AMOUNT_OF)
    questions = _questions(one, detail, accounts, field_prefix, language)
    figure = next(amounts, "")
    apart = "" if PLACEHOLDER.fullmatch(language.template(one.heading)) else language.isolated(figure)
    return Shown(_filled(one.heading, detail, language), tuple(facts), questions, figure=apart or figure)


def _questions(
    one: DeclaredType, detail: Detail, accounts: Sequence[Account], field_prefix: str, language: Language
) -> tuple[Question, ...]:
    if one.account is None:
        return ()
    offered = _offered(one.account, detail, accounts)
    choices = tuple(Choice(f"{field_prefix}-account", best_key(a), called(a, language), number(a)) for a in offered)
    none = language.say("You have none of the accounts that are asked for.")
    return (Question(language.say("Your account"), choices, none=none, one=True),)


def _grant(
    one: DeclaredType, detail: Detail, accounts: Sequence[Account], field_prefix: str, form: Mapping[str, str]
) -> Detail | None:
    if one.account is None:
        return detail
    keys = _requested_keys(one.account, detail)
    chosen = [
        account
        for account in _offered(one.account, detail, accounts)
        if best_key(account) == form.get(f"{field_prefix}-account")
    ]
    return {**detail, one.account: named(chosen[0], keys)[0]} if chosen else None


def _offered(member: str, detail: Detail, accounts: Sequence[Account]) -> list[Account]:
    """The user's own accounts that the member may be."""
    return [account for account in identified(accounts) if is_named(account, _requested_keys(member, detail))]


def _requested_keys(member: str, detail: Detail) -> list[str] | None:
    return [account_key(detail[member])] if member in detail else None


def _narrow(one: DeclaredType, requested: Detail, granted: Detail) -> Detail | None:
    left_out = {name: value for name, value in granted.items() if name == one.account and name not in requested}
    return granted if requested | left_out == granted else None


def _has(words: str, detail: Detail) -> bool:
    """Whether the text names no member, or a member that the detail has."""
    named = PLACEHOLDER.findall(words)
    return not named or any(_member(name, detail) is not None for name in named)


def _filled(words: str, detail: Detail, language: Language) -> str:
    template = language.template(words)
    only = PLACEHOLDER.fullmatch(template) is not None

    def value(found: re.Match[str]) -> str:
        read = _read(_member(found[1], detail), language)
        return read if only else language.isolated(read)

    return PLACEHOLDER.sub(value, template)


def _member(name: str, detail: Detail) -> Json:
    value: Json = detail
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _read(value: Json, language: Language) -> str:
    """A value as text for people."""
    if isinstance(value, dict):
        if value.keys() == AMOUNT_OF:
            return in_words(value, language)
        return number(cast(Account, value)) if _is_account(value) else _listed(value.values(), language)
    if isinstance(value, list):
        return _listed(value, language)
    if isinstance(value, bool):
        return language.say("yes") if value else language.say("no")
    if isinstance(value, str) and len(value) == len("2027-01-15") and is_day(value):
        return language.date(date.fromisoformat(value))
    return "" if value is None else str(value)


def _is_account(value: JsonObject) -> bool:
    return any(value.keys() == members.keys() for members in IDENTIFIERS.values())


def _listed(values: Iterable[Json], language: Language) -> str:
    return language.say(", ").join(_read(one, language) for one in values)
