"""Who writes to the tables now: a function or an operator's command, and for which request.

Each stored item says so in its attribute `by` (storage/dynamodb/tables.py), and the record of what happened reads it there.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import NamedTuple

DELETES = "-"
"""Before the stamp of who is about to delete the item."""

OPERATOR = "operator:"
"""Before the identity of an operator, as the name of a writer."""

NOBODY = "-"
"""In place of an interaction id, where there is none."""

SHORT = 22
"""Characters of 16 octets in base64url."""

_WRITES = count(1)
"""The writes of this process."""


class Writer(NamedTuple):
    """A writer, for one request or command.

    `name`: a function, or `OPERATOR` and the operator's identity.
    `interaction_id`: of the request.
    `salt`: a few random characters. With them no two requests have one stamp, even if a client repeats its interaction id.
    """

    name: str
    interaction_id: str = ""
    salt: str = ""

    def stamp(self) -> str:
        """The value of `by` for the next write. No two writes have the same."""
        return f"{self.name} {_short(self.interaction_id) or NOBODY} {self.salt}.{next(_WRITES)}"


UNKNOWN = Writer("unknown")
CURRENT: ContextVar[Writer] = ContextVar("writer", default=UNKNOWN)


def use(name: str, interaction_id: str | None) -> None:
    """From now on this request or command writes. Spaces in a name become `_`."""
    CURRENT.set(Writer("_".join(name.split()), interaction_id or "", _base64(os.urandom(4))))


@contextmanager
def acting(name: str, interaction_id: str | None) -> Iterator[None]:
    """Until the end this request or job writes, and afterwards who did before."""
    before = CURRENT.get()
    use(name, interaction_id)
    try:
        yield
    finally:
        CURRENT.set(before)


def parse(by: str) -> Writer:
    """The writer of a stamp, without the mark of a deletion. UNKNOWN if it is no stamp."""
    parts = by.removeprefix(DELETES).split(" ")
    if len(parts) != 3:
        return UNKNOWN
    return Writer(parts[0], "" if parts[1] == NOBODY else _long(parts[1]), parts[2].partition(".")[0])


def _short(interaction_id: str) -> str:
    """A UUID in 22 characters, which every item has; anything else as it is."""
    try:
        octets = bytes.fromhex(interaction_id.replace("-", ""))
    except ValueError:
        return interaction_id
    return _base64(octets) if _uuid(octets) == interaction_id else interaction_id


def _long(short: str) -> str:
    try:
        octets = urlsafe_b64decode(short + "==")
    except ValueError:
        return short
    return _uuid(octets) if len(octets) == 16 and len(short) == SHORT else short


def _uuid(octets: bytes) -> str:
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _base64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
