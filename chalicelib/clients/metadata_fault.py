"""A reason to refuse client metadata. Registration raises the first; whoever checks a client reads all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.errors import OAuthError


@dataclass(frozen=True)
class Fault:
    """A reason to refuse client metadata.

    `error`: what registration answers.
    `clause`: the tag of the clause that the metadata break.
    """

    error: OAuthError
    clause: str = "RFC7591-2"


Faults = Iterator[Fault]
"""What a rule gives: its faults, one by one. None means that the metadata keep it."""
