"""Which signing keys are due. Everything here follows from the registry, the periods and the instant.

A slot is one use and one algorithm. It has a key that signs and a next key, which is published long before it signs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol, get_args

from chalicelib.keys.algorithm import is_same
from chalicelib.protocol_types import KeyUse, SigningAlg
from chalicelib.storage.signing_keys import SigningKey

PUBLISHED_BEFORE_SIGNING = 900
"""Seconds from a further key's publication to its first signature: longer than any cache of the JWKS."""
LEFT_BEFORE_DELETION = 86_400
"""Seconds from a key's removal from the JWKS to its deletion. Until then its record says that it was withdrawn."""
LATE = 86_400
"""Seconds after which a rotation that did not happen is reported."""

USES: tuple[KeyUse, ...] = get_args(KeyUse)


class KeyLifecycle(Protocol):
    """The KMS keys that sign, as the job rotate_keys makes and deletes them."""

    def create(self, use: KeyUse, alg: SigningAlg, attempt: str) -> str:
        """A new key, tagged with its use and the attempt. Gives its ARN. It is requested from KMS exactly once."""

    def made(self, use: KeyUse, attempt: str, *, known: Collection[str]) -> list[str]:
        """The ARNs of the enabled keys with these tags, without the known ones."""

    def disable(self, key_id: str) -> None:
        """Stop all signatures by the key. A key that is already disabled, or to be deleted, stays so."""

    def schedule_deletion(self, key_id: str) -> None:
        """Delete the key after the deployment's waiting time. A key that is already to be deleted stays so."""


@dataclass(frozen=True)
class Periods:
    """The times of a rotation, in seconds.

    `rotation`: how long a key signs.
    `announcement`: how long a key is published before it signs.
    `retention`: how long a key is published after it signed last.
    """

    rotation: int
    announcement: int
    retention: int


@dataclass(frozen=True)
class Slot:
    """What one key signs at a time."""

    use: KeyUse
    alg: SigningAlg

    @property
    def name(self) -> str:
        """The name of the slot in the registry."""
        return f"{self.use} {self.alg}"


def slots(algs: Iterable[SigningAlg]) -> list[Slot]:
    """Every slot of a deployment that signs with these algorithms."""
    return [Slot(use, alg) for alg in algs for use in USES]


def slots_of(key: SigningKey, algs: Iterable[SigningAlg]) -> list[Slot]:
    """The slots that a key signs for."""
    return [slot for slot in slots(algs) if is_same(slot.alg, key.alg) and (not key.uses or slot.use in key.uses)]


def current(slot: Slot, registry: Iterable[SigningKey], *, now: int) -> SigningKey | None:
    """The key of this slot alone that signs now. None if a key of the template signs, or no key does.

    A key that has an end is not the one: it stands in for a short time, and no longer.
    """
    may_sign = [key for key in _own(slot, registry, now) if key.signs_from <= now and key.published_until is None]
    return max(may_sign, key=_first, default=None)


def upcoming(slot: Slot, registry: Iterable[SigningKey], *, now: int) -> SigningKey | None:
    """The next key of the slot, published and not yet signing."""
    return min((key for key in _own(slot, registry, now) if key.signs_from > now), key=_first, default=None)


def signs(slot: Slot, registry: Iterable[SigningKey], *, now: int) -> bool:
    """Whether a key signs in the slot that has no end: one of its own, or one of the template."""
    known = list(registry)
    template = (key for key in known if not key.uses and is_same(key.alg, slot.alg) and key.published_until is None)
    return current(slot, known, now=now) is not None or any(key.signs_from <= now for key in template)


def first_signature(slot: Slot, registry: Collection[SigningKey], periods: Periods, *, now: int) -> int:
    """When a key that is published now will sign.

    The first key of a deployment signs at once. Another one is announced for as long as its predecessor was known, because no
    client relies on what is younger; at least for every cache of the JWKS and at most for the announcement.
    """
    own = current(slot, registry, now=now)
    template = [key for key in registry if not key.uses and is_same(key.alg, slot.alg) and is_published(key, now=now)]
    before = own or max((key for key in template if key.signs_from <= now), key=_first, default=None)
    if before is None:
        return now
    known_for = now - (before.published_from or before.signs_from)
    announced = now + min(periods.announcement, max(PUBLISHED_BEFORE_SIGNING, known_for))
    return announced if own is None else max(announced, own.signs_from + periods.rotation)


def end_of_publication(
    key: SigningKey, registry: Collection[SigningKey], algs: Iterable[SigningAlg], periods: Periods, *, now: int
) -> int | None:
    """When a key leaves the JWKS because other keys sign in its slots. None if it signs, will sign, or has an end already."""
    if key.published_until is not None or key.signs_from > now or not slots_of(key, algs):
        return None
    successors = [current(slot, registry, now=now) for slot in slots_of(key, algs)]
    since = [one.signs_from for one in successors if one is not None and one.kid != key.kid]
    if len(since) < len(successors):
        return None
    return max(max(since) + periods.retention, now + PUBLISHED_BEFORE_SIGNING)


def is_late(slot: Slot, registry: Collection[SigningKey], periods: Periods, *, now: int) -> bool:
    """Whether the slot's key signs for longer than the rotation allows."""
    key = current(slot, registry, now=now)
    return key is not None and key.signs_from + periods.rotation + LATE < now


def is_published(key: SigningKey, *, now: int) -> bool:
    """Whether the key is in the JWKS."""
    return key.published_until is None or key.published_until > now


def is_over(key: SigningKey, *, now: int) -> bool:
    """Whether the key left the JWKS so long ago that it can be deleted."""
    return key.published_until is not None and key.published_until + LEFT_BEFORE_DELETION <= now


def _own(slot: Slot, registry: Iterable[SigningKey], now: int) -> list[SigningKey]:
    own = [key for key in registry if slot.use in key.uses and is_same(key.alg, slot.alg)]
    return [key for key in own if is_published(key, now=now)]


def _first(key: SigningKey) -> tuple[int, str]:
    return key.signs_from, key.kid
