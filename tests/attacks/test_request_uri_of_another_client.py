"""A request_uri that somebody else pushed."""

import pytest

from tests.actors import Browser
from tests.each import each


def page(answer, *errors):
    assert answer.status in (400, 403), (answer.status, answer.text)
    assert answer.header("location") is None
    assert answer.header("set-cookie") is None
    assert answer.page_error in errors
    return True


@pytest.mark.clause("PAR-2.2")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_client_can_not_use_it(bank, fintech, rival, method):
    """A request_uri is bound to the client that pushed it; the client_id beside it must be the same."""
    request_parameters = {"client_id": "rival", "request_uri": fintech.pushed()}
    where = {"query": request_parameters} if method == "GET" else {"form": request_parameters}
    assert page(bank.send(method, "/authorize", **where), "invalid_request_uri")


@pytest.mark.clause("PAR-2.2")
def test_who_tried_spoiled_nothing(fintech, rival):
    """The client whose request it is goes on with it."""
    request_uri = fintech.pushed()
    assert page(Browser(fintech.bank).open("rival", request_uri), "invalid_request_uri")
    assert "code" in Browser(fintech.bank).login("fintech", request_uri).parameters


@pytest.mark.clause("PAR-2.2")
@each("other", ["", "nobody", "Fintech", "fintech ", "fintech\x00", "\N{SNOWMAN}", "a" * 5000])
def test_no_other_name_for_the_client_is_taken(fintech, other):
    """The client_id is compared to the character."""
    answer = Browser(fintech.bank).open(other, fintech.pushed())
    assert page(answer, "invalid_request_uri", "invalid_request")


@pytest.mark.clause("PAR-4")
def test_the_client_that_names_itself_can_not_swap_the_request(fintech, rival):
    """What stands beside the request_uri changes nothing of what was pushed."""
    browser = Browser(fintech.bank)
    request_parameters = {
        "client_id": "fintech",
        "request_uri": fintech.pushed(scope="openid", state="pushed"),
        "redirect_uri": "https://fintech.example/callback?dummy1=lorem&dummy2=ipsum",
        "scope": "openid profile accounts",
        "state": "swapped",
        "response_mode": "fragment",
        "code_challenge": "A" * 43,
    }
    consent = browser.get(browser.sign_in(browser.get(browser.get("/authorize", request_parameters).location)).location)
    assert "accounts and their balances" not in consent.text
    back = browser.submit(consent, "approve")
    assert back.location.startswith("https://fintech.example/callback?code=")
    assert back.parameters["state"] == "pushed"
    assert fintech.redeem(back.parameters["code"]).json()["scope"] == "openid"


@pytest.mark.clause("PAR-7.3")
def test_it_can_not_be_used_again_once_it_gave_a_code(fintech):
    """Whoever finds the link in a history finds nothing behind it."""
    request_uri = fintech.pushed()
    assert "code" in Browser(fintech.bank).login("fintech", request_uri).parameters
    assert page(Browser(fintech.bank).open("fintech", request_uri), "invalid_request_uri")


@pytest.mark.clause("PAR-7.3")
def test_it_can_not_be_used_again_once_the_person_said_no(fintech):
    """A decision is a decision."""
    request_uri = fintech.pushed()
    browser = Browser(fintech.bank)
    back = browser.submit(browser.page("fintech", request_uri), "cancel")
    assert back.parameters["error"] == "access_denied"
    assert page(Browser(fintech.bank).open("fintech", request_uri), "invalid_request_uri")


@pytest.mark.clause("PAR-2.2")
def test_a_request_uri_can_not_be_guessed_or_made(fintech):
    """Neither its hash, which page addresses show as the interaction's key, nor anything near it opens a request."""
    request_uri = fintech.pushed()
    key = Browser(fintech.bank).open("fintech", request_uri).location.partition("interaction=")[2]
    prefix, _, token_value = request_uri.rpartition(":")
    for guess in (
        key,
        token_value[:-1],
        token_value[::-1],
        token_value.swapcase(),
        f"{token_value}.{key}",
        f"{token_value}/",
        f"{token_value}#",
    ):
        assert page(Browser(fintech.bank).open("fintech", f"{prefix}:{guess}"), "invalid_request_uri")


@pytest.mark.clause("PAR-7.4")
def test_what_the_client_may_no_longer_do_is_not_done_for_an_old_request(bank, fintech):
    """Between push and use the registration may have changed: a redirect URI that is gone leads nowhere."""
    standard = {
        "client_id": "changing",
        "client_name": "Changing",
        "profile": "fapi2-security",
        "grant_types": ["authorization_code"],
        "scope": "openid accounts",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=fintech,O=Fintech\\, Inc.,C=DE",
        "tls_client_certificate_bound_access_tokens": True,
    }
    bank.register(**standard, redirect_uris=["https://old.example/callback"])
    client = fintech.with_(
        client_id="changing", auth="tls_client_auth", redirect_uri="https://old.example/callback", scope="openid"
    )
    request_uri = client.pushed()
    bank.register(**standard, redirect_uris=["https://new.example/callback"])
    assert page(Browser(bank).open("changing", request_uri), "invalid_request")
