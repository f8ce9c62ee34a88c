"""People: the port to whoever knows the end users. A bank may name a directory of its own in DUCAT_PEOPLE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chalicelib.storage.records import Login, Once, User


class SignInRefused(Exception):
    """The person could not be recognised. `reason` goes to the log; the page never says which part was wrong."""

    def __init__(self, reason: str, *, locked: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.locked = locked


@dataclass(frozen=True)
class SignedIn:
    """A person who proved who they are. `once`: values that the write which records it must be the first to use."""

    login: Login
    once: tuple[Once, ...] = ()


class People(Protocol):
    """Who knows the end users."""

    @property
    def hint(self) -> str | None:
        """A line for the login page (the sandbox's names); None where people know their own."""
        ...

    def find(self, username: str) -> User | None: ...

    def sign_in(
        self,
        user: User | None,
        *,
        password: str,
        one_time_code: str,
        scope: tuple[str, ...],
        now: int,
        claims: tuple[str, ...] = (),
    ) -> SignedIn:
        """The signed-in person, with what `scope` and the names in `claims` ask for.

        Raises SignInRefused; takes as long for an unknown name as for a wrong password.
        """
        ...
