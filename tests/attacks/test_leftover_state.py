"""What one sign-in leaves lying about for the next: an answer, a code, a session, a claim that nobody agreed to."""

import json
from dataclasses import replace

import pyotp
import pytest

from chalicelib.interaction import session
from chalicelib.interaction.browser_binding import challenge
from chalicelib.users import directory, enrolment
from local import sandbox_users as sandbox
from tests.actors import Browser
from tests.authenticator import Authenticator, passkey_options, put
from tests.each import each

PASSWORD = "correct horse battery staple"
DAY = 24 * 3600


@pytest.mark.parametrize("later", [0, 15 * 60, 15 * 60 + 1, 30 * DAY])
def test_a_passkeys_answer_on_the_page_of_grants_is_taken_once_for_ever(bank, later):
    """Whoever kept the whole request, cookie and all, has a sign-in of level three, unless its challenge ends."""
    alice, browser = put(bank, sandbox.ALICE, Authenticator()), Browser(bank)
    page = browser.get("/grants")
    thief = Browser(bank)
    thief.cookies = dict(browser.cookies)
    answer = alice.get(passkey_options(page.text))
    assert browser.submit(page, "login", passkey=answer).location == "/grants"
    bank.now += later
    again = thief.submit(page, "login", passkey=answer)
    assert again.location == "/grants" if later == 0 else "That passkey was not accepted" in again.text
    assert session.COOKIE not in thief.cookies
    assert 'id="password"' in thief.get("/grants").text


@each("nonce", ["", "x", "x.", "x.-1", "x.1e9", "x.99999999999999999999", "x.4000000000", "x.\u0661"])
def test_no_page_of_ours_asks_for_longer_than_it_stays(bank, nonce):
    """A nonce of one's own making ends when the page would have, or is none."""
    put(bank, sandbox.ALICE, Authenticator())
    browser = Browser(bank)
    page = browser.get("/grants")
    shown = browser.submit(page, "login", passkey=json.dumps({"id": "x"}), passkey_nonce=nonce)
    assert (shown.status, "That passkey was not accepted" in shown.text) == (200, True)


@pytest.mark.parametrize(
    "claims",
    [None, {"id_token": {"sub": {"value": "somebody-else"}}}],
    ids=["too-weak", "another-person"],
)
def test_a_one_time_code_is_good_once_though_the_sign_in_was_not_enough(
    bank, fapi1_read_write_client, fapi1_baseline_client, monkeypatch, claims
):
    """RFC 6238 5.2: who saw it typed, where it was right and still did not do, can't use it elsewhere."""
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    uri = enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password=PASSWORD, claims={}, random_bytes=lambda length: bytes(range(length))
    )
    bank.now += 60 if claims else 0  # another code in each run
    typed = {"username": "carol", "password": PASSWORD, "one_time_code": pyotp.parse_uri(uri).at(bank.now)}
    browser = Browser(bank)
    if claims:
        page = browser.page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(claims=json.dumps(claims)))
    else:
        page = browser.get(
            browser.get("/authorize", fapi1_read_write_client.direct(response_type="code id_token")).location
        )
    assert browser.sign_in(page, **typed).status == 200
    thief = Browser(bank)
    assert thief.sign_in(thief.get("/grants"), **typed).status == 200
    assert session.COOKIE not in thief.cookies


def test_who_signs_in_is_not_taken_for_who_did_before(fapi1_baseline_client, fintech):
    """Bob signs in, for a client whose profile recognises nobody, where alice was: the next client does not get alice."""
    browser = Browser(fapi1_baseline_client.bank)
    browser.login(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    before = browser.cookies[session.COOKIE]
    browser.login(fintech.client_id, fintech.pushed(), username="bob")
    assert session.COOKIE not in browser.cookies
    assert fapi1_baseline_client.bank.aws.sessions.find(before, now=fapi1_baseline_client.bank.now) is None
    silent = browser.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(prompt="none"))
    assert silent.parameters["error"] == "login_required"


def test_an_id_token_has_no_claim_that_the_page_did_not_show(
    bank, fapi1_bearer_client, fapi1_read_write_loa3_client, monkeypatch
):
    """A directory of the bank's own may know more than the consent page has words for; no other claim is ever told."""
    sign_in = sandbox.Sandbox.sign_in

    def knows_more(self, *known, **typed):
        signed_in = sign_in(self, *known, **typed)
        login = signed_in.login
        return replace(signed_in, login=replace(login, claims={**login.claims, "tax_id": "T-1"}))

    monkeypatch.setattr(sandbox.Sandbox, "sign_in", knows_more)
    wanted = json.dumps({"id_token": {"tax_id": None, "email": None}})
    disclosed = bank.verified(
        fapi1_bearer_client.tokens(scope="openid", claims=wanted)["id_token"], fapi1_bearer_client.client_id
    )
    assert (disclosed.get("email"), disclosed.get("tax_id")) == ("alice@example.com", None)
    front = fapi1_read_write_loa3_client.agreed(response_type="code id_token", claims=wanted).fragment
    disclosed = bank.verified(front["id_token"], fapi1_read_write_loa3_client.client_id)
    assert not {"email", "tax_id"} & disclosed.keys()


@pytest.mark.fault("1b")
def test_a_passkey_answers_only_what_the_page_of_grants_requested(bank):
    """Web Authentication 13.4.3: the challenge was made of the caller's own cookie and nonce, and signed in a month later."""
    alice, browser = put(bank, sandbox.ALICE, Authenticator()), Browser(bank)
    before = Browser(bank)
    page = browser.get("/grants")
    options = passkey_options(page.text)
    cookie = browser.cookies["__Host-ducat-grants"]
    for until in (bank.now + 15 * 60, bank.now + 15 * 60 + 1, bank.now + 365 * DAY):
        nonce = f"{'A' * 43}.{until}"
        answer = alice.get(options | {"challenge": challenge("grants", cookie, nonce)})
        shown = browser.submit(page, "login", passkey=answer, passkey_nonce=nonce)
        assert not shown.leads_on
        assert session.COOKIE not in browser.cookies
    late = before.get("/grants")
    assert browser.submit(page, "login", passkey=alice.get(options)).leads_on
    thief = Browser(bank)
    thief.cookies = {"__Host-ducat-grants": cookie}
    thief.submit(page, "login", passkey=alice.get(options))
    assert session.COOKIE in browser.cookies
    assert session.COOKIE not in thief.cookies
    bank.now += 15 * 60
    assert not before.submit(late, "login", passkey=alice.get(passkey_options(late.text))).leads_on
    assert session.COOKIE not in before.cookies


@pytest.mark.fault("1b")
def test_a_passkey_answers_a_login_only_within_the_time_that_its_page_says(tls_client_auth_client):
    """The nonce is the page's; one with another end is none, whatever the passkey signs."""
    bank = tls_client_auth_client.bank
    alice, browser = put(bank, sandbox.ALICE, Authenticator()), Browser(bank)
    page = browser.page(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    key = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    cookie = next(iter(browser.cookies.values()))
    for nonce in ("A" * 43, f"{'A' * 43}.{bank.now}", f"{'A' * 43}.{bank.now + DAY}"):
        answer = alice.get(passkey_options(page.text) | {"challenge": challenge(key, cookie, nonce)})
        assert not browser.submit(page, "login", passkey=answer, passkey_nonce=nonce).leads_on
    assert browser.submit(page, "login", passkey=alice.get(passkey_options(page.text))).leads_on
