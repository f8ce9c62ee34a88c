"""Two people at one browser: whoever is shown a consent page is the one whose consent it becomes."""

import jwt
import pytest

from chalicelib.storage.token_values import digest
from local.sandbox_users import BOB
from tests.actors import Browser
from tests.each import each


def swapped(fintech):
    """A browser with Alice's consent page, in which Bob signed in since, and that page."""
    browser = Browser(fintech.bank)
    login = browser.page("fintech", fintech.pushed())
    page = browser.get(browser.sign_in(login, username="alice").location)
    assert browser.sign_in(login, username="bob").status == 303
    return browser, page


@pytest.mark.clause("OIDCC-3.1.2.4")
def test_what_alice_agreed_to_is_not_done_in_bobs_name(fintech):
    """The page said whom it asks; nobody else's access is given away by its button."""
    browser, page = swapped(fintech)
    answer = browser.submit(page, "approve")
    assert (answer.status, answer.page_error) == (400, "access_denied")


@pytest.mark.clause("OIDCC-3.1.2.4")
def test_who_signed_in_last_sees_the_page_and_can_still_consent(fintech):
    """The page of who signed in last names that person, and its button gives what that person has."""
    browser, page = swapped(fintech)
    browser.submit(page, "approve")
    key = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    again = browser.get(f"/consent?interaction={key}")
    assert "Bob" in again.text
    tokens = fintech.redeem(browser.submit(again, "approve").parameters["code"]).json()
    assert fintech.userinfo(tokens["access_token"]).json()["name"] == "Bob Sandbox"
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["sub"].endswith("2")


@pytest.mark.clause("OIDCC-3.1.2.4")
def test_the_same_person_may_sign_in_again(fintech):
    """A page that was shown before the second sign-in asked the same person."""
    browser = Browser(fintech.bank)
    login = browser.page("fintech", fintech.pushed())
    page = browser.get(browser.sign_in(login).location)
    fintech.bank.now += 30
    assert browser.sign_in(login).status == 303
    assert "code" in browser.submit(page, "approve").parameters


@pytest.mark.clause("OIDCC-3.1.2.4")
@each("person", ["", ".", ".x", "." + "x" * 9000, "." + digest("bob")])
def test_nobody_agrees_for_a_person_who_did_not_sign_in(fintech, person):
    """A page says by its token whom it asked; it can't be made to say another, or nobody."""
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed())
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    answer = browser.submit(page, "approve", csrf=csrf.partition(".")[0] + person)
    assert (answer.status, answer.page_error) == (400, "access_denied")


@pytest.mark.clause("OIDCC-3.1.2.4")
def test_the_login_page_can_not_be_taken_for_a_consent_page(fintech):
    """Its token is of the same browser and interaction, but nobody was asked anything on it."""
    browser = Browser(fintech.bank)
    login = browser.page("fintech", fintech.pushed())
    browser.sign_in(login)
    hidden = {
        name: login.text.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("interaction", "csrf")
    }
    answer = browser.post("/consent", hidden | {"action": "approve"})
    assert (answer.status, answer.page_error) == (400, "access_denied")


@pytest.mark.clause("OIDCC-3.1.2.4")
@pytest.mark.parametrize("path", ["/login", "/consent"])
def test_the_token_of_a_page_names_its_person_and_nobody_can_change_that(fintech, path):
    """Bob signed in last. The token of a page that asked nobody, or alice, is not made into one of bob's agreement."""
    browser = Browser(fintech.bank)
    login = browser.page("fintech", fintech.pushed())
    page = login if path == "/login" else browser.get(browser.sign_in(login).location)
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    interaction = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    fintech.bank.now += 30
    assert browser.sign_in(login, username="bob").status == 303
    forged = f"{csrf.partition('.')[0]}.{digest(BOB.sub)}"
    answer = browser.post("/consent", {"interaction": interaction, "csrf": forged, "action": "approve"})
    assert (answer.status, answer.page_error) == (400, "access_denied")
