"""The sample bank's own API: a Lambda function behind the authorizer. The authorizer's context is all that it trusts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from local.people import ALICE, BOB

INTERACTION_ID = "x-fapi-interaction-id"

ACCOUNTS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    ALICE.sub: (
        {"iban": "DE02100100100006820101", "name": "Current account", "currency": "EUR", "balance": "2480.15"},
        {"iban": "DE02100100100006820201", "name": "Savings", "currency": "EUR", "balance": "10250.00"},
    ),
    BOB.sub: ({"iban": "DE02100100100006820301", "name": "Current account", "currency": "EUR", "balance": "-42.00"},),
}
"""By the `sub` that the authorizer hands on. A client that acts for itself has no sub, and so no accounts."""


def accounts(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """GET /accounts: the accounts of the person who consented. API Gateway adds the Date."""
    sub = event["requestContext"]["authorizer"].get("sub", "")
    return {
        "statusCode": 200,
        "multiValueHeaders": {
            "Content-Type": ["application/json"],
            "Cache-Control": ["no-store"],
            INTERACTION_ID: [_interaction_id(event)],
        },
        "body": json.dumps({"accounts": ACCOUNTS.get(sub, ())}),
        "isBase64Encoded": False,
    }


def _interaction_id(event: Mapping[str, Any]) -> str:
    """The caller's own where it is one UUID, else a fresh one: FAPI1-BASE-6.2.1-11."""
    sent = [
        value
        for name, values in (event.get("multiValueHeaders") or {}).items()
        if name.lower() == INTERACTION_ID
        for value in values
    ]
    try:
        return str(uuid.UUID(sent[0])) if len(sent) == 1 and len(sent[0]) == 36 else str(uuid.uuid4())
    except ValueError:
        return str(uuid.uuid4())
