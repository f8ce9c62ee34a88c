"""OpenID Connect Core 1.0, 3.1.2.1 and 3.1.2.3: who is recognised, who is asked again, and what is asked."""

import json

import pytest

from chalicelib.profiles import PROFILES
from local.people import ALICE, BOB
from tests.actors import Browser

LONGEST = PROFILES["fapi1-baseline"].longest_session


@pytest.fixture
def browser(baseline):
    """A browser in which alice signed in and agreed, a second ago."""
    browser = Browser(baseline.bank)
    browser.login(baseline.client_id, baseline.pushed())
    baseline.bank.now += 1
    return browser


def opened(browser, client, **asked):
    """What follows the authorization endpoint: a page's path and query, or the client's redirect_uri."""
    return browser.open(client.client_id, client.pushed(**asked))


def claims_of(client, back):
    return client.bank.verified(client.redeem(back.parameters["code"]).json()["id_token"], client.client_id)


@pytest.mark.clause("OIDCC-3.1.2.3")
def test_3_1_2_3_who_signed_in_and_agreed_before_sees_no_page(baseline, browser):
    """A person who is authenticated already need not be again; auth_time is the time of the real sign-in."""
    to_consent = opened(browser, baseline)
    assert to_consent.location.startswith("/consent?")
    claims = claims_of(baseline, browser.get(to_consent.location))
    assert (claims["sub"], claims["auth_time"], claims["iat"]) == (ALICE.sub, baseline.bank.now - 1, baseline.bank.now)
    assert (claims["acr"], claims["amr"]) == ("urn:ducat:loa:2", ["pwd", "otp", "mfa"])


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_prompt_none_is_answered_for_who_signed_in_and_agreed(baseline, browser):
    """none: no page is shown; it is the way to check for an existing authentication or consent."""
    back = browser.get(opened(browser, baseline, prompt="none").location)
    assert claims_of(baseline, back)["sub"] == ALICE.sub


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_prompt_none_without_a_session_is_login_required(baseline):
    """An error is returned if the person is not already authenticated."""
    back = opened(Browser(baseline.bank), baseline, prompt="none")
    assert back.parameters["error"] == "login_required"
    assert back.header("set-cookie") is None


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize(
    "more",
    [
        {"scope": "openid profile accounts email"},
        {"claims": json.dumps({"userinfo": {"phone_number": None}})},
        {"scope": "openid accounts payments"},
    ],
)
def test_3_1_2_1_prompt_none_without_consent_is_consent_required(baseline, browser, more):
    """An error is returned if the client has no consent for what it asks, and it gets nothing."""
    back = browser.get(opened(browser, baseline, prompt="none", **more).location)
    assert back.parameters["error"] == "consent_required"
    assert "code" not in back.parameters


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_3_1_2_1_prompt_login_and_select_account_ask_again(baseline, browser, prompt):
    """login: SHOULD prompt for reauthentication; select_account: for an account. Another person may come of it."""
    page = browser.get(opened(browser, baseline, prompt=prompt).location)
    back = browser.get(browser.sign_in(page, username="bob").location)
    assert claims_of(baseline, browser.submit(back, "approve"))["sub"] == BOB.sub


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_prompt_consent_asks_for_what_was_agreed_to(baseline, browser):
    """consent: SHOULD prompt for consent before returning information to the client."""
    page = browser.get(opened(browser, baseline, prompt="consent").location)
    assert "code" in browser.submit(page, "approve").parameters


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize(
    ("max_age", "page"), [("0", "/login?"), ("1", "/login?"), ("2", "/consent?"), ("900", "/consent?")]
)
def test_3_1_2_1_max_age_asks_who_signed_in_longer_ago(baseline, browser, max_age, page):
    """If the elapsed time is greater than max_age, the OP MUST attempt to actively re-authenticate. 0 always asks."""
    assert opened(browser, baseline, max_age=max_age).location.startswith(page)


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_whoever_signs_in_again_has_a_new_auth_time(baseline, browser):
    """The ID Token MUST include auth_time where max_age is used."""
    baseline.bank.now += 5
    page = browser.get(opened(browser, baseline, max_age="1").location)
    back = browser.get(browser.sign_in(page).location)
    assert claims_of(baseline, back)["auth_time"] == baseline.bank.now


def test_nobody_is_recognised_for_longer_than_the_profile_says(baseline, browser):
    baseline.bank.now += LONGEST - 2
    assert opened(browser, baseline).location.startswith("/consent?")
    baseline.bank.now += 1
    assert opened(browser, baseline).location.startswith("/login?")


def test_a_profile_that_recognises_nobody_neither_begins_a_session_nor_takes_one(baseline, browser, named):
    assert opened(browser, named).location.startswith("/login?")
    other = Browser(named.bank)
    other.login(named.client_id, named.pushed())
    assert other.cookies == {}
    assert opened(other, baseline).location.startswith("/login?")


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_another_person_than_is_hinted_at_is_not_recognised(baseline, browser):
    """id_token_hint: if another person than it names is signed in, they sign in anew, or an error is returned."""
    code = baseline.approved(username="bob").parameters["code"]
    hint = baseline.redeem(code).json()["id_token"]
    assert opened(browser, baseline, id_token_hint=hint).location.startswith("/login?")
    assert opened(browser, baseline, id_token_hint=hint, prompt="none").parameters["error"] == "login_required"
    wanted = json.dumps({"id_token": {"sub": {"value": BOB.sub}}})
    assert opened(browser, baseline, claims=wanted, prompt="none").parameters["error"] == "login_required"


@pytest.mark.clause("OIDCC-5.5.1.1")
def test_5_5_1_1_a_session_at_another_level_than_is_essential_does_not_do(baseline, browser):
    """An essential acr that the session did not reach needs another sign-in."""
    wanted = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:ducat:loa:3"}}})
    assert opened(browser, baseline, claims=wanted).location.startswith("/login?")
    assert opened(browser, baseline, acr_values="urn:ducat:loa:3").location.startswith("/consent?")


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_consent_is_asked_for_what_is_new_and_says_so(baseline, browser):
    """R10: asks explicit consent for scopes that were not authorized before; what was is not asked alone."""
    page = browser.get(opened(browser, baseline, scope="openid accounts email").location)
    assert "See your email address (new)" in page.text
    assert "See your accounts and their balances</span>" in page.text
    browser.submit(page, "approve")
    assert browser.get(opened(browser, baseline, scope="openid email", prompt="none").location).parameters["code"]


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_who_says_no_is_remembered_for_nothing(baseline):
    """Nobody is remembered to have agreed who did not."""
    browser = Browser(baseline.bank)
    page = browser.consent_page(baseline.client_id, baseline.pushed())
    assert browser.submit(page, "cancel").parameters["error"] == "access_denied"
    back = browser.get(opened(browser, baseline, prompt="none").location)
    assert back.parameters["error"] == "consent_required"


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_what_writes_is_asked_each_time(baseline, browser):
    """Who may change something is named on a page each time."""
    for _ in range(2):
        page = browser.get(opened(browser, baseline, scope="openid payments").location)
        assert "Make payments from your accounts" in page.text
        browser.submit(page, "approve")


@pytest.mark.clause("RFC8252-8.6")
def test_r10_a_public_client_is_asked_for_each_time(bank, app_client):
    """RFC 8252 8.6: who else uses a public client's name is not known, so it gets nothing without a page."""
    browser = Browser(bank)
    for page in (browser.get("/authorize", {"client_id": "app", **app_client.asking()}) for _ in range(2)):
        shown = browser.get(page.location)
        if page.location.startswith("/login?"):
            shown = browser.get(browser.sign_in(shown).location)
        browser.submit(shown, "approve")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("en", ("en",)), ("de-CH en", ("de-CH", "en")), ("<b> en", ("en",)), ("a " * 20, ("a",) * 8), (None, ())],
)
@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_ui_locales_are_kept_and_never_an_error(baseline, sent, kept):
    """ui_locales: an error SHOULD NOT result if some or all of them are not supported."""
    request_uri = baseline.pushed(ui_locales=sent)
    found = baseline.bank.aws.pushed_requests.find(request_uri.rpartition(":")[2], now=baseline.bank.now)
    assert found.request.ui_locales == kept
    assert baseline.bank.metadata()["ui_locales_supported"] == ["en"]
