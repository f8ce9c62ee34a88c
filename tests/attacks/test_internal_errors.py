"""Something of ours fails: the client hears of it where its redirect_uri is known, and a person has a way on."""

from unittest.mock import patch

import pyotp
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib.storage.stores import Replayed
from chalicelib.users import directory, enrolment
from local.sandbox_users import ALICE
from tests.actors import Browser
from tests.attacks.test_revocation import signed_in
from tests.authenticator import Authenticator, passkey_options, put
from tests.users.test_grants import Person, clients

PASSWORD = "correct horse battery staple"

THROTTLED, DENIED = "ThrottlingException", "AccessDeniedException"
DISCLOSED = [(THROTTLED, "temporarily_unavailable"), (DENIED, "server_error")]


@pytest.fixture
def failing(bank):
    """A function: an operation, a part of its arguments and AWS's code to a context in which such calls fail."""

    def fail(operation, part="", code=THROTTLED, *, landed=False):
        really = BaseClient._make_api_call

        def call(client, name, arguments):
            if name != operation or part not in str(arguments):
                return really(client, name, arguments)
            if landed:
                really(client, name, arguments)
            raise ClientError({"Error": {"Code": code, "Message": "x"}}, name)

        return patch.object(BaseClient, "_make_api_call", call)

    return fail


# The client hears of it.


@pytest.mark.fault("3i")
@pytest.mark.clause("RFC6749-4.1.2.1")
@pytest.mark.parametrize(("code", "error"), DISCLOSED)
def test_a_failure_at_the_authorization_endpoint_reaches_the_client(fapi1_baseline_client, failing, code, error):
    """Once the redirect_uri is proven: the session can't be read."""
    client = fapi1_baseline_client
    browser, _ = signed_in(client)
    request_uri = client.pushed()
    with failing("BatchGetItem", "ducat-sessions", code):
        answer = browser.open(client.client_id, request_uri)
    assert answer.location.startswith(client.redirect_uri)
    disclosed = answer.parameters
    assert (disclosed["error"], disclosed["state"]) == (error, "a-state")
    assert disclosed["iss"]


@pytest.mark.fault("3i")
@pytest.mark.parametrize(("code", "error"), DISCLOSED)
def test_so_is_one_of_a_request_by_value(fapi1_advanced_client, failing, code, error):
    client = fapi1_advanced_client
    with failing("PutItem", "ducat-grants", code):
        answer = Browser(client.bank).get("/authorize", client.direct(response_type="code", response_mode="jwt"))
    claims = client.bank.verified(answer.parameters["response"], client.client_id)
    assert claims["error"] == error


@pytest.mark.fault("3i")
@pytest.mark.parametrize(("code", "error"), DISCLOSED)
def test_who_requested_no_page_gets_none(fapi1_baseline_client, failing, code, error):
    """prompt=none in a frame: nobody would see it."""
    client = fapi1_baseline_client
    browser, _ = signed_in(client)
    answer = browser.open(client.client_id, client.pushed(prompt="none"))
    with failing("GetItem", "ducat-bonds", code):
        disclosed = browser.get(answer.location)
    assert disclosed.parameters["error"] == error


@pytest.mark.fault("3i")
def test_while_the_client_is_not_known_nobody_is_sent_anywhere(fintech, failing):
    request_uri = fintech.pushed()
    fintech.bank.aws.clients._cache.clear()
    with failing("GetItem", "ducat-clients"):
        answer = Browser(fintech.bank).open("fintech", request_uri)
    assert (answer.status, answer.page_error) == (503, "temporarily_unavailable")


# A person has a way on.


@pytest.mark.fault("3i")
@pytest.mark.parametrize("step", ["login", "consent"])
def test_a_person_is_asked_to_try_again_and_can(fintech, failing, step):
    browser = Browser(fintech.bank)
    page = browser.page("fintech", fintech.pushed())
    if step == "consent":
        page = browser.get(browser.sign_in(page).location)

    def press():
        return browser.sign_in(page) if step == "login" else browser.submit(page, "approve")

    with failing("UpdateItem", "ducat-grants"):
        answer = press()
    assert (answer.status, answer.header("retry-after")) == (503, "2")
    assert "Nothing is lost" in answer.text
    assert press().status in (200, 303)


# Nobody is blamed for it.

CALLS = [
    ("GetItem", "ducat-grants"),
    ("GetItem", "ducat-users"),
    ("UpdateItem", "ducat-users"),
    ("Decrypt", ""),
    ("PutItem", "ducat-replay-cache"),
    ("GetItem", "ducat-bonds"),
    ("UpdateItem", "ducat-grants"),
    ("PutItem", "ducat-sessions"),
]


@pytest.fixture
def carol(bank, monkeypatch, light_passwords):
    """What a person of the product's directory types."""
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    uri = enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password=PASSWORD, claims={}, random_bytes=lambda n: bytes(range(n))
    )
    return {"username": "carol", "password": PASSWORD, "one_time_code": pyotp.parse_uri(uri).at(bank.now)}


@pytest.mark.fault("3l")
@pytest.mark.parametrize("landed", [False, True])
@pytest.mark.parametrize(("operation", "part"), CALLS)
@pytest.mark.parametrize("where", ["login", "grants"])
def test_after_a_fault_of_ours_nobody_reads_that_something_did_not_match(
    bank, carol, fapi1_baseline_client, failing, where, operation, part, landed
):
    """The same form, pressed again, signs in: whatever call failed, before it did its work or after."""
    client, browser = fapi1_baseline_client, Browser(bank)
    page = browser.page(client.client_id, client.pushed()) if where == "login" else browser.get("/grants")
    with failing(operation, part, "InternalServerError", landed=landed):
        answer = browser.sign_in(page, **carol)
    assert "did not match" not in answer.text
    if answer.status != 303:
        assert answer.status >= 500
        again = browser.sign_in(page, **carol)
        assert "did not match" not in again.text
        assert again.status == 303
    assert bank.aws.users.find("carol").failures <= 1


@pytest.mark.fault("3l")
@pytest.mark.parametrize("landed", [False, True])
def test_a_passkey_is_not_refused_after_a_fault_of_ours(bank, fapi1_baseline_client, failing, landed):
    client, browser = fapi1_baseline_client, Browser(bank)
    authenticator = put(bank, ALICE, Authenticator())
    for operation, part in (*CALLS[:2], *CALLS[4:]):
        page = browser.page(client.client_id, client.pushed(prompt="login"))
        answer = authenticator.get(passkey_options(page.text))
        with failing(operation, part, "InternalServerError", landed=landed):
            shown = browser.submit(page, "login", passkey=answer)
        assert "not accepted" not in shown.text, (operation, part)
        if shown.status != 303:
            shown = browser.submit(page, "login", passkey=answer)
        assert shown.status == 303, (operation, part, shown.text[:300])


@pytest.mark.fault("3l")
def test_a_replay_whose_write_failed_ends_the_grant_at_the_next_try(fintech, failing):
    """What it gave lived on. The replay is told to come again, and the same write notices and ends it."""
    code = fintech.code()
    given = fintech.redeem(code).json()
    with failing("UpdateItem", "ducat-grants"):
        answer = fintech.redeem(code)
    assert (answer.status, answer.header("retry-after")) == (503, "2")
    assert fintech.redeem(code).error == "invalid_grant"
    assert fintech.userinfo(given["access_token"]).status == 401


@pytest.mark.fault("3l")
@pytest.mark.fault("3c")
def test_a_response_that_could_not_be_signed_leaves_no_consent(fapi1_advanced_client, failing):
    """A failed hybrid left a live consent on the person's page."""
    client, browser = fapi1_advanced_client, Browser(fapi1_advanced_client.bank)
    page = browser.get(browser.get("/authorize", client.direct(response_type="code id_token")).location)
    page = browser.get(browser.sign_in(page).location)
    with failing("Sign"):
        assert browser.submit(page, "approve").status == 503
    person = Person(client.bank)
    assert clients(person.arrive()) == []
    assert "code=" in browser.submit(page, "approve").text


@pytest.mark.fault("3d")
@pytest.mark.parametrize("button", ["login", "cancel at login", "cancel", "approve"])
def test_each_button_pressed_twice_ends_where_the_first_press_ended(fintech, button):
    """The second press lost the login that the first had made."""
    browser = Browser(fintech.bank)
    page = browser.page("fintech", fintech.pushed())
    if button in ("cancel", "approve"):
        page = browser.get(browser.sign_in(page).location)
    cookies, action = dict(browser.cookies), button.split(" ")[0]

    def press():
        browser.cookies = dict(cookies)  # the second press was under way before the first was answered
        return browser.sign_in(page) if action == "login" else browser.submit(page, action)

    first, second = press(), press()
    assert first.status == second.status
    if action == "login":
        assert first.location == second.location
    else:
        assert ("access_denied" in first.text) == ("access_denied" in second.text) == (action == "cancel")


@pytest.mark.fault("3i")
def test_who_meets_too_many_others_gets_retry_after(public_client, monkeypatch):
    """Whoever raises temporarily_unavailable, the answer has Retry-After (RFC 9110 10.2.3): one of them had none."""
    refresh_token = public_client.tokens()["refresh_token"]

    def always_later(*_, **__):
        raise Replayed("somebody was faster")

    monkeypatch.setattr(public_client.bank.aws.grants, "rotate", always_later)
    answer = public_client.refresh(refresh_token)
    assert (answer.error, answer.status, answer.header("retry-after")) == ("temporarily_unavailable", 503, "2")
