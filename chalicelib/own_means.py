"""How a person signs in, as the person's own page shows it: values of the user directory's port."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.storage.passkey_stores import OwnPasskey


@dataclass(frozen=True)
class OwnMeans:
    """How a person signs in, beside the password and the app.

    `recovery_codes`: how many are left.
    `full`: no further passkey may be added.
    `recovery_at`: from when the recovery that runs can be completed, epoch seconds; 0 if none runs.
    """

    passkeys: tuple[OwnPasskey, ...]
    recovery_codes: int
    full: bool
    recovery_at: int = 0


@dataclass(frozen=True)
class MeansHolder:
    """A person as the directory read them for one request.

    `read`: what it read, in a form of its own. A change is refused if that was changed since.
    """

    username: str
    sub: str
    read: object = field(repr=False)


@dataclass(frozen=True)
class Recovery:
    """A recovery by the password after a wait. `ready_at`: from when it can be completed, epoch seconds."""

    sub: str
    username: str
    ready_at: int


@dataclass(frozen=True)
class AppOffer:
    """A secret for an authenticator app, which does not count until a code proves it.

    `sealed`: as it is stored later.
    `uri`, `secret`: for the app, the second in base32.
    """

    sealed: str
    uri: str = field(repr=False)
    secret: str = field(repr=False)
