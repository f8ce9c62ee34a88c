"""The port for small public documents of other parties, such as a client's keys."""

from __future__ import annotations

from typing import Protocol


class FetchError(Exception):
    """The document can't be fetched. The message is for the log only, because it may reveal our network."""


class DocumentFetcher(Protocol):
    def get(self, url: str, *, max_bytes: int) -> bytes:
        """The document at an https URL, of at most `max_bytes` bytes. It takes seconds at most. Raises FetchError."""
        ...
