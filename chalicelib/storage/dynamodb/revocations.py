"""Revoked and denied client certificates.

Keys: `denied.…` of an operator's denial, `crl.<issuer>` of an issuer's CRLs, `crl.<issuer>.<shard>` of the entries on them.
A missing shard has no entries; a missing item of the issuer means that nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.storage import revocation_stores
from chalicelib.storage.dynamodb.attributes import PK, RECORD, ConditionFailed, Item, Write, unchanged
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.revocation_records import (
    ENTRY_LENGTH,
    SHARDS,
    CertificateNames,
    CertificateStatus,
    IssuerCrls,
    shard_of,
)
from chalicelib.storage.revocation_stores import CrlsChanged
from chalicelib.storage.stores import NotOpen

DENIED_AT = NumberAttribute(attr_name="denied_at")
DENIAL = UnicodeAttribute(attr_name="denial")
ENTRIES = UnicodeAttribute(attr_name="entries")
KEYS_IN_A_READ = 100
"""Keys of one BatchGetItem."""


class StatusReading:
    """revocation_stores.StatusReading."""

    def __init__(self, table: str, denials: tuple[str, ...], crls: tuple[str, ...]) -> None:
        self.table, self.keys, self._denials = table, (*denials, *crls), len(denials)
        self._status: CertificateStatus | None = None

    def take(self, items: Sequence[Item | None]) -> None:
        denied = any(item is not None for item in items[: self._denials])
        crls, shard = (*items[self._denials :], None, None)[:2]
        known, entries = _crls(crls), _entries(shard)
        unreadable = entries is None or (known is None and crls is not None)
        self._status = CertificateStatus(denied, known, entries or frozenset(), unreadable)

    @property
    def status(self) -> CertificateStatus | None:
        return self._status


class Revocations:
    """revocation_stores.Revocations."""

    def __init__(self, tables: Tables, name: str, *, new_token_value: Callable[[], str]) -> None:
        self._tables, self._name, self._new_token_value = tables, name, new_token_value

    def reading(self, names: CertificateNames, *, crls: bool) -> StatusReading:
        thumbprints = (names.thumbprint,) if names.twin is None else (names.thumbprint, names.twin)
        denials = (*map(_denied_thumbprint, thumbprints), _denied_serial(names.issuer, names.serial))
        of_issuer = (_issuer(names.issuer), _shard(names.issuer, shard_of(names.serial))) if crls else ()
        return StatusReading(self._name, denials, of_issuer)

    def read(self, reading: revocation_stores.StatusReading) -> None:
        self._tables.get_all(along=cast(StatusReading, reading))

    def deny_thumbprint(self, thumbprint: str, *, why: str, now: int) -> None:
        self._deny(_denied_thumbprint(thumbprint), why, now)

    def deny_serial(self, issuer: str, serial: str, *, why: str, now: int) -> None:
        self._deny(_denied_serial(issuer, serial), why, now)

    def allow_thumbprint(self, thumbprint: str) -> bool:
        return self._allow(_denied_thumbprint(thumbprint))

    def allow_serial(self, issuer: str, serial: str) -> bool:
        return self._allow(_denied_serial(issuer, serial))

    def _deny(self, key: str, why: str, now: int) -> None:
        # Its name tells it from another of the same second.
        denial: Item = {"v": VERSION, "why": why, "denied_at": now, "denial": self._new_token_value()}
        self._tables.write(Write("Put", self._name, key, denial))

    def _allow(self, key: str) -> bool:
        found = self._tables.get(self._name, key)
        if found is None:
            return False
        # A late copy of this write ends no denial that came after it.
        condition = PK.exists() & unchanged(DENIED_AT, found) & unchanged(DENIAL, found)
        try:
            self._tables.write(Write("Delete", self._name, key, condition=condition))
        except ConditionFailed as failed:
            if failed.item is not None:  # Otherwise a repeated write.
                raise NotOpen("the certificate was denied again meanwhile; run the command again") from None
        return True

    def crls(self, issuer: str) -> IssuerCrls | None:
        return _crls(self._tables.get(self._name, _issuer(issuer)))

    def put_crls(self, issuer: str, before: IssuerCrls | None, after: IssuerCrls) -> None:
        self._put(
            _issuer(issuer),
            {"v": VERSION, "record": encode(after)},
            PK.does_not_exist() if before is None else _is(RECORD, encode(before)) | _is(RECORD, encode(after)),
        )

    def shards(self, issuer: str) -> list[frozenset[str]]:
        found: list[frozenset[str]] = []
        for first in range(0, SHARDS, KEYS_IN_A_READ):
            some = range(first, min(first + KEYS_IN_A_READ, SHARDS))
            items = self._tables.get_all(*((self._name, _shard(issuer, number)) for number in some))
            found += [_entries(item) or frozenset() for item in items]  # A write does not replace an unreadable one.
        return found

    def put_shard(self, issuer: str, number: int, before: frozenset[str], after: frozenset[str]) -> None:
        text, as_read = _text(after), _is(ENTRIES, _text(before))
        unchanged = as_read if before else PK.does_not_exist() | as_read
        self._put(_shard(issuer, number), {"v": VERSION, "entries": text}, unchanged | _is(ENTRIES, text))

    def _put(self, key: str, item: Item, unchanged: Condition) -> None:
        """Write if the item is as it was read, or is written already by a repeated write. Raises CrlsChanged."""
        try:
            self._tables.write(Write("Put", self._name, key, item, condition=unchanged))
        except ConditionFailed:
            raise CrlsChanged(key) from None


def _denied_thumbprint(thumbprint: str) -> str:
    return f"denied.thumbprint.{thumbprint}"


def _denied_serial(issuer: str, serial: str) -> str:
    return f"denied.serial.{issuer}.{serial}"


def _issuer(issuer: str) -> str:
    return f"crl.{issuer}"


def _shard(issuer: str, number: int) -> str:
    return f"crl.{issuer}.{number:03x}"


def _is(attribute: UnicodeAttribute, text: str) -> Condition:
    return cast(Condition, text == attribute)


def _crls(item: Item | None) -> IssuerCrls | None:
    if item is None:
        return None
    try:
        require_known("IssuerCrls", item)
        return decode(IssuerCrls, str(item["record"]))
    except (Unreadable, KeyError) as problem:
        report(Unreadable(f"IssuerCrls: {problem}"), str(item.get("pk")), item.get("v"))
        return None


def _text(entries: frozenset[str]) -> str:
    return "".join(sorted(entries))


def _entries(item: Item | None) -> frozenset[str] | None:
    """The entries of a shard, none of a missing one; None of an unreadable one, which is logged."""
    text = "" if item is None else item.get("entries")
    try:
        require_known("revoked certificates", item or {})
        if not isinstance(text, str) or len(text) % ENTRY_LENGTH:
            raise Unreadable("revoked certificates: of another form: entries")
    except Unreadable as problem:
        report(problem, str((item or {}).get("pk")), (item or {}).get("v"))
        return None
    return frozenset(text[at : at + ENTRY_LENGTH] for at in range(0, len(text), ENTRY_LENGTH))
