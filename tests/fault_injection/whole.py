"""What the tables hold, and whether it fits together."""

from __future__ import annotations

import json
from typing import Any

from tests.actors import Bank


def items(bank: Bank, name: str) -> list[dict[str, Any]]:
    """Every item of a table, as DynamoDB has it."""
    found: list[dict[str, Any]] = []
    start = None
    while True:
        page = bank.aws.dynamo._tables._connection.scan(
            getattr(bank.settings, f"{name}_table"), exclusive_start_key=start
        )
        found += page["Items"]
        start = page.get("LastEvaluatedKey")
        if not start:
            return found


def whole(bank: Bank) -> bool:
    """Whether every token has its grant, and every grant that gave one the decision and the redemption that it came of."""
    grants = {item["pk"]["S"]: item for item in items(bank, "grants")}
    giving = {key for key, item in grants.items() if "token_hash" in item}
    assert giving == {key for key, item in grants.items() if "redeemed_by" in item}
    of_people = [
        record["grant"]
        for item in items(bank, "access_tokens")
        if (record := json.loads(item["record"]["S"])).get("grant")
    ]
    assert giving >= set(of_people)
    assert all(
        "login" in item and item["decision"]["S"] == "approved" for item in grants.values() if "code_hash" in item
    )
    return True
