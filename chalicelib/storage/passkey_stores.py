"""The store of passkeys (port). Its verbs are guarantees, as those of stores.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.protocol_types import Passkey
from chalicelib.storage.records import PasskeyHolder, User


@dataclass(frozen=True)
class OwnPasskey:
    """A passkey in the list of its user.

    `key`: digest of its id.
    `name`: the user's name for it; empty if there is none.
    """

    key: str
    passkey: Passkey
    name: str = ""


class Passkeys(Protocol):
    """Passkeys. Each has an item. The set of their digests in the user's item decides which are in force."""

    def add(
        self,
        user: User,
        passkey: Passkey,
        *,
        sign_count: int,
        limit: int,
        enrolment_token: str,
        name: str = "",
        now: int,
    ) -> None:
        """Exchange the token for a passkey of a user as read. One write decides. A repeated call changes nothing.

        `limit`: how many passkeys a user has at most.
        `enrolment_token`: what an invitation was exchanged for.
        Raises NotOpen if the token is not in force, the user has so many passkeys, or the passkey is another user's.
        """

    def add_own(self, user: User, passkey: Passkey, *, sign_count: int, limit: int, name: str = "") -> None:
        """Add a passkey of a user who has just signed in, as `add` does, without a token."""

    def find(self, credential_id: str) -> PasskeyHolder | None:
        """The passkey with this id and its user, if it is in force."""

    def of(self, user: User) -> Sequence[OwnPasskey]:
        """All passkeys of a user as read, the oldest first."""

    def rename(self, user: User, key: str, name: str) -> None:
        """Give the user's passkey another name. Raises NotOpen if the user has no such passkey."""

    def remove(self, user: User, key: str) -> None:
        """Remove the user's passkey. One write decides. A repeated call is no error."""

    def counted(self, credential_id: str, sign_count: int, *, attempt: str) -> None:
        """Store the authenticator's counter. Raises NotOpen unless it is higher than before, or equal for the same attempt."""
