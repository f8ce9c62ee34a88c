"""Ports of notices: the queue in which they wait, and the ways by which they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """A notice in words.

    `id`, `kind`, `at`, `sub`: as of a Notice (audit/notices.py).
    `email`: the person's address, empty if none is known.
    `language`: of the words, its tag.
    """

    id: str
    kind: str
    at: int
    sub: str
    email: str
    language: str
    subject: str
    text: str


class NoticeQueue(Protocol):
    """Where notices wait."""

    def put(self, notices: Sequence[str]) -> None:
        """Put them there. Raises NotQueued if some were not taken."""


class NotQueued(Exception):
    """The queue did not take some of the notices after several attempts. The message says why."""


class NoticeWay(Protocol):
    """A way by which people are told."""

    def send(self, message: Message) -> None:
        """Send it, or do nothing where this way does not reach the person. The same one may be sent twice."""


@dataclass(frozen=True)
class Notices:
    """How a deployment sends notices. `queue`: where they wait first, None where nobody gets any. `ways`: how they go out."""

    queue: NoticeQueue | None = None
    ways: Sequence[NoticeWay] = ()


@dataclass(frozen=True)
class Contact:
    """Where and how a user gets notices. `email`: empty if there is none. `locale`: as the claim, empty if it is not known."""

    email: str = ""
    locale: str = ""


class Contacts(Protocol):
    """What a directory may have beside UserDirectory, so that its users get notices by e-mail."""

    def contact(self, person: str) -> Contact | None:
        """The contact of the user whose sub has this digest (SHA-256, base64url); None if nobody has."""
        ...
