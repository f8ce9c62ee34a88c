"""The port: small public documents of other parties, such as a client's keys."""

from __future__ import annotations

from typing import Protocol


class FetchError(Exception):
    """The document can't be had. The message says why, for the log alone: it may tell of a network that the caller can't see."""


class DocumentFetcher(Protocol):
    def get(self, url: str, *, max_bytes: int) -> bytes:
        """The document at an https URL, of at most `max_bytes` bytes. Takes seconds at most. Raises FetchError."""
        ...
