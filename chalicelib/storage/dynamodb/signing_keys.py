"""The registry of public keys: what lasts of what we sign with."""

from __future__ import annotations

from chalicelib.storage.dynamodb.attributes import Item
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report
from chalicelib.storage.dynamodb.tables import Tables, Write
from chalicelib.storage.records import SigningKey

KEYS_CACHE_SECONDS = 300


class SigningKeys:
    """stores.SigningKeys: one partition, read whole; kept for five minutes in the warm function."""

    RING = "ring"

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name
        self._read_at = 0
        self._cache: tuple[SigningKey, ...] = ()

    def put(self, key: SigningKey) -> None:
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
