"""The file of a bank's vocabulary: it is read and checked.

Names that only the check needs are here, so that a deployment without a vocabulary does not load them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Literal

from chalicelib.protocol_types import Json, MemberKind, Untyped
from chalicelib.settings import packaged
from chalicelib.vocabulary import ACR, Claim, DeclaredType, Scope, Vocabulary

NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC6749-3.3
MEMBER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
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


def load(setting: str | None) -> Vocabulary:
    """The vocabulary of a file or of a JSON text, or the library's own without a setting. Raises VocabularyError."""
    if setting is None:
        return Vocabulary()
    if setting.startswith("{"):
        return read(setting)
    try:
        text = packaged(setting)
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
            *(_parts().PLACEHOLDER.findall(" ".join([one.heading, *one.facts.values()]))),
            one.account or "type",
        ]
        problems += [
            f"authorization_details_types: {one.name}: no member {name}"
            for name in dict.fromkeys(name.partition(".")[0] for name in named)
            if name not in known
        ]
    return problems
