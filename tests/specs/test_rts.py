"""Dynamic linking: Commission Delegated Regulation (EU) 2018/389, article 5.

A payment is approved by a passkey whose signature is of exactly this payment.
"""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from local import sandbox_users as sandbox
from local.sandbox_users import ALICE, BOB
from tests.authenticator import Authenticator, passkey_options, put, unb64
from tests.paying import FIRST, LOOK, PAYMENT, SECOND, Payer, fields, registered_payer


@pytest.fixture(autouse=True)
def no_exemption(bank):
    bank.aws.settings = bank.settings._replace(payment_exemption="none")


@pytest.fixture
def payer(bank, tls_client_auth_client):
    return registered_payer(bank, tls_client_auth_client)


@pytest.fixture
def phone(bank):
    """Alice's passkey."""
    return put(bank, ALICE, Authenticator(counts=True, sign_count=5))


def refused(answer):
    """Nothing was approved, and the page is there again with a reason."""
    assert answer.status == 200
    assert "did not approve the payment" in answer.text
    return True


@pytest.mark.clause("RTS-5.1-1")
def test_5_1_a_the_payer_sees_amount_and_payee_before_approving(payer, phone):
    """(a) The payer is made aware of the amount of the payment transaction and of the payee."""
    one = Payer(payer)
    for seen in (
        "1,234.50",
        "EUR",
        "Merchant A",
        "DE02 1001 0010 9307 1186 03",
        ALICE.accounts[0]["name"],
    ):
        assert seen in one.page.text, seen
    assert one.grant.decision == ""
    assert one.approve(phone).parameters["code"]


@pytest.mark.clause("RTS-5.1-2")
def test_5_1_b_what_is_signed_is_specific_to_amount_and_payee(payer, phone):
    """(b) The authentication code is specific to the amount and the payee that the payer agreed to."""
    one, other = Payer(payer), Payer(payer, {**PAYMENT, "creditorName": "Merchant B"})
    assert one.approve(phone).parameters["code"]
    evidence = json.loads(one.grant.approval)
    signed = json.loads(evidence["text"])
    assert signed["details"] == [{**PAYMENT, "debtorAccount": {"iban": FIRST}}]
    assert signed["until"] == one.grant.consent_expires_at
    assert passkey_options(one.page.text)["challenge"] != passkey_options(other.page.text)["challenge"]


@pytest.mark.clause("RTS-5.1-2")
def test_5_1_b_the_evidence_is_verified_by_whoever_has_the_public_key(payer, phone):
    """The digest of the kept text is the challenge that was signed (Web Authentication 7.2, steps 11 and 19)."""
    one = Payer(payer)
    assert one.approve(phone).parameters["code"]
    kept = json.loads(one.grant.approval)
    response = {name: unb64(value) for name, value in kept["response"].items()}
    challenge = json.loads(response["clientDataJSON"])["challenge"]
    assert urlsafe_b64decode(challenge + "=") == sha256(kept["text"].encode()).digest()
    signed = response["authenticatorData"] + sha256(response["clientDataJSON"]).digest()
    phone.key.public_key().verify(response["signature"], signed, ec.ECDSA(hashes.SHA256()))


@pytest.mark.clause("RTS-5.1-3")
def test_5_1_c_the_signature_of_another_payment_is_refused(payer, phone):
    """(c) The accepted code corresponds to the original amount and payee. Amount and payee are the request's, not the form's."""
    small, large = Payer(payer, {**PAYMENT, "instructedAmount": {"currency": "EUR", "amount": "1.00"}}), Payer(payer)
    signed = phone.get(passkey_options(small.page.text))
    assert refused(large.browser.post("/consent", fields(large.page.text) | {"passkey": signed}))
    nonce = {"passkey_nonce": fields(small.page.text)["passkey_nonce"]}
    assert refused(large.browser.post("/consent", fields(large.page.text) | {"passkey": signed} | nonce))
    assert large.grant.decision == ""
    assert small.grant.decision == ""


@pytest.mark.clause("RTS-5.1-2")
def test_5_1_b_accounts_by_other_numbers_are_signed_as_they_are(payer, phone, monkeypatch):
    """From a card to a sort code: the digest is of both."""
    card, pounds = {"maskedPan": "540912******1234"}, {"sortCode": "200000", "accountNumber": "55779911"}
    alice = replace(ALICE, accounts=({"name": "Card", **card}, *ALICE.accounts))
    monkeypatch.setattr(sandbox, "USERS", {"alice": alice})
    one = Payer(payer, {**PAYMENT, "creditorAccount": pounds}, account="maskedPan.540912******1234")
    for words in ("20-00-00 55779911", "5409 12** **** 1234"):
        assert words in one.page.text
    assert refused(one.approve(phone, **{"details-0-from": FIRST}))
    assert one.approve(phone, one.choose("maskedPan.540912******1234")).parameters["code"]
    (signed,) = json.loads(json.loads(one.grant.approval)["text"])["details"]
    assert (signed["creditorAccount"], signed["debtorAccount"]) == (pounds, card)


@pytest.mark.clause("RTS-5.1-4")
def test_5_1_d_a_change_of_the_account_voids_the_signature(payer, phone):
    """(d) Any change to the amount or the payee invalidates the code; here of the account that pays, too."""
    one = Payer(payer)
    assert refused(one.approve(phone, **{"details-0-from": SECOND}))
    assert one.grant.decision == ""
    again = one.choose(SECOND)
    assert one.approve(phone, again).parameters["code"]
    assert one.grant.granted[0]["debtorAccount"] == {"iban": SECOND}


@pytest.mark.clause("RTS-5.1-4")
def test_5_1_d_what_is_approved_beside_the_payment_is_signed_too(payer, phone):
    """The code is of all that is granted with it."""
    one = Payer(payer, PAYMENT, LOOK)
    without = {name: value for name, value in fields(one.page.text).items() if not name.startswith("details-1")}
    signed = phone.get(passkey_options(one.page.text))
    assert refused(one.browser.post("/consent", without | {"passkey": signed}))


@pytest.mark.clause("RTS-5.2")
@pytest.mark.parametrize(
    "said",
    [
        {"flags": 0x01},
        {"origin": "https://evil.example"},
        {"client_data": {"crossOrigin": True}},
        {"type": "webauthn.create"},
        {"challenge": "AAAA"},
        {"sign_count": 0},
        {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
    ids=[
        "not-verified",
        "another-origin",
        "a-frame",
        "another-ceremony",
        "another-challenge",
        "counted-back",
        "another-key",
    ],
)
def test_5_2_a_signature_of_other_circumstances_is_refused(payer, phone, said):
    """Confidentiality, authenticity and integrity of what is shown and signed, in all phases."""
    one = Payer(payer)
    assert refused(one.approve(phone, said=said))
    assert one.grant.decision == ""


@pytest.mark.clause("RTS-5.2")
def test_5_2_another_persons_passkey_is_refused(payer, bank):
    """Authenticity: the payer is who signed in."""
    bobs = put(bank, BOB, Authenticator())
    one = Payer(payer)
    assert refused(one.approve(bobs))
    assert one.grant.decision == ""


@pytest.mark.clause("RTS-5.2")
def test_5_2_a_signature_is_of_one_page_and_in_time(payer, phone, bank):
    """A signature of an earlier page, of a page that nobody made, or after the end of the interaction is refused."""
    one = Payer(payer)
    signed = phone.get(passkey_options(one.page.text))
    later = one.choose(FIRST)
    assert refused(one.browser.post("/consent", fields(later.text) | {"passkey": signed}))
    forged = f"{'x' * 43}.{bank.now + 600}"
    assert refused(one.browser.post("/consent", fields(one.page.text) | {"passkey": signed, "passkey_nonce": forged}))
    bank.now += 24 * 3600
    late = one.browser.post("/consent", fields(one.page.text) | {"passkey": signed})
    assert late.status == 400
    assert one.grant is None


@pytest.mark.clause("RTS-5.2")
def test_5_2_a_signature_approves_once(payer, phone):
    """The same form again gives the same approval until its code is redeemed, and then nothing."""
    one = Payer(payer)
    form = fields(one.page.text) | {"passkey": phone.get(passkey_options(one.page.text))}
    first, again = (one.browser.post("/consent", form).parameters["code"] for _ in range(2))
    assert payer.redeem(first).error == "invalid_grant"
    assert payer.redeem(again).status == 200
    assert one.browser.post("/consent", form).status == 400


@pytest.mark.clause("RTS-5.2")
def test_5_2_the_page_runs_its_own_script_and_posts_to_us_alone(payer, phone):
    """Integrity of what is shown: nothing of another origin runs on the page."""
    policy = Payer(payer).page.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "'unsafe" not in policy


@pytest.mark.clause("RTS-5.1-2")
def test_a_one_time_code_alone_approves_no_payment(payer):
    """It is of no amount and no payee."""
    one = Payer(payer)
    assert "Approve with your passkey" in one.page.text
    for form in ({"passkey": ""}, {"passkey": "{}"}, {"passkey": "x", "passkey_nonce": ""}):
        answer = one.browser.post("/consent", fields(one.page.text) | {"action": "approve"} | form)
        assert answer.status == 200
    assert one.grant.decision == ""


@pytest.mark.clause("RTS-5.1-2")
@pytest.mark.parametrize("left_out", [("details",), ("details", "details-0-from")])
def test_a_form_that_hides_the_payment_grants_none(payer, phone, left_out):
    """Without the fields of its page a form grants no payment."""
    one = Payer(payer)
    form = {name: value for name, value in fields(one.consent.text).items() if name not in left_out}
    answer = one.browser.post("/consent", form | {"action": "approve"})
    assert one.grant.granted == ()
    if "code" in answer.parameters:
        assert "authorization_details" not in payer.redeem(answer.parameters["code"]).json()


@pytest.mark.clause("RTS-5.1-2")
def test_no_spelling_of_none_is_an_exemption(payer, bank):
    """A setting that means none exempts nobody."""
    for said in ("None", " NONE ", "no", "False", "null", ""):
        bank.aws.settings = bank.settings._replace(payment_exemption=said)
        assert "Approve with your passkey" in Payer(payer).page.text, said


@pytest.mark.clause("RTS-5.1-2")
def test_an_exemption_is_kept_with_the_payment(payer, bank):
    """Chapter III of the regulation has exemptions; which one a bank relied on is evidence too."""
    bank.aws.settings = bank.settings._replace(payment_exemption="article 16, low value")
    one = Payer(payer)
    assert one.page.parameters["code"]
    assert json.loads(one.grant.approval) == {"exemption": "article 16, low value"}


@pytest.mark.clause("RTS-5.1-2")
def test_a_person_who_has_a_passkey_approves_with_it_whatever_the_exemption(payer, phone, bank):
    """An exemption is for who has no passkey."""
    bank.aws.settings = bank.settings._replace(payment_exemption="article 16, low value")
    one = Payer(payer, authenticator=phone)
    assert "Approve with your passkey" in one.page.text
    assert one.approve(phone).parameters["code"]


def test_access_without_a_payment_needs_no_second_approval(payer):
    one = Payer(payer, LOOK)
    assert one.page.parameters["code"]
    assert one.grant.approval == ""


def test_back_shows_the_choices_again_and_cancel_ends_it(payer, phone):
    one = Payer(payer, account=SECOND)
    back = one.browser.submit(one.page, "look")
    assert re.search(rf'value="{SECOND}"[^>]* checked', back.text)
    denied = one.browser.submit(one.page, "cancel")
    assert denied.parameters["error"] == "access_denied"


def test_without_passkeys_and_without_an_exemption_nobody_pays(payer, monkeypatch):
    monkeypatch.setattr(sandbox.Sandbox, "passkeys", None)
    page = Payer(payer).page
    assert page.status == 400
    assert "not offered here" in page.text
