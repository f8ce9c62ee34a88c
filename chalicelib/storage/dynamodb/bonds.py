"""Bonds: the item of one user and one client. One write of it ends all access of the client."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.storage.dynamodb.attributes import ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK, Tables
from chalicelib.storage.grant_records import UNREADABLE_EPOCH, Bond, RememberedConsent
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest

EPOCH = NumberAttribute(attr_name="epoch")
KEEP_UNTIL = NumberAttribute(attr_name="expires_at")
TTL = NumberAttribute(attr_name="ttl")
V = NumberAttribute(attr_name="v")

FIRST_EPOCH = 0
"""The epoch of a missing bond, and of a bond whose access never ended."""

KINDS = {"scope": "scope ", "claims": "claim "}
"""Each remembered scope value or claim has its own attribute, with its end and the key of its grant.

With one attribute for all, consent of an ended grant could survive in another grant, which was for something else
(models/bond.pml).
"""

HELD = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{43})")


class Bonds:
    """stores.Bonds.

    An epoch is a number that only grows, so that a repeated write of an earlier end changes nothing. The item stays as long as
    any grant of an earlier epoch. A deleted item has the first epoch again.
    """

    def __init__(self, tables: Tables, name: str, *, new_token_value: Callable[[], str]) -> None:
        self._tables, self._name, self._new_token_value = tables, name, new_token_value

    def find(self, key: str, *, now: int) -> Bond:
        item = self._tables.get(self._name, key) or {}
        found: dict[tuple[int, str], dict[str, list[str]]] = {}
        for name, value in sorted(item.items()):
            kind = next((kind for kind, start in KINDS.items() if name.startswith(start)), None)
            held = HELD.fullmatch(value) if kind is not None and isinstance(value, str) else None
            if kind is not None and held is not None and int(held[1]) > now:
                of_source = found.setdefault((int(held[1]), held[2]), {kind: [] for kind in KINDS})
                of_source[kind].append(name.removeprefix(KINDS[kind]))
        remembered = (
            RememberedConsent(tuple(names["scope"]), tuple(names["claims"]), until, source)
            for (until, source), names in sorted(found.items())
        )
        return Bond(epoch_of(item), tuple(remembered))

    def remember(
        self, key: str, bond: Bond, more: RememberedConsent, *, keep: int, client_id: str = "", sub: str = ""
    ) -> None:
        agreed = [one.set(_held(more.until, more.source)) for one in _attributes(more)]
        kept = (KEEP_UNTIL.set(keep), TTL.set(keep + SWEEP_SLACK), V.set(VERSION))
        whose = [UnicodeAttribute(attr_name=name).set(value) for name, value in _whose(client_id, sub).items()]
        actions = (*agreed, *kept, *whose)
        self._update(Write("Update", self._name, key, actions=actions, condition=_of_epoch(bond.epoch)))

    def rely(self, key: str, bond: Bond, source: str) -> None:
        actions: list[Action] = []
        as_found = _of_epoch(bond.epoch)
        for one in bond.remembered:
            before, after = _held(one.until, one.source), _held(one.until, source)
            for attribute in _attributes(one):
                actions.append(attribute.set(after))
                as_found &= (before == attribute) | (after == attribute)  # Or a repeated write.
        self._update(Write("Update", self._name, key, actions=tuple(actions), condition=as_found))

    def end(self, key: str, *, now: int, keep: int, client_id: str = "", sub: str = "") -> None:
        whose = _whose(client_id, sub)
        epoch, attempt = max(now, FIRST_EPOCH + 1), self._new_token_value()
        while True:
            item: Item = {
                "v": VERSION,
                "epoch": epoch,
                "attempt": attempt,
                "expires_at": keep,
                "ttl": keep + SWEEP_SLACK,
                **whose,
            }
            earlier = EPOCH.does_not_exist() | (epoch > EPOCH)
            try:
                self._tables.write(Write("Put", self._name, key, item, condition=earlier))
                return
            except ConditionFailed as failed:
                if (failed.item or {}).get("attempt") == attempt:
                    return  # A repeated write.
                epoch = epoch_of(failed.item) + 1
                if epoch > UNREADABLE_EPOCH:
                    raise Unreadable("Bond: of another type: epoch") from None
                # Another end in this second, or a clock that is ahead of ours.

    def _update(self, write: Write) -> None:
        try:
            self._tables.write(write)
        except ConditionFailed:
            raise NotOpen("the bond is another than was found") from None


def epoch_of(item: Mapping[str, object] | None) -> int:
    """The epoch in a bond's item. By an unreadable one all access, and each session, has ended."""
    epoch = FIRST_EPOCH if item is None else item.get("epoch", FIRST_EPOCH)
    return epoch if isinstance(epoch, int) else UNREADABLE_EPOCH


def _whose(client_id: str, sub: str) -> dict[str, str]:
    """The attributes that the record reads whose bond it is by. The item's key does not say it."""
    return {name: value for name, value in (("client_id", client_id), ("person", sub and digest(sub))) if value}


def _attributes(consent: RememberedConsent) -> list[UnicodeAttribute]:
    names = [start + name for kind, start in KINDS.items() for name in getattr(consent, kind)]
    return [UnicodeAttribute(attr_name=name) for name in names]


def _held(until: int, source: str) -> str:
    return f"{until}.{source}"


def _of_epoch(epoch: int) -> Condition:
    return EPOCH.does_not_exist() if epoch == FIRST_EPOCH else cast(Condition, epoch == EPOCH)
