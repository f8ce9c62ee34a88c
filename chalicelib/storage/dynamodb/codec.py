"""Records as items: the constant part is one JSON attribute, and each part that changes has its own attribute.

Reading is tolerant, because the previous and the next release run at the same time: unknown members are ignored, and missing
ones get their defaults. So does null in a client's metadata, where it is an omitted member. A known member of another type makes
a record unreadable, and so does the version of a later release, which changed the meaning of a member. An unreadable record
counts as missing, and is logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields
from functools import cache
from types import NoneType, UnionType
from typing import Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from chalicelib import log_lines
from chalicelib.protocol_types import Json, JsonObject, Untyped
from chalicelib.storage.grant_records import AccessToken
from chalicelib.storage.records import Authentication, AuthorizationRequest, Client, User

Record = TypeVar("Record")

PLAIN = (str, int, bool, dict, list, tuple, frozenset, NoneType)
"""Types of values that are compared as they are."""

VERSION = 1
"""Version of the items that this release writes. A release that changes the meaning of a member increments it."""

_NESTED: dict[str, type] = {
    "request": AuthorizationRequest,
    "login": Authentication,
    "user": User,
    "token": AccessToken,
    "front_token": AccessToken,
}

log = logging.getLogger("ducat")


class Unreadable(Exception):
    """A stored record is unreadable. The message names its class and the missing or wrong members, never a value."""


def encode(record: object, *, without: tuple[str, ...] = ()) -> str:
    """The record as JSON, without the fields that have their own attributes."""
    return json.dumps(_members(record, without), separators=(",", ":"), ensure_ascii=False)


def decode(kind: type[Record], text: str, **more: Json) -> Record:
    """A record from its JSON and its other attributes; the inverse of `encode`. Raises Unreadable."""
    try:
        stored = json.loads(text)
        if "\\u" in text:
            json.dumps(stored, ensure_ascii=False).encode()  # JSON can spell half a character, which has no bytes.
    except (ValueError, RecursionError):
        raise Unreadable(f"{kind.__name__}: not JSON") from None
    if not isinstance(stored, dict):
        raise Unreadable(f"{kind.__name__}: not an object")
    return _build(kind, {**stored, **more})


def require_known(kind: str, item: Mapping[str, object]) -> Mapping[str, object]:
    """The item. Raises Unreadable for one of a later release that changed the meaning of a member."""
    version = item.get("v", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise Unreadable(f"{kind}: of a later release")
    return item


def report(problem: Unreadable, key: str, version: object, *, sub: str = "") -> None:
    """Log that a record is unreadable. `key`: the item's key, which is not secret. `sub`: of a user's record, in its place."""
    of = {"sub": sub} if sub else {"key": key}
    line = {"endpoint": "storage", "outcome": "unreadable", "reason": str(problem), **of, "version": str(version)}
    log_lines.write(log, line, logging.ERROR)


def set_of(item: Mapping[str, object], name: str) -> frozenset[str]:
    """The members of a set of a user; none if it is not there, because an empty set is not stored. Raises Unreadable."""
    found = item.get(name, frozenset())
    if not isinstance(found, frozenset):
        raise Unreadable(f"User: of another type: {name}")
    return found


def sub_of(text: str) -> str:
    """The sub in a record that is unreadable otherwise, for the log; empty without one."""
    with suppress(ValueError, RecursionError):
        record = json.loads(text)
        sub = record.get("sub") if isinstance(record, dict) else None
        return sub if isinstance(sub, str) else ""
    return ""


def _members(record: Untyped, without: tuple[str, ...] = ()) -> JsonObject:
    found: JsonObject = {}
    for f in fields(record):
        value = getattr(record, f.name)
        if f.name in without or value == () or (value is None and f.default is None):
            continue
        found[f.name] = _members(value) if f.name in _NESTED else value
    return found


def _build(kind: type[Record], members: JsonObject) -> Record:
    known = _fields(cast(Hashable, kind))
    found: JsonObject = {name: () for name, one in known.items() if one.is_tuple}
    wrong = []
    for name, value in members.items():
        one = known.get(name)
        if one is None:
            continue
        if one.is_tuple and isinstance(value, list):
            value = tuple(value)
        elif one.nested is not None and isinstance(value, dict):
            value = _build(one.nested, value)
        if one.has(value):
            found[name] = value
        elif value is not None or not one.has_default or kind is not Client:
            wrong.append(name)
    if wrong:
        raise Unreadable(f"{kind.__name__}: of another type: {', '.join(sorted(wrong))}")
    try:
        return kind(**found)
    except TypeError:
        missing = sorted(name for name, one in known.items() if not one.has_default and name not in found)
        raise Unreadable(f"{kind.__name__}: without {', '.join(missing)}") from None


Types = tuple[type, ...] | None
"""Types that a value may have. None: any."""


class _Members(NamedTuple):
    """What the members of a tuple are. `needed`, `named`: what each has, and the types of what it has, if it is a TypedDict."""

    types: Types
    needed: frozenset[str]
    named: Mapping[str, Types]

    def has(self, one: Json) -> bool:
        if self.types is not None and not isinstance(one, self.types):
            return False
        if not self.named:
            return True
        found = cast(JsonObject, one)
        types = ((found[name], types) for name, types in self.named.items() if name in found)
        return self.needed <= found.keys() and all(types is None or isinstance(value, types) for value, types in types)


class _Field(NamedTuple):
    """What a field of a record may have. `types`: of it; `members`: what its members are, if it is a tuple.

    `nested`: the record that its JSON object is.
    """

    types: Types
    members: _Members | None
    nested: type | None
    has_default: bool

    @property
    def is_tuple(self) -> bool:
        return self.members is not None

    def has(self, value: Json) -> bool:
        if self.types is not None and not isinstance(value, self.types):
            return False
        return self.members is None or all(map(self.members.has, cast(tuple[Json, ...], value)))


@cache
def _fields(kind: Hashable) -> Mapping[str, _Field]:
    """The fields of a record by their names."""
    hints = get_type_hints(kind)
    return {
        one.name: _Field(
            _runtime_types(hints[one.name]),
            _members_of(get_args(hints[one.name])[0]) if get_origin(hints[one.name]) is tuple else None,
            _NESTED.get(one.name),
            one.default is not MISSING or one.default_factory is not MISSING,
        )
        for one in fields(cast(Untyped, kind))
    }


def _members_of(hint: Untyped) -> _Members:
    if not is_typeddict(hint):
        return _Members(_runtime_types(hint), frozenset(), {})
    named = {name: _runtime_types(one) for name, one in get_type_hints(hint).items()}
    return _Members((dict,), hint.__required_keys__, named)


def _runtime_types(hint: Untyped) -> Types:
    origin: Untyped = get_origin(hint)
    if origin in (Union, UnionType):
        found = [_runtime_types(one) for one in get_args(hint)]
        return None if None in found else tuple(one for types in found for one in types or ())
    if origin is Literal:
        return tuple({type(one) for one in get_args(hint)})
    if is_typeddict(hint) or origin is Mapping:
        return (dict,)
    plain: type = origin or hint
    return (NoneType,) if hint is None else (plain,) if plain in PLAIN or plain in _NESTED.values() else None
