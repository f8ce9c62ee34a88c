"""What lasts of those who ask and of what we sign with: clients and signing keys."""

from __future__ import annotations

from chalicelib.storage.dynamodb.codec import decode, encode
from chalicelib.storage.dynamodb.tables import Tables, Write
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
        client = decode(Client, str(item["record"]))
        if len(self._cache) >= MOST_CACHED_CLIENTS:
            self._cache.clear()
        self._cache[client_id] = (now, client)
        return client

    def keep(self, client: Client) -> None:
        self._tables.write(Write("Put", self._name, client.client_id, {"record": encode(client)}))
        self._cache.pop(client.client_id, None)


class SigningKeys:
    """stores.SigningKeys: one partition, read whole; kept for five minutes in the warm function."""

    RING = "ring"

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name
        self._read_at = 0
        self._cache: tuple[SigningKey, ...] = ()

    def keep(self, key: SigningKey) -> None:
        self._tables.write(Write("Put", self._name, self.RING, {"record": encode(key)}, sort_key=key.kid))
        self._cache = ()

    def all(self, *, now: int) -> tuple[SigningKey, ...]:
        if not self._cache or not 0 <= now - self._read_at < KEYS_CACHE_SECONDS:
            items = self._tables.query(self._name, self.RING)
            self._cache = tuple(decode(SigningKey, str(item["record"])) for item in items)
            self._read_at = now
        return self._cache
