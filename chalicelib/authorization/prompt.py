"""The `prompt` parameter (OpenID Connect Core 3.1.2.1): what a client wants a person to be asked."""

from __future__ import annotations

from typing import cast

from chalicelib.errors import InvalidRequest, quoted
from chalicelib.protocol_types import Prompt

VALUES: tuple[Prompt, ...] = ("none", "login", "consent", "select_account")
"""Those that are known. All but none are met by every answer: each person signs in, by name, and agrees."""


def requested(value: str | None) -> tuple[Prompt, ...]:
    """The values, without repeats; none stands alone. Raises InvalidRequest."""
    found = tuple(dict.fromkeys((value or "").split()))
    for one in found:
        if one not in VALUES:
            raise InvalidRequest(f"prompt: unknown value{quoted(one)}")
    if "none" in found and len(found) > 1:
        raise InvalidRequest("prompt: none must be the only value")
    return cast(tuple[Prompt, ...], found)
