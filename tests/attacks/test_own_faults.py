"""Something of ours fails: the client hears of it where its redirect_uri is known, and a person has a way on."""

from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.actors import Browser
from tests.attacks.test_one_end import signed_in

THROTTLED, DENIED = "ThrottlingException", "AccessDeniedException"
TOLD = [(THROTTLED, "temporarily_unavailable"), (DENIED, "server_error")]


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
@pytest.mark.parametrize(("code", "error"), TOLD)
def test_a_failure_at_the_authorization_endpoint_is_told_the_client(fapi1_baseline_client, failing, code, error):
    """Once the redirect_uri is proven: the session can't be read."""
    client = fapi1_baseline_client
    browser, _ = signed_in(client)
    request_uri = client.pushed()
    with failing("GetItem", "ducat-sessions", code):
        answer = browser.open(client.client_id, request_uri)
    assert answer.location.startswith(client.redirect_uri)
    told = answer.parameters
    assert (told["error"], told["state"]) == (error, "a-state")
    assert told["iss"]


@pytest.mark.fault("3i")
@pytest.mark.parametrize(("code", "error"), TOLD)
def test_so_is_one_of_a_request_by_value(fapi1_advanced_client, failing, code, error):
    client = fapi1_advanced_client
    with failing("PutItem", "ducat-grants", code):
        answer = Browser(client.bank).get("/authorize", client.direct(response_type="code", response_mode="jwt"))
    claims = client.bank.verified(answer.parameters["response"], client.client_id)
    assert claims["error"] == error


@pytest.mark.fault("3i")
@pytest.mark.parametrize(("code", "error"), TOLD)
def test_who_asked_for_no_page_gets_none(fapi1_baseline_client, failing, code, error):
    """prompt=none in a frame: nobody would see it."""
    client = fapi1_baseline_client
    browser, _ = signed_in(client)
    answer = browser.open(client.client_id, client.pushed(prompt="none"))
    with failing("GetItem", "ducat-bonds", code):
        told = browser.get(answer.location)
    assert told.parameters["error"] == error


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
def test_a_person_is_told_to_try_again_and_can(fintech, failing, step):
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
