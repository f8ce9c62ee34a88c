"""Records as items: the constant part is one JSON attribute, and each part that changes has its own attribute.

Reading is tolerant, because the previous and the next release run at the same time: unknown members are ignored, and missing
ones get their defaults. An unreadable record counts as missing, and is logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Hashable
from dataclasses import MISSING, fields
from functools import cache
from typing import TypeVar, cast, get_origin, get_type_hints

from chalicelib import log_lines
from chalicelib.protocol_types import Json, JsonObject, Untyped
from chalicelib.storage.grant_records import AccessToken
from chalicelib.storage.records import Authentication, AuthorizationRequest, User

Record = TypeVar("Record")

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
    """A stored record is unreadable. The message names its class and the missing members, never a value."""


def encode(record: object, *, without: tuple[str, ...] = ()) -> str:
    """The record as JSON, without the fields that have their own attributes."""
    return json.dumps(_members(record, without), separators=(",", ":"), ensure_ascii=False)


def decode(kind: type[Record], text: str, **more: Json) -> Record:
    """A record from its JSON and its other attributes; the inverse of `encode`. Raises Unreadable."""
    try:
        stored = json.loads(text)
    except ValueError:
        raise Unreadable(f"{kind.__name__}: not JSON") from None
    if not isinstance(stored, dict):
        raise Unreadable(f"{kind.__name__}: not an object")
    return _build(kind, {**stored, **more})


def report(problem: Unreadable, key: str, version: object) -> None:
    """Log that a record is unreadable. `key`: the item's key, which is not secret."""
    line = {"endpoint": "storage", "outcome": "unreadable", "reason": str(problem), "key": key, "version": str(version)}
    log_lines.write(log, line, logging.ERROR)


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
    tuples = _tuple_fields(cast(Hashable, kind))
    found: JsonObject = {}
    for name in known & members.keys():
        value = members[name]
        if name in tuples and value is not None:
            value = tuple(value) if isinstance(value, list | tuple) else value
        elif name in _NESTED and isinstance(value, dict):
            value = _build(_NESTED[name], value)
        found[name] = value
    for name in tuples - found.keys():
        found[name] = ()
    try:
        return kind(**found)
    except TypeError:
        needed = {f.name for f in fields(cast(Untyped, kind)) if f.default is MISSING and f.default_factory is MISSING}
        missing = sorted(needed - found.keys())
        raise Unreadable(f"{kind.__name__}: without {', '.join(missing)}") from None


@cache
def _tuple_fields(kind: Hashable) -> frozenset[str]:
    return frozenset(name for name, hint in get_type_hints(kind).items() if get_origin(hint) is tuple)
