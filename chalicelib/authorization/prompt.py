"""The `prompt` parameter (OpenID Connect Core 3.1.2.1): the pages that the client requires."""

from __future__ import annotations

from typing import cast

from chalicelib.errors import InvalidRequest, quoted
from chalicelib.protocol_types import Prompt

VALUES: tuple[Prompt, ...] = ("none", "login", "consent", "select_account")
"""The known values. A sign-in by name and a consent meet all values except none."""


def requested(value: str | None) -> tuple[Prompt, ...]:
    """The values, without repeats. The value none must be the only one. Raises InvalidRequest."""
    found = tuple(dict.fromkeys((value or "").split()))
    for one in found:
        if one not in VALUES:
            raise InvalidRequest(f"prompt: unknown value{quoted(one)}")
    if "none" in found and len(found) > 1:
        raise InvalidRequest("prompt: none must be the only value")
    return cast(tuple[Prompt, ...], found)
