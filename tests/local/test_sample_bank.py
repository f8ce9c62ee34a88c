"""The sample bank's own API: it shows what the authorizer's context says was granted, and no more."""

import json

from local import sample_bank
from local.sandbox_users import ALICE, BOB
from local.stack import RESOURCE_RULES

CURRENT, SAVINGS = (account["iban"] for account in ALICE.accounts)


def shown(sub=ALICE.sub, **access):
    """What GET /accounts shows: IBANs, and whether with their balance. `access`: by permission, the IBANs granted."""
    given = {"sub": sub, "interaction_id": "x"}
    if access:
        named = {name: [{"iban": iban} for iban in ibans] for name, ibans in access.items()}
        given["authorization_details"] = json.dumps([{"type": "account_information", "access": named}])
    answer = sample_bank.accounts({"requestContext": {"authorizer": {k: v for k, v in given.items() if v}}}, None)
    assert answer["statusCode"] == 200
    return {account["iban"]: "balance" in account for account in json.loads(answer["body"])["accounts"]}


def test_each_person_sees_their_own_accounts_and_a_client_by_itself_none():
    assert shown() == {CURRENT: True, SAVINGS: True}
    assert shown(BOB.sub).keys() == {account["iban"] for account in BOB.accounts}
    assert shown(None) == {}
    assert shown("nobody") == {}


def test_what_the_bank_sells_is_about_nobody():
    assert RESOURCE_RULES["GET /products"]["subject"] == "any"
    answer = sample_bank.products({"requestContext": {"authorizer": {"interaction_id": "x"}}}, None)
    assert [one["name"] for one in json.loads(answer["body"])["products"]] == ["Current account", "Savings"]


def test_an_account_that_was_not_granted_is_not_shown():
    assert shown(accounts=[CURRENT]) == {CURRENT: False}
    assert shown(accounts=[CURRENT], balances=[CURRENT]) == {CURRENT: True}


def test_a_balance_that_was_not_granted_is_not_shown():
    assert shown(accounts=[CURRENT, SAVINGS], balances=[SAVINGS]) == {CURRENT: False, SAVINGS: True}


def test_a_balance_that_was_granted_names_its_account():
    assert shown(balances=[SAVINGS]) == {SAVINGS: True}


def test_what_was_granted_of_anothers_account_shows_nothing():
    assert shown(BOB.sub, accounts=[CURRENT], balances=[CURRENT]) == {}
