"""Usernames in one normalized form."""

from __future__ import annotations

from unicodedata import normalize

MAX_USERNAME_LENGTH = 64


def normalize_username(username: str) -> str:
    """The normalized form of a typed username."""
    return normalize("NFKC", username).strip().lower()
