"""The sample bank's own API: a Lambda function behind the authorizer. The authorizer's context is all that it trusts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from chalicelib.resource_server.fapi_headers import INTERACTION_ID
from local.sandbox_users import USERS

BALANCES: Mapping[str, str] = {
    "DE02100100100006820101": "2480.15",
    "DE18100100100006820201": "10250.00",
    "DE34100100100006820301": "-42.00",
}
PRODUCTS = (
    {"name": "Current account", "monthlyFee": {"currency": "EUR", "amount": "4.90"}},
    {"name": "Savings", "monthlyFee": {"currency": "EUR", "amount": "0.00"}},
)
OWNED = {person.sub: person.accounts for person in USERS.values()}
"""By the `sub` that the authorizer hands on; a client's own token has none."""


def accounts(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """GET /accounts: of the person who consented; all, or those that the authorization details name."""
    given = event["requestContext"]["authorizer"]
    open_to = _access(given)
    shown = []
    for account in OWNED.get(given.get("sub", ""), ()):
        iban = account["iban"]
        if open_to is None or iban in open_to["accounts"]:
            balance = {"balance": BALANCES[iban]} if open_to is None or iban in open_to["balances"] else {}
            shown.append({**account, "currency": "EUR", **balance})
    return _answer(event, 200, {"accounts": shown})


def products(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """GET /products: what the bank sells. It is about nobody, so a client may read it with a token of its own."""
    return _answer(event, 200, {"products": PRODUCTS})


def payments(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """POST /payments: take the payment that the person agreed to; the body has no say in what it is.

    The authorizer has used it up for the call of this idempotency key, so the same key is answered by the same payment.
    """
    given = event["requestContext"]["authorizer"]
    made = uuid.uuid5(uuid.NAMESPACE_URL, f"{given['consent_id']} {given['idempotency_key']}")
    payment = json.loads(given["consumed"])
    return _answer(event, 201, {"paymentId": str(made), "transactionStatus": "RCVD", "payment": payment})


def _access(given: Mapping[str, str]) -> dict[str, set[str]] | None:
    """The account numbers that may be listed, and whose balance may be read; None where there are no such details."""
    details = _details(given, "account_information")
    if not details:
        return None
    named = {
        name: {a["iban"] for one in details for a in one["access"].get(name, ())} for name in ("accounts", "balances")
    }
    return {"accounts": named["accounts"] | named["balances"], "balances": named["balances"]}


def _details(given: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    """The granted authorization details of a type; the authorizer hands them on as a text."""
    return [one for one in json.loads(given.get("authorization_details", "[]")) if one["type"] == name]


def _answer(event: Mapping[str, Any], status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """API Gateway adds the Date."""
    return {
        "statusCode": status,
        "multiValueHeaders": {
            "Content-Type": ["application/json"],
            "Cache-Control": ["no-store"],
            INTERACTION_ID: [event["requestContext"]["authorizer"]["interaction_id"]],  # FAPI1-BASE-6.2.1-11
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
