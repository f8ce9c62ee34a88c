"""A person gives access for a shorter time than a client asks for, and never for longer."""

import json
from datetime import UTC, datetime

import pytest

from tests.actors import NOW, Browser, certificate, elements
from tests.conftest import STANDARD

DAY = 24 * 3600
WEEK_ENDS = int(datetime(2027, 1, 23, tzinfo=UTC).timestamp())
"""The end of 22 January: seven days after the 15th, which is NOW."""
LOOK = {"type": "account_information", "access": {"balances": []}}
SUBJECT = "CN=rich,O=Fintech\\, Inc.,C=DE"


@pytest.fixture
def rich(bank, tls_client_auth_client):
    """A client that may ask for access to accounts by authorization details."""
    own = {"client_id": "rich", "authorization_details_types": ["account_information"]}
    subject = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": SUBJECT}
    bank.register(**STANDARD | own | subject)
    return tls_client_auth_client.with_(client_id="rich", certificate=certificate("rich"))


def offered(page):
    """The values of the ends on the page, and the checked one."""
    radios = [a for tag, a in elements(page.text) if tag == "input" and a["name"] == "until"]
    return [a["value"] for a in radios], [a["value"] for a in radios if "checked" in a]


def grant_of(bank, page):
    """The grant of a page."""
    (key,) = [a["value"] for tag, a in elements(page.text) if a.get("name") == "interaction"]
    return bank.aws.grants.find(key, now=bank.now)


@pytest.mark.parametrize("scoped", [True, False])
def test_access_ends_with_the_chosen_day_and_so_does_all_that_comes_of_it(bank, rich, scoped):
    """With or without details: the grant, its refresh token, its access tokens, and what the client reads."""
    browser = Browser(bank)
    wanted = {} if scoped else {"authorization_details": json.dumps([LOOK])}
    page = browser.consent_page("rich", rich.pushed(**wanted))
    values, checked = offered(page)
    assert (values[:2], checked) == (["requested", str(WEEK_ENDS)], ["requested"])
    assert len(values) == 3  # 30 days too; the 90th is after the requested end.
    assert "After 7 days" in page.text
    assert "22 January 2027, end of day (UTC)" in page.text
    code = browser.submit(page, "approve", until=str(WEEK_ENDS)).parameters["code"]
    given = rich.redeem(code).json()
    assert grant_of(bank, page).consent_expires_at == WEEK_ENDS
    assert [one["validUntil"] for one in given.get("authorization_details", ())] == ([] if scoped else ["2027-01-22"])
    assert rich.introspect(given["refresh_token"]).json()["exp"] == WEEK_ENDS
    bank.now = WEEK_ENDS - 10
    last = rich.refresh(given["refresh_token"]).json()
    assert last["expires_in"] == 10
    bank.now = WEEK_ENDS
    assert rich.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert rich.introspect(last["access_token"]).json() == {"active": False}


def test_an_end_that_the_page_does_not_offer_decides_nothing(bank, fintech):
    """Not a later one, and none of somebody's own making. The requested end has a word; its own number is it too."""
    browser = Browser(bank)
    page = browser.consent_page("fintech", fintech.pushed())
    for until in ("0", "-1", "1e9", str(WEEK_ENDS + 1), str(NOW + 900 * DAY), "requested ", "1" * 400):
        assert browser.submit(page, "approve", until=until).page_error == "invalid_request", until
        assert grant_of(bank, page).decision == ""
    assert browser.submit(page, "approve", until=str(NOW + 90 * DAY)).parameters["code"]
    assert grant_of(bank, page).consent_expires_at == NOW + 90 * DAY


def test_a_choice_survives_the_page_and_a_form_that_is_posted_twice(bank, rich):
    browser = Browser(bank)
    page = browser.consent_page("rich", rich.pushed(authorization_details=json.dumps([LOOK])))
    again = browser.submit(page, "look", until=str(WEEK_ENDS))
    assert offered(again)[1] == [str(WEEK_ENDS)]
    nothing = browser.submit(again, "none.0.1")
    assert offered(nothing)[1] == [str(WEEK_ENDS)]
    first = browser.submit(again, "approve")
    second = browser.submit(again, "approve")
    assert grant_of(bank, page).consent_expires_at == WEEK_ENDS
    assert rich.redeem(first.parameters["code"]).status == 400  # The second replaced it.
    given = rich.redeem(second.parameters["code"]).json()
    assert given["authorization_details"][0]["validUntil"] == "2027-01-22"


def test_a_plain_consent_is_shown_again_as_it_was_left(bank, fintech):
    """What the Enter key on a choice does. An end that is not on the page is none that is chosen."""
    browser = Browser(bank)
    page = browser.consent_page("fintech", fintech.pushed())
    again = browser.submit(page, "look", until=str(WEEK_ENDS))
    assert offered(again)[1] == [str(WEEK_ENDS)]
    assert offered(browser.submit(again, "look", until="1"))[1] == ["requested"]
    assert grant_of(bank, page).decision == ""


def test_an_approval_that_comes_again_for_longer_does_not_last_longer(bank, rich):
    """The page of the browser's history still has the requested end. What its client reads says no later day either."""
    browser = Browser(bank)
    page = browser.consent_page("rich", rich.pushed(authorization_details=json.dumps([LOOK])))
    browser.submit(page, "approve", until=str(WEEK_ENDS))
    assert browser.submit(page, "approve").parameters["code"]
    assert grant_of(bank, page).consent_expires_at == WEEK_ENDS
    assert grant_of(bank, page).granted[0]["validUntil"] == "2027-01-22"


def test_a_remembered_consent_ends_with_the_chosen_day(bank, fapi1_bearer_client):
    """And no page offers more than is remembered."""
    client = fapi1_bearer_client
    browser = Browser(bank)
    page = browser.consent_page(client.client_id, client.pushed(scope="openid"))
    browser.submit(page, "approve", until=str(WEEK_ENDS))
    grant = grant_of(bank, page)
    (held,) = bank.aws.bonds.find(grant.bond, now=bank.now).remembered
    assert held.until == WEEK_ENDS


def test_access_for_a_day_or_for_once_offers_no_shorter_time(bank, rich):
    once = {**LOOK, "recurringIndicator": False}
    page = Browser(bank).consent_page("rich", rich.pushed(authorization_details=json.dumps([once])))
    assert offered(page) == ([], [])
    assert "<dt>Access ends</dt>" in page.text


def test_a_day_of_the_request_is_never_moved_to_a_later_one(bank, rich):
    """Of two details each ends with its own day or with the chosen one, whichever comes first."""
    soon, late = {**LOOK, "validUntil": "2027-01-20"}, {**LOOK, "validUntil": "2027-02-20"}
    browser = Browser(bank)
    page = browser.consent_page("rich", rich.pushed(authorization_details=json.dumps([late])))
    browser.submit(page, "approve", until=str(WEEK_ENDS))
    assert grant_of(bank, page).granted[0]["validUntil"] == "2027-01-22"
    page = browser.consent_page("rich", rich.pushed(authorization_details=json.dumps([soon, late])))
    assert offered(page) == ([], [])  # The consent ends with the first of its details.
