"""The port of browsers' sessions."""

from __future__ import annotations

from typing import Protocol

from chalicelib.storage.records import Session


class Sessions(Protocol):
    """Sessions of browsers."""

    def begin(self, token_value: str, session: Session) -> None:
        """Write a session with a new token value. A repeated write changes nothing."""

    def replace(self, token_value: str, *, now: int) -> None:
        """End the session because another replaces it. Interactions that began in it continue."""

    def find(self, token_value: str, *, now: int, made_for: str = "") -> Session | None:
        """The session, if neither it nor all of its user's have ended. One read: the token value has the user's bond.

        `made_for`: the page for which it was made; by default it must be of single sign-on.
        """

    def end(self, token_value: str, *, now: int, keep: int) -> None:
        """End the session because the user signed out. `keep`: end of the mark. A repeated call is no error."""

    def signed_out(self, session: str, *, auth_time: int) -> bool:
        """Whether the user signed out of the session with this identifier, or of all since `auth_time`. One read."""
