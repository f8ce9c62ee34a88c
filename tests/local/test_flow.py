"""The whole login over real sockets and real TLS, by a client library that is not ours, against every real part."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from requests_oauth2client import BearerToken, DPoPKey, DPoPToken, OAuth2Client, PublicApp
from requests_oauth2client.exceptions import InvalidClient, InvalidGrant

from chalicelib.profiles import PROFILES
from local import clients, fintech_web, sandbox_users
from local.browser import Browser
from local.fintech import Fintech, NotConnected, Refused
from local.revoked import Revoked
from local.second_brand import Brands

ALICE = {"username": "alice", "password": sandbox_users.ALICE.password, "one_time_code": sandbox_users.ONE_TIME_CODE}
BOTH = pytest.mark.parametrize("client_id", ["pocket-ledger", "rent-scout"])


@pytest.fixture
def fintech_of(stack, registered):
    """A function: the back end of a client, with its own certificate or another."""

    def of(client_id, *, certificate=None):
        fintech = Fintech(
            registered[client_id], issuer=stack.issuer, api=stack.mtls_url, trusted=stack.certificates.trusted
        )
        if certificate is not None:
            fintech._session.cert = str(certificate.file)
        return fintech

    return of


@pytest.fixture
def browser_of(stack):
    """A function: a new browser that stops at a client's redirect_uri."""
    return lambda fintech: Browser(stack.certificates.trusted, elsewhere=fintech.client.redirect_uri)


def log_in(fintech, browser, who=ALICE):
    """The login that was begun, and where the browser is afterwards. Who agreed before may not be asked again."""
    begun = fintech.begin()
    page = browser.press(browser.open(begun.url), "login", who)
    return begun, (browser.press(page, "approve") if page.forms else page).url


def plain(stack, certificate=None):
    session = requests.Session()
    session.trust_env = False
    session.verify = str(stack.certificates.trusted)
    session.cert = str(certificate.file) if certificate else None
    return session


@BOTH
def test_a_customer_consents_and_the_fintech_reads_until_it_is_revoked(fintech_of, browser_of, client_id):
    fintech = fintech_of(client_id)
    token = fintech.finish(*log_in(fintech, browser_of(fintech)))
    assert token.id_token.alg == fintech.client.metadata["id_token_signed_response_alg"]
    assert token.id_token.sub == sandbox_users.ALICE.sub
    assert fintech.person(token)["email"] == "alice@example.com"
    assert [account["name"] for account in fintech.accounts(token)] == ["Current account", "Savings"]

    fresh = fintech.refresh(token)
    assert fresh.access_token != token.access_token
    assert len(fintech.accounts(fresh)) == 2

    fintech.disconnect(fresh)
    for dead in (token, fresh):
        with pytest.raises(Refused) as refused:
            fintech.accounts(dead)
        assert refused.value.status == 401
        assert 'error="invalid_token"' in refused.value.challenge
    with pytest.raises(InvalidGrant):
        fintech.refresh(token)


def test_a_client_whose_certificate_is_revoked_is_refused_until_it_has_a_new_one(stack):
    """At the token endpoint and, with a token from before, at the bank's API."""
    name = "soon-revoked"
    pair = stack.certificates.client(name)
    record = {
        "client_id": name,
        "client_name": "Soon Revoked",
        "profile": "fapi2-security",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "accounts",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": pair.subject_dn,
        "tls_client_certificate_bound_access_tokens": True,
    }
    clients.register_record(stack.provider, record)

    def tokens(certificate):
        wanted = {"client_id": name, "grant_type": "client_credentials", "scope": "accounts"}
        return plain(stack, certificate).post(f"{stack.mtls_url}/token", data=wanted)

    def products(certificate, token):
        bearer = {"Authorization": f"Bearer {token}"}
        return plain(stack, certificate).get(f"{stack.mtls_url}/products", headers=bearer).status_code

    token = tokens(pair).json()["access_token"]
    assert products(pair, token) == 200
    Revoked(stack.certificates).add(pair.file.read_bytes())
    stack.see_revoked()
    assert (tokens(pair).status_code, tokens(pair).json()["error"]) == (401, "invalid_client")
    assert products(pair, token) == 401
    pair.file.unlink()
    renewed = stack.certificates.client(name)
    assert tokens(renewed).status_code == 200


def test_each_person_sees_their_own_accounts(fintech_of, browser_of):
    fintech = fintech_of("pocket-ledger")
    bob = ALICE | {"username": "bob", "password": sandbox_users.BOB.password}
    token = fintech.finish(*log_in(fintech, browser_of(fintech), bob))
    assert [account["balance"] for account in fintech.accounts(token)] == ["-42.00"]


@pytest.mark.parametrize("before", [(), (("login", ALICE),)])
def test_a_customer_who_cancels_is_sent_back_with_access_denied(fintech_of, browser_of, before):
    fintech = fintech_of("pocket-ledger")
    browser, begun = browser_of(fintech), fintech.begin()
    page = browser.open(begun.url)
    for button, typed in before:
        page = browser.press(page, button, typed)
    page = browser.press(page, "cancel")
    with pytest.raises(NotConnected, match="access_denied"):
        fintech.finish(begun, page.url)


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"one_time_code": "000000"}, {"username": "carol"}])
def test_wrong_secrets_bring_the_page_again_and_right_ones_go_on(fintech_of, browser_of, wrong):
    fintech = fintech_of("pocket-ledger")
    browser, begun = browser_of(fintech), fintech.begin()
    page = browser.press(browser.open(begun.url), "login", ALICE | wrong)
    assert 'role="alert"' in page.html
    page = browser.press(browser.press(page, "login", ALICE), "approve")
    assert fintech.finish(begun, page.url).id_token.sub == sandbox_users.ALICE.sub


def test_the_login_page_shows_the_sandbox_peoples_secrets(fintech_of, browser_of):
    fintech = fintech_of("pocket-ledger")
    page = browser_of(fintech).open(fintech.begin().url)
    assert sandbox_users.ALICE.password in page.html
    assert sandbox_users.ONE_TIME_CODE in page.html


def test_another_browser_with_the_pages_address_gets_nowhere(fintech_of, browser_of):
    fintech = fintech_of("pocket-ledger")
    page = browser_of(fintech).open(fintech.begin().url)
    stolen = browser_of(fintech).open(page.url)
    assert 'data-error="access_denied"' in stolen.html
    assert stolen.forms == ()


def test_another_certificate_is_refused_with_a_stolen_token(fintech_of, browser_of, registered):
    fintech = fintech_of("pocket-ledger")
    token = fintech.finish(*log_in(fintech, browser_of(fintech)))
    thief = fintech_of("pocket-ledger", certificate=registered["rent-scout"].certificate)
    for steal in (thief.accounts, thief.refresh):
        with pytest.raises((Refused, InvalidGrant)):
            steal(token)
    assert len(fintech.accounts(token)) == 2


def test_a_certificate_of_that_name_that_nobody_signed_is_another_certificate(stack, fintech_of, browser_of):
    fintech = fintech_of("pocket-ledger")
    token = fintech.finish(*log_in(fintech, browser_of(fintech)))
    with pytest.raises(Refused):
        fintech_of("pocket-ledger", certificate=stack.certificates.self_signed("pocket-ledger")).accounts(token)


def test_a_token_without_a_certificate_is_refused_on_both_hosts(stack, fintech_of, browser_of):
    fintech = fintech_of("pocket-ledger")
    token = fintech.finish(*log_in(fintech, browser_of(fintech)))
    for host in (stack.mtls_url, stack.issuer):
        answer = plain(stack).get(f"{host}/accounts", auth=token)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_certificate_is_not_seen_on_the_browsers_host(stack, registered):
    client = registered["rent-scout"]
    browsers = OAuth2Client(
        f"{stack.issuer}/token", PublicApp(client.client_id), session=plain(stack, client.certificate)
    )
    with pytest.raises(InvalidClient):
        browsers.client_credentials()


@pytest.mark.parametrize("part", ["state", "iss", "code"])
def test_the_client_library_takes_no_answer_to_another_question(fintech_of, browser_of, part):
    fintech = fintech_of("pocket-ledger")
    begun, callback = log_in(fintech, browser_of(fintech))
    with pytest.raises(NotConnected):
        fintech.finish(begun, callback.replace(f"{part}=", f"{part}=x"))


def test_of_eight_redemptions_of_one_code_one_wins_and_what_it_gave_dies(stack, fintech_of, browser_of):
    fintech = fintech_of("rent-scout")
    begun, callback = log_in(fintech, browser_of(fintech))
    response = begun.request.validate_callback(callback)
    form = {
        "grant_type": "authorization_code",
        "client_id": fintech.client.client_id,
        "code": response.code,
        "redirect_uri": response.redirect_uri,
        "code_verifier": response.code_verifier,
    }

    def redeem(_):
        return plain(stack, fintech.client.certificate).post(f"{stack.mtls_url}/token", data=form)

    with ThreadPoolExecutor(8) as racers:
        answers = list(racers.map(redeem, range(8)))
    winners = [answer for answer in answers if answer.status_code == 200]
    assert len(winners) == 1
    assert {answer.json()["error"] for answer in answers if answer not in winners} == {"invalid_grant"}
    with pytest.raises(Refused):
        fintech.accounts(BearerToken(winners[0].json()["access_token"]))


# DPoP, and what Message Signing adds


@pytest.fixture(params=["pocket-ledger", "rent-scout"])
def proving(request, stack, home):
    """The back end of each client, as it is under Message Signing and with tokens bound to its DPoP key."""
    pair = clients.two(stack.certificates, home, profile="fapi2-message-signing", sender="dpop")
    (client,) = [one for one in pair if one.client_id == request.param]
    client = replace(client, metadata={**client.metadata, "client_id": f"proving-{client.client_id}"})
    clients.register(stack.provider, client)
    api = stack.mtls_url if client.shows_certificate else stack.issuer
    return Fintech(client, issuer=stack.issuer, api=api, trusted=stack.certificates.trusted)


def test_a_fintech_with_a_dpop_key_reads_until_it_is_revoked(proving, browser_of):
    token = proving.finish(*log_in(proving, browser_of(proving)))
    assert (token.token_type, token.id_token.sub) == ("DPoP", sandbox_users.ALICE.sub)
    assert proving.person(token)["email"] == "alice@example.com"
    fresh = proving.refresh(token)
    for one in (token, fresh):
        assert len(proving.accounts(one)) == 2
    proving.disconnect(fresh)
    with pytest.raises(Refused) as refused:
        proving.accounts(fresh)
    assert refused.value.status == 401
    assert refused.value.challenge.startswith('DPoP error="invalid_token"')


def test_a_token_without_its_dpop_key_is_refused(stack, proving, browser_of):
    token = proving.finish(*log_in(proving, browser_of(proving)))
    other = DPoPToken(token.access_token, _dpop_key=DPoPKey.generate())
    for stolen in (other, BearerToken(token.access_token)):
        with pytest.raises(Refused, match='error="invalid_token"'):
            proving.accounts(stolen)
    assert len(proving.accounts(token)) == 2


@pytest.mark.parametrize("proving", ["pocket-ledger"], indirect=True)
def test_a_fintech_that_signs_takes_no_response_that_the_bank_did_not_sign_for_it(proving, browser_of):
    begun, callback = log_in(proving, browser_of(proving))
    response = parse_qs(urlsplit(callback).query)["response"][0]
    head, claims, signature = response.split(".")
    bare = f"code=x&state={begun.request.state}&iss={begun.request.issuer}"
    forged = [f"{head}.{claims}x.{signature}", f"{head}.{claims}.{signature[::-1]}", "x"]
    for query in (bare, *(f"response={one}" for one in forged)):
        with pytest.raises(NotConnected):
            proving.finish(begun, f"{proving.client.redirect_uri}?{query}")
    assert proving.finish(begun, callback).id_token.sub == sandbox_users.ALICE.sub


# The sample bank


@pytest.fixture
def accounts(stack, fintech_of, browser_of):
    """A function: headers to the bank's answer."""
    fintech = fintech_of("pocket-ledger")
    token = fintech.finish(*log_in(fintech, browser_of(fintech)))
    session = plain(stack, fintech.client.certificate)
    return lambda headers=None: session.get(f"{stack.mtls_url}/accounts", auth=token, headers=headers)


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
def test_the_bank_echoes_the_interaction_id(accounts):
    """Sets x-fapi-interaction-id to the value received from the client, or to a fresh UUID."""
    sent = str(uuid.uuid4())
    assert accounts({"x-fapi-interaction-id": sent}).headers["x-fapi-interaction-id"] == sent
    assert uuid.UUID(accounts().headers["x-fapi-interaction-id"])
    refused = accounts({"x-fapi-interaction-id": "not one"})
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_request"})
    assert uuid.UUID(refused.headers["x-fapi-interaction-id"])


@pytest.mark.clause("FAPI1-BASE-6.2.1-10")
def test_the_bank_says_when_it_answered(accounts):
    """Sends the server date in the HTTP Date header."""
    date = parsedate_to_datetime(accounts().headers["Date"])
    assert abs(datetime.now(UTC) - date) < timedelta(seconds=5)


@pytest.mark.parametrize("accept", ["application/json", "application/json;charset=UTF-8", "application/json, */*"])
def test_the_bank_answers_in_json_whatever_else_is_acceptable(accounts, accept):
    answer = accounts(
        {"Accept": accept, "x-fapi-auth-date": "Sun, 10 Sep 2017 19:43:31 GMT", "x-fapi-customer-ip-address": "::1"}
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert len(answer.json()["accounts"]) == 2


# The fintechs' own page


@pytest.fixture
def page_of_the_fintechs(stack, registered, fintech_of, home, home_taken, tmp_path):
    brands = Brands(stack.provider, tmp_path)
    app = fintech_web.build({client_id: fintech_of(client_id) for client_id in registered}, brands)
    server = fintech_web.serve(app, home_taken, stack.certificates.server())
    yield f"{home}/"
    server.shutdown()
    server.server_close()


@BOTH
def test_the_page_connects_reads_again_and_disconnects(stack, page_of_the_fintechs, client_id):
    browser = Browser(stack.certificates.trusted)
    page = browser.press(browser.open(page_of_the_fintechs), f"connect-{client_id}")
    assert page.url.startswith(f"{stack.issuer}/login")
    page = browser.press(browser.press(page, "login", ALICE), "approve")
    for _ in range(2):
        assert page.url == page_of_the_fintechs
        assert "2,480.15 EUR" in page.html
        assert "Alice Sandbox" in page.html
        page = browser.press(page, f"refresh-{client_id}")
    page = browser.press(page, f"disconnect-{client_id}")
    assert "2,480.15" not in page.html


def test_the_page_shows_what_was_said_and_the_customers_choice(stack, page_of_the_fintechs, caplog):
    """The pushed request and its answer, what the browser carried, and the tokens, decoded. None of it is logged."""
    caplog.set_level("DEBUG")
    browser = Browser(stack.certificates.trusted)
    page = browser.press(browser.open(page_of_the_fintechs), "connect-pocket-ledger", {"language": "de"})
    assert '<html lang="de"' in page.html
    page = browser.press(page, "login", ALICE)
    assert "Um Ihre Konten an einem Ort zu zeigen" in page.html
    current, savings = (account["iban"] for account in sandbox_users.ALICE.accounts)
    page = browser.press(page, "approve", {f"details-0-account-{savings}": ""})
    shown = unescape(page.html)
    assert "2,480.15 EUR" in shown
    assert "10,250.00" not in shown
    assert shown.index(f"<code>POST {stack.mtls_url}/par</code>") < shown.index(
        f"<code>GET {stack.issuer}/authorize</code>"
    )
    for seen in (
        '"request_uri": "urn:ietf:params:oauth:request_uri:',
        "<dt>ui_locales</dt><dd><code>de</code>",
        '"aud": "' + stack.issuer,
        "the ID token, decoded",
        f'"sub": "{sandbox_users.ALICE.sub}"',
        '"access_token": "',
        f'href="{stack.issuer}/grants"',
    ):
        assert seen in shown, seen
    (token,) = re.findall(r'"access_token": "([^"]+)"', shown)
    assert token not in caplog.text
    assert savings not in re.findall('"authorization_details": (.*?)]\\s', shown, re.S)[-1]
    assert current in shown


@pytest.mark.parametrize(
    ("button", "words", "amount"),
    [("pay-pocket-ledger", "Merchant A", "123.50"), ("order-rent-scout", "Every month", "850.00")],
)
def test_the_page_pays_once_the_customer_approved(stack, page_of_the_fintechs, button, words, amount):
    """From an account of the customer's choice, and as a standing order."""
    browser = Browser(stack.certificates.trusted)
    page = browser.press(browser.open(page_of_the_fintechs), button)
    page = browser.press(page, "login", ALICE)
    assert words in page.html
    page = browser.press(browser.press(page, "approve"), "app")
    (waiting,) = stack.approval_app.waiting(sandbox_users.ALICE.sub)
    stack.approval_app.answer(waiting.reference, sandbox_users.ALICE.sub, "approved")
    page = browser.press(page, "continue")
    assert page.url == page_of_the_fintechs
    assert f"The bank has taken the payment of {amount} EUR." in page.html


def test_a_click_shows_the_bank_of_another_brand_and_back(stack, page_of_the_fintechs):
    browser = Browser(stack.certificates.trusted)
    page = browser.press(browser.open(page_of_the_fintechs), "brand-1")
    assert '<b id="brand">Coral Bank</b>' in page.html
    bank = browser.press(page, "connect-rent-scout").html
    assert "Coral Bank" in bank
    assert "#a8321a" in bank
    page = browser.press(browser.open(page_of_the_fintechs), "brand-1")
    assert '<b id="brand">Sandbox Bank</b>' in page.html
    assert "#a8321a" not in browser.press(page, "connect-rent-scout").html
    forged = browser._session.post(f"{page_of_the_fintechs}brand", data={"brand": "Coral Bank", "csrf": "x"})
    assert forged.status_code == 400


def test_the_page_says_that_the_customer_said_no(stack, page_of_the_fintechs):
    browser = Browser(stack.certificates.trusted)
    page = browser.press(browser.open(page_of_the_fintechs), "connect-rent-scout")
    page = browser.press(page, "cancel")
    assert page.url == page_of_the_fintechs
    assert 'class="problem"' in page.html


def test_a_callback_counts_only_in_the_browser_where_the_login_began(stack, page_of_the_fintechs):
    first, second = Browser(stack.certificates.trusted), Browser(stack.certificates.trusted)
    stopped = Browser(stack.certificates.trusted, elsewhere=f"{page_of_the_fintechs}callback")
    stopped._session.cookies = first._session.cookies
    page = stopped.press(first.open(page_of_the_fintechs), "connect-rent-scout")
    page = stopped.press(stopped.press(page, "login", ALICE), "approve")
    assert second.open(page.url).status == 400
    assert "2,480.15 EUR" in first.open(page.url).html


# FAPI 1.0


@pytest.fixture(params=["fapi1-baseline", "fapi1-advanced", "fapi1-read-write"])
def under_fapi_1(request, stack, home, monkeypatch):
    """Both back ends under a profile of FAPI 1.0, at a bank whose one-time codes reach what the profile asks for."""
    level = str(PROFILES[request.param].least_assurance)
    monkeypatch.setattr(stack.provider, "settings", stack.provider.settings._replace(otp_level=level))
    both = []
    for client in clients.two(stack.certificates, home, profile=request.param):
        named = replace(client, metadata={**client.metadata, "client_id": f"{request.param}-{client.client_id}"})
        clients.register(stack.provider, named)
        both.append(Fintech(named, issuer=stack.issuer, api=stack.mtls_url, trusted=stack.certificates.trusted))
    return both


def test_each_fintech_reads_under_fapi_1_by_its_own_response_type(under_fapi_1, browser_of):
    for fintech in under_fapi_1:
        token = fintech.finish(*log_in(fintech, browser_of(fintech)))
        assert (token.token_type, token.id_token.sub) == ("Bearer", sandbox_users.ALICE.sub)
        assert fintech.person(token)["email"] == "alice@example.com"
        assert len(fintech.accounts(fintech.refresh(token))) == 2


def test_a_fintech_takes_no_hybrid_response_whose_parts_belong_to_others(under_fapi_1, browser_of):
    fintech = under_fapi_1[0]
    if fintech.client.response_type == "code":
        return
    begun, callback = log_in(fintech, browser_of(fintech))
    _, other = log_in(fintech, browser_of(fintech))
    parts, others = (dict(parse_qsl(urlsplit(url).fragment)) for url in (callback, other))
    for stolen in ("code", "id_token", "state"):
        mixed = urlsplit(callback)._replace(fragment=urlencode(parts | {stolen: others[stolen]})).geturl()
        with pytest.raises(NotConnected):
            fintech.finish(begun, mixed)
    assert fintech.finish(begun, callback).access_token
