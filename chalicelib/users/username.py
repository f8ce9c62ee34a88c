"""A username: one spelling, however it was typed."""

from __future__ import annotations

from unicodedata import normalize

LONGEST_USERNAME = 64


def normal(username: str) -> str:
    """A username as it is remembered, however it was typed."""
    return normalize("NFKC", username).strip().lower()
