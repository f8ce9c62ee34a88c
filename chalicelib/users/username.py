"""A username: one spelling, however it was typed."""

from __future__ import annotations

from unicodedata import normalize

MAX_USERNAME_LENGTH = 64


def normalize_username(username: str) -> str:
    """A username as it is remembered, however it was typed."""
    return normalize("NFKC", username).strip().lower()
