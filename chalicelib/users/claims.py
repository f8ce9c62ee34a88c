"""Claims about users, by scope value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib import vocabulary
from chalicelib.protocol_types import Claims, JsonObject

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
    "name": "full name",
    "given_name": "first name",
    "preferred_username": "user name",
    "profile": "profile page",
    "birthdate": "date of birth",
    "zoneinfo": "time zone",
    "locale": "language",
    "updated_at": "profile's last change",
    "email": "email address",
    "email_verified": "email address's verification",
    "address": "postal address",
    "phone_number_verified": "phone number's verification",
}
"""Texts for claims whose name is not readable."""


def disclosed_claims(claims: Claims, scope: Sequence[str], one_by_one: Sequence[str] = ()) -> JsonObject:
    """The members of `claims` that the scope or `one_by_one` requests. It never has `sub`, which each Authentication has."""
    names = [*(name for requested in scope for name in of_scope(requested)), *one_by_one]
    return of_a_person({name: claims[name] for name in names if name in claims})


def of_a_person(claims: Claims) -> JsonObject:
    """The known claims, which have texts for the consent page. No other claim is disclosed."""
    allowed = known()
    return {name: value for name, value in claims.items() if name in allowed}


def in_words(names: Sequence[str], scope: Sequence[str]) -> list[str]:
    """The texts of the requested claims that the scope does not cover, one sentence each."""
    uncovered = known() - {name for requested in scope for name in of_scope(requested)}
    words = {**WORDS, **{one.name: one.words for one in vocabulary.current().claims}}
    return [f"See your {words.get(name, name.replace('_', ' '))}" for name in names if name in uncovered]
