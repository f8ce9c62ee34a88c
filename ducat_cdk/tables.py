"""The DynamoDB tables, as rows; storage.py makes them. Split by lifetime and by who may touch them, for narrow roles.

Read without the CDK, which starts Node.
"""

from __future__ import annotations

from dataclasses import dataclass

TTL = "ttl"


@dataclass(frozen=True)
class Row:
    """One table. `durable`: outlives the stack. `swept`: DynamoDB deletes an item some time after its `ttl`.

    `weekly`: may be a table a week, which a job makes.
    `recorded`: each change of an item goes to the record, by the table's stream; of one by week none does.
    `indexes`: by name, a text and a number that items are found by, which gives their keys alone.
    """

    name: str
    durable: bool
    swept: bool
    keys: tuple[str, ...] = ("pk",)
    indexes: tuple[tuple[str, str, str], ...] = ()
    weekly: bool = False
    recorded: bool = False


GRANTS_LISTS = (("by_person", "person", "given_at"), ("by_end", "person", "listed_until"))
"""A person's grants: all that were approved, and those that may be in force."""

TABLES = (
    Row("clients", durable=True, swept=False, recorded=True),
    Row("users", durable=True, swept=False, recorded=True),
    Row("grants", durable=True, swept=True, indexes=GRANTS_LISTS, recorded=True),
    Row("bonds", durable=True, swept=True, recorded=True),
    Row("signing_keys", durable=True, swept=False, keys=("ring", "kid"), recorded=True),
    Row("revocations", durable=True, swept=False, recorded=True),
    Row("audit_keys", durable=True, swept=True),
    Row("access_tokens", durable=False, swept=True, weekly=True),
    Row("replay_cache", durable=False, swept=True, weekly=True),
    Row("sessions", durable=False, swept=True, weekly=True, recorded=True),
)
