"""The port of the registry of published keys, and its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chalicelib.protocol_types import Jwk, KeyAlg, KeyUse


@dataclass(frozen=True)
class SigningKey:
    """A published key.

    `public_jwk`: with kid, alg and use.
    `key_id`: of KMS.
    `published_from`, `signs_from`, `published_until`: epoch seconds.
    `uses`: what it signs. Empty means all uses, as for a key of the template.
    """

    kid: str
    alg: KeyAlg
    key_id: str
    public_jwk: Jwk
    signs_from: int
    published_until: int | None = None
    uses: tuple[KeyUse, ...] = ()
    published_from: int | None = None


class SigningKeyChanged(Exception):
    """Another run has changed the key, or has claimed the slot. Nothing was written. The message has the kid or the slot."""


class SigningKeys(Protocol):
    """The registry of published keys. A slot is the purpose of a further key."""

    def put(self, key: SigningKey) -> None: ...

    def all(self, *, now: int) -> tuple[SigningKey, ...]:
        """All keys of the registry. They may be a minute old (cached in the warm function)."""

    def forget(self) -> None:
        """Empty the cache."""

    def add(self, key: SigningKey) -> None:
        """Add a key, unless the registry has its kid. An existing key is unchanged."""

    def change(self, before: SigningKey, after: SigningKey) -> None:
        """Replace `before` by `after`. Raises SigningKeyChanged unless `before` is as it was read."""

    def remove(self, key: SigningKey) -> None:
        """Remove the key. Raises SigningKeyChanged unless it is as it was read."""

    def claim(self, slot: str, attempt: str, *, now: int, at_once: bool = False) -> str:
        """Claim the slot for some minutes, so that no other run makes a key for it. `attempt`: a random name of this run.
        `at_once`: claim it even if another run has it.

        Gives the tag of the key that is made for it: `attempt`, or that of an earlier run that did not finish.
        Raises SigningKeyChanged if another run has the slot.
        """

    def release(self, slot: str, attempt: str) -> None:
        """Release the slot, whose key is published. A claim of another run is unchanged."""
