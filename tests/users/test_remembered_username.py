"""The user name that a browser keeps: only of who ticked that, and only to fill in the field."""

import re
from base64 import urlsafe_b64encode

import pytest

from chalicelib.users.username import COOKIE, LIFETIME, MAX_BYTES
from local import sandbox_users as sandbox
from tests.actors import Browser, elements


@pytest.fixture
def visit(bank, fintech):
    """A function: a browser to its new login page."""
    return lambda browser, **parameters: browser.page("fintech", fintech.pushed(**parameters))


def filled_in(page):
    (username,) = [a for tag, a in elements(page.text) if tag == "input" and a.get("name") == "username"]
    return username["value"]


def buttons(page):
    return {a.get("id") for tag, a in elements(page.text) if tag == "button"}


def encoded(text):
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def test_without_the_tick_nothing_is_kept(bank, visit):
    browser = Browser(bank)
    assert browser.sign_in(visit(browser)).status == 303
    assert COOKIE not in browser.cookies
    page = visit(browser)
    assert filled_in(page) == ""
    assert "forget" not in buttons(page)
    assert 'name="remember"' in page.text


def test_with_the_tick_the_user_name_is_filled_in_next_time(bank, visit):
    browser = Browser(bank)
    signed_in = browser.submit(
        visit(browser), "login", remember="yes", username=" alice ", password="wonderland", one_time_code="123456"
    )
    (line,) = [line for line in signed_in.all("set-cookie") if line.startswith(COOKIE)]
    assert line == (f"{COOKIE}={encoded(b'alice')}; Max-Age={LIFETIME}; Path=/; Secure; HttpOnly; SameSite=Lax"), (
        "the name alone, of the user as the directory has it"
    )
    page = visit(browser)
    assert filled_in(page) == "alice"
    assert 'name="remember"' not in page.text
    assert browser.sign_in(page).status == 303
    assert browser.cookies[COOKIE] == encoded(b"alice")  # kept for longer


@pytest.mark.parametrize("path", ["/grants", "/security"])
def test_the_pages_of_ones_own_keep_it_forget_it_and_fill_it_in_too(bank, path):
    """One cookie, of the tick on any of the three pages."""
    typed = {"username": " alice ", "password": "wonderland", "one_time_code": "123456"}
    sandbox.invitations(bank.aws)  # In the users table, which /security reads.
    browser = Browser(bank)
    page = browser.get(path)
    assert (filled_in(page), "forget" in buttons(page), 'name="remember"' in page.text) == ("", False, True)
    wrong = browser.submit(page, "login", remember="yes", **typed | {"password": "x"})
    assert wrong.status == 200
    assert COOKIE not in browser.cookies
    assert browser.submit(wrong, "login", remember="yes", **typed).location == path
    assert browser.cookies[COOKIE] == encoded(b"alice")
    browser.cookies = {COOKIE: browser.cookies[COOKIE]}
    page = browser.get(path)
    assert (filled_in(page), "forget" in buttons(page), 'name="remember"' in page.text) == ("alice", True, False)
    page = browser.submit(page, "forget")
    assert COOKIE not in browser.cookies
    assert (filled_in(page), "forget" in buttons(page), 'name="remember"' in page.text) == ("", False, True)
    assert browser.submit(page, "login", **typed | {"username": "bob", "password": "builder"}).location == path
    assert COOKIE not in browser.cookies


def test_the_page_for_a_recovery_code_keeps_and_shows_no_user_name(bank):
    browser = Browser(bank)
    browser.cookies[COOKIE] = encoded(b"alice")
    page = browser.get("/security?with=recovery-code")
    assert (filled_in(page), "forget" in buttons(page), 'name="remember"' in page.text) == ("", False, False)


def test_a_sign_in_that_fails_keeps_nothing(bank, visit):
    browser = Browser(bank)
    browser.submit(visit(browser), "login", remember="yes", username="alice", password="x", one_time_code="123456")
    assert COOKIE not in browser.cookies


def test_another_person_is_not_kept_without_the_tick(bank, visit):
    """Who signs in on a device that keeps somebody else's name leaves no trace of theirs."""
    browser = Browser(bank)
    browser.cookies[COOKIE] = encoded(b"alice")
    assert browser.sign_in(visit(browser), username="bob").status == 303
    assert browser.cookies[COOKIE] == encoded(b"alice")


def test_not_you_forgets_the_user_name(bank, visit):
    browser = Browser(bank)
    browser.cookies[COOKIE] = encoded(b"alice")
    page = browser.submit(visit(browser), "forget")
    assert COOKIE not in browser.cookies
    assert filled_in(page) == ""
    assert "forget" not in buttons(page)
    assert browser.sign_in(page, username="bob").status == 303


def test_the_client_that_names_a_user_comes_first(bank, visit):
    """OIDCC-3.1.2.1: login_hint. What the browser keeps for another is not shown."""
    browser = Browser(bank)
    browser.cookies[COOKIE] = encoded(b"alice")
    page = visit(browser, login_hint="bob")
    assert filled_in(page) == "bob"
    assert "forget" not in buttons(page)


@pytest.mark.parametrize(
    "value", ["", "%00", "a", encoded(b"\xff\xfe"), encoded(b"a\nb"), encoded(b"x" * (MAX_BYTES + 1)), "=" * 9]
)
def test_a_cookie_that_is_not_of_ours_fills_in_nothing(bank, visit, value):
    browser = Browser(bank)
    browser.cookies[COOKIE] = value
    page = visit(browser)
    assert page.status == 200
    assert filled_in(page) == ""


def test_a_cookie_with_markup_fills_in_text(bank, visit):
    browser = Browser(bank)
    browser.cookies[COOKIE] = encoded(b'"><script>alert(1)</script>')
    for page in (visit(browser), browser.get("/grants"), browser.get("/security")):
        assert filled_in(page) == '"><script>alert(1)</script>'
        assert "<script>alert" not in page.text
        assert len(re.findall("<script>", page.text)) == 1


def test_another_site_signs_nobody_in_and_has_no_name_kept_or_forgotten(bank):
    """Login CSRF: a form without the page's own cookie and token does nothing (RFC6749-10.12)."""
    typed = {"username": "bob", "password": "builder", "one_time_code": "123456", "remember": "yes"}
    for path in ("/grants", "/security"):
        thief, browser = Browser(bank), Browser(bank)
        page = thief.get(path)
        form = {a["name"]: a.get("value", "") for t, a in elements(page.text) if t == "input" and "name" in a}
        browser.cookies[COOKIE] = encoded(b"alice")
        before = dict(browser.cookies)
        for action in ("", "forget"):
            assert browser.post(path, form | typed | {"action": action}).page_error == "access_denied"
            browser.get(path)
            assert browser.post(path, form | typed | {"action": action}).page_error == "access_denied"
            assert browser.cookies[COOKIE] == before[COOKIE]
