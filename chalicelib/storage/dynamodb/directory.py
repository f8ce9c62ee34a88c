"""What lasts of those who ask and of what we sign with: clients and signing keys."""

from __future__ import annotations

from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report
from chalicelib.storage.dynamodb.tables import Item, Tables, Write
from chalicelib.storage.records import Client, SigningKey

CLIENT_CACHE_SECONDS = 60
KEYS_CACHE_SECONDS = 300
MOST_CACHED_CLIENTS = 1000


class Clients:
    """stores.Clients. A found client is kept for a minute in the warm function, so that a busy one is no hot item."""

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
        client = self._read(item)
        if client is None:
            return None
        if len(self._cache) >= MOST_CACHED_CLIENTS:
            self._cache.clear()
        self._cache[client_id] = (now, client)
        return client

    def keep(self, client: Client) -> None:
        self._tables.write(Write("Put", self._name, client.client_id, {"v": VERSION, "record": encode(client)}))
        self._cache.pop(client.client_id, None)

    def _read(self, item: Item) -> Client | None:
        try:
            return decode(Client, str(item["record"]))
        except (Unreadable, KeyError) as problem:
            report(Unreadable(f"Client: {problem}"), str(item["pk"]), item.get("v"))
            return None


class SigningKeys:
    """stores.SigningKeys: one partition, read whole; kept for five minutes in the warm function."""

    RING = "ring"

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name
        self._read_at = 0
        self._cache: tuple[SigningKey, ...] = ()

    def keep(self, key: SigningKey) -> None:
        item: Item = {"v": VERSION, "record": encode(key)}
        self._tables.write(Write("Put", self._name, self.RING, item, sort_key=key.kid))
        self._cache = ()

    def all(self, *, now: int) -> tuple[SigningKey, ...]:
        if not self._cache or not 0 <= now - self._read_at < KEYS_CACHE_SECONDS:
            items = self._tables.query(self._name, self.RING)
            self._cache = tuple(key for item in items if (key := self._read(item)) is not None)
            self._read_at = now
        return self._cache

    def _read(self, item: Item) -> SigningKey | None:
        """One that can't be read is left alone: the others sign and are published."""
        try:
            return decode(SigningKey, str(item["record"]))
        except (Unreadable, KeyError) as problem:
            report(Unreadable(f"SigningKey: {problem}"), str(item.get("kid")), item.get("v"))
            return None
