"""The grants of one person: by an index, and then by consistent reads of what it names, since it is late.

Two indexes list them. One has each approved grant by the time of the approval, also an ended one. The other has those that may
be in force, by their end, so that a long history makes no read longer: what expired is before its first key, and a revocation
takes a grant off it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.storage.dynamodb import grant_items as items
from chalicelib.storage.dynamodb.attributes import Item
from chalicelib.storage.dynamodb.bonds import epoch_of
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.token_values import digest, is_key

BY_PERSON = "by_person"
BY_END = "by_end"
MAX_ROUNDS = 20
"""Reads until a list gives up to find one in force among those that a bond ended."""


@dataclass(frozen=True)
class PersonsGrants:
    """The lists. `name`, `bonds`: names of the tables."""

    tables: Tables
    name: str
    bonds: str

    def in_force(self, sub: str, *, now: int, after: str | None, limit: int) -> tuple[list[Grant], str | None]:
        """stores.Grants.of_person."""
        person = digest(sub)
        for _ in range(MAX_ROUNDS):
            keys, after = self.tables.newest(
                self.name, BY_END, ("person", person), "listed_until", after=after, limit=limit, above=now
            )
            found = [grant for grant, epoch in self._read(keys, person) if items.is_relied_on(grant, epoch, now=now)]
            if found or after is None:
                return found, after
        return [], after

    def of_all_time(self, sub: str, *, after: str | None, limit: int) -> tuple[list[tuple[Grant, int]], str | None]:
        """stores.Grants.history_of_person."""
        person = digest(sub)
        keys, after = self.tables.newest(self.name, BY_PERSON, ("person", person), "given_at", after=after, limit=limit)
        return [one for one in self._read(keys, person) if one[0].redeemed_by is not None], after

    def approved(self, key: str, sub: str) -> Grant | None:
        """The grant, if this person approved it. By a batch read of one, which is what the function may do."""
        (item,) = self.tables.get_all((self.name, key)) if is_key(key) else (None,)
        return items.approved_by(digest(sub), item)

    def _read(self, keys: list[str], person: str) -> list[tuple[Grant, int]]:
        """The person's grants of these keys, in their order, each with the epoch of its bond."""
        if not keys:
            return []
        # The content of each grant comes from its item.
        found = self.tables.get_all(*((self.name, key) for key in keys))
        grants = [grant for item in found if item is not None and (grant := _of(person, item)) is not None]
        bonds = list(dict.fromkeys(str(grant.bond) for grant in grants))
        read = self.tables.get_all(*((self.bonds, bond) for bond in bonds)) if bonds else []
        epochs = {bond: epoch_of(item) for bond, item in zip(bonds, read, strict=True)}
        return [(grant, epochs[str(grant.bond)]) for grant in grants]


def _of(person: str, item: Item) -> Grant | None:
    grant = items.read(item) if item.get("person") == person else None
    return grant if grant is not None and grant.bond is not None else None
