"""What it costs to keep consents for a year after their end, and to list them (docs/operate/cost.md)."""

from __future__ import annotations

from typing import Any

from benchmarks import cost, journey
from benchmarks.calls import item_size
from chalicelib.jobs import publish_keys
from chalicelib.storage.grant_records import HISTORY
from chalicelib.storage.token_values import read
from ducat_cdk.tables import GRANTS_LISTS
from local import aws_stand_in
from tests.actors import Bank

STORED, BACKUP = 0.25, 0.20
"""USD for a gigabyte a month: in a table, and of its point-in-time recovery."""
INDEXED = 100
"""Bytes that DynamoDB counts for each item and each entry of an index, beside its attributes."""
DAY = 24 * 3600

SECTION = """\
## What people see of their consents

A grant takes about {size:,} bytes with its entries in the {lists} lists of
[the page `/grants`](../integrate/users.md#a-persons-own-page). It stays for {days} days after the end that was agreed to,
so that a person finds what was paid and what has ended.

| USD | |
|---|---|
| a million consents or payments, kept for that time: their storage | {stored:.2f} |
| their point-in-time recovery | {backup:.2f} |
| a million approvals: the write units of the {lists} lists | {listed:.2f} |
| a million consents that are refreshed each day, a month: one write a day for "last used" | {used:.2f} |
"""


def section() -> str:
    """The section of docs/operate/cost.md."""
    item = _redeemed()
    keys = {name: value for name, value in item.items() if name in ("pk", "person", "given_at")}
    lists = len(GRANTS_LISTS)
    size = INDEXED + item_size(item) + lists * (INDEXED + item_size(keys))
    size = round(size, -2)  # Some of its members are as long as the machine's names.
    gigabyte_months = size * 1e6 / 1e9 * HISTORY / DAY / 30
    return SECTION.format(
        size=size,
        lists={2: "two"}[lists],
        days=HISTORY // DAY,
        stored=gigabyte_months * STORED,
        backup=gigabyte_months * BACKUP,
        listed=lists * cost.WRITE_UNITS,
        used=30 * cost.WRITE_UNITS,
    )


def _redeemed() -> dict[str, Any]:
    """The item of a grant whose code was redeemed, as DynamoDB has it."""
    with aws_stand_in.in_process("eu-west-1") as environment:
        bank = Bank(environment)
        publish_keys.run(bank.aws)
        token_value = read(journey.client(bank, "private_key_jwt", "mtls").tokens()["access_token"])
        assert token_value is not None
        connection = bank.aws.dynamo._tables._connection
        found = connection.get_item(bank.settings.grants_table, str(token_value.grant), consistent_read=True)
    item: dict[str, Any] = found["Item"]
    return item
