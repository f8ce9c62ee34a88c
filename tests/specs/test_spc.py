"""Secure Payment Confirmation (W3C): a payment that the browser itself showed before the passkey signed it."""

import json
import re

import pytest

from chalicelib.interaction import secure_payment
from chalicelib.storage.records import Authentication
from local.sandbox_users import ALICE, BOB, Sandbox, invitations
from tests.actors import ISSUER, Browser
from tests.authenticator import Authenticator, b64, passkey_options, put, unb64
from tests.paying import FIRST, LOOK, PAYMENT, SECOND, Payer, fields, registered_payer


@pytest.fixture(autouse=True)
def switched_on(bank):
    bank.aws.settings = bank.settings._replace(payment_exemption="none", secure_payment_confirmation="yes")


@pytest.fixture
def payer(bank, tls_client_auth_client):
    return registered_payer(bank, tls_client_auth_client)


@pytest.fixture
def phone(bank):
    """Alice's passkey."""
    return put(bank, ALICE, Authenticator(counts=True, sign_count=5))


def offered(page):
    """What the page's script gives to the browser, None if it gives nothing."""
    found = re.search(r"data-payment='([^']*)'", page.text)
    return None if found is None else json.loads(found[1])


def shown(page, **changed):
    """The `payment` member that a browser signs for the page (SPC-5.2)."""
    given = offered(page)
    instrument = {name: given["instrument"][name] for name in ("displayName", "icon")}
    own = {"rpId": passkey_options(page.text)["rpId"], "topOrigin": ISSUER, "paymentEntitiesLogos": []}
    return own | {name: given[name] for name in ("payeeName", "total")} | {"instrument": instrument} | changed


def confirm(one, authenticator, payment, page=None, **said):
    """The person's approval in a browser that showed `payment`."""
    said = {"type": "payment.get", "user_handle": None} | said
    data = {"payment": payment} if payment is not None else {}
    return one.approve(authenticator, page, said=said | {"client_data": data | said.pop("client_data", {})})


def refused(one, answer):
    assert answer.status == 200
    assert "did not approve the payment" in answer.text
    assert one.grant.decision == ""
    return True


@pytest.mark.clause("SPC-9.1")
@pytest.mark.clause("SPC-5.2")
@pytest.mark.clause("RTS-5.1-2")
def test_9_1_a_payment_that_the_browser_showed_is_approved_and_its_evidence_says_what_was_shown(payer, phone):
    """The assertion is verified as Web Authentication says, with the type payment.get and with what had to be displayed."""
    one = Payer(payer, account=SECOND)
    given = offered(one.page)
    assert given["total"] == {"currency": "EUR", "value": "1234.50"}
    assert given["payeeName"] == "Merchant A"
    assert given["instrument"]["displayName"].replace(" ", "").endswith(SECOND)
    assert given["credentialIds"] == b64(phone.credential_id)
    assert confirm(one, phone, shown(one.page)).parameters["code"]
    evidence = json.loads(one.grant.approval)
    signed = json.loads(unb64(evidence["response"]["clientDataJSON"]))
    assert signed["type"] == "payment.get"
    assert signed["payment"]["total"]["value"] == "1234.50"
    assert json.loads(evidence["text"])["details"] == [{**PAYMENT, "debtorAccount": {"iban": SECOND}}]


WRONG = {
    "another-amount": {"total": {"currency": "EUR", "value": "1.00"}},
    "another-currency": {"total": {"currency": "USD", "value": "1234.50"}},
    "another-payee": {"payeeName": "Merchant B"},
    "an-origin-of-the-payee": {"payeeOrigin": "https://shop.example"},
    "another-instrument": {"instrument": {"displayName": f"Savings {SECOND}", "icon": ""}},
    "a-logo-that-was-not-given": {"paymentEntitiesLogos": [{"url": "https://evil.example/x.png", "label": "x"}]},
    "another-site": {"topOrigin": "https://evil.example"},
    "another-relying-party": {"rpId": "evil.example"},
    "a-member-more": {"note": "x"},
}


@pytest.mark.clause("SPC-9.1")
@pytest.mark.clause("SPC-7.1")
@pytest.mark.clause("RTS-5.1-3")
def test_9_1_what_the_browser_showed_must_be_what_is_approved(payer, phone):
    """rpId, topOrigin, payeeName, payeeOrigin, logos, total and instrument match what should have been displayed."""
    one = Payer(payer)
    for name, changed in WRONG.items():
        assert refused(one, confirm(one, phone, shown(one.page, **changed))), name
    for missing in ("rpId", "topOrigin", "payeeName", "total", "instrument"):
        seen = shown(one.page)
        del seen[missing]
        assert refused(one, confirm(one, phone, seen)), missing
    for nothing in (None, {}, [], "x", {"payment": {}}):
        assert refused(one, confirm(one, phone, nothing)), nothing
    without_icon = shown(one.page, instrument=shown(one.page)["instrument"] | {"icon": ""})
    assert confirm(one, phone, without_icon).parameters["code"]  # SPC-7.1: it could not be loaded.


@pytest.mark.clause("SPC-9.1")
def test_9_1_the_other_steps_are_those_of_web_authentication(payer, phone, bank):
    """Challenge, origin, frame, user verification, counter, signature and user handle."""
    one = Payer(payer)
    for said in (
        {"challenge": "AAAA"},
        {"origin": "https://evil.example"},
        {"client_data": {"crossOrigin": True}},
        {"client_data": {"topOrigin": "https://evil.example"}},
        {"flags": 0x01},
        {"flags": 0x04},
        {"rp_id": "evil.example"},
        {"sign_count": 0},
        {"key": Authenticator().key},
        {"user_handle": b64(b"bob")},
    ):
        assert refused(one, confirm(one, phone, shown(one.page), **said)), said
    assert refused(one, confirm(one, put(bank, BOB, Authenticator()), shown(one.page)))
    assert refused(one, one.browser.post("/consent", fields(one.page.text) | {"passkey": '{"id": "x"}'}))


@pytest.mark.clause("SPC-9.1")
def test_9_1_one_type_does_not_pass_for_the_other(payer, phone, bank):
    """An assertion of a sign-in that carries a payment, and one of a payment at a sign-in, are refused."""
    one = Payer(payer)
    payment = shown(one.page)
    for kind in ("webauthn.get", "webauthn.create", "payment.create"):
        assert refused(one, confirm(one, phone, payment, type=kind, user_handle=phone.user_handle)), kind
    browser = Browser(bank)
    login = browser.page("payer", payer.pushed())
    signed = phone.get(passkey_options(login.text), type="payment.get", client_data={"payment": payment})
    assert "That passkey was not accepted" in browser.submit(login, "login", passkey=signed).text
    assert one.approve(phone).parameters["code"]  # An ordinary passkey is accepted as ever.


@pytest.mark.clause("RTS-5.1-4")
def test_a_change_of_the_account_voids_what_the_browser_showed(payer, phone):
    """(d) Any change invalidates the code."""
    one = Payer(payer)
    before = shown(one.page)
    other = one.choose(SECOND)
    assert refused(one, confirm(one, phone, before, other))
    assert refused(one, confirm(one, phone, shown(other)))  # the challenge of the first page
    assert confirm(one, phone, shown(other), other).parameters["code"]


def test_where_the_browser_can_not_show_all_of_it_the_ordinary_passkey_is_asked_for(payer, phone, bank, monkeypatch):
    """Two payments; a standing order; a person without a passkey; and a setting that is off, as it is by default."""
    two = Payer(payer, PAYMENT, {**PAYMENT, "creditorName": "Merchant B"})
    page = two.browser.post(
        "/consent", fields(two.consent.text) | {"details-1-from": FIRST, "details-0-from": FIRST, "action": "approve"}
    )
    assert "Approve with your passkey" in page.text
    assert offered(page) is None
    order = Payer(payer, {**PAYMENT, "frequency": "Monthly", "startDate": "2035-01-01"})
    assert "Approve with your passkey" in order.page.text
    assert offered(order.page) is None
    beside = Payer(payer, PAYMENT, LOOK)
    assert offered(beside.page)["total"]["value"] == "1234.50"
    monkeypatch.setattr(bank.aws.users, "find", lambda username: None)
    assert offered(Payer(payer).page) is None
    monkeypatch.undo()
    one = Payer(payer)
    payment = shown(one.page)
    bank.aws.settings = bank.aws.settings._replace(secure_payment_confirmation="no")
    assert refused(one, confirm(one, phone, payment))
    assert offered(Payer(payer).page) is None


@pytest.mark.clause("SPC-8")
def test_8_only_the_page_of_the_payment_may_ask_the_browser_to_show_one(payer, phone):
    """Permissions Policy: the feature payment."""
    one = Payer(payer)
    assert "payment=(self)" in one.page.header("permissions-policy")
    assert "payment=()" in one.consent.header("permissions-policy")


@pytest.mark.clause("SPC-3")
def test_3_a_new_passkey_is_made_for_payments_too(bank):
    """Registration: the extension `payment` with isPayment."""
    links, browser, made = invitations(bank.aws), Browser(bank), []
    for said, who in (("yes", ALICE), ("no", BOB)):
        bank.aws.settings = bank.aws.settings._replace(secure_payment_confirmation=said)
        page = browser.get(f"/passkey?{links[who.username].partition('?')[2]}")
        typed = {"username": who.username, "password": who.password, "one_time_code": who.totp}
        made.append(passkey_options(browser.submit(page, "continue", **typed).text).get("extensions"))
    assert made == [{"payment": {"isPayment": True}}, None]


def test_the_passkeys_of_another_person_are_not_given_to_the_browser(bank, phone):
    passkeys = Sandbox(bank.aws).passkeys
    assert passkeys.ids("alice", sub=ALICE.sub) == (b64(phone.credential_id),)
    assert passkeys.ids("alice", sub=BOB.sub) == ()


@pytest.mark.clause("SPC-7.1")
def test_7_1_the_passkeys_are_of_the_name_however_it_was_typed(bank, phone):
    """A person who typed capitals at the sign-in has the same credentials."""
    ids = bank.aws.user_directory.passkeys.ids
    assert ids(" ALICE", sub=ALICE.sub) == ids("alice", sub=ALICE.sub) == (b64(phone.credential_id),)
    assert ids("alice", sub=BOB.sub) == ()


@pytest.mark.clause("SPC-9.1")
def test_9_1_the_browser_names_an_account_as_the_page_does():
    """Two cards of one masked number are called by both names."""
    card = {"maskedPan": "540912******1234"}
    person = Authentication(
        sub="s", auth_time=0, acr="", amr=(), accounts=({"name": "Mine", **card}, {"name": "Hers", **card})
    )
    payment = secure_payment.payment_of([{**PAYMENT, "debtorAccount": card}], person)
    assert payment["instrument"]["displayName"] == "Mine / Hers 5409 12** **** 1234"
