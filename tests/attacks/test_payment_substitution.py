"""One of two payments is agreed to, or named, and another one is made; or one is made after the theft of its code was noticed.

RFC 9396 6.1: a token covers no more than what was asked of what was granted. RFC 6749 4.1.2: a second use of a code ends what
the first one gave.
"""

import json

import pytest

from chalicelib.storage.token_values import read
from tests.actors import Browser
from tests.attacks.test_payment_replay import ANOTHER, PAYMENT, agreed, allowed, pay, payer, refused

__all__ = ["agreed", "pay", "payer"]

STATUS = {**PAYMENT, "actions": ["status"]}


def consumed(decision):
    return json.loads(decision["context"]["consumed"]) if allowed(decision) else None


@pytest.mark.clause("RFC9396-6.1")
@pytest.mark.parametrize("wanted", [(PAYMENT, STATUS), (STATUS, PAYMENT), (PAYMENT, ANOTHER, STATUS)])
def test_each_detail_is_consumed_for_itself(agreed, pay, wanted):
    """One that another covers was handed out in its stead, twice: what was agreed to for its status alone was paid."""
    token = agreed(*wanted)["access_token"]
    assert [consumed(pay(token, str(n))) for n in range(len(wanted) + 1)] == [*wanted, None]


@pytest.mark.clause("RFC9396-6.1")
@pytest.mark.parametrize("granted", [(PAYMENT, PAYMENT), (PAYMENT, STATUS)])
def test_a_token_that_names_one_of_two_alike_pays_once(agreed, pay, granted):
    """It used up the other one too, which it was not asked for."""
    named = granted[-1]
    token = agreed(*granted, extra={"authorization_details": json.dumps([named])})["access_token"]
    assert consumed(pay(token, "1")) == named
    refused(pay(token, "2"), "insufficient_scope")


def test_a_key_of_another_consent_buys_nothing(agreed, pay):
    """Each consent counts for itself: the same key is another call there."""
    first, second = agreed(PAYMENT)["access_token"], agreed(ANOTHER)["access_token"]
    assert consumed(pay(first, "the-same")) == PAYMENT
    assert consumed(pay(second, "the-same")) == ANOTHER
    refused(pay(second, "another"), "insufficient_scope")


@pytest.fixture
def late(payer, monkeypatch):
    """A function: lets something happen between the authorizer's read of a token and its write."""

    def between(happens):
        find = payer.bank.aws.tokens.find

        def slow(token_value, *, now, along=None):
            found = find(token_value, now=now, along=along)
            happens()
            return found

        monkeypatch.setattr(payer.bank.aws.tokens, "find", slow)

    return between


@pytest.mark.clause("RFC6749-4.1.2")
def test_nothing_is_paid_once_the_theft_of_the_code_was_noticed(payer, pay, late):
    """The second use of the code ended the token by a write; the payment was written after it all the same."""
    browser = Browser(payer.bank)
    page = browser.consent_page("payer", payer.pushed(authorization_details=json.dumps([PAYMENT])))
    code = browser.submit(page, "approve").parameters["code"]
    token = payer.redeem(code).json()["access_token"]
    late(lambda: payer.redeem(code))
    refused(pay(token, "1"), "invalid_token")


@pytest.mark.clause("RFC7009-2.1")
def test_nothing_is_paid_with_a_token_whose_revocation_was_answered(agreed, payer, pay, late):
    """Its end stands in the grant too, where the payment is written."""
    token = agreed(PAYMENT)["access_token"]
    late(lambda: payer.revoke(token))
    refused(pay(token, "1"), "invalid_token")
    assert payer.bank.aws.grants.find(read(token).grant, now=payer.bank.now).consumed == {}
