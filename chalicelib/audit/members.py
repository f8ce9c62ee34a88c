"""The members of a stored record, as JSON. Reading them raises Unreadable, for an event that says so."""

from __future__ import annotations

import json

from chalicelib.protocol_types import JsonObject
from chalicelib.storage.dynamodb.attributes import Item
from chalicelib.storage.dynamodb.codec import Unreadable


def members_of(item: Item, attribute: str = "record") -> JsonObject:
    """The members of the item's record; none if it has no record. Raises Unreadable."""
    if attribute not in item:
        return {}
    try:
        members = json.loads(str(item[attribute]))
    except ValueError:
        raise Unreadable("not JSON") from None
    if not isinstance(members, dict):
        raise Unreadable("not an object")
    return members


def changed_members(before: Item, after: Item) -> list[str]:
    """Names of the members that differ. Raises Unreadable."""
    old, new = members_of(before), members_of(after)
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
