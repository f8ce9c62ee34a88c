"""The registry of published keys: its port."""

from __future__ import annotations

from typing import Protocol

from chalicelib.storage.records import SigningKey


class SigningKeyChanged(Exception):
    """Another run changed the key, or claimed the slot, first. Nothing was written; the message has its kid or its name."""


class SigningKeys(Protocol):
    """The registry of published keys. A slot names what a further key is made for."""

    def put(self, key: SigningKey) -> None: ...

    def all(self, *, now: int) -> tuple[SigningKey, ...]:
        """Every key of the registry; may be a minute old (cached in the warm function)."""

    def forget(self) -> None:
        """Read the registry anew at the next `all`."""

    def add(self, key: SigningKey) -> None:
        """Put a key where there is none of its kid; one that is there stays as it is."""

    def change(self, before: SigningKey, after: SigningKey) -> None:
        """Put `after` in the place of `before`. Raises SigningKeyChanged where that is not there any more."""

    def remove(self, key: SigningKey) -> None:
        """Remove it as it was read. Raises SigningKeyChanged where another run changed it."""

    def claim(self, slot: str, attempt: str, *, now: int) -> str:
        """Keep other runs from making a key for the slot, for some minutes. `attempt`: a random name of this run's.

        Gives the name by which a key that is made for it is tagged: that of the run that began and did not end, if one did.
        Raises SigningKeyChanged where another run has the slot.
        """

    def release(self, slot: str, attempt: str) -> None:
        """The slot's key is published. A claim of another run stays."""
