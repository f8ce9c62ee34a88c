"""Records as items: what is written once is one JSON attribute, what changes is an attribute of its own."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from chalicelib.storage.records import AuthorizationRequest, Login, User

Record = TypeVar("Record")

_NESTED: dict[str, type] = {"request": AuthorizationRequest, "login": Login, "user": User}


def encode(record: object, *, without: tuple[str, ...] = ()) -> str:
    """The record as JSON, less the fields that are attributes of their own."""
    return json.dumps(_members(record, without), separators=(",", ":"), ensure_ascii=False)


def decode(kind: type[Record], text: str, **more: Any) -> Record:
    """A record from its JSON and the attributes beside it; the inverse of `encode`."""
    return _build(kind, {**json.loads(text), **more})


def _members(record: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for f in fields(record):
        value = getattr(record, f.name)
        if f.name in without or value == () or (value is None and f.default is None):
            continue
        found[f.name] = _members(value) if f.name in _NESTED else value
    return found


def _build(kind: type[Record], members: dict[str, Any]) -> Record:
    tuples = _tuple_fields(cast(Hashable, kind))
    for name, value in members.items():
        if name in tuples and value is not None:
            members[name] = tuple(value)
        elif name in _NESTED and isinstance(value, dict):
            members[name] = _build(_NESTED[name], value)
    for name in tuples - members.keys():
        members[name] = ()
    return kind(**members)


@cache
def _tuple_fields(kind: Any) -> frozenset[str]:
    return frozenset(f.name for f in fields(kind) if str(f.type).startswith("tuple"))
