"""A payment that was agreed to once is made once: who repeats it with whatever token gets the first one, or nothing."""

import json
import re
from contextvars import Context
from threading import Barrier

import pytest

from chalicelib import gateway
from chalicelib.endpoints import authorizer
from chalicelib.resource_server import detail_consumption, policy
from chalicelib.storage.token_values import read
from local.sandbox_users import ALICE
from tests.actors import Browser, certificate
from tests.conftest import STANDARD
from tests.users.test_grants import Person

CURRENT = ALICE.accounts[0]["iban"]
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "1234.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": "DE02100100109307118603"},
    "debtorAccount": {"iban": CURRENT},
}
ANOTHER = {**PAYMENT, "creditorName": "Merchant B"}
LOOK = {"type": "account_information", "access": {"accounts": [{"iban": CURRENT}]}}
RULE = {"authorization_details_type": "payment_initiation", "consumes": True}
DAY = 24 * 3600


@pytest.fixture
def payer(bank, tls_client_auth_client):
    """A client that may ask for payments, and for a look."""
    bank.register(
        **STANDARD
        | {
            "client_id": "payer",
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=payer,O=Fintech\\, Inc.,C=DE",
            "authorization_details_types": ["payment_initiation", "account_information"],
        }
    )
    return tls_client_auth_client.with_(client_id="payer", certificate=certificate("payer"))


@pytest.fixture
def agreed(payer):
    """A function: the token response to details that alice agreed to."""

    def agree(*wanted, **redeeming):
        browser = Browser(payer.bank)
        page = browser.consent_page("payer", payer.pushed(authorization_details=json.dumps(wanted)))
        inputs = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall("<input[^>]*>", page.text)]
        form = {one["name"]: one.get("value", "") for one in inputs} | {"action": "approve"}
        answer = payer.redeem(browser.post("/consent", form).parameters["code"], **redeeming)
        assert answer.status == 200, answer.text
        return answer.json()

    return agree


@pytest.fixture
def pay(payer):
    """A function: what the authorizer decides about POST /payments. `key`: its idempotency key."""
    bank = payer.bank

    def call(access_token, key, header="x-idempotency-key", **rule):
        rules = json.dumps({"POST /payments": RULE | rule})
        bank.aws.settings = bank.settings._replace(resource_rules=rules)
        named = ((header, key),) if key is not None else ()
        headers = (("Authorization", f"Bearer {access_token}"), *named)
        event = bank.event("POST", "/payments", headers=headers, certificate=payer.certificate)
        return authorizer.decide(gateway.from_event(event), "arn:aws:execute-api:x:1:a/live/POST/payments", bank.aws)

    before = bank.aws.settings
    yield call
    bank.aws.settings = before


def allowed(decision):
    return decision["policyDocument"]["Statement"][0]["Effect"] == "Allow"


def refused(decision, error):
    assert not allowed(decision)
    assert decision["context"]["error"] == error
    return decision["context"]["reason"]


@pytest.mark.fault("2e")
def test_a_payment_is_made_once_and_the_same_call_may_come_again(agreed, pay):
    """One consent made any number of payments: each token paid, and each call."""
    token = agreed(PAYMENT)["access_token"]
    first = pay(token, "key-1")
    assert json.loads(first["context"]["consumed"]) == PAYMENT
    assert first["context"]["idempotency_key"] == "key-1"
    assert "another call has already consumed" in refused(pay(token, "key-2"), "insufficient_scope")
    assert allowed(pay(token, "key-1"))
    assert 'error="insufficient_scope"' in pay(token, "key-2")["context"]["www_authenticate"]


@pytest.mark.fault("2e")
def test_of_eight_calls_with_eight_keys_one_passes(agreed, pay, race, payer, monkeypatch):
    """All of them have read that nobody paid before the first one writes."""
    token, find, all_have_read = agreed(PAYMENT)["access_token"], payer.bank.aws.tokens.find, Barrier(8, timeout=10)

    def slow(token_value, *, now, along=None):
        found = find(token_value, now=now, along=along)
        all_have_read.wait()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(payer.bank.aws.tokens, "find", slow)
        decisions = race(lambda n: pay(token, f"key-{n}"))
    (winner,) = [n for n, one in enumerate(decisions) if allowed(one)]
    assert allowed(pay(token, f"key-{winner}"))


@pytest.mark.fault("2e")
def test_of_eight_calls_with_one_key_all_pass(agreed, pay, race):
    """Who sends the same call again before the answer came is no thief."""
    token = agreed(PAYMENT)["access_token"]
    assert all(map(allowed, race(lambda n: pay(token, "the-same"))))
    refused(pay(token, "another"), "insufficient_scope")


@pytest.mark.fault("2e")
def test_one_consent_to_two_payments_makes_two(agreed, pay):
    token = agreed(PAYMENT, ANOTHER)["access_token"]
    made = [json.loads(pay(token, key)["context"]["consumed"])["creditorName"] for key in ("1", "2", "1", "2")]
    assert made == ["Merchant A", "Merchant B", "Merchant A", "Merchant B"]
    refused(pay(token, "3"), "insufficient_scope")


@pytest.mark.fault("2e")
def test_a_token_for_one_of_two_payments_makes_that_one(agreed, pay):
    token = agreed(PAYMENT, ANOTHER, extra={"authorization_details": json.dumps([ANOTHER])})["access_token"]
    assert json.loads(pay(token, "1")["context"]["consumed"])["creditorName"] == "Merchant B"
    refused(pay(token, "2"), "insufficient_scope")


@pytest.mark.fault("2e")
def test_a_call_without_a_usable_key_gets_the_header_name_and_uses_nothing_up(agreed, pay):
    token = agreed(PAYMENT)["access_token"]
    assert "x-idempotency-key is required" in refused(pay(token, None), "invalid_request")
    for odd in ("", "a b", "x" * 256, "ü"):
        refused(pay(token, odd), "invalid_request")
    assert "idempotency-id is required" in refused(pay(token, "k", idempotency_key="idempotency-id"), "invalid_request")
    assert allowed(pay(token, "k", header="idempotency-id", idempotency_key="idempotency-id"))


@pytest.mark.fault("2e")
def test_what_is_refused_for_another_reason_uses_nothing_up(agreed, pay, payer):
    """The write is the last thing that happens."""
    token = agreed(PAYMENT)["access_token"]
    refused(pay(token, "1", header="x-fapi-auth-date"), "invalid_request")
    refused(pay(token, "1", max_age=-1), "insufficient_user_authentication")
    assert allowed(pay(token, "2"))


@pytest.mark.fault("2e")
def test_the_same_call_passes_again_for_a_day(agreed, pay, payer):
    """However long a deployment lets tokens live."""
    bank, token = payer.bank, agreed(PAYMENT)["access_token"]
    assert allowed(pay(token, "1"))
    found = bank.aws.tokens.find(token, now=bank.now)
    wanted = policy.ResourcePolicy((), authorization_details_type="payment_initiation", consumes="x-idempotency-key")
    request = gateway.from_event(bank.event("POST", "/payments", headers=(("x-idempotency-key", "1"),)))
    opened = detail_consumption.VerifiedAccessToken(*found)
    assert (
        detail_consumption.consume(request, opened, wanted, bank.aws, now=bank.now + DAY - 1)["idempotency_key"] == "1"
    )
    with pytest.raises(detail_consumption.InsufficientScope):
        detail_consumption.consume(request, opened, wanted, bank.aws, now=bank.now + DAY)


@pytest.mark.fault("2e")
def test_a_payment_gives_no_refresh_token_and_a_consent_of_a_day(agreed, payer):
    """It came with a refresh token and 90 days; also beside what lasts longer."""
    for wanted in ((PAYMENT,), (LOOK, PAYMENT)):
        tokens = agreed(*wanted)
        assert "refresh_token" not in tokens
        grant = payer.bank.aws.tokens.find(tokens["access_token"], now=payer.bank.now)[1]
        assert grant.consent_expires_at == payer.bank.now + DAY
    assert agreed(LOOK)["refresh_token"]


@pytest.mark.fault("2e")
def test_the_persons_page_shows_a_made_payment_as_made(agreed, pay, payer):
    alice, token = Person(payer.bank), agreed(PAYMENT, ANOTHER)["access_token"]
    assert "Payment made" not in alice.arrive().text
    assert allowed(pay(token, "1"))
    text = alice.arrive().text
    assert text.count("Payment made") == 1
    assert text.index("Merchant A") < text.index("Payment made") < text.index("Merchant B")
    past = alice.get("/grants", {"past": "1"}).text
    assert past.count("Payment made") == 1
    assert "1,234.50" in past
    assert "15 January 2027, 08:00" in text


@pytest.mark.fault("2e")
def test_what_was_ended_makes_no_payment(agreed, pay, payer, monkeypatch):
    """Also where it ends between the read and the write."""
    token, bank = agreed(PAYMENT)["access_token"], payer.bank
    find = bank.aws.tokens.find

    def late(token_value, *, now, along=None):
        found = find(token_value, now=now, along=along)
        Context().run(bank.aws.grants.revoke, read(token).grant, now=now)  # Not by the authorizer.
        return found

    monkeypatch.setattr(bank.aws.tokens, "find", late)
    refused(pay(token, "1"), "invalid_token")


@pytest.mark.fault("2e")
def test_a_clients_own_token_consumes_nothing(payer, pay):
    token = payer.post("/token", grant_type="client_credentials").json()["access_token"]
    refused(pay(token, "1"), "insufficient_scope")


@pytest.mark.fault("2e")
@pytest.mark.parametrize(
    "rule",
    [
        {"scope": "accounts", "consumes": True},
        RULE | {"consumes": "yes"},
        RULE | {"idempotency_key": "a b"},
        RULE | {"idempotency_key": ""},
    ],
)
def test_a_rule_that_can_not_be_kept_is_refused(rule):
    with pytest.raises(policy.RulesError):
        policy.rules(json.dumps({"POST /payments": rule}))
