"""Records as items: the constant part is one JSON attribute, and each part that changes has its own attribute.

Reading is tolerant, because the previous and the next release run at the same time: unknown members are ignored, and missing
ones get their defaults. So does null, where it is no value of the member. A known member of another type makes a record
unreadable, and so does the version of a later release, which changed the meaning of a member. An unreadable record counts as
missing, and is logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from types import NoneType, UnionType
from typing import Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from chalicelib import log_lines
from chalicelib.protocol_types import Json, JsonObject, Untyped
from chalicelib.storage.grant_records import AccessToken
from chalicelib.storage.records import Authentication, AuthorizationRequest, User

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
    known = {f.name for f in fields(cast(Untyped, kind))}
    types, defaults = _types(cast(Hashable, kind)), _with_default(cast(Hashable, kind))
    tuples = {name for name, (whole, _) in types.items() if whole == (tuple,)}
    found: JsonObject = {}
    for name in known & members.keys():
        value = members[name]
        if value is None and name in defaults and not _is_of(value, *types[name]):
            continue
        if name in tuples and value is not None:
            value = tuple(value) if isinstance(value, list | tuple) else value
        elif name in _NESTED and isinstance(value, dict):
            value = _build(_NESTED[name], value)
        found[name] = value
    wrong = sorted(name for name, value in found.items() if not _is_of(value, *types[name]))
    if wrong:
        raise Unreadable(f"{kind.__name__}: of another type: {', '.join(wrong)}")
    for name in tuples - found.keys():
        found[name] = ()
    try:
        return kind(**found)
    except TypeError:
        needed = {f.name for f in fields(cast(Untyped, kind)) if f.default is MISSING and f.default_factory is MISSING}
        missing = sorted(needed - found.keys())
        raise Unreadable(f"{kind.__name__}: without {', '.join(missing)}") from None


Types = tuple[type, ...] | None
"""Types that a value may have. None: any."""


@dataclass(frozen=True)
class _Members:
    """What the members of a tuple are. `needed`, `named`: what each has, and the types of what it has, if it is a TypedDict."""

    types: Types
    needed: frozenset[str] = frozenset()
    named: Mapping[str, Types] = field(default_factory=dict)

    def has(self, one: Json) -> bool:
        if self.types is not None and not isinstance(one, self.types):
            return False
        if not self.named:
            return True
        found = cast(JsonObject, one)
        types = ((found[name], types) for name, types in self.named.items() if name in found)
        return self.needed <= found.keys() and all(types is None or isinstance(value, types) for value, types in types)


def _is_of(value: Json, whole: Types, members: _Members | None) -> bool:
    if whole is not None and not isinstance(value, whole):
        return False
    return members is None or all(map(members.has, cast(tuple[Json, ...], value)))


@cache
def _types(kind: Hashable) -> Mapping[str, tuple[Types, _Members | None]]:
    """The types of each field, and what the members of a field that is a tuple are."""
    hints = get_type_hints(kind)
    return {
        name: (_runtime_types(hint), _members_of(get_args(hint)[0]) if get_origin(hint) is tuple else None)
        for name, hint in hints.items()
    }


def _members_of(hint: Untyped) -> _Members:
    if not is_typeddict(hint):
        return _Members(_runtime_types(hint))
    named = {name: _runtime_types(one) for name, one in get_type_hints(hint).items()}
    return _Members((dict,), hint.__required_keys__, named)


@cache
def _with_default(kind: Hashable) -> frozenset[str]:
    wanted = (f for f in fields(cast(Untyped, kind)) if f.default is not MISSING or f.default_factory is not MISSING)
    return frozenset(f.name for f in wanted)


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
