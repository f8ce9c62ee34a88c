"""What the record costs (docs/operate/cost.md): from counted changes of a login, and from what one of them takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks import cost
from benchmarks.calls import Count
from ducat_cdk.audit_settings import SECONDS
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.tables import TABLES

PUTS, STORED, EVENTS = 5.0, 0.023, 1.0
"""USD: for a million objects that are put into S3, for a gigabyte there a month, for a million events on a bus."""
SHARDS = 4
"""Of a table on demand that is new, which has as many partitions."""
LINES = 1
"""Log lines of a login that the record takes: the sign-in. Those of the consent and the token are in the streams already."""
EVENT_BYTES, EVENT_SECONDS = 170, 0.00035
"""Of an event, compressed among others, and of CPU to make it: measured with batches of a thousand changes of grants."""
CALL_SECONDS = 0.02
"""Of a call of the function, beside its events: for S3 and the keys of people."""
MINUTES = 30 * 24 * 60
KEPT_MONTHS = 5 * 12

INTRODUCTION = """\
## The record

USD a month for a million logins in it, spread evenly. Each has {changes} changes that [the record](audit.md) is made of. Lambda
reads streams for nothing. Objects are small while little happens: {seconds} seconds of a shard's changes are one. On a busy day
there are fewer calls for each change.

| | How many | USD |
|---|---|---|
"""


def section(counts: Mapping[str, Count]) -> str:
    """The section of docs/operate/cost.md. `counts`: of a login, by step."""
    recorded = {row.name.replace("_", "-") for row in TABLES if row.recorded}
    written = [
        (table.removeprefix("ducat-"), units)
        for step in cost.STEPS
        for (table, kind), units in counts[step].tables.items()
        if kind == "write" and table.removeprefix("ducat-") in recorded
    ]
    changes, tables = sum(units for _, units in written), len({table for table, _ in written})
    rows = list(_rows(changes, tables))
    lines = "".join(f"| {what} | {number} | {usd:.2f} |\n" for what, number, usd in rows)
    total = sum(usd for _, _, usd in rows[:-1])
    introduction = INTRODUCTION.format(changes=changes, seconds=SECONDS)
    return f"{introduction}{lines}| **in all, without a bus** | | **{total:.2f}** |\n"


def _rows(changes: int, tables: int) -> Iterable[tuple[str, str, float]]:
    calls = SHARDS * tables * MINUTES * 60 / SECONDS + LINES * 1e6
    events = (changes + LINES) * 1e6
    (memory,) = (row.memory for row in FUNCTIONS if row.records)
    seconds = events * EVENT_SECONDS + calls * CALL_SECONDS
    month = events * EVENT_BYTES / 1e9
    yield "calls of the function", f"{calls / 1e6:.2f} million", calls / 1e6 * cost.INVOCATIONS
    yield "its time", f"{seconds / 3600:.1f} hours", seconds * memory / 1024 / 1e6 * cost.GB_SECONDS
    yield "objects put", f"{calls / 1e6:.2f} million", calls / 1e6 * PUTS
    yield "kept, after five years", f"{month * KEPT_MONTHS:.0f} GB", month * KEPT_MONTHS * STORED
    yield "events on a bus, with `audit_bus`", f"{events / 1e6:.0f} million", events / 1e6 * EVENTS
