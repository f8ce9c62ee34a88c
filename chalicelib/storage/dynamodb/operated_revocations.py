"""What operators read of the denied client certificates, beside what the endpoints do. No function imports it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.storage.dynamodb.tables import Tables

PREFIX = "denied."


@dataclass(frozen=True)
class Denial:
    """A denied certificate, by its `thumbprint`, or by the digest of its `issuer` and its `serial`. `why`: given with it."""

    thumbprint: str
    issuer: str
    serial: str
    why: str
    denied_at: int


class OperatedRevocations:
    """The denials, all of them."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def denials(self) -> Iterator[Denial]:
        """Every denial, in no order. It reads the whole table, page by page."""
        for item in self._tables.scan(self._name):
            if not str(item["pk"]).startswith(PREFIX):
                continue  # of CRLs
            kind, _, named = str(item["pk"]).removeprefix(PREFIX).partition(".")
            issuer, _, serial = named.partition(".") if kind == "serial" else ("", "", "")
            denied_at = item.get("denied_at", 0)
            yield Denial(
                named if kind == "thumbprint" else "",
                issuer,
                serial,
                str(item.get("why", "")),
                denied_at if isinstance(denied_at, int) else 0,
            )
