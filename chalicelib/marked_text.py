"""The mark of texts for users, where they are written apart from the page that says them."""

from __future__ import annotations


def message(text: str) -> str:
    """The English text itself. It marks a text for the catalogues that is said elsewhere."""
    return text
