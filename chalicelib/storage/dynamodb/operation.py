"""What operators do with the stores beside what the endpoints do: read whole tables, suspend and end. No function imports it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.storage.dynamodb.attributes import (
    RECORD,
    ConditionFailed,
    Item,
    Write,
    as_read,
    counted,
    mark_of,
)
from chalicelib.storage.dynamodb.clients import ENDED_AT, SUSPENDED_AT, V, is_ended, read, replacing
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

    def suspend(self, client_id: str, *, now: int) -> None:
        """From then on nothing of it is accepted, within the minute that functions cache a client. Raises NotOpen."""
        self._change(client_id, SUSPENDED_AT.set(SUSPENDED_AT | now))

    def resume(self, one: OperatedClient) -> None:
        """It is as it was before the suspension that was read. Raises NotOpen, also after another suspension."""
        self._change(one.client_id, SUSPENDED_AT.remove(), as_read(SUSPENDED_AT, one.stored))

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

    def _change(self, client_id: str, action: Action, unchanged: Condition | None = None) -> None:
        condition = RECORD.exists() if unchanged is None else RECORD.exists() & unchanged
        try:
            self._tables.write(Write("Update", self._name, client_id, actions=(action,), condition=condition))
        except ConditionFailed as failed:
            there = "record" in (failed.item or {})
            again = "it was suspended again meanwhile; run the command again"
            raise NotOpen(again if there else "no client has that id") from None


def _client(item: Item) -> OperatedClient:
    return OperatedClient(str(item["pk"]), read(item), mark_of(SUSPENDED_AT, item), item)
