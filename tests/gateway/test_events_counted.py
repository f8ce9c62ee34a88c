"""What the log counts of logins: `event` in the line of each request in which one of them happened (docs/operate/watch.md)."""

import json
import os
import re
from typing import get_args, get_type_hints
from urllib.parse import urlsplit

import pytest

from chalicelib.user_directory import refused_event
from chalicelib.users import directory, enrolment
from chalicelib.users.lockout import FREE_ATTEMPTS
from tests.actors import ASSERTION_TYPE, Browser, Fintech, elements
from tests.house.source import ROOT


@pytest.fixture
def events(caplog):
    """The events since it was last asked for."""
    caplog.set_level("INFO", logger="ducat")

    def since():
        lines = [json.loads(r.message) for r in caplog.records if r.name == "ducat" and r.message.startswith("{")]
        caplog.clear()
        return [line["event"] for line in lines if "event" in line]

    return since


def test_a_login_and_its_end(events, fintech):
    browser = Browser(fintech.bank)
    page = browser.page(fintech.client_id, fintech.pushed())
    assert events() == []
    again = browser.sign_in(page, one_time_code="000000")
    assert events() == ["sign_in_refused"]
    consent = browser.get(browser.sign_in(again).location)
    assert events() == ["sign_in"]
    code = browser.submit(consent, "approve").parameters["code"]
    assert events() == ["consent_given"]
    tokens = fintech.redeem(code).json()
    fintech.refresh(tokens["refresh_token"])
    assert events() == ["tokens_issued", "tokens_issued"]
    fintech.revoke(tokens["refresh_token"])
    assert events() == ["token_revoked"]


def test_a_consent_that_is_remembered_or_refused(events, fapi1_baseline_client):
    client = fapi1_baseline_client
    browser = Browser(client.bank)
    browser.login(client.client_id, client.pushed())
    assert events() == ["sign_in", "consent_given"]
    browser.get(browser.open(client.client_id, client.pushed()).location)
    assert events() == ["consent_remembered"]
    page = browser.get(browser.open(client.client_id, client.pushed(prompt="consent")).location)
    browser.submit(page, "cancel")
    assert events() == ["consent_refused"]


def test_access_that_is_ended(events, fintech):
    browser = Browser(fintech.bank)
    browser.login(fintech.client_id, fintech.pushed())
    signed_out = browser.get("/grants")
    again = browser.sign_in(signed_out, one_time_code="000000")
    assert events()[-1] == "sign_in_refused"
    browser.sign_in(again)
    assert events() == ["sign_in"]
    page = browser.get("/grants")
    fields = {a["name"]: a.get("value", "") for tag, a in elements(page.text) if tag == "input" and "name" in a}
    browser.post("/grants", fields | {"action": "end", "client": fintech.client_id, "consent": ""})
    assert events() == ["access_ended"]


def test_a_lock(bank, events, fintech, light_passwords, monkeypatch):
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    browser = Browser(bank)
    page = browser.page(fintech.client_id, fintech.pushed())
    enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password="correct horse battery", claims={}, random_bytes=os.urandom
    )
    for _ in range(FREE_ATTEMPTS + 1):
        page = browser.sign_in(page, username="carol", password="wrong", one_time_code="000000")
    assert events() == ["sign_in_refused"] * FREE_ATTEMPTS + ["lockout"]


def test_a_guess_at_a_page_without_a_client_is_counted_too(bank, events, light_passwords, monkeypatch):
    """Whoever guesses there would not be seen otherwise."""
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password="correct horse battery", claims={}, random_bytes=os.urandom
    )
    link = urlsplit(enrolment.invite(bank.aws, "carol"))
    browser = Browser(bank)
    page = browser.get(f"{link.path}?{link.query}")
    wrong = {"username": "carol", "password": "wrong", "one_time_code": "000000"}
    for _ in range(FREE_ATTEMPTS):
        page = browser.submit(page, "continue", **wrong)
    assert events() == ["sign_in_refused"] * FREE_ATTEMPTS
    browser.submit(page, "continue", **wrong)
    browser.sign_in(browser.get("/grants"), username="carol", password="wrong", one_time_code="000000")
    assert events() == ["lockout", "lockout"]


def test_a_code_that_is_used_twice(events, fintech):
    code = fintech.code()
    fintech.redeem(code)
    events()
    fintech.redeem(code)
    assert events() == ["replay"]


def test_an_assertion_that_is_used_twice(events, fintech):
    assertion = fintech.assertion()
    for counted in ([], ["replay"]):
        fintech.post(
            "/par", client_assertion_type=ASSERTION_TYPE, client_assertion=assertion, **fintech.request_arguments()
        )
        assert events() == counted


def test_a_proof_that_is_used_twice(events, dpop_client, lambdas):
    token = dpop_client.tokens()["access_token"]
    proof = dpop_client.proof("GET", "/userinfo", access_token=token)
    dpop_client.userinfo(token, proof=proof)
    events()
    dpop_client.userinfo(token, proof=proof)
    assert events() == ["replay"]
    shown = dpop_client.presenting(token, "GET", "/accounts")
    for counted in ([], ["replay"]):
        decided = lambdas.invoke("authorizer", lambdas.authorizer_event("GET", "/accounts", headers=shown))
        assert events() == counted
        assert "event" not in decided["context"], "that is for the log alone"


def test_a_refresh_token_that_is_used_twice(events, bank):
    client = Fintech(bank, "public", "none", None, "", None, scope="openid accounts")
    first = client.tokens()["refresh_token"]
    client.refresh(client.refresh(first).json()["refresh_token"])
    events()
    client.refresh(first)
    assert events() == ["replay"]


def test_each_event_is_on_the_page_and_no_other():
    page = (ROOT / "docs/operate/watch.md").read_text()
    part = page[page.index("| `event` | The request") : page.index("### One login")].partition("\n\n")[0]
    table = set(re.findall(r"^\| `([a-z_]+)` \|", part, re.MULTILINE)) - {"event"}
    code = "".join(file.read_text() for file in (ROOT / "chalicelib").rglob("*.py"))
    named = set(re.findall(r'event="([a-z_]+)"', code)) | set(re.findall(r'"(lockout|consent_remembered)"', code))
    named |= set(re.findall(r'event="\w+" if [^\n]* else "([a-z_]+)"', code))
    named |= set(get_args(get_type_hints(refused_event)["return"]))
    assert table == named
