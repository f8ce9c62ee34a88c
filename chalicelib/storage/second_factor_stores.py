"""The store of what a person sets up beside the password (port). Its verbs are guarantees, as those of stores.py."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from chalicelib.storage.records import User


class SecondFactors(Protocol):
    """The authenticator app, the recovery codes and the recovery of users. Each verb is one conditional write of the user's item.

    It fails if an operator gave the user another password or second factor since the user was read.
    """

    def set_app(self, user: User, sealed: str, *, step: int) -> None:
        """Put an authenticator app's secret in place of that of the user as read, and end a recovery. A repeated call changes
        nothing.

        `step`: the time step of the code that proved it, which is used up (RFC 6238 5.2).
        Raises NotOpen if the secret was changed since, or the user may not sign in.
        """

    def make_codes(self, user: User, codes: Collection[str], *, attempt: str) -> None:
        """Replace all recovery codes. `codes`: their digests. A repeated call with the same codes changes nothing.

        `attempt`: names the page, which makes codes once. Raises NotOpen if it did so, or the user may not sign in.
        """

    def use_code(self, user: User, code: str, *, attempt: str, browser: str = "") -> bool:
        """Use up the recovery code with this digest, and reset the count of attempts. Gives whether it is the first time.

        The same `attempt` may use the code again. Raises NotOpen if the user has no such code.
        """

    def begin_recovery(self, user: User, *, ready_at: int, now: int) -> int:
        """Begin a recovery that can be completed from `ready_at`, unless one runs; gives from when the one that runs can be.

        Raises NotOpen if the user may not sign in, or a recovery ended since the user was read.
        """

    def complete_recovery(self, user: User, sealed: str, *, step: int, ready_at: int) -> None:
        """`set_app` by the recovery that can be completed from `ready_at`. It ends with it, and so do all recovery codes.

        A repeated call changes nothing. Raises NotOpen as `set_app` does, and if this recovery has ended.
        """

    def cancel_recovery(self, user: User) -> None:
        """End a recovery. A repeated call is no error. Raises NotOpen if the user may not sign in."""
