"""One change of an item, out of a record of a table's stream, and who made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib import writer
from chalicelib.protocol_types import Untyped
from chalicelib.settings import Settings
from chalicelib.storage.dynamodb import RECORDED
from chalicelib.storage.dynamodb.attributes import Attributes, Item, as_item
from chalicelib.writer import Writer

SWEEPER = "dynamodb.amazonaws.com"
"""Who deletes by time to live (DynamoDB developer guide, "DynamoDB Streams and Time to Live")."""

SEQUENCE = 40
"""Digits of a sequence number at most (DynamoDB API, StreamRecord)."""

BY = "by"


@dataclass(frozen=True)
class Change:
    """A change of an item.

    `id`: of the stream's record. `at`: epoch seconds. `sequence`: grows with the changes of an item.
    `old`, `new`: the item before and after, in DynamoDB's form; None where there was or is none.
    `swept`: DynamoDB deleted it, by its time to live.
    """

    id: str
    at: int
    sequence: str
    table: str
    keys: Attributes
    old: Attributes | None
    new: Attributes | None
    swept: bool = False

    @cached_property
    def before(self) -> Item:
        """The item before, empty if there was none."""
        return as_item(self.old) or {}

    @cached_property
    def after(self) -> Item:
        """The item after, empty if there is none."""
        return as_item(self.new) or {}

    @property
    def item(self) -> Item:
        """The item after, or the deleted one."""
        return self.after or self.before

    @property
    def key(self) -> str:
        """The item's key."""
        (name, *_) = (name for name in ("pk", "kid") if name in self.keys)
        return self.keys[name].get("S", "")

    @property
    def changed(self) -> frozenset[str]:
        """Names of the attributes that differ, also of those whose type this release does not read."""
        old, new = self.old or {}, self.new or {}
        return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))

    @property
    def added(self) -> bool:
        return self.old is None

    @property
    def removed(self) -> bool:
        return self.new is None

    @property
    def expired(self) -> bool:
        """Whether it is a deletion after the item's end: by time to live, or by the job in place of it."""
        ends = self.before.get("expires_at", self.before.get("ttl"))
        return self.removed and (self.swept or (isinstance(ends, int) and ends < self.at and not self._marked))

    @property
    def writer(self) -> Writer:
        """Who made the change. UNKNOWN if it was nobody who stamps what it writes: `by` is as it was, or not there."""
        before, after = str(self.before.get(BY, "")), str(self.after.get(BY, ""))
        if self.removed:
            return writer.parse(before) if self._marked else writer.UNKNOWN
        return writer.parse(after) if after != before else writer.UNKNOWN

    @property
    def _marked(self) -> bool:
        return str(self.before.get(BY, "")).startswith(writer.DELETES)

    def gained(self, name: str) -> bool:
        """Whether the attribute is new."""
        return name in self.after and name not in self.before

    def lost(self, name: str) -> bool:
        """Whether the attribute went, and the item did not."""
        return name in self.before and name not in self.after and not self.removed

    def differs(self, *names: str) -> bool:
        """Whether any of the attributes changed."""
        return not self.changed.isdisjoint(names)


def of_record(record: Untyped, settings: Settings) -> Change | None:
    """The change of a stream's record; None for a table that is not recorded."""
    table = tables(settings).get(str(record["eventSourceARN"]).split("/")[1])
    if table is None:
        return None
    stream = record["dynamodb"]
    return Change(
        id=str(record["eventID"]),
        at=int(stream["ApproximateCreationDateTime"]),
        sequence=str(stream["SequenceNumber"]).zfill(SEQUENCE),
        table=table,
        keys=stream["Keys"],
        old=stream.get("OldImage"),
        new=stream.get("NewImage"),
        swept=(record.get("userIdentity") or {}).get("principalId") == SWEEPER,
    )


def tables(settings: Settings) -> Mapping[str, str]:
    """Our name of each recorded table by its name in DynamoDB."""
    return {getattr(settings, f"{table}_table"): table for table in RECORDED}


def named(names: Iterable[str], *prefixes: str) -> frozenset[str]:
    """Those of the names that begin so."""
    return frozenset(name for name in names if name.startswith(prefixes))
