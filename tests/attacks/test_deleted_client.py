"""A client is deleted, and another registered under its name, while somebody is on the pages: who had the name gets nothing.

RFC 7009 2.1, RFC 9700 4: what a person agreed to is of the client that asked. RFC 9126 7.4: it may have changed since it pushed.
"""

from dataclasses import replace

import pytest

from tests.actors import Browser


@pytest.fixture
def another(bank):
    """A function: registers another client under a name, half a minute later, and waits as long again."""

    def take_over(client_id, **changes):
        record = bank.aws.clients.find(client_id, now=bank.now)
        bank.now += 30
        bank.aws.clients.put(replace(record, registered_at=bank.now, **changes))
        bank.now += 30

    return take_over


def test_the_code_of_a_former_client_is_not_its_successors(bank, public_client, another):
    """A public client proves nothing: who had its name before redeemed what was agreed to on its own page."""
    browser = Browser(bank)
    request_parameters = {"client_id": "public", **public_client.request_arguments(scope="openid accounts")}
    page = browser.get(browser.get("/authorize", request_parameters).location)
    page = browser.get(browser.sign_in(page).location)
    another("public")
    back = browser.submit(page, "approve")
    assert public_client.redeem(back.parameters["code"]).error == "invalid_grant"
    again = Browser(bank)
    page = again.get(again.get("/authorize", request_parameters).location)
    page = again.get(again.sign_in(page).location)
    assert public_client.redeem(again.submit(page, "approve").parameters["code"]).status == 200


@pytest.mark.parametrize("step", ["login", "consent"])
def test_no_page_speaks_for_a_former_client(bank, fintech, another, step):
    """It asked in the name of one for what another had asked."""
    browser = Browser(bank)
    page = browser.page("fintech", fintech.pushed())
    where = browser.sign_in(page).location if step == "consent" else None
    another("fintech")
    shown = browser.get(where) if where else browser.sign_in(page)
    assert shown.status == 400
    assert "no longer registered" in shown.text


def test_the_front_channel_gives_nothing_to_a_former_client(bank, fapi1_advanced_client, another):
    """An ID token of the new client went to the former one's redirect_uri."""
    browser = Browser(bank)
    request_parameters = fapi1_advanced_client.direct(response_type="code id_token")
    page = browser.get(browser.get("/authorize", request_parameters).location)
    page = browser.get(browser.sign_in(page).location)
    another("advanced")
    back = browser.submit(page, "approve")
    assert back.status == 400
    assert "no longer registered" in back.text


def test_a_second_use_of_the_code_is_noticed_all_the_same(fintech):
    """When the request was made is forgotten once its code is redeemed."""
    code = fintech.code()
    tokens = fintech.redeem(code).json()
    assert fintech.redeem(code).error == "invalid_grant"
    assert not fintech.introspect(tokens["access_token"]).json()["active"]
