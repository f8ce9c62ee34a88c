"""A person's own page in Chromium, by the product itself, without JavaScript: what ends, and the word that it has."""

import pytest


@pytest.fixture
def window(bank, sites, browse):
    """A person's browser at the bank's site."""
    site = sites[0]
    # An address of its own, as Secure cookies are kept for localhost.
    site.address, site.bank = f"http://localhost:{site.server.server_port}", bank
    page = browse(java_script_enabled=False, locale="en-GB")
    page.base = site.address
    return page


def sign_in(page):
    for field, value in (("username", "alice"), ("password", "wonderland"), ("one-time-code", "123456")):
        page.fill(f"#{field}", value)
    page.click("#login")


def test_a_person_ends_one_consent_then_all_and_signs_out_and_each_is_said_once(bank, window, fintech, rival):
    tokens = [fintech.tokens()]
    bank.now += 60
    tokens += [fintech.tokens(), rival.tokens()]
    bank.now += 60
    window.goto(f"{window.base}/grants")
    sign_in(window)
    assert window.locator("#done").count() == 0
    before = window.locator("[name=consent]").count()
    window.get_by_role("region", name="Fintech").get_by_role("button", name="End only this consent").first.click()
    assert window.get_by_role("status").inner_text() == "Done. This consent of Fintech has ended."
    assert window.title().startswith("Done: ")
    assert window.locator("[name=consent]").count() == before - 1
    assert [fintech.userinfo(one["access_token"]).status for one in tokens[:2]] == [200, 401]
    window.reload()
    assert window.locator("#done").count() == 0
    assert window.locator("#end-all").is_hidden()  # No single press ends all.
    window.locator("summary").press("Enter")
    window.click("#end-all")
    assert window.get_by_role("status").inner_text() == "Done. The access of all your apps has ended."
    assert window.locator("#none").is_visible()
    assert fintech.userinfo(tokens[0]["access_token"]).status == 401
    assert rival.userinfo(tokens[2]["access_token"]).status == 401
    window.click("#sign-out")
    assert window.get_by_role("status").inner_text() == "Done. You are signed out."
    assert window.complaints == []


def test_a_press_in_another_tab_that_is_behind_says_what_is_so_and_back_shows_it(bank, window, fintech):
    fintech.tokens()
    bank.now += 60
    window.goto(f"{window.base}/grants")
    sign_in(window)
    with window.context.expect_page() as opened:
        window.evaluate("url => { window.open(url) }", f"{window.base}/grants")
    behind = opened.value
    behind.wait_for_load_state()
    window.click("button[value=end]")
    behind.click("button[value=end]")
    assert behind.get_by_role("status").inner_text() == "Done. Fintech has no more access."
    behind.close()
    window.go_back()
    assert window.locator("#none").is_visible()


def test_an_error_leads_to_the_page(window):
    window.goto(f"{window.base}/authorize?client_id=nobody")
    window.get_by_role("link", name="Your connected apps").click()
    assert window.url == f"{window.base}/grants"
    assert window.get_by_role("heading", level=1).inner_text() == "Sign in to see your connected apps"
