"""The clients' records."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute

from chalicelib.storage.dynamodb.attributes import RECORD, Item, Write
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.records import Client

V = NumberAttribute(attr_name="v")
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
        if item is None:
            self._cache.pop(client_id, None)
            return None
        client = read(item)
        if client is None or "suspended_at" in item:
            self._cache.pop(client_id, None)
            return None
        if len(self._cache) >= MAX_CACHED_CLIENTS:
            self._cache.clear()
        self._cache[client_id] = (now, client)
        return client

    def put(self, client: Client) -> None:
        # An update, so that a client which is suspended stays so.
        record = (V.set(VERSION), RECORD.set(encode(client)))
        self._tables.write(Write("Update", self._name, client.client_id, actions=record))
        self._cache.pop(client.client_id, None)


def read(item: Item) -> Client | None:
    """The client of an item; None for an unreadable one, which is logged."""
    try:
        require_known("Client", item)
        return decode(Client, str(item["record"]))
    except (Unreadable, KeyError) as problem:
        report(Unreadable(f"Client: {problem}"), str(item["pk"]), item.get("v"))
        return None
