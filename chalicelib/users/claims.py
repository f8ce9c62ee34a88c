"""Claims about users, by scope value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib import vocabulary
from chalicelib.marked_text import message
from chalicelib.protocol_types import Claims, JsonObject

if TYPE_CHECKING:  # The metadata name the claims, and say none of their texts.
    from chalicelib.language import Language

SCOPES: Mapping[str, tuple[str, ...]] = {  # OIDCC-5.4
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}


NAMES = frozenset(name for names in SCOPES.values() for name in names)
"""The standard claims (OpenID Connect Core 5.1) except sub."""


def known() -> frozenset[str]:
    """The standard claims and the bank's own. No other claim is disclosed."""
    return NAMES | {one.name for one in vocabulary.current().claims}


def in_order() -> list[str]:
    """The known claims in order, those of the library first."""
    own = (one.name for one in vocabulary.current().claims)
    return [*(name for names in SCOPES.values() for name in names), *own]


def of_scope(token: str) -> tuple[str, ...]:
    """The claims of a scope value."""
    own = (one.name for one in vocabulary.current().claims if token in one.scopes)
    return (*SCOPES.get(token, ()), *own)


WORDS: Mapping[str, str] = {
    "name": message("See your full name"),
    "family_name": message("See your family name"),
    "given_name": message("See your first name"),
    "middle_name": message("See your middle name"),
    "nickname": message("See your nickname"),
    "preferred_username": message("See your user name"),
    "profile": message("See your profile page"),
    "picture": message("See your picture"),
    "website": message("See your website"),
    "gender": message("See your gender"),
    "birthdate": message("See your date of birth"),
    "zoneinfo": message("See your time zone"),
    "locale": message("See your language"),
    "updated_at": message("See your profile's last change"),
    "email": message("See your email address"),
    "email_verified": message("See your email address's verification"),
    "address": message("See your postal address"),
    "phone_number": message("See your phone number"),
    "phone_number_verified": message("See your phone number's verification"),
}
"""Texts of the library's claims, as sentences."""


def disclosed_claims(claims: Claims, scope: Sequence[str], one_by_one: Sequence[str] = ()) -> JsonObject:
    """The members of `claims` that the scope or `one_by_one` requests. It never has `sub`, which each Authentication has."""
    names = [*(name for requested in scope for name in of_scope(requested)), *one_by_one]
    return of_a_person({name: claims[name] for name in names if name in claims})


def of_a_person(claims: Claims) -> JsonObject:
    """The known claims, which have texts for the consent page. No other claim is disclosed."""
    allowed = known()
    return {name: value for name, value in claims.items() if name in allowed}


def in_words(names: Sequence[str], scope: Sequence[str], language: Language) -> list[str]:
    """The texts of the requested claims that the scope does not cover, one sentence each."""
    uncovered = known() - {name for requested in scope for name in of_scope(requested)}
    own = {one.name: one.words for one in vocabulary.current().claims}
    return [
        language.say("See your {claim}", claim=language.say(own[name])) if name in own else language.say(WORDS[name])
        for name in names
        if name in uncovered
    ]
