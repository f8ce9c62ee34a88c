"""Sessions under attack: another's cookie, a person who is gone, a victim who is signed in as the attacker."""

import re

import pytest

from chalicelib.interaction import session
from local import sandbox_users
from local.sandbox_users import ALICE
from tests.actors import NOW, Browser


@pytest.fixture
def victim(fapi1_baseline_client):
    """The browser of alice, who signed in and agreed."""
    browser = Browser(fapi1_baseline_client.bank)
    browser.login(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    return browser


def silent(browser, client, **request_parameters):
    return browser.open(client.client_id, client.pushed(prompt="none", **request_parameters))


def test_a_cookie_of_ones_own_making_is_nobodys_session(fapi1_baseline_client, victim):
    for value in ("", "x", "s-alice", "a" * 43):
        outsider = Browser(fapi1_baseline_client.bank)
        outsider.cookies = {session.COOKIE: value}
        assert silent(outsider, fapi1_baseline_client).parameters["error"] == "login_required"


def test_the_cookie_of_an_interaction_is_no_session(fapi1_baseline_client):
    browser = Browser(fapi1_baseline_client.bank)
    browser.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    (cookie,) = browser.cookies.values()
    browser.cookies = {session.COOKIE: cookie}
    assert silent(browser, fapi1_baseline_client).parameters["error"] == "login_required"


def test_a_planted_session_is_dead_once_the_victim_signs_in(fapi1_baseline_client, victim):
    """Fixation: the attacker puts a session of their own into the victim's browser, and waits."""
    attacker = Browser(fapi1_baseline_client.bank)
    attacker.login(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(), username="bob")
    planted = attacker.cookies[session.COOKIE]
    victim.cookies[session.COOKIE] = planted
    page = victim.get(
        victim.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(prompt="login")).location
    )
    victim.sign_in(page)
    assert victim.cookies[session.COOKIE] != planted
    assert silent(attacker, fapi1_baseline_client).parameters["error"] == "login_required"


def test_each_sign_in_has_a_session_of_its_own_and_ends_the_one_before(fapi1_baseline_client, victim):
    before = victim.cookies[session.COOKIE]
    victim.sign_in(
        victim.get(victim.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(prompt="login")).location)
    )
    assert victim.cookies[session.COOKIE] != before
    assert fapi1_baseline_client.bank.aws.sessions.find(before, now=fapi1_baseline_client.bank.now) is None


def test_a_person_who_is_gone_or_was_replaced_has_no_session(fapi1_baseline_client, victim, monkeypatch):
    monkeypatch.setattr(sandbox_users, "USERS", {})
    assert silent(victim, fapi1_baseline_client).parameters["error"] == "login_required"
    monkeypatch.setattr(sandbox_users, "USERS", {"alice": sandbox_users.BOB})
    assert silent(victim, fapi1_baseline_client).parameters["error"] == "login_required"


def test_a_session_that_was_ended_is_over_at_once(fapi1_baseline_client, victim):
    fapi1_baseline_client.bank.aws.sessions.end(victim.cookies[session.COOKIE], now=NOW, keep=NOW + 900)
    assert silent(victim, fapi1_baseline_client).parameters["error"] == "login_required"


def test_an_attacker_cannot_sign_a_victims_browser_in(fapi1_baseline_client, victim):
    """Login CSRF: a form of another site posts the attacker's name and password, in the victim's browser."""
    attacker = Browser(fapi1_baseline_client.bank)
    page = attacker.page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    before = dict(victim.cookies)
    answer = Browser.sign_in(victim, page, username="bob")
    assert (answer.status, answer.page_error) == (400, "access_denied")
    assert victim.cookies == before


def test_a_wrong_code_begins_no_session(fapi1_baseline_client):
    browser = Browser(fapi1_baseline_client.bank)
    browser.sign_in(
        browser.page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed()), one_time_code="000000"
    )
    assert session.COOKIE not in browser.cookies


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize("redirect_uri", ["https://evil.example", "https://fintech.example/callback/"])
def test_prompt_none_tells_nobody_whose_redirect_uri_is_not_proven(fapi1_baseline_client, victim, redirect_uri):
    """Whether somebody is signed in is told to the client alone: else there is a page, the same for all."""
    request_parameters = fapi1_baseline_client.request_arguments(
        client_id=fapi1_baseline_client.client_id, redirect_uri=redirect_uri, prompt="none"
    )
    answer = victim.get("/authorize", request_parameters)
    assert (answer.status, answer.page_error) == (400, "invalid_request")
    assert answer.unnamed.text == Browser(fapi1_baseline_client.bank).get("/authorize", request_parameters).unnamed.text


def test_the_cookie_goes_to_this_host_alone_and_to_no_script_and_no_other_sites_form(fapi1_baseline_client):
    browser = Browser(fapi1_baseline_client.bank)
    answer = browser.sign_in(browser.page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed()))
    line, device = answer.all("set-cookie")
    for one, begins, seconds in (
        (line, "__Host-ducat-session=", 900),
        (device, "__Host-ducat-device-", 400 * 24 * 3600),
    ):
        assert one.startswith(begins)
        assert one.partition("; ")[2] == f"Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax"


def test_another_persons_interaction_is_not_answered_by_ones_session(fapi1_baseline_client, victim):
    """Who opens the link of another browser's interaction has a session, and still not its cookie."""
    begun = Browser(fapi1_baseline_client.bank).open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    answer = victim.get(begun.location.replace("/login", "/consent"))
    assert answer.page_error == "access_denied"


def test_a_session_holds_nothing_personal_but_the_name(fapi1_baseline_client, victim):
    found = fapi1_baseline_client.bank.aws.sessions.find(
        victim.cookies[session.COOKIE], now=fapi1_baseline_client.bank.now
    )
    assert (found.sub, found.username) == (ALICE.sub, "alice")


def test_the_login_page_left_open_is_over_once_its_person_signed_out(fapi1_baseline_client):
    """Who signed in, went back and presses Cancel leaves; after a sign-out the page does nothing more."""
    browser, ends = Browser(fapi1_baseline_client.bank), {}
    for signed_out in (False, True):
        page = browser.page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(prompt="login"))
        browser.sign_in(page)
        if signed_out:
            now = fapi1_baseline_client.bank.now
            fapi1_baseline_client.bank.aws.sessions.end(browser.cookies[session.COOKIE], now=now, keep=now + 60)
        ends[signed_out] = browser.submit(page, "cancel")
        fapi1_baseline_client.bank.now += 60
    assert "error=access_denied" in ends[False].text
    assert (ends[True].status, ends[True].page_error) == (400, "access_denied")
    assert "redirect" not in ends[True].text


def test_all_sessions_of_a_person_end_by_one_press_in_any_browser(fapi1_baseline_client, victim):
    """A thief is signed in somewhere. The person signs out everywhere, and is then asked to sign in anew, here too."""
    bank, client = fapi1_baseline_client.bank, fapi1_baseline_client
    thief, other = Browser(bank), Browser(bank)
    bank.now += 30
    waiting = thief.consent_page(client.client_id, client.pushed(prompt="consent"))
    other.login(client.client_id, client.pushed(), username="bob")
    page = victim.get("/grants")
    form = next(one for one in forms(page) if one["action"] == "sign-out-everywhere")
    bank.now += 1
    answer = victim.post("/grants", form)
    assert answer.location == "/grants"
    assert session.COOKIE not in victim.cookies
    assert "signed out in every browser" in victim.get("/grants").text
    assert 'id="password"' in thief.get("/grants").text
    assert silent(thief, client).parameters["error"] == "login_required"
    assert thief.submit(waiting, "approve").page_error == "access_denied"
    assert silent(other, client).location.startswith("/consent")
    bank.now += 30
    victim.login(client.client_id, client.pushed())
    assert silent(victim, client).location.startswith("/consent")
    assert silent(thief, client).parameters["error"] == "login_required"


def test_nobody_signs_another_person_out(fapi1_baseline_client, victim):
    bank, client = fapi1_baseline_client.bank, fapi1_baseline_client
    bob = Browser(bank)
    bob.login(client.client_id, client.pushed(), username="bob")
    form = next(one for one in forms(bob.get("/grants")) if one["action"] == "sign-out-everywhere")
    bank.now += 1
    assert (
        victim.post("/grants", form).page_error == "access_denied"
    )  # Another site's form has no token of this browser.
    assert bob.post("/grants", form).status == 303
    assert silent(victim, client).location.startswith("/consent")


def forms(page):
    """What each button of the page's footer posts."""
    foot = page.text[page.text.index("<footer>") :]
    fields = dict(re.findall(r'name="(interaction|csrf)" value="([^"]*)"', foot))
    return [fields | {"action": action} for action in re.findall(r'name="action" value="([^"]+)"', foot)]
