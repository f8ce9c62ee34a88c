"""Ports of the record: the keys of persons, the files of events, and a bus that events are put on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class AuditKeys(Protocol):
    """The keys by the digest of the sub."""

    def of_event(self, person: str, *, at: int, new: str) -> str | None:
        """The key for an event of that time; None if the person was erased after it. `new`: becomes the key if there is none."""


class AuditFiles(Protocol):
    """Files of lines."""

    def put(self, name: str, lines: str) -> None:
        """Write the lines under that name. A repeated call changes nothing."""


class AuditBus(Protocol):
    """A bus that events are put on."""

    def put(self, events: Sequence[tuple[str, str]]) -> None:
        """Put events: of each its name, and its members as JSON. Raises BusRefused if some were not taken."""


class BusRefused(Exception):
    """The bus did not take some of the events after several attempts. The message says why."""
