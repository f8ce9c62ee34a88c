"""The clients' records.

The item of a client that was ended stays, without its record. By it a late copy of a write that is older than the end is known.
"""

from __future__ import annotations

from typing import cast

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.storage.dynamodb.attributes import RECORD, ConditionFailed, Item, Write, counted
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.records import Client
from chalicelib.storage.stores import NotOpen

V = NumberAttribute(attr_name="v")
ENDED_AT = NumberAttribute(attr_name="ended_at")
"""When an operator ended the client, epoch seconds. The next client of that id removes it."""
SUSPENDED_AT = NumberAttribute(attr_name="suspended_at")
"""When an operator suspended the client, epoch seconds. Until it is removed the client is as one that is not registered."""

CLIENT_CACHE_SECONDS = 60
MAX_CACHED_CLIENTS = 1000


class Clients:
    """stores.Clients. A warm function caches a client for a minute, so that a busy client is no hot item."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name
        self._cache: dict[str, tuple[int, Client]] = {}

    def find(self, client_id: str, *, now: int) -> Client | None:
        read_at, cached = self._cache.get(client_id, (0, None))
        if cached is not None and 0 <= now - read_at < CLIENT_CACHE_SECONDS:
            return cached
        item = self._tables.get(self._name, client_id) if client_id else None
        client = None if item is None or is_ended(item) else read(item)
        if item is None or client is None or "suspended_at" in item:
            self._cache.pop(client_id, None)
            return None
        if len(self._cache) >= MAX_CACHED_CLIENTS:
            self._cache.clear()
        self._cache[client_id] = (now, client)
        return client

    def put(self, client: Client, *, new: bool = False) -> None:
        item = self._tables.get(self._name, client.client_id) or {}
        if new and RECORD.attr_name in item:
            raise NotOpen("a client of that id is registered already")
        try:
            self._tables.write(replacing(self._name, client, item))
        except ConditionFailed:
            raise NotOpen("the client was changed meanwhile; run the command again") from None
        self._cache.pop(client.client_id, None)


def replacing(table: str, client: Client, item: Item) -> Write:
    """The write of the record over the item that was read, empty if there was none. A suspension stays.

    It may be sent twice. A copy that comes after a later change, or after the end of the client, changes nothing.
    """
    record = encode(client)
    actions = (V.set(VERSION), RECORD.set(record), ENDED_AT.remove())
    landed = cast(Condition, record == RECORD)
    return counted(Write("Update", table, client.client_id, actions=actions), item, RECORD, landed=landed)


def is_ended(item: Item) -> bool:
    """Whether the item is of a client that was ended."""
    return ENDED_AT.attr_name in item and RECORD.attr_name not in item


def read(item: Item) -> Client | None:
    """The client of an item; None for an unreadable one, which is logged."""
    try:
        require_known("Client", item)
        return decode(Client, str(item["record"]))
    except (Unreadable, KeyError) as problem:
        report(Unreadable(f"Client: {problem}"), str(item["pk"]), item.get("v"))
        return None
