"""Rich authorization requests (RFC 9396): what exactly is asked for, agreed to, and handed on."""

import json
import re
from dataclasses import replace

import pytest

from chalicelib import gateway
from chalicelib.assembly import Aws
from chalicelib.authorization_details.detail_types import TYPES
from chalicelib.endpoints import authorizer
from local import sandbox_users
from local.sandbox_users import ALICE
from tests.actors import NOW, Browser, certificate, elements
from tests.conftest import STANDARD
from tests.each import each

CURRENT, SAVINGS = (account["iban"] for account in ALICE.accounts)
STRANGERS = "DE89370400440532013000"
SHOP = "DE02100100109307118603"
ALL = {"type": "account_information", "actions": ["list_accounts", "read_balances", "read_transactions"]}
NAMED = {"type": "account_information", "access": {"accounts": [{"iban": CURRENT}], "balances": [{"iban": CURRENT}]}}
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": SHOP},
    "remittanceInformationUnstructured": "Order 4711",
}


@pytest.fixture
def rich(bank, tls_client_auth_client):
    """A client that may ask for both types."""
    bank.register(
        **STANDARD
        | {
            "client_id": "rich",
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=rich,O=Fintech\\, Inc.,C=DE",
            "authorization_details_types": list(TYPES),
        }
    )
    return tls_client_auth_client.with_(client_id="rich", certificate=certificate("rich"))


def push(client, *wanted, **changes):
    return client.push(authorization_details=json.dumps(wanted), **changes)


def refused(answer):
    assert (answer.status, answer.json()["error"]) == (400, "invalid_authorization_details"), answer.text


def consent_page(client, browser, *wanted, **changes):
    answer = push(client, *wanted, **changes)
    assert answer.status == 201, answer.text
    return browser.consent_page(client.client_id, answer.json()["request_uri"])


def tokens(client, *wanted, without=(), changed=(), **changes):
    """The token response of alice, who left out the fields `without` and typed `changed`."""
    browser = Browser(client.bank)
    back = answered(browser, consent_page(client, browser, *wanted, **changes), without, changed)
    answer = client.redeem(back.parameters["code"])
    assert answer.status == 200, answer.text
    return answer.json()


def answered(browser, page, without=(), changed=()):
    inputs = [a for tag, a in elements(page.text) if tag == "input" and "name" in a]
    ticked = [a for a in inputs if a.get("type") not in ("checkbox", "radio") or "checked" in a]
    form = {a["name"]: a.get("value", "") for a in ticked if a["name"] not in without}
    return browser.post("/consent", form | {"action": "approve"} | dict(changed))


def route(client, token, **rule):
    """What the authorizer decides about POST /payments by a rule."""
    rules = json.dumps({"POST /payments": rule})
    bank = client.bank
    provider = Aws(bank.settings._replace(resource_rules=rules), clock=lambda: bank.now)
    bearer = (("Authorization", f"Bearer {token}"),)
    event = bank.event("POST", "/payments", headers=bearer, certificate=client.certificate)
    return authorizer.decide(gateway.from_event(event), "arn:aws:execute-api:x:1:a/live/POST/payments", provider)


# 2 What is asked for


@pytest.mark.clause("RFC9396-2")
@each("wanted", [(ALL,), (NAMED,), (PAYMENT,), (NAMED, PAYMENT), ({**ALL, "validUntil": "2027-01-15"},)])
def test_2_details_of_each_type_are_taken(rich, wanted):
    """authorization_details: a JSON array of objects, each with a type that determines its contents."""
    assert push(rich, *wanted).status == 201


@pytest.mark.clause("RFC9396-3")
def test_3_a_request_may_do_without_scope(rich):
    """authorization_details may be used on its own, or beside scope."""
    answer = tokens(rich, NAMED, scope=None)
    assert answer["authorization_details"][0]["type"] == "account_information"
    assert "scope" not in answer
    assert "id_token" not in answer


@pytest.mark.clause("RFC9396-5")
@each(
    "value",
    [
        "",
        "{",
        "{}",
        "[]",
        "7",
        '"x"',
        "[7]",
        "[{}]",
        '[{"type": 7}]',
        '[{"type": "unheard_of"}]',
        '[{"type": "payment_initiation", "type": "account_information", "actions": ["list_accounts"]}]',
        json.dumps([ALL] * 6),
        json.dumps([ALL]) + " " * 9000,
        "[" * 3000,
    ],
)
def test_5_what_can_not_be_read_or_is_unknown_is_refused(rich, value):
    """The server MUST refuse unknown types, malformed and unknown fields: invalid_authorization_details."""
    answer = rich.push(authorization_details=value)
    if value == "":
        assert answer.status == 201  # a parameter without a value is as if omitted: RFC 6749 3.1
    else:
        refused(answer)


WRONG = [
    {**PAYMENT, "creditorName": None},
    {**PAYMENT, "creditorName": "x" * 71},
    {**PAYMENT, "creditorName": "Merchant\nA"},
    {**PAYMENT, "surprise": 1},
    {name: value for name, value in PAYMENT.items() if name != "creditorAccount"},
    *(
        {**PAYMENT, "instructedAmount": {"currency": "EUR", "amount": amount}}
        for amount in ("0", "0.00", "-1", "1,50", "1e3", "01", "1.2345", "", " 1", "1\n", 1, "NaN")
    ),
    *({**PAYMENT, "instructedAmount": {"currency": c, "amount": "1"}} for c in ("eur", "EURO", "", "E\n1", None)),
    {**PAYMENT, "instructedAmount": {"currency": "EUR", "amount": "1", "fee": "1"}},
    *(
        {**PAYMENT, "creditorAccount": {"iban": iban}}
        for iban in ("DE02100100109307118604", "DE02 1001", "", "x", f"{SHOP}\n")
    ),
    {**PAYMENT, "requestedExecutionDate": "2027-02-30"},
    {**PAYMENT, "requestedExecutionDate": "2020-01-01"},
    {**PAYMENT, "actions": ["initiate", "refund"]},
    {**PAYMENT, "locations": ["http://bank.example"]},
    {"type": "account_information"},
    {**ALL, "actions": []},
    {**ALL, "actions": ["list_accounts", "list_accounts"]},
    {**ALL, "actions": ["close_account"]},
    {**ALL, "validUntil": "2027-13-01"},
    {**ALL, "validUntil": "2026-01-01"},
    {**ALL, "frequencyPerDay": 0},
    {**ALL, "recurringIndicator": "yes"},
    {**NAMED, "access": {}},
    {**NAMED, "access": {"cards": []}},
    {**NAMED, "access": {"accounts": [{"iban": CURRENT, "owner": "me"}]}},
]


@pytest.mark.clause("RFC9396-5")
@each("wrong", WRONG)
def test_5_what_its_type_does_not_allow_is_refused(rich, wrong):
    """Fields that are unknown, missing or of the wrong value for the type."""
    refused(push(rich, PAYMENT, wrong))


@pytest.mark.clause("RFC9396-10")
def test_10_a_client_asks_for_what_it_registered_alone(rich, tls_client_auth_client, bank):
    """authorization_details_types: what the client will use; metadata name what the server knows."""
    refused(push(tls_client_auth_client, PAYMENT))
    assert bank.metadata()["authorization_details_types_supported"] == ["account_information", "payment_initiation"]


@pytest.mark.clause("PAR-7.4")
def test_a_type_that_was_withdrawn_since_is_not_granted(rich, bank):
    """What the client may ask for is looked at again when the request is opened: its registration may have changed."""
    uri = push(rich, PAYMENT).json()["request_uri"]
    bank.register(
        **STANDARD
        | {
            "client_id": "rich",
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=rich,O=Fintech\\, Inc.,C=DE",
        }
    )
    assert Browser(bank).open("rich", uri).parameters["error"] == "invalid_authorization_details"


def test_what_a_client_may_ask_for_no_longer_it_gets_no_longer(rich, bank):
    """Neither scope nor details of a consent outlive the client's registration for them."""
    refresh_token = tokens(rich, NAMED)["refresh_token"]
    less = {
        **STANDARD,
        "client_id": "rich",
        "scope": "openid",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=rich,O=Fintech\\, Inc.,C=DE",
        "authorization_details_types": ["account_information"],
    }
    bank.register(**less)
    answer = rich.refresh(refresh_token).json()
    assert answer["scope"] == "openid"
    assert answer["authorization_details"] == [NAMED]
    bank.register(**less | {"authorization_details_types": ["payment_initiation"]})
    assert "authorization_details" not in rich.refresh(refresh_token).json()
    assert rich.refresh(refresh_token, scope="accounts").json()["error"] == "invalid_scope"
    bank.register(**less | {"scope": "email", "authorization_details_types": []})
    assert rich.refresh(refresh_token).json()["error"] == "invalid_grant"


# 4 What the person sees and agrees to


@pytest.mark.clause("RFC9396-4")
def test_4_the_person_reads_what_is_requested(rich):
    """The server presents the details to the person: how much, to whom, from where; which accounts, how long."""
    once = {**ALL, "validUntil": "2027-01-15", "recurringIndicator": False, "purpose": "To find you a flat"}
    page = consent_page(rich, Browser(rich.bank), once, PAYMENT)
    read = " ".join(re.sub("<[^>]+>", " ", page.text).split())
    for words in (
        "Pay 123.50 EUR to Merchant A",
        "To account DE02 1001 0010 9307 1186 03",
        "Reference Order 4711",
        "Pay from Current account DE02 1001 0010 0006 8201 01 Savings DE18 1001 0010 0006 8202 01",
        "Look at your accounts",
        "Balances",
        "Of which accounts Select all Select none Current account DE02 1001 0010 0006 8201 01 Savings",
        "Access begins As soon as you allow it",
        "Access ends 15 January 2027, end of day (UTC)",
        "Stated purpose To find you a flat",
        "How often Once",
    ):
        assert words in read, words


@pytest.mark.fault("4k")
@each("until", [["9999-12-31"], ["2027-03-01", "2027-02-01"], ["2027-02-01", None]])
def test_4_a_page_has_one_end(rich, until):
    """The page said until when a detail is asked for, and beside it when access ends: 9999, and in ninety days."""
    wanted = [ALL if day is None else {**ALL, "validUntil": day} for day in until]
    page = consent_page(rich, Browser(rich.bank), *wanted).text
    assert len(re.findall("<time ", page)) == 1
    assert re.findall(r"Until|9999", page) == []
    assert ("1 February 2027, end of day" in page) == ("2027-02-01" in until)


@pytest.mark.fault("4k")
def test_4_who_ticks_nothing_and_allows_reads_what_to_do(rich):
    """The client was told that the user denied the request, and the person nothing at all."""
    browser = Browser(rich.bank)
    page = consent_page(rich, browser, ALL)
    boxes = [a["name"] for t, a in elements(page.text) if t == "input" and a.get("type") == "checkbox"]
    again = answered(browser, page, without=boxes)
    (said,) = [a for t, a in elements(again.text) if a.get("role") == "alert"]
    assert said["id"] == "problem"
    assert "You have not chosen anything to allow." in again.text
    assert ticked(again) == []
    assert "code" in answered(browser, again, changed={name: name.split("-")[-1] for name in boxes}).parameters


def ticked(page):
    """The names of the boxes that are ticked."""
    return [a["name"] for t, a in elements(page.text) if a.get("type") == "checkbox" and "checked" in a]


@pytest.mark.fault("4j")
def test_4_all_or_none_of_a_question_are_ticked_by_buttons_that_decide_nothing(rich):
    """Without a script: the page comes again, with everything else as it was left."""
    browser = Browser(rich.bank)
    page = consent_page(rich, browser, ALL, {**PAYMENT, "debtorAccount": {"iban": CURRENT}})
    buttons = [a for t, a in elements(page.text) if t == "button" and a["value"][:4] in ("all.", "none")]
    assert [a["value"] for a in buttons] == ["all.0.0", "none.0.0", "all.0.1", "none.0.1"]
    may = [f"details-0-may-{name}" for name in ("accounts", "balances", "transactions")]
    accounts = [f"details-0-account-{iban}" for iban in (CURRENT, SAVINGS)]
    assert ticked(page) == [*may, *accounts]
    less = answered(browser, page, without=accounts[:1], changed={"action": "none.0.0"})
    assert ticked(less) == accounts[1:]
    assert "alert" not in less.text
    more = answered(browser, less, changed={"action": "all.0.1"})
    assert ticked(more) == accounts
    agreed = answered(browser, more)
    assert (
        "You have not chosen anything to allow." not in agreed.text
    )  # The payment is granted, so this is an approval.
    browser = Browser(rich.bank)
    page = consent_page(rich, browser, ALL)
    for action in ("all.9.9", "all.0.7", "none.1.0"):
        assert ticked(answered(browser, page, changed={"action": action})) == [*may, *accounts]
    for action in ("all", "all.0", "all.0.0.0", "some.0.0", "all.a.0", "ALL.0.0", "none.0.0\n"):
        assert answered(browser, page, changed={"action": action}).page_error == "invalid_request"


@pytest.mark.fault("4j")
def test_4_the_button_that_decides_nothing_shows_the_page_as_it_was_left(rich):
    """It is what the Enter key on a choice presses."""
    browser = Browser(rich.bank)
    page = consent_page(rich, browser, ALL)
    boxes = [a["name"] for t, a in elements(page.text) if t == "input" and a.get("type") == "checkbox"]
    again = answered(browser, page, without=boxes[:1], changed={"action": "look"})
    assert ticked(again) == boxes[1:]
    assert "alert" not in again.text
    assert "code" in answered(browser, again).parameters


@pytest.mark.fault("4k")
@each("detail", [ALL, PAYMENT])
def test_4_an_account_without_an_iban_is_no_choice_and_no_failure(rich, monkeypatch, detail):
    """A card or a loan has none; whoever had one could sign in, and then saw an error of ours."""
    card = {"name": "Credit card", "pan": "5409"}
    alice = replace(sandbox_users.ALICE, accounts=(card, *sandbox_users.ALICE.accounts))
    monkeypatch.setattr(sandbox_users, "USERS", {"alice": alice})
    browser = Browser(rich.bank)
    page = consent_page(rich, browser, detail)
    assert page.status == 200
    assert "Credit card" not in page.text
    assert "code" in answered(browser, page).parameters
    monkeypatch.setattr(sandbox_users, "USERS", {"alice": replace(alice, accounts=(card,))})
    browser = Browser(rich.bank)
    page = consent_page(rich, browser, detail)
    assert "You have no" in page.text or "You have none" in page.text
    assert answered(browser, page).parameters["error"] == "access_denied"  # there is nothing to choose


@pytest.mark.clause("RFC9396-7")
def test_7_what_was_granted_is_in_the_token_response_and_everywhere_after(rich):
    """The token response has the granted details; so have introspection (9.2) and what the API is told (9.1)."""
    answer = tokens(rich, NAMED, {**PAYMENT, "debtorAccount": {"iban": SAVINGS}})
    granted = [NAMED, {**PAYMENT, "debtorAccount": {"iban": SAVINGS}}]
    assert answer["authorization_details"] == granted
    assert rich.introspect(answer["access_token"]).json()["authorization_details"] == granted
    context = route(rich, answer["access_token"], authorization_details_type="payment_initiation")["context"]
    assert json.loads(context["authorization_details"]) == granted
    refreshed = rich.refresh(tokens(rich, NAMED)["refresh_token"]).json()
    assert refreshed["authorization_details"] == [NAMED]


@pytest.mark.clause("RFC9396-7.1")
def test_7_1_what_the_bank_offers_comes_back_filled_in(rich):
    """Enriched details: which accounts they are, and from which one is paid."""
    access, payment = tokens(rich, ALL, PAYMENT)["authorization_details"]
    both = [{"iban": CURRENT}, {"iban": SAVINGS}]
    assert access["access"] == {"accounts": both, "balances": both, "transactions": both}
    assert payment["debtorAccount"] == {"iban": CURRENT}


@pytest.mark.clause("RFC9396-4")
def test_4_the_person_may_agree_to_less(rich):
    """The person may narrow what is granted: an account less, a permission less, another account to pay from."""
    without = (f"details-0-account-{SAVINGS}", "details-0-may-transactions")
    access, payment = tokens(rich, ALL, PAYMENT, without=without, changed={"details-1-from": SAVINGS})[
        "authorization_details"
    ]
    assert access["access"] == {"accounts": [{"iban": CURRENT}], "balances": [{"iban": CURRENT}]}
    assert access["actions"] == ["list_accounts", "read_balances"]
    assert payment["debtorAccount"] == {"iban": SAVINGS}


@each(
    "changed",
    [
        {f"details-0-account-{STRANGERS}": STRANGERS},
        {f"details-0-account-{SAVINGS}": SAVINGS},
        {"details-0-may-transactions": "transactions"},
        {"details-1-may-accounts": "accounts"},
        {"authorization_details": json.dumps([PAYMENT])},
    ],
)
def test_no_form_grants_more_than_was_requested(rich, changed):
    assert tokens(rich, NAMED, changed=changed)["authorization_details"] == [NAMED]


def test_a_choice_of_nothing_gives_nothing_and_may_be_made_again(rich):
    browser = Browser(rich.bank)
    page = consent_page(rich, browser, NAMED)
    assert "Choose what you want to allow" in answered(browser, page, without=(f"details-0-account-{CURRENT}",)).text
    assert browser.submit(page, "cancel").parameters["error"] == "access_denied"


def test_a_form_without_its_choice_grants_no_details(rich):
    """Even where the page's marker is left out: the code is good for nothing that was in the details."""
    assert "authorization_details" not in tokens(rich, NAMED, without=("details",))


@each("other", [STRANGERS, SHOP, ""])
def test_nobody_pays_or_looks_into_another_persons_account(rich, other):
    browser = Browser(rich.bank)
    theirs = {"type": "account_information", "access": {"balances": [{"iban": STRANGERS}]}}
    page = consent_page(rich, browser, theirs)
    assert STRANGERS not in page.text.replace(" ", "")
    assert answered(browser, page).parameters["error"] == "access_denied"
    browser = Browser(rich.bank)
    named = consent_page(rich, browser, {**PAYMENT, "debtorAccount": {"iban": STRANGERS}})
    assert "The account that is to pay is not yours." in named.text
    assert answered(browser, named).parameters["error"] == "access_denied"
    browser = Browser(rich.bank)
    forged = answered(browser, consent_page(rich, browser, PAYMENT), (), {"details-0-from": other})
    assert "Choose what you want to allow" in forged.text


def test_access_that_is_for_once_can_not_be_refreshed_and_ends_with_its_last_day(rich, bank):
    once = tokens(rich, {**ALL, "recurringIndicator": False})
    assert "refresh_token" not in once
    long = tokens(rich, {**ALL, "validUntil": "2027-01-15"})  # NOW is 2027-01-15T08:00:00Z
    bank.now = NOW + 16 * 3600 - 1
    assert rich.refresh(long["refresh_token"]).status == 200
    bank.now = NOW + 16 * 3600
    assert rich.refresh(long["refresh_token"]).json()["error"] == "invalid_grant"


# 6 The token request


@pytest.mark.clause("RFC9396-6")
def test_6_a_token_may_be_requested_with_less(rich):
    """authorization_details in the token request: a subset of what was granted; the response tells what it covers."""
    less = {"type": "account_information", "access": {"balances": [{"iban": SAVINGS}]}}
    browser = Browser(rich.bank)
    code = answered(browser, consent_page(rich, browser, ALL, PAYMENT)).parameters["code"]
    token = rich.redeem(code, authorization_details=json.dumps([less])).json()
    refreshed = rich.refresh(tokens(rich, ALL)["refresh_token"], authorization_details=json.dumps([less])).json()
    for one in (token, refreshed):
        (covered,) = one["authorization_details"]
        assert covered["access"] == less["access"]
    decision = route(rich, token["access_token"], authorization_details_type="payment_initiation")
    assert decision["context"]["error"] == "insufficient_scope"


def test_a_code_for_what_is_over_meanwhile_gives_nothing(rich, bank):
    bank.now = NOW + 16 * 3600 - 5  # NOW is 2027-01-15T08:00:00Z
    browser = Browser(bank)
    back = answered(browser, consent_page(rich, browser, {**ALL, "validUntil": "2027-01-15"}))
    bank.now += 10
    assert rich.redeem(back.parameters["code"]).json()["error"] == "invalid_grant"


@pytest.mark.clause("RFC9396-6")
def test_6_a_token_that_was_requested_with_an_earlier_end_ends_then(rich, bank):
    """What a token covers ends when its details say so, even where the consent goes on."""
    answer = tokens(rich, ALL)
    today = {**ALL, "validUntil": "2027-01-15"}  # NOW is 2027-01-15T08:00:00Z
    bank.now = NOW + 16 * 3600 - 60
    assert rich.refresh(answer["refresh_token"], authorization_details=json.dumps([today])).json()["expires_in"] == 60
    assert rich.refresh(answer["refresh_token"]).json()["expires_in"] == 600


@pytest.mark.clause("RFC9396-6")
def test_6_a_token_that_was_requested_with_an_end_in_the_past_is_none(rich, bank):
    """A limit may be tightened to a day that is over: then there is nothing to have, and no token that has expired already."""
    browser = Browser(bank)
    code = answered(browser, consent_page(rich, browser, ALL)).parameters["code"]
    over = json.dumps([{**ALL, "validUntil": "2027-01-14"}])  # NOW is 2027-01-15T08:00:00Z
    assert rich.redeem(code, authorization_details=over).json()["error"] == "invalid_grant"
    assert rich.redeem(code).status == 200


@pytest.mark.clause("RFC9396-6")
@each(
    "more",
    [
        {"type": "account_information", "access": {"transactions": [{"iban": CURRENT}]}},
        {"type": "account_information", "access": {"balances": [{"iban": SAVINGS}]}},
        PAYMENT,
        {"type": "unheard_of"},
    ],
)
def test_6_and_never_with_more(rich, more):
    """Beyond what was granted: invalid_authorization_details; the refresh token and the code stay what they are."""
    browser = Browser(rich.bank)
    code = answered(browser, consent_page(rich, browser, NAMED)).parameters["code"]
    refused(rich.redeem(code, authorization_details=json.dumps([more])))
    answer = rich.redeem(code).json()
    refused(rich.refresh(answer["refresh_token"], authorization_details=json.dumps([more])))
    assert rich.refresh(answer["refresh_token"]).status == 200


@pytest.mark.clause("RFC9396-9.2")
def test_9_2_a_resource_learns_the_details_of_the_types_that_it_serves(rich, resource_server, bank):
    """Introspection tells a protected resource the details that concern it."""
    bank.register(
        client_id="payments-api",
        client_name="Payments",
        profile="fapi2-security",
        grant_types=[],
        protected_resources=["https://api.bank.example"],
        scope="payments",
        authorization_details_types=["payment_initiation"],
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=payments-api,O=Fintech\\, Inc.,C=DE",
    )
    api = resource_server.with_(client_id="payments-api", certificate=certificate("payments-api"))
    disclosed = api.introspect(tokens(rich, NAMED, PAYMENT)["access_token"]).json()
    assert [one["type"] for one in disclosed["authorization_details"]] == ["payment_initiation"]
    assert "scope" not in disclosed
    assert api.introspect(tokens(rich, NAMED)["access_token"]).json() == {"active": False}


def test_a_route_may_ask_for_a_type(rich):
    token = tokens(rich, NAMED)["access_token"]
    rule = {"authorization_details_type": "account_information"}
    allowed = route(rich, token, **rule)["policyDocument"]["Statement"][0]["Effect"]
    assert allowed == "Allow"
    assert route(rich, rich.tokens()["access_token"], **rule)["context"]["error"] == "insufficient_scope"
