"""The data keys for the secrets of one-time codes: the record and the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class DataKey:
    """A data key. `wrapped`: the key, sealed by KMS, base64."""

    data_key_id: str
    wrapped: str


class DataKeys(Protocol):
    def find(self, data_key_id: str | None = None) -> DataKey | None:
        """The data key of that id, or the newest one."""

    def put(self, data_key: DataKey) -> None:
        """Add a data key. Older ones stay."""
