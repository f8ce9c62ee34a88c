"""Bonds: what one person and one client have with each other; the item whose one write ends everything between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.storage.dynamodb.codec import VERSION
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK, ConditionFailed, Item, Tables, Write
from chalicelib.storage.permission import Bond, RememberedConsent
from chalicelib.storage.stores import Gone

EPOCH = NumberAttribute(attr_name="epoch")
SOURCE = UnicodeAttribute(attr_name="source")
KEEP_UNTIL = NumberAttribute(attr_name="expires_at")
TTL = NumberAttribute(attr_name="ttl")
V = NumberAttribute(attr_name="v")

FIRST_EPOCH = 0
"""Of a bond that is not there, and of one in which nothing was ever ended."""

KINDS = {"scope": "scope ", "claims": "claim "}
"""Each thing that was agreed to is an attribute of its own, which holds until when."""


class Bonds:
    """stores.Bonds.

    An epoch is a number that only grows, so that an end that is sent again, and arrives after a later one, changes nothing.
    The item stays as long as any grant of an epoch before could: one that is swept has its first epoch again.
    """

    def __init__(self, tables: Tables, name: str, *, chance: Callable[[], str]) -> None:
        self._tables, self._name, self._chance = tables, name, chance

    def find(self, key: str, *, now: int) -> Bond:
        item = self._tables.get(self._name, key) or {}
        in_force = {name: until for name, until in item.items() if isinstance(until, int) and until > now}
        names = {
            kind: tuple(sorted(name.removeprefix(start) for name in in_force if name.startswith(start)))
            for kind, start in KINDS.items()
        }
        until = [in_force[KINDS[kind] + name] for kind, agreed in names.items() for name in agreed]
        source = item.get("source")
        if not until or not isinstance(source, str):
            return Bond(epoch_of(item))
        return Bond(epoch_of(item), RememberedConsent(names["scope"], names["claims"], min(until), source))

    def remember(self, key: str, bond: Bond, more: RememberedConsent, *, keep: int) -> None:
        names = [start + name for kind, start in KINDS.items() for name in getattr(more, kind)]
        agreed = [NumberAttribute(attr_name=name).set(more.until) for name in names]
        kept = (KEEP_UNTIL.set(keep), TTL.set(keep + SWEEP_SLACK), V.set(VERSION), SOURCE.set(str(more.source)))
        self._update(Write("Update", self._name, key, actions=(*agreed, *kept), condition=_of_epoch(bond.epoch)))

    def rely(self, key: str, bond: Bond, source: str) -> None:
        as_found = _of_epoch(bond.epoch) & ((str(bond.remembered.source) == SOURCE) | (source == SOURCE))
        self._update(Write("Update", self._name, key, actions=(SOURCE.set(source),), condition=as_found))

    def end(self, key: str, *, now: int, keep: int) -> None:
        epoch, attempt = max(now, FIRST_EPOCH + 1), self._chance()
        while True:
            item: Item = {
                "v": VERSION,
                "epoch": epoch,
                "attempt": attempt,
                "expires_at": keep,
                "ttl": keep + SWEEP_SLACK,
            }
            earlier = EPOCH.does_not_exist() | (epoch > EPOCH)
            try:
                self._tables.write(Write("Put", self._name, key, item, condition=earlier))
                return
            except ConditionFailed as failed:
                if (failed.item or {}).get("attempt") == attempt:
                    return  # sent again
                epoch = epoch_of(failed.item) + 1  # of another end in this second, or of a clock ahead of ours

    def _update(self, write: Write) -> None:
        try:
            self._tables.write(write)
        except ConditionFailed:
            raise Gone("the bond is another than was found") from None


def epoch_of(item: Mapping[str, object] | None) -> int:
    """The epoch of a bond's item."""
    epoch = FIRST_EPOCH if item is None else item.get("epoch", FIRST_EPOCH)
    return epoch if isinstance(epoch, int) else FIRST_EPOCH


def _of_epoch(epoch: int) -> Condition:
    return EPOCH.does_not_exist() if epoch == FIRST_EPOCH else cast(Condition, epoch == EPOCH)
