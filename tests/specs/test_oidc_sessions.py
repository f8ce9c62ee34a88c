"""OpenID Connect Core 1.0, 3.1.2.1 and 3.1.2.3: who is recognised, who is asked again, and what is asked."""

import json

import pytest

from chalicelib.interaction import session
from chalicelib.profiles import PROFILES
from chalicelib.storage.token_values import digest
from local.sandbox_users import ALICE, BOB
from tests.actors import Browser, jwk, rsa_key
from tests.conftest import FAPI1
from tests.each import each

LONGEST = PROFILES["fapi1-baseline"].session_lifetime


@pytest.fixture
def browser(fapi1_baseline_client):
    """A browser in which alice signed in and agreed, a second ago."""
    browser = Browser(fapi1_baseline_client.bank)
    browser.login(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    fapi1_baseline_client.bank.now += 1
    return browser


def opened(browser, client, **request_parameters):
    """What follows the authorization endpoint: a page's path and query, or the client's redirect_uri."""
    return browser.open(client.client_id, client.pushed(**request_parameters))


def claims_of(client, back):
    return client.bank.verified(client.redeem(back.parameters["code"]).json()["id_token"], client.client_id)


@pytest.mark.clause("OIDCC-3.1.2.3")
def test_3_1_2_3_who_signed_in_and_agreed_before_sees_no_page(fapi1_baseline_client, browser):
    """A person who is authenticated already need not be again; auth_time is the time of the real sign-in."""
    to_consent = opened(browser, fapi1_baseline_client)
    assert to_consent.location.startswith("/consent?")
    claims = claims_of(fapi1_baseline_client, browser.get(to_consent.location))
    assert (claims["sub"], claims["auth_time"], claims["iat"]) == (
        ALICE.sub,
        fapi1_baseline_client.bank.now - 1,
        fapi1_baseline_client.bank.now,
    )
    assert (claims["acr"], claims["amr"]) == ("urn:ducat:loa:2", ["pwd", "otp", "mfa"])


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_prompt_none_is_answered_for_who_signed_in_and_agreed(fapi1_baseline_client, browser):
    """none: no page is shown; it is the way to check for an existing authentication or consent."""
    back = browser.get(opened(browser, fapi1_baseline_client, prompt="none").location)
    assert claims_of(fapi1_baseline_client, back)["sub"] == ALICE.sub


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_prompt_none_without_a_session_is_login_required(fapi1_baseline_client):
    """An error is returned if the person is not already authenticated."""
    back = opened(Browser(fapi1_baseline_client.bank), fapi1_baseline_client, prompt="none")
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
def test_3_1_2_1_prompt_none_without_consent_is_consent_required(fapi1_baseline_client, browser, more):
    """An error is returned if the client has no consent for what it asks, and it gets nothing."""
    back = browser.get(opened(browser, fapi1_baseline_client, prompt="none", **more).location)
    assert back.parameters["error"] == "consent_required"
    assert "code" not in back.parameters


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_3_1_2_1_prompt_login_and_select_account_ask_again(fapi1_baseline_client, browser, prompt):
    """login: SHOULD prompt for reauthentication; select_account: for an account. Another person may come of it."""
    page = browser.get(opened(browser, fapi1_baseline_client, prompt=prompt).location)
    back = browser.get(browser.sign_in(page, username="bob").location)
    assert claims_of(fapi1_baseline_client, browser.submit(back, "approve"))["sub"] == BOB.sub


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_prompt_consent_asks_for_what_was_agreed_to(fapi1_baseline_client, browser):
    """consent: SHOULD prompt for consent before returning information to the client."""
    page = browser.get(opened(browser, fapi1_baseline_client, prompt="consent").location)
    assert "code" in browser.submit(page, "approve").parameters


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize(
    ("max_age", "page"), [("0", "/login?"), ("1", "/login?"), ("2", "/consent?"), ("900", "/consent?")]
)
def test_3_1_2_1_max_age_asks_who_signed_in_longer_ago(fapi1_baseline_client, browser, max_age, page):
    """If the elapsed time is greater than max_age, the OP MUST attempt to actively re-authenticate. 0 always asks."""
    assert opened(browser, fapi1_baseline_client, max_age=max_age).location.startswith(page)


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_whoever_signs_in_again_has_a_new_auth_time(fapi1_baseline_client, browser):
    """The ID Token MUST include auth_time where max_age is used."""
    fapi1_baseline_client.bank.now += 5
    page = browser.get(opened(browser, fapi1_baseline_client, max_age="1").location)
    back = browser.get(browser.sign_in(page).location)
    assert claims_of(fapi1_baseline_client, back)["auth_time"] == fapi1_baseline_client.bank.now


def test_nobody_is_recognised_for_longer_than_the_profile_says(fapi1_baseline_client, browser):
    fapi1_baseline_client.bank.now += LONGEST - 2
    assert opened(browser, fapi1_baseline_client).location.startswith("/consent?")
    fapi1_baseline_client.bank.now += 1
    assert opened(browser, fapi1_baseline_client).location.startswith("/login?")


def test_a_profile_that_recognises_nobody_neither_begins_a_session_nor_takes_one(
    fapi1_baseline_client, browser, tls_client_auth_client
):
    assert opened(browser, tls_client_auth_client).location.startswith("/login?")
    other = Browser(tls_client_auth_client.bank)
    other.login(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    assert session.COOKIE not in other.cookies
    assert opened(other, fapi1_baseline_client).location.startswith("/login?")


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_another_person_than_is_hinted_at_is_not_recognised(fapi1_baseline_client, browser):
    """id_token_hint: if another person than it names is signed in, they sign in anew, or an error is returned."""
    code = fapi1_baseline_client.approved(username="bob").parameters["code"]
    hint = fapi1_baseline_client.redeem(code).json()["id_token"]
    assert opened(browser, fapi1_baseline_client, id_token_hint=hint).location.startswith("/login?")
    assert (
        opened(browser, fapi1_baseline_client, id_token_hint=hint, prompt="none").parameters["error"]
        == "login_required"
    )
    wanted = json.dumps({"id_token": {"sub": {"value": BOB.sub}}})
    assert opened(browser, fapi1_baseline_client, claims=wanted, prompt="none").parameters["error"] == "login_required"


@pytest.mark.clause("OIDCC-5.5.1.1")
def test_5_5_1_1_a_session_at_another_level_than_is_essential_does_not_do(fapi1_baseline_client, browser):
    """An essential acr that the session did not reach needs another sign-in."""
    wanted = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:ducat:loa:3"}}})
    assert opened(browser, fapi1_baseline_client, claims=wanted).location.startswith("/login?")
    assert opened(browser, fapi1_baseline_client, acr_values="urn:ducat:loa:3").location.startswith("/consent?")


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_the_page_shows_what_is_new_and_says_so(fapi1_baseline_client, browser):
    """R10: asks explicit consent for scopes that were not authorized before; what was is not asked alone."""
    page = browser.get(opened(browser, fapi1_baseline_client, scope="openid accounts email").location)
    assert "See your email address (new)" in page.text
    assert "See your accounts and their balances</span>" in page.text
    browser.submit(page, "approve")
    assert browser.get(opened(browser, fapi1_baseline_client, scope="openid email", prompt="none").location).parameters[
        "code"
    ]


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_who_says_no_is_remembered_for_nothing(fapi1_baseline_client):
    """Nobody is remembered to have agreed who did not."""
    browser = Browser(fapi1_baseline_client.bank)
    page = browser.consent_page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    assert browser.submit(page, "cancel").parameters["error"] == "access_denied"
    back = browser.get(opened(browser, fapi1_baseline_client, prompt="none").location)
    assert back.parameters["error"] == "consent_required"


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_write_access_needs_consent_each_time(fapi1_baseline_client, browser):
    """Who may change something is named on a page each time."""
    for _ in range(2):
        page = browser.get(opened(browser, fapi1_baseline_client, scope="openid payments").location)
        assert "Make payments from your accounts" in page.text
        browser.submit(page, "approve")


@pytest.mark.clause("RFC8252-8.6")
def test_r10_a_public_client_needs_consent_each_time(bank, public_client):
    """RFC 8252 8.6: who else uses a public client's name is not known, so it gets nothing without a page."""
    browser = Browser(bank)
    for page in (
        browser.get("/authorize", {"client_id": "public", **public_client.request_arguments()}) for _ in range(2)
    ):
        shown = browser.get(page.location)
        if page.location.startswith("/login?"):
            shown = browser.get(browser.sign_in(shown).location)
        browser.submit(shown, "approve")


@each(
    ("sent", "kept"),
    [("en", ("en",)), ("de-CH en", ("de-CH", "en")), ("<b> en", ("en",)), ("a " * 20, ("a",) * 8), (None, ())],
)
@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_ui_locales_are_kept_and_never_an_error(fapi1_baseline_client, sent, kept):
    """ui_locales: an error SHOULD NOT result if some or all of them are not supported."""
    request_uri = fapi1_baseline_client.pushed(ui_locales=sent)
    key = digest(request_uri.rpartition(":")[2])
    found = fapi1_baseline_client.bank.aws.grants.find(key, now=fapi1_baseline_client.bank.now)
    assert found.request.ui_locales == kept
    offered = ["en", "de", "es", "pt-BR", "fr", "ar"]
    assert fapi1_baseline_client.bank.metadata()["ui_locales_supported"] == offered


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_details_need_consent_each_time(bank, fapi1_baseline_client):
    """Authorization details are shown on a page each time, though they only read and the scopes were agreed to."""
    bank.register(
        **FAPI1 | {"client_id": "detailed", "profile": "fapi1-baseline", "jwks": {"keys": [jwk(rsa_key("baseline"))]}},
        authorization_details_types=["account_information"],
    )
    client = fapi1_baseline_client.with_(client_id="detailed", scope="openid")
    wanted = json.dumps([{"type": "account_information", "access": {"accounts": []}}])
    browser = Browser(bank)
    browser.login(client.client_id, client.pushed())
    for _ in range(2):
        page = browser.get(opened(browser, client, authorization_details=wanted).location)
        assert "Look at your accounts" in page.text


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_r10_an_agreement_that_spared_a_page_lasts_no_longer_for_it(fapi1_baseline_client, browser):
    """What was agreed to on a page ends when that page said, however often it spared another since."""
    bank = fapi1_baseline_client.bank
    agreed_at = bank.now - 1
    bank.now = agreed_at + PROFILES["fapi1-baseline"].consent_lifetime - 60
    assert "code" in browser.login(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed()).parameters
    bank.now += 60
    page = browser.get(opened(browser, fapi1_baseline_client).location)
    assert 'value="approve"' in page.text
