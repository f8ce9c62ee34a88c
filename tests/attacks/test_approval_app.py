"""An approval in the bank's app that is another's, of something else, or made up: nobody pays by it."""

import re
from dataclasses import replace

import pytest

from chalicelib.approval_app import AppAnswer
from local.sandbox_users import ALICE, BOB
from tests.paying import PAYMENT, Payer, fields, registered_payer


@pytest.fixture
def app(bank):
    bank.aws.settings = bank.settings._replace(payment_exemption="none", approval_app="local.sandbox_app:build")
    return bank.aws.approval_app


@pytest.fixture
def payer(app, bank, tls_client_auth_client):
    return registered_payer(bank, tls_client_auth_client)


def wait(one):
    return one.browser.submit(one.page, "app")


def look(one, page, **changed):
    return one.browser.post("/consent", fields(page.text) | {"action": "app-look"} | changed)


def nothing(answer):
    """A page, and no authorization response."""
    assert answer.status in (200, 400)
    assert "code=" not in answer.text
    return True


def test_an_approval_of_another_interaction_is_worth_nothing(payer, app):
    """Of the same payment, by the same person. The thief has the page of the victim's approval, with its nonce."""
    victim, thief = Payer(payer), Payer(payer)
    page, own = wait(victim), wait(thief)
    theirs, _ = app.waiting(ALICE.sub)
    app.answer(theirs.reference, ALICE.sub, "approved")
    nonce = {"passkey_nonce": fields(page.text)["passkey_nonce"]}
    assert nothing(look(thief, own, **nonce))
    assert nothing(thief.browser.post("/consent", fields(page.text) | {"action": "app-look"}))
    assert thief.grant.decision == ""
    assert look(victim, page).parameters["code"]


def test_an_approval_of_a_small_payment_pays_no_large_one(payer, app):
    small = Payer(payer, {**PAYMENT, "instructedAmount": {"currency": "EUR", "amount": "1.00"}})
    large = Payer(payer)
    page = wait(small)
    (request,) = app.waiting(ALICE.sub)
    app.answer(request.reference, ALICE.sub, "approved")
    nonce = {"passkey_nonce": fields(page.text)["passkey_nonce"]}
    assert nothing(look(large, wait(large), **nonce))
    assert large.grant.decision == ""


@pytest.mark.parametrize(
    "said",
    [
        {"reference": "A" * 43},
        {"sub": BOB.sub},
        {"evidence": None},
        {"evidence": {}},
        {"evidence": {"jws": "x" * 32 * 1024}},
        {"state": "open"},
        {"state": "APPROVED"},
    ],
    ids=[
        "of-another-reference",
        "of-another-person",
        "without-evidence",
        "empty",
        "too-long",
        "open",
        "of-an-unknown-state",
    ],
)
def test_an_answer_that_proves_no_approval_of_this_is_none(payer, app, monkeypatch, said):
    """What an adapter gives by a fault of its own."""
    one = Payer(payer)
    page = wait(one)
    monkeypatch.setattr(
        app, "find", lambda reference: replace(AppAnswer(reference, ALICE.sub, "approved", {"jws": "x"}), **said)
    )
    assert nothing(look(one, page))
    assert one.grant.decision == ""


def test_another_person_who_signs_in_meanwhile_does_not_use_the_approval(payer, app):
    """In the same browser and interaction, before alice goes on."""
    wanted = {**PAYMENT, "debtorAccount": {"iban": ALICE.accounts[0]["iban"]}}
    one = Payer(payer, wanted)
    page = wait(one)
    (request,) = app.waiting(ALICE.sub)
    app.answer(request.reference, ALICE.sub, "approved")
    key = re.search(r'name="interaction" value="([^"]+)"', page.text)[1]
    login = one.browser.get(f"/login?interaction={key}")
    bobs = one.browser.get(one.browser.sign_in(login, username="bob").location)
    taken = {name: fields(bobs.text)[name] for name in ("csrf", "shown")}
    assert nothing(look(one, page))
    assert nothing(look(one, page, **taken))
    assert one.grant.decision != "approved"


def test_a_page_of_another_browser_or_time_pushes_nothing(payer, app, bank):
    one = Payer(payer)
    form = fields(one.page.text) | {"action": "app"}
    assert Payer(payer).browser.post("/consent", form).status == 400
    for nonce in ("", "x", f"{'x' * 43}.{bank.now}", f"{'x' * 43}.{one.grant.expires_at + 1}"):
        one.browser.post("/consent", form | {"passkey_nonce": nonce})
    assert app.waiting(ALICE.sub) == []
