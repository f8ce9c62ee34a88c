"""What operators do with the stores beside what the endpoints do: read whole tables, suspend and end. No function imports it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chalicelib.storage.dynamodb.attributes import (
    RECORD,
    ConditionFailed,
    Item,
    Write,
    counted,
    mark_of,
)
from chalicelib.storage.dynamodb.clients import CLIENT_CACHE_SECONDS, ENDED_AT, V, is_ended, read, replacing
from chalicelib.storage.dynamodb.suspensions import SUSPENDED_AGAIN, SUSPENDED_AT, TRIES, resuming, suspending
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.records import Client
from chalicelib.storage.stores import NotOpen


@dataclass(frozen=True)
class OperatedClient:
    """A client as its operator sees it. `client`: None where its record can't be read. `suspended_at`: 0 where it is not.

    `stored`: its item as it was read.
    """

    client_id: str
    client: Client | None
    suspended_at: int
    stored: Item = field(default_factory=dict, repr=False)


class ClientChanged(Exception):
    """Another operator has changed or ended the client since it was read. Nothing was written."""


class OperatedClients:
    """The clients, suspended ones too."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def all(self) -> Iterator[OperatedClient]:
        """Every client, in no order. It reads the whole table, page by page."""
        for item in self._tables.scan(self._name):
            if not is_ended(item):
                yield _client(item)

    def find(self, client_id: str) -> OperatedClient | None:
        item = self._tables.get(self._name, client_id)
        return None if item is None or is_ended(item) else _client(item)

    def open_in(self, client_id: str, *, now: int) -> int:
        """Seconds until a new client may have the id of one that was ended; 0 where it may.

        Until then a function that has read the ended one accepts it, and what it is granted would be the new one's.
        """
        item = self._tables.get(self._name, client_id) or {}
        return max(0, mark_of(ENDED_AT, item) + CLIENT_CACHE_SECONDS - now) if is_ended(item) else 0

    def suspend(self, client_id: str, *, now: int, tries: int = TRIES) -> None:
        """From then on nothing of it is accepted, within the minute that functions cache a client. Raises NotOpen."""
        item = self._tables.get(self._name, client_id) or {}
        if not self._done(suspending(self._registered(client_id), item, now=now)):
            if not tries:
                raise NotOpen("it was changed meanwhile; run the command again")
            self.suspend(client_id, now=now, tries=tries - 1)

    def resume(self, one: OperatedClient) -> None:
        """It is as it was before the suspension that was read. Raises NotOpen, also after another suspension."""
        if not self._done(resuming(self._registered(one.client_id), one.stored)):
            raise NotOpen(f"it {SUSPENDED_AGAIN}")

    def replace(self, before: OperatedClient, after: Client) -> None:
        """Write the record, if it is as it was read. A suspension stays. Raises ClientChanged."""
        try:
            self._tables.write(replacing(self._name, after, before.stored))
        except ConditionFailed:
            raise ClientChanged(before.client_id) from None

    def end(self, one: OperatedClient, *, now: int) -> None:
        """Remove its record. What it was granted is worth nothing, also for a later client of that id.

        Raises ClientChanged, also if it was ended and another was registered since it was read.
        """
        ended = (V.remove(), RECORD.remove(), SUSPENDED_AT.remove(), ENDED_AT.set(now))
        write = Write("Update", self._name, one.client_id, actions=ended)
        try:
            self._tables.write(counted(write, one.stored, RECORD, landed=RECORD.does_not_exist()))
        except ConditionFailed:
            raise ClientChanged(one.client_id) from None

    def _registered(self, client_id: str) -> Write:
        """An update of a client that is there."""
        return Write("Update", self._name, client_id, condition=RECORD.exists())

    def _done(self, write: Write) -> bool:
        """Whether it is done. False if the item is not as it was read; raises NotOpen if no client has the id."""
        try:
            self._tables.write(write)
        except ConditionFailed as failed:
            if "record" not in (failed.item or {}):
                raise NotOpen("no client has that id") from None
            return False
        return True


def _client(item: Item) -> OperatedClient:
    return OperatedClient(str(item["pk"]), read(item), mark_of(SUSPENDED_AT, item), item)
