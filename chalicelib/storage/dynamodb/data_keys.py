"""The data keys for secrets of one-time codes. They are in the users table, so that a copy of the table is complete."""

from __future__ import annotations

from chalicelib.storage.data_keys import DataKey
from chalicelib.storage.dynamodb.attributes import Item, Write
from chalicelib.storage.dynamodb.codec import Unreadable, report
from chalicelib.storage.dynamodb.tables import Tables

NEWEST = "data key"
"""The key of the item that names the newest data key. With a space and an id it is the key of a data key. Usernames have no
spaces.
"""


class DataKeys:
    """data_keys.DataKeys."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def find(self, data_key_id: str | None = None) -> DataKey | None:
        if data_key_id is None:
            newest = self._text(NEWEST, "data_key_id")
            return None if newest is None else self.find(newest)
        wrapped = self._text(f"{NEWEST} {data_key_id}", "wrapped")
        return None if wrapped is None else DataKey(data_key_id, wrapped)

    def _text(self, key: str, name: str) -> str | None:
        """The attribute of an item; None without the item, or with an unreadable one, which is logged."""
        item = self._tables.get(self._name, key)
        found = None if item is None else item.get(name)
        if item is not None and not isinstance(found, str):
            report(Unreadable(f"DataKey: of another type: {name}"), key, item.get("v"))
        return found if isinstance(found, str) else None

    def put(self, data_key: DataKey) -> None:
        # First the data key, so that the other item never names a missing one.
        wrapped: Item = {"wrapped": data_key.wrapped}
        self._tables.write(Write("Put", self._name, f"{NEWEST} {data_key.data_key_id}", wrapped))
        newest: Item = {"data_key_id": data_key.data_key_id}
        self._tables.write(Write("Put", self._name, NEWEST, newest))
