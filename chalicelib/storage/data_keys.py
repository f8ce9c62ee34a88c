"""The data keys that seal the secrets of one-time codes: what is remembered of one, and the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class DataKey:
    """`wrapped`: the key, sealed by KMS, base64."""

    data_key_id: str
    wrapped: str


class DataKeys(Protocol):
    def find(self, data_key_id: str | None = None) -> DataKey | None:
        """The data key of that id, or the one that was put last."""

    def put(self, data_key: DataKey) -> None:
        """Add one. Those before stay."""
