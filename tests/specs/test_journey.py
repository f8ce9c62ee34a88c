"""One name for all steps of a login: in the answers' header, on the error page, and in each line of the log."""

import json
import re

import pytest

from chalicelib.resource_server.fapi_headers import UUID
from tests.actors import Browser, elements

HEADER = "x-fapi-interaction-id"
CALLED = "0d6c6b5e-5d1c-4c0e-8a3e-0b6f3d9a1c11"

pytestmark = pytest.mark.fault("6")


@pytest.fixture
def lines(caplog):
    """What the log has, line by line."""
    caplog.set_level("INFO", logger="ducat")
    return lambda: [json.loads(r.message) for r in caplog.records if r.name == "ducat" and r.message.startswith("{")]


def test_one_search_in_the_log_shows_a_whole_login(lines, fintech):
    """Each step had a name of its own, and none but /token and the redirects said whose it is."""
    browser = Browser(fintech.bank)
    pushed = fintech.push()
    journey = pushed.header(HEADER)
    assert UUID.fullmatch(journey)
    opened = browser.open("fintech", pushed.json()["request_uri"])
    login = browser.get(opened.location)
    wrong = browser.sign_in(login, one_time_code="000000")
    signed_in = browser.sign_in(wrong)
    consent = browser.get(signed_in.location)
    back = browser.submit(consent, "approve")
    tokens = fintech.redeem(back.parameters["code"])
    refreshed = fintech.refresh(tokens.json()["refresh_token"])
    steps = (pushed, opened, login, wrong, signed_in, consent, back, tokens, refreshed)
    assert {step.header(HEADER) for step in steps} == {journey}
    fintech.userinfo(tokens.json()["access_token"])
    fintech.accounts(tokens.json()["access_token"])
    found = [line for line in lines() if line.get("journey") == journey]
    assert [line["endpoint"] for line in found] == [
        *("par", "authorize", "login", "login", "login", "consent", "consent", "token", "token", "userinfo"),
    ]
    assert {line["client_id"] for line in found} == {"fintech"}
    assert [line["outcome"] for line in found] == [
        *("201", "303", "200", "200", "303", "200", "200", "200", "200", "200"),
    ]


def test_a_refused_step_has_the_name_too(lines, fintech):
    """A replayed code, a wrong redirect_uri: the client learns no reason, and the name finds it."""
    pushed = fintech.push()
    back = Browser(fintech.bank).login("fintech", pushed.json()["request_uri"])
    refused = fintech.redeem(back.parameters["code"], redirect_uri="https://fintech.example/other")
    assert refused.error == "invalid_grant"
    assert refused.header(HEADER) == pushed.header(HEADER)
    line = lines()[-1]
    assert (line["journey"], line["client_id"]) == (pushed.header(HEADER), "fintech")
    assert (line["outcome"], line["reason"]) == ("400", "redirect_uri does not match the request")


def test_the_error_page_shows_it_as_the_reference(fintech):
    """Support asks for it, and finds the login in the log."""
    browser = Browser(fintech.bank)
    pushed = fintech.push()
    page = browser.page("fintech", pushed.json()["request_uri"])
    browser.submit(page, "cancel")
    refused = browser.submit(page, "login", username="alice", password="wonderland", one_time_code="123456")
    assert refused.page_error == "access_denied"
    assert re.search(rf'id="reference">{pushed.header(HEADER)}<', refused.text)
    unknown = browser.open("fintech", "urn:ietf:params:oauth:request_uri:unknown")
    (shown,) = [a for t, a in elements(unknown.text) if a.get("id") == "reference"]
    assert shown
    assert unknown.header(HEADER) in unknown.text


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
def test_a_callers_own_name_is_given_back_and_is_no_key(lines, fintech, rival):
    """Whoever names a call as another's login gets that name back, and learns and changes nothing of it."""
    named = ((HEADER, CALLED),)
    pushed = fintech.push(headers=named)
    assert pushed.header(HEADER) == CALLED
    theirs = rival.push(headers=named)
    assert theirs.header(HEADER) == CALLED
    assert theirs.json()["request_uri"] != pushed.json()["request_uri"]
    assert Browser(fintech.bank).open("rival", pushed.json()["request_uri"]).page_error == "invalid_request_uri"
    assert {line["client_id"] for line in lines() if line.get("journey") == CALLED} == {"fintech", "rival"}


def test_who_only_claims_to_be_a_client_is_logged_as_who_is_claimed(lines, fintech):
    """The line of a failed authentication says whose key or certificate it may be, and never that it was."""
    thief = fintech.with_(key=None, auth="tls_client_auth", certificate=None)
    assert thief.post("/par", client_id="fintech", response_type="code").error == "invalid_client"
    line = lines()[-1]
    assert line["claimed_client_id"] == "fintech"
    assert "client_id" not in line
