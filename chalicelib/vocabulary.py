"""A bank's additions to the library: scope values, claims, types of authorization details, names of levels of assurance, and
the time zone.

They are one JSON file (docs/operate/vocabulary.md), which is packaged with the functions and named by DUCAT_VOCABULARY. A
process has one deployment and one vocabulary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from types import ModuleType
from typing import Literal

from chalicelib.protocol_types import Json, MemberKind, Schema, Untyped

PACKAGE = Path(__file__).parent.parent
"""The folder of app.py, from which a relative path starts."""

SCOPES = ("openid", "profile", "email", "phone", "address", "accounts", "payments")
DETAIL_TYPES = ("account_information", "payment_initiation")
"""The library's names. `scopes.py` and `authorization_details/` define them."""

NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC6749-3.3
MEMBER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
ACR: Mapping[str, str] = {"2": "urn:ducat:loa:2", "3": "urn:ducat:loa:3"}
"""The levels of assurance, and the library's own names for them."""
CLAIMS = (
    "name family_name given_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo "
    "locale updated_at email email_verified address phone_number phone_number_verified"
)
"""The library's claims. `users/claims.py` defines them."""
OF_A_TOKEN = "iss sub aud exp nbf iat jti nonce auth_time acr amr azp at_hash c_hash s_hash sid cnf"
"""Claims of a JWT itself or of a sign-in (RFC 7519 4.1; OpenID Connect Core 2), which are not claims about a user."""
MEMBER_KINDS: tuple[MemberKind, ...] = ("amount", "account", "iban", "day", "text", "number", "switch", "locations")
"""Kinds of members that a declared type may name instead of a schema (authorization_details/declared_type.py)."""


class VocabularyError(Exception):
    """The vocabulary is invalid. The message lists every problem."""


@dataclass(frozen=True)
class Scope:
    """A scope value. `words`: its text for users. `about_a_person`: it needs a user. `writes`: it gives write access."""

    name: str
    words: str
    about_a_person: bool = False
    writes: bool = False


@dataclass(frozen=True)
class Claim:
    """A claim about a user. `words`: its text for users. `scopes`: scope values that request it."""

    name: str
    words: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeclaredType:
    """A declared type of authorization details.

    `heading`, `facts`: texts for users. `{member}` stands for a member's value.
    `members`: by name a JSON schema or a kind of member. `required`: the required members.
    `account`: the member for the user's own account, which the user chooses if it is absent; None for none.
    `writes`: it gives write access. `once`: it is for one use. `done`: the label of the day of that use.
    """

    name: str
    heading: str
    members: Mapping[str, MemberKind | Schema]
    required: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    writes: bool = True
    once: bool = False
    done: str = "Done"


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary.

    `acr`: the bank's names of levels of assurance, by level.
    `texts`: translations by language tag. `said`: the texts that need one.
    """

    scopes: tuple[Scope, ...] = ()
    claims: tuple[Claim, ...] = ()
    authorization_details_types: tuple[DeclaredType, ...] = ()
    acr: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    @property
    def zone(self) -> tzinfo:
        """The time zone of the deployment."""
        if self.time_zone == "UTC":
            return UTC
        from zoneinfo import ZoneInfo  # Needed only for days.

        return ZoneInfo(self.time_zone)

    @property
    def scope_names(self) -> tuple[str, ...]:
        """All known scope values."""
        return (*SCOPES, *(one.name for one in self.scopes))

    @property
    def type_names(self) -> tuple[str, ...]:
        """All known types of authorization details."""
        return (*DETAIL_TYPES, *(one.name for one in self.authorization_details_types))

    def today(self, now: int) -> date:
        """The current day in the deployment's time zone."""
        return datetime.fromtimestamp(now, self.zone).date()


Kind = Literal["text", "name", "member", "switch", "names", "object", "texts"]

KINDS: Mapping[Kind, Callable[[Json], bool]] = {
    "text": lambda value: isinstance(value, str) and bool(value.strip()) and value.isprintable(),
    "name": lambda value: isinstance(value, str) and bool(NAME.fullmatch(value)),
    "member": lambda value: isinstance(value, str) and bool(MEMBER.fullmatch(value)),
    "switch": lambda value: isinstance(value, bool),
    "names": lambda value: isinstance(value, list) and all(KINDS["name"](one) for one in value),
    "object": lambda value: isinstance(value, dict) and all(KINDS["member"](name) for name in value),
    "texts": lambda value: (
        isinstance(value, dict) and all(KINDS["text"](one) for pair in value.items() for one in pair)
    ),
}
SECTIONS: Mapping[str, tuple[type, Mapping[str, Kind], frozenset[str]]] = {
    "scopes": (
        Scope,
        {"name": "name", "words": "text", "about_a_person": "switch", "writes": "switch"},
        frozenset({"name", "words", "about_a_person", "writes"}),
    ),
    "claims": (Claim, {"name": "member", "words": "text", "scopes": "names"}, frozenset({"name", "words"})),
    "authorization_details_types": (
        DeclaredType,
        {
            "name": "name",
            "heading": "text",
            "members": "object",
            "required": "names",
            "facts": "texts",
            "account": "member",
            "writes": "switch",
            "once": "switch",
            "done": "text",
        },
        frozenset({"name", "heading", "members", "writes", "once"}),
    ),
}
"""By section: the class of its entries, the kinds of their members, and the required members."""

_current = Vocabulary()


def current() -> Vocabulary:
    """The vocabulary of this process."""
    return _current


def use(vocabulary: Vocabulary) -> Vocabulary:
    """Set the vocabulary of this process."""
    global _current
    _current = vocabulary
    return vocabulary


def load(setting: str | None) -> Vocabulary:
    """The vocabulary of a file or of a JSON text, or the library's own without a setting. Raises VocabularyError."""
    if setting is None:
        return Vocabulary()
    if setting.startswith("{"):
        return read(setting)
    try:
        text = (PACKAGE / setting).read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise VocabularyError(f"the vocabulary {setting} can't be read: {type(problem).__name__}") from None
    return read(text)


def read(text: str) -> Vocabulary:
    """The vocabulary of a JSON text. Raises VocabularyError, which lists every problem."""
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise VocabularyError(f"the vocabulary is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise VocabularyError("the vocabulary is not a JSON object")
    problems = [f"{name}: not a section" for name in found if name not in (*SECTIONS, "acr", "time_zone")]
    sections = {name: found[name] for name in SECTIONS if name in found}
    unfit: list[str] = []  # Translations.
    plain, texts, said = _parts().taken_out(sections, unfit) if sections else ({}, {}, ())
    entries = {name: _entries(plain.get(name, []), name, problems) for name in SECTIONS}
    acr, zone = found.get("acr", {}), found.get("time_zone", "UTC")
    problems += [*_acr(acr), *(() if zone == "UTC" else _parts().zone_problems(zone))]
    if not problems:
        vocabulary = Vocabulary(**entries, acr=acr, time_zone=zone, texts=texts, said=said)
        problems += _clashes(vocabulary)
    if problems := [*problems, *unfit]:
        raise VocabularyError("the vocabulary can't be used: " + "; ".join(problems))
    return vocabulary


def _parts() -> ModuleType:
    from chalicelib import vocabulary_parts  # Only a bank's own words need it.

    return vocabulary_parts


def _entries(value: Json, section: str, problems: list[str]) -> tuple[Untyped, ...]:
    """The entries of a section, empty if one is wrong. Problems are added to `problems`."""
    made, kinds, needed = SECTIONS[section]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        problems.append(f"{section}: not a list of objects")
        return ()
    wrong = []
    for n, one in enumerate(value):
        called = f"{section}[{n}]"
        wrong += [f"{called}: {name} is missing" for name in sorted(needed - one.keys())]
        wrong += [f"{called}: {name} is not a member" for name in one if name not in kinds]
        wrong += [
            f"{called}: {name} is no {kinds[name]}"
            for name in one
            if name in kinds and not KINDS[kinds[name]](one[name])
        ]
    problems += wrong
    return (
        () if wrong else tuple(made(**{k: tuple(v) if isinstance(v, list) else v for k, v in o.items()}) for o in value)
    )


def _acr(value: Json) -> list[str]:
    if not isinstance(value, dict) or not value.keys() <= ACR.keys() or not all(map(KINDS["name"], value.values())):
        return [f"acr: not an object of {' and '.join(ACR)} to a name each"]
    if len(set(value.values())) < len(value):
        return ["acr: two levels have one name"]
    moved = [name for name in value if value[name] in ACR.values() and value[name] != ACR[name]]
    return [f"acr: {name} has the library's name of another level" for name in moved]


def _clashes(vocabulary: Vocabulary) -> list[str]:
    """Names that are used twice, and names that do not exist."""
    problems = []
    for section, names in (
        ("scopes", vocabulary.scope_names),
        ("claims", (*CLAIMS.split(), *OF_A_TOKEN.split(), *(one.name for one in vocabulary.claims))),
        ("authorization_details_types", vocabulary.type_names),
    ):
        problems += [f"{section}: {name} is there already" for name in sorted({n for n in names if names.count(n) > 1})]
    for claim in vocabulary.claims:
        problems += [f"claims: {claim.name}: no scope {s}" for s in claim.scopes if s not in vocabulary.scope_names]
    for one in vocabulary.authorization_details_types:
        problems += [
            f"authorization_details_types: {one.name}: {name} is no schema and no kind of {', '.join(MEMBER_KINDS)}"
            for name, kind in one.members.items()
            if not isinstance(kind, dict) and kind not in MEMBER_KINDS
        ]
        if one.members.get("validUntil", "day") != "day":
            problems.append(f"authorization_details_types: {one.name}: validUntil is no day")
        if one.account is not None and one.members.get(one.account) != "account":
            problems.append(f"authorization_details_types: {one.name}: {one.account} is no account")
        problems += [
            f"authorization_details_types: {one.name}: nobody is shown {name}"
            for name in _parts().unseen(one.heading, one.facts, one.members, one.account)
        ]
        if "type" in one.members:
            problems.append(f"authorization_details_types: {one.name}: type is there already")
        known = {*one.members, "type"}
        named = [
            *one.required,
            *(PLACEHOLDER.findall(" ".join([one.heading, *one.facts.values()]))),
            one.account or "type",
        ]
        problems += [
            f"authorization_details_types: {one.name}: no member {name}"
            for name in dict.fromkeys(name.partition(".")[0] for name in named)
            if name not in known
        ]
    return problems
