"""Dynamic linking by the bank's own app: Commission Delegated Regulation (EU) 2018/389, article 5.

The request that is pushed to the app has the reference that a passkey would sign, and an answer counts for this reference alone.
"""

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from hashlib import sha256

import jwt
import pytest

from chalicelib.approval_app import AppUnavailable
from local.sandbox_app import SandboxApp
from local.sandbox_users import ALICE, BOB, Sandbox
from tests.authenticator import Authenticator, put
from tests.paying import FIRST, LOOK, PAYMENT, SECOND, Payer, fields, registered_payer


@pytest.fixture
def app(bank):
    bank.aws.settings = bank.settings._replace(payment_exemption="none", approval_app="local.sandbox_app:build")
    assert isinstance(bank.aws.approval_app, SandboxApp)
    return bank.aws.approval_app


@pytest.fixture
def payer(app, bank, tls_client_auth_client):
    return registered_payer(bank, tls_client_auth_client)


def post(one, page, action, **changed):
    return one.browser.post("/consent", fields(page.text) | {"action": action} | changed)


def pushed(one):
    """The page that waits, after the button of the page that shows the payment."""
    page = one.browser.submit(one.page, "app")
    assert page.status == 200
    return page


def answered(app, state="approved", sub=ALICE.sub):
    (request,) = app.waiting(sub)
    app.answer(request.reference, sub, state)
    return request


def not_approved(one, page, words):
    """The page that shows the payment is there again, with a reason."""
    assert page.status == 200
    assert words in page.text
    assert 'value="app"' in page.text
    assert one.grant.decision == ""
    return True


@pytest.mark.clause("RTS-5.1-1")
def test_5_1_a_the_app_is_given_amount_payee_and_account(payer, app):
    """(a) The payer is made aware of amount and payee: the app shows what the page shows, and the same number."""
    one = Payer(payer, account=SECOND)
    page = pushed(one)
    (request,) = app.waiting(ALICE.sub)
    assert list(request.details) == [{**PAYMENT, "debtorAccount": {"iban": SECOND}}]
    assert json.loads(request.text)["details"] == list(request.details)
    assert (request.client_id, request.client_name) == ("payer", "Fintech")
    assert request.expires_at == one.grant.expires_at
    assert f"<strong>{request.number}</strong>" in page.text
    assert "1,234.50" in page.text
    assert app.waiting(BOB.sub) == []


@pytest.mark.clause("RTS-5.1-2")
def test_5_1_b_an_approval_of_the_reference_pays_and_its_evidence_is_kept(payer, app):
    """(b) The code is specific to amount and payee: the app signs the digest of the kept text."""
    one = Payer(payer)
    page = pushed(one)
    assert post(one, page, "app-poll").status == 204
    waiting = post(one, page, "app-look")
    assert "You have not answered in the app yet." in waiting.text
    assert one.grant.decision == ""
    answered(app)
    assert post(one, waiting, "app-poll").status == 200
    assert one.grant.decision == ""  # The script's own look decides nothing.
    assert payer.redeem(post(one, waiting, "app-look").parameters["code"]).status == 200
    kept = json.loads(one.grant.approval)
    said = jwt.decode(
        kept["app"]["jws"],
        jwt.PyJWK(kept["app"]["jwk"], algorithm="ES256").key,
        algorithms=["ES256"],
        options={"verify_iat": False},
    )
    assert urlsafe_b64decode(said["reference"] + "=") == sha256(kept["text"].encode()).digest()
    assert json.loads(kept["text"])["details"] == list(one.grant.granted)


@pytest.mark.clause("RTS-5.1-4")
def test_5_1_d_a_change_of_the_account_is_another_request(payer, app):
    """(d) Any change invalidates the code. What was approved is of the account that the app showed."""
    one = Payer(payer, PAYMENT, LOOK)
    page = pushed(one)
    answered(app)
    ended = "has ended without an answer"
    assert not_approved(one, post(one, page, "app-look", **{"details-0-from": SECOND}), ended)
    without = {name: value for name, value in fields(page.text).items() if not name.startswith("details-1")}
    assert not_approved(one, one.browser.post("/consent", without | {"action": "app-look"}), ended)
    assert post(one, page, "app-look").parameters["code"]
    assert one.grant.granted[0]["debtorAccount"] == {"iban": FIRST}


@pytest.mark.clause("RTS-5.2")
def test_5_2_a_refusal_in_the_app_pays_nothing_and_says_the_way_on(payer, app, caplog):
    """Authenticity: the payer is who decides, and a refusal is no approval. The next request is another one."""
    one = Payer(payer)
    page = pushed(one)
    answered(app, "refused")
    assert post(one, page, "app-poll").status == 200
    again = post(one, page, "app-look")
    assert not_approved(one, again, "This was refused in the app, so nothing was approved.")
    assert json.loads(caplog.messages[-1])["reason"] == "refused in the app"
    one.page = again
    page = pushed(one)
    answered(app)
    assert post(one, page, "app-look").parameters["code"]


@pytest.mark.clause("RTS-5.2")
def test_5_2_a_request_ends_with_its_interaction(payer, app, bank):
    """The time of an approval is limited, in the app too."""
    one = Payer(payer)
    page = pushed(one)
    (request,) = app.waiting(ALICE.sub)
    late = replace(request, expires_at=bank.now)
    app._held[request.reference].request = late  # An app may wait for a shorter time.
    assert app.waiting(ALICE.sub) == []
    assert not_approved(one, post(one, page, "app-look"), "has ended without an answer")
    bank.now = request.expires_at
    assert post(one, page, "app-look").status == 400
    assert one.grant is None


@pytest.mark.clause("RTS-5.2")
def test_5_2_an_approval_pays_once(payer, app):
    """The same page again gives the same approval until its code is redeemed, and then nothing."""
    one = Payer(payer)
    page = pushed(one)
    assert pushed(one).text == page.text  # Pressed twice, or loaded again: one request.
    answered(app)
    first, again = (post(one, page, "app-look").parameters["code"] for _ in range(2))
    assert payer.redeem(first).error == "invalid_grant"
    assert payer.redeem(again).status == 200
    assert post(one, page, "app-look").status == 400
    assert app.waiting(ALICE.sub) == []


@pytest.mark.clause("RTS-5.2")
@pytest.mark.parametrize("problem", [AppUnavailable("no route"), RuntimeError("of alice@example.com")])
def test_5_2_an_app_that_can_not_be_reached_approves_nothing(payer, app, monkeypatch, caplog, problem):
    """Fail closed, in plain words; what the adapter raises may quote the request, and is in no line."""
    one = Payer(payer)
    page = pushed(one)
    answered(app)

    def fails(_):
        raise problem

    for name, action in (("find", "app-look"), ("push", "app")):
        monkeypatch.setattr(app, name, fails)
        assert not_approved(one, post(one, page, action), "The app can&#39;t be reached at the moment")
        assert "alice@example.com" not in caplog.messages[-1]
    assert post(one, page, "app-poll").status == 200  # The page says it.
    monkeypatch.undo()
    assert post(one, page, "app-look").parameters["code"]


def test_who_has_no_passkey_pays_by_the_app_and_who_has_one_may_choose(payer, app, bank, monkeypatch):
    phone = put(bank, ALICE, Authenticator())
    one = Payer(payer)
    assert one.approve(phone).parameters["code"]
    monkeypatch.setattr(Sandbox, "passkeys", None)
    other = Payer(payer)
    assert 'id="passkey"' not in other.page.text
    page = pushed(other)
    answered(app)
    assert post(other, page, "app-look").parameters["code"]


def test_back_from_the_wait_keeps_the_choices_and_cancel_ends_it(payer, app):
    one = Payer(payer, account=SECOND)
    page = pushed(one)
    assert f'value="{SECOND}" checked' in post(one, page, "look").text
    assert post(one, page, "cancel").parameters["error"] == "access_denied"
    answered(app)
    assert post(one, page, "app-look").status == 400


def test_what_needs_no_approval_is_not_decided_by_the_apps_page(payer, app):
    for wanted in ((LOOK,), (PAYMENT, LOOK)):
        one = Payer(payer, *wanted, choose=False)
        form = {name: value for name, value in fields(one.consent.text).items() if "-from" not in name}
        form |= {
            f"details-{len(wanted) - 1}-account-{FIRST}": FIRST,
            f"details-{len(wanted) - 1}-may-accounts": "accounts",
        }
        for action in ("app", "app-look", "app-poll"):
            answer = one.browser.post("/consent", form | {"action": action})
            assert "there is nothing to approve in the app" in answer.text
        assert one.grant.decision == ""


def test_the_page_that_waits_asks_this_host_alone_and_has_nothing_in_its_address(payer, app):
    page = pushed(Payer(payer))
    policy = page.header("content-security-policy")
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert 'action="/consent"' in page.text
