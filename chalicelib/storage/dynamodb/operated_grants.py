"""What operators do with grants beside what the endpoints do. No function imports it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.dynamodb import grant_items
from chalicelib.storage.dynamodb.attributes import PK, ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.bonds import epoch_of
from chalicelib.storage.dynamodb.grant_items import REVOKED_AT
from chalicelib.storage.dynamodb.persons_grants import BY_PERSON
from chalicelib.storage.dynamodb.tables import MAX_NUMBER_LENGTH, Tables
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, is_key

ENDED_BY = UnicodeAttribute(attr_name="ended_by")
"""Who ended the grant, where it was an operator."""

SOME = 100


@dataclass(frozen=True)
class OperatedGrant:
    """An approved grant as an operator sees it. `epoch`: the current one of its bond. `ended_by`: "operator", or empty."""

    grant: Grant
    epoch: int
    ended_by: str


class OperatedGrants:
    """The approved grants, ended ones too, as long as the table keeps them."""

    def __init__(self, tables: Tables, name: str, bonds: str) -> None:
        self._tables, self._name, self._bonds = tables, name, bonds

    def find(self, key: str) -> OperatedGrant | None:
        found = self._read([key]) if is_key(key) else []
        return found[0] if found else None

    def of_person(self, sub: str, *, after: str | None = None) -> Iterator[OperatedGrant]:
        """The person's, newest first, by the index, which lags some seconds. `after`: as `position` gives it."""
        person = digest(sub)
        while True:
            keys, after = self._tables.newest(
                self._name, BY_PERSON, ("person", person), "given_at", after=after, limit=SOME
            )
            yield from self._read(keys)
            if after is None:
                return

    def of_client(self, client_id: str, *, after: str | None = None) -> Iterator[OperatedGrant]:
        """The client's, in no order. It reads the whole table, page by page. `after`: the key of an earlier one."""
        keys: list[str] = []
        for item in self._tables.scan(self._name, after=after, where=("client_id", client_id)):
            if "given_at" in item:
                keys.append(str(item["pk"]))
            if len(keys) == SOME:
                yield from self._read(keys)
                keys = []
        yield from self._read(keys)

    def all_of_person(self, sub: str) -> Iterator[tuple[str, str | None]]:
        """Keys and bonds of all requests and grants in which the person signed in. It reads the whole table, page by page."""
        for item in self._tables.scan(self._name, where=("person", digest(sub))):
            yield str(item["pk"]), str(item["bond"]) if "bond" in item else None

    def bonds_of_person(self, sub: str) -> Iterator[str]:
        """Keys of the bonds that name the person. It reads the whole table, page by page."""
        yield from (str(item["pk"]) for item in self._tables.scan(self._bonds, where=("person", digest(sub))))

    def end(self, key: str, *, now: int) -> None:
        """Revoke the grant with all its tokens, in the operator's name. A repeated call changes nothing. Raises NotOpen."""
        actions = (*grant_items.revoked(now), ENDED_BY.set(ENDED_BY | "operator"))
        mine = PK.exists() & (REVOKED_AT.does_not_exist() | ENDED_BY.exists())
        try:
            self._tables.write(Write("Update", self._name, key, actions=actions, condition=mine))
        except ConditionFailed as failed:
            if failed.item is None:
                raise NotOpen("no consent has that id") from None  # Otherwise somebody else ended it before.

    def delete(self, key: str) -> None:
        """Delete the grant. Its tokens are then worth nothing. A repeated deletion is no error."""
        self._tables.write(Write("Delete", self._name, key))

    def _read(self, keys: Sequence[str]) -> list[OperatedGrant]:
        """The approved ones of the keys, by consistent reads, in the given order."""
        if not keys:
            return []
        items = self._tables.get_all(*((self._name, key) for key in keys))
        grants = [(grant, item) for item in items if item is not None and (grant := _approved(item)) is not None]
        bonds = list(dict.fromkeys(grant.bond for grant, _ in grants if grant.bond is not None))
        read = self._tables.get_all(*((self._bonds, bond) for bond in bonds)) if bonds else []
        epochs = {bond: epoch_of(item) for bond, item in zip(bonds, read, strict=True)}
        return [
            OperatedGrant(grant, epochs.get(grant.bond or "", 0), str(item.get("ended_by", "")))
            for grant, item in grants
        ]


def position(one: OperatedGrant) -> str:
    """The value of `after` of `of_person` for those after this one."""
    return one.grant.position


def is_position(text: str) -> bool:
    """Whether the text has the form of a `position`."""
    at, _, key = text.partition(".")
    return at.isascii() and at.isdigit() and len(at) < MAX_NUMBER_LENGTH and is_key(key)


def _approved(item: Item) -> Grant | None:
    grant = grant_items.read(item) if "given_at" in item else None
    return grant if grant is not None and grant.login is not None else None
