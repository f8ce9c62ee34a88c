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
    `indexes`: by name, a text and a number that items are found by, which gives their keys alone.
    """

    name: str
    durable: bool
    swept: bool
    keys: tuple[str, ...] = ("pk",)
    indexes: tuple[tuple[str, str, str], ...] = ()
    weekly: bool = False


TABLES = (
    Row("clients", durable=True, swept=False),
    Row("users", durable=True, swept=False),
    Row("grants", durable=True, swept=True, indexes=(("by_person", "person", "given_at"),)),
    Row("bonds", durable=True, swept=True),
    Row("signing_keys", durable=True, swept=False, keys=("ring", "kid")),
    Row("revocations", durable=True, swept=False),
    Row("access_tokens", durable=False, swept=True, weekly=True),
    Row("replay_cache", durable=False, swept=True, weekly=True),
    Row("sessions", durable=False, swept=True, weekly=True),
)
