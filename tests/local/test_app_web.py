"""The sandbox's approval app: its page, what it signs, and a payment that is approved on it."""

import re

import pytest
from flask import Flask

from chalicelib.approval_app import ApprovalRequest
from local import app_web, demo
from local.browser import Browser
from local.fintech import Fintech
from local.sandbox_app import SandboxApp
from local.sandbox_users import ALICE, BOB

REFERENCE = "RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o"  # SHA-256 of {}
REQUEST = ApprovalRequest(REFERENCE, "{}", ALICE.sub, "penny", "Penny <Planner>", [demo.PAYMENT], "4711", 2000)


class Clock:
    def __init__(self):
        self.at = 1000

    def now(self):
        return self.at


@pytest.fixture
def phones():
    return SandboxApp(Clock())


@pytest.fixture
def web(phones):
    server = Flask("home")
    server.secret_key = b"x"
    app_web.add_to(server, phones)
    return server.test_client()


def fields(page):
    return dict(re.findall(r'name="(csrf|reference)" value="([^"]*)"', page))


def test_it_shows_what_waits_and_answers_once(web, phones):
    phones.push(REQUEST)
    page = web.get("/app").text
    for seen in ("123.50", "Merchant A", "4711", "Penny &lt;Planner&gt;"):
        assert seen in page, seen
    assert web.post("/app/bob", data=fields(page) | {"state": "approved"}).status_code == 409
    assert web.post("/app/alice", data=fields(page) | {"state": "approved"}).status_code == 303
    assert web.post("/app/alice", data=fields(page) | {"state": "refused"}).status_code == 409
    answer = phones.find(REFERENCE)
    assert (answer.state, answer.sub, answer.reference) == ("approved", ALICE.sub, REFERENCE)
    assert "4711" not in web.get("/app").text


def test_a_form_of_another_browser_answers_nothing(web, phones):
    phones.push(REQUEST)
    page = web.get("/app").text
    for changed in ({"csrf": "x"}, {"state": "perhaps"}):
        assert web.post("/app/alice", data=fields(page) | {"state": "approved"} | changed).status_code == 400
    assert phones.find(REFERENCE).state == "open"


def test_it_keeps_no_request_that_it_can_not_show_and_none_for_ever(phones):
    with pytest.raises(ValueError, match="not the digest"):
        phones.push(ApprovalRequest(**{**vars(REQUEST), "text": '{"amount":1}'}))
    phones.push(REQUEST)
    phones._provider.at = 2000
    assert phones.find(REFERENCE) is None
    assert phones.waiting(ALICE.sub) == phones.waiting(BOB.sub) == []


def test_a_payment_of_the_local_bank_is_approved_in_it(stack, registered):
    """By the demo's own way through the pages: nobody has a passkey, and no exemption is needed."""
    assert stack.provider.settings.payment_exemption == "none"
    client = registered["rent-scout"]
    fintech = Fintech(client, issuer=stack.issuer, api=stack.mtls_url, trusted=stack.certificates.trusted)
    browser = Browser(stack.certificates.trusted, elsewhere=client.redirect_uri)
    token = demo.log_in(fintech, browser, "alice", demo.PAYMENT, phones=stack.approval_app)
    assert fintech.pay(token, "order-1")["payment"]["instructedAmount"]["amount"] == "123.50"
