"""People, sessions, consent and pages: faults that providers published in 2025 and 2026, tried on ours."""

import json
import re

import pyotp
import pytest

from chalicelib.users import directory, password
from chalicelib.users.enrolment import enrol
from local import sandbox_users as sandbox
from local.sandbox_users import ALICE, BOB
from tests.actors import Browser, elements
from tests.attacks.published.conftest import claims_of, opens, refused, signed_in
from tests.authenticator import PRESENT, Authenticator, passkey_options

pytestmark = pytest.mark.fault("7")


@pytest.fixture
def own_directory(bank, monkeypatch, light_passwords):
    """The product's directory with carol in it: what her app shows at a time."""

    def random_bytes(octets):
        return bytes(range(octets))

    uri = enrol(
        bank.aws,
        "carol",
        sub="s-carol",
        password="a long enough password",
        claims={"name": "C"},
        random_bytes=random_bytes,
    )
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    return pyotp.parse_uri(uri).at


def path_of(link):
    return "/" + link.split("/", 3)[3]


def proves(browser, link, who="alice"):
    page = browser.get(path_of(link))
    typed = {"password": sandbox.USERS[who].password, "one_time_code": sandbox.ONE_TIME_CODE}
    return browser.submit(page, "continue", username=who, **typed)


def makes(browser, page, made):
    hidden = ("interaction", "csrf", "username", "ticket")
    form = {name: page.text.partition(f'name="{name}" value="')[2].partition('"')[0] for name in hidden}
    return browser.post("/passkey", form | {"passkey": made})


def no_way_in(answer):
    """Whether it is a page of ours, with nothing for a client."""
    return answer.status in (200, 400) and "code=" not in answer.text


@pytest.mark.published("Keycloak", "CVE-2026-7507")
def test_a_login_that_somebody_else_began_is_not_gone_on_with(fintech):
    """An attacker's login was opened by the victim, whose session then finished it for the attacker."""
    attacker, victim = Browser(fintech.bank), signed_in(fintech)
    page = attacker.page(fintech.client_id, fintech.pushed())
    key = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    for path in ("/login", "/consent"):
        assert victim.get(path, {"interaction": key}).status == 400
    assert attacker.get("/consent", {"interaction": key}).status in (303, 400)
    assert no_way_in(attacker.get("/login", {"interaction": key}))


@pytest.mark.published("Keycloak", "CVE-2025-12390")
def test_the_next_person_at_a_browser_gets_no_tokens_of_the_last(fapi1_baseline_client):
    """Two people at one device: the second got tokens of the first's session."""
    client = fapi1_baseline_client
    browser = signed_in(client, "alice")
    client.bank.now += 1
    page = browser.get(browser.open(client.client_id, client.pushed(prompt="login")).location)
    back = browser.submit(browser.get(browser.sign_in(page, username="bob").location), "approve")
    tokens = client.redeem(back.parameters["code"]).json()
    assert client.userinfo(tokens["access_token"]).json()["sub"] == BOB.sub
    silent = browser.get(browser.open(client.client_id, client.pushed(prompt="none")).location)
    assert claims_of(client, silent)["sub"] == BOB.sub


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: another person's consent")
def test_nobody_rides_on_what_another_person_agreed_to(fapi1_baseline_client):
    """A consent that was found for the session's person held for whoever signed in after prompt=login."""
    client = fapi1_baseline_client
    browser = signed_in(client, "alice")
    client.bank.now += 1
    for more in ({"prompt": "login"}, {"max_age": "0"}):
        page = browser.get(browser.open(client.client_id, client.pushed(**more)).location)
        after = browser.sign_in(page, username="bob")
        assert after.location.startswith("/consent")
        shown = browser.get(after.location)
        assert 'value="approve"' in shown.text
        browser = signed_in(client, "alice")


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: auth_time of a consent")
def test_a_page_that_only_asks_for_consent_says_nothing_new_about_the_sign_in(fapi1_baseline_client):
    """A consent without a sign-in rewrote auth_time and lost acr and amr, for the grant's whole life."""
    client = fapi1_baseline_client
    browser = signed_in(client)
    began = client.bank.now
    client.bank.now += 300
    requested_details = {"scope": "openid profile accounts email"}
    page = browser.get(browser.open(client.client_id, client.pushed(**requested_details)).location)
    claims = claims_of(client, browser.submit(page, "approve"))
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (began, "urn:ducat:loa:2", ["pwd", "otp", "mfa"])


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: acr outside the advertised set")
def test_no_level_is_asserted_because_it_was_requested(tls_client_auth_client):
    """acr_values outside the advertised set came back in the ID token."""
    client = tls_client_auth_client
    for wish in ("urn:evil:loa:9", "urn:ducat:loa:3", "urn:ducat:loa:2 urn:evil:loa:9"):
        answer = client.push(acr_values=wish)
        if answer.status == 201:
            back = Browser(client.bank).login(client.client_id, answer.json()["request_uri"])
            assert claims_of(client, back)["acr"] == "urn:ducat:loa:2"
    essential = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:evil:loa:9"}}})
    answer = client.push(claims=essential)
    if answer.status == 201:
        browser = Browser(client.bank)
        back = browser.open(client.client_id, answer.json()["request_uri"])
        if not (back.header("location") or "").startswith("https://"):
            back = browser.sign_in(browser.get(back.location))
        assert "code=" not in (back.header("location") or "")


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: max_age")
def test_no_max_age_lets_an_old_sign_in_pass(fapi1_baseline_client):
    """A max_age that overflowed made every session fresh enough, or none."""
    client = fapi1_baseline_client
    browser = signed_in(client)
    client.bank.now += 700
    for max_age, find_sso_login in (("600", False), ("9999999999", True), ("0", False)):
        to = browser.open(client.client_id, client.pushed(max_age=max_age)).location
        assert to.startswith("/consent") is find_sso_login, max_age
    for odd in ("99999999999", "-1", "1e9", "0x10", "\u0661", "600.0", " 600"):
        assert refused(client.push(max_age=odd), "invalid_request"), odd
    client.bank.now += 300
    assert browser.open(client.client_id, client.pushed(max_age="9999999999")).location.startswith("/login")


@pytest.mark.published("Zitadel", "CVE-2025-64103")
def test_one_factor_of_two_signs_nobody_in(fintech):
    """A session counted as signed in when one of its factors had been checked."""
    for typed in ({"one_time_code": "000000"}, {"one_time_code": ""}, {"password": "wrong"}, {"password": ""}):
        browser = Browser(fintech.bank)
        page = browser.page(fintech.client_id, fintech.pushed())
        sent = {"username": "alice", "password": ALICE.password, "one_time_code": sandbox.ONE_TIME_CODE} | typed
        assert no_way_in(browser.submit(page, "login", **sent))
        key = page.text.partition('name="interaction" value="')[2].partition('"')[0]
        assert 'value="approve"' not in browser.get("/consent", {"interaction": key}).text


@pytest.mark.published("Zitadel", "CVE-2025-64102")
def test_guesses_are_counted_for_password_and_one_time_code_alike(fintech, own_directory):
    """One-time codes could be guessed without end where only passwords were counted."""
    for _ in range(12):
        browser = Browser(fintech.bank)
        page = browser.page(fintech.client_id, fintech.pushed())
        browser.submit(page, "login", username="carol", password="a long enough password", one_time_code="000000")
    outsider = Browser(fintech.bank)
    page = outsider.page(fintech.client_id, fintech.pushed())
    right = own_directory(fintech.bank.now)
    assert no_way_in(
        outsider.submit(page, "login", username="carol", password="a long enough password", one_time_code=right)
    )


@pytest.mark.published("Spring Security", "CVE-2026-22746")
def test_a_name_that_is_nobodys_takes_as_long_and_says_as_much():
    """The defence against telling known names from unknown ones by time was passed by."""
    known, unknown = password.hashed("x", salt=bytes(16)), password.DUMMY_HASH
    assert known.split("$")[:4] == unknown.split("$")[:4]  # the same cost
    assert [len(part) for part in known.split("$")] == [len(part) for part in unknown.split("$")]


@pytest.mark.published("WSO2 Asgardeo", "ASG-2025-015")
def test_the_login_page_does_not_tell_known_names_from_unknown_ones(fintech):
    """What the page said told whether somebody is a customer."""
    shown = set()
    for name in ("alice", "nobody-at-all"):
        browser = Browser(fintech.bank)
        page = browser.page(fintech.client_id, fintech.pushed())
        answer = browser.submit(page, "login", username=name, password="wrong", one_time_code="000000")
        shown.add(re.sub(r'value="[^"]*"|[A-Za-z0-9_-]{43}', "", answer.text))
        assert answer.status == 200
    assert len(shown) == 1


@pytest.mark.published("Keycloak", "GHSA-wv3h-x6c4-r867")
def test_a_person_who_is_gone_gets_no_tokens(fintech, monkeypatch):
    """Tokens were issued and refreshed for users that had been disabled."""
    tokens = fintech.tokens()
    code = fintech.code()
    monkeypatch.delitem(sandbox.USERS, "alice")
    assert refused(fintech.refresh(tokens["refresh_token"]), "invalid_grant")
    assert not opens(fintech, tokens["access_token"])
    browser = Browser(fintech.bank)
    page = browser.page(fintech.client_id, fintech.pushed())
    assert no_way_in(browser.submit(page, "login", username="alice", password="wonderland", one_time_code="123456"))
    assert code


@pytest.mark.published("Keycloak", "CVE-2026-37982")
def test_an_invitation_adds_one_passkey_and_only_for_its_person(bank):
    """A link that had been used was replayed, and an attacker's authenticator added to the account."""
    link = sandbox.invitations(bank.aws)["alice"]
    own = Browser(bank)
    page = proves(own, link)
    assert makes(own, page, Authenticator().create(passkey_options(page.text))).status == 200
    thief = Browser(bank)
    again = thief.get(path_of(link))
    secrets = {"password": sandbox.USERS["bob"].password, "one_time_code": sandbox.ONE_TIME_CODE}
    for who in ("bob", "alice"):
        answer = thief.submit(again, "continue", username=who, **secrets)
        assert "That did not match" in answer.text
    assert makes(own, page, Authenticator().create(passkey_options(page.text))).status == 400
    assert bank.aws.users.find("alice").passkey_count == 1


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: user verification")
def test_a_passkey_is_added_only_with_its_person_verified(bank):
    """An authenticator that asks for nothing was registered, and only its sign-ins were refused."""
    browser = Browser(bank)
    page = proves(browser, sandbox.invitations(bank.aws)["alice"])
    assert makes(browser, page, Authenticator().create(passkey_options(page.text), flags=PRESENT)).status == 400
    assert passkey_options(page.text)["authenticatorSelection"]["userVerification"] == "required"
    assert bank.aws.users.find("alice").passkey_count == 0


@pytest.mark.published("Keycloak", "CVE-2026-15571")
def test_what_guards_a_form_can_not_be_computed_by_a_client(fintech):
    """A hash that guarded the linking of accounts was made of what every client knows."""
    browser = Browser(fintech.bank)
    page = browser.consent_page(fintech.client_id, fintech.pushed())
    hidden = {n: page.text.partition(f'name="{n}" value="')[2].partition('"')[0] for n in ("interaction", "csrf")}
    other = Browser(fintech.bank).consent_page(fintech.client_id, fintech.pushed())
    foreign = other.text.partition('name="csrf" value="')[2].partition('"')[0]
    for csrf in ("", "x", foreign, hidden["interaction"], hidden["csrf"][:-1]):
        answer = browser.post("/consent", hidden | {"csrf": csrf, "action": "approve"})
        assert answer.status == 400
    assert "code" in browser.submit(page, "approve").parameters


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: framable sign-out")
def test_no_page_can_be_framed(fintech, fapi1_baseline_client):
    """The page whose one button ended everything could be laid under another."""
    browser = Browser(fintech.bank)
    login = browser.page(fintech.client_id, fintech.pushed())
    pages = [login, browser.get(browser.sign_in(login).location), Browser(fintech.bank).get("/grants")]
    pages += [browser.get("/authorize", {"client_id": "x"}), browser.get("/consent", {"interaction": "x"})]
    for page in pages:
        assert (page.header("content-type") or "").startswith("text/html")
        assert "frame-ancestors 'none'" in (page.header("content-security-policy") or "")
        assert page.header("x-frame-options") == "DENY"


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: sign-out that failed")
def test_a_sign_out_that_failed_is_not_reported_done(fapi1_baseline_client, failing):
    """The signed-out page was shown and the session lived on."""
    client = fapi1_baseline_client
    browser = signed_in(client)
    page = browser.get("/grants")
    if 'id="password"' in page.text:
        browser.sign_in(page)
        page = browser.get("/grants")
    (form,) = [
        part
        for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL)
        if 'value="leave"' in part or "ign out" in part
    ]
    tags = elements(form)
    sent = {a["name"]: a.get("value", "") for t, a in tags if t in ("input", "button") and "name" in a}
    for operation in ("UpdateItem", "DeleteItem", "PutItem"):
        failing(operation, "ducat-sessions")
    answer = browser.post("/grants", sent)
    assert answer.status >= 500 or "/consent" not in browser.open(client.client_id, client.pushed()).location


@pytest.mark.published("node-oidc-provider", "v9.8.5: escaped output")
def test_nothing_that_is_sent_becomes_markup(bank, fintech):
    """What a request had in it was written into a page as it came."""
    script = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    shown = [
        bank.send("GET", "/authorize", query={"client_id": script, "redirect_uri": script, "state": script}),
        bank.send("GET", "/consent", query={"interaction": script}),
        Browser(bank).page(fintech.client_id, fintech.pushed(login_hint=script, state=script)),
    ]
    bank.register(**{**vars_of(bank, "fintech"), "client_name": script[:100]})
    bank.now += 61
    shown.append(Browser(bank).page(fintech.client_id, fintech.pushed()))
    for page in shown:
        assert "<script>alert" not in page.text
        assert "<img" not in page.text


def vars_of(bank, client_id):
    from tests.conftest import CLIENTS

    return CLIENTS[client_id]()


@pytest.mark.published("node-oidc-provider", "v9.11.4: opaque origins")
def test_no_other_origin_reads_what_is_a_persons(bank, fintech):
    """A sandboxed page, whose origin is null, was let in to read."""
    for origin in ("null", "https://evil.example", "https://fintech.example"):
        for method, path in (("GET", "/userinfo"), ("POST", "/token"), ("GET", "/grants"), ("GET", "/authorize")):
            answer = bank.send(method, path, headers=(("Origin", origin),), form={} if method == "POST" else None)
            assert answer.header("access-control-allow-origin") is None, path
            assert answer.header("access-control-allow-credentials") is None


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: usernames")
def test_a_name_that_only_looks_like_anothers_is_nobodys(fintech):
    """A database compared names without regard to accents, so that one person's password was checked at another's record."""
    for name in ("al\u00edce", "\u0430lice", "alice\u200b", "alice%", "ali_e", "alice\x00", "alice,bob"):
        browser = Browser(fintech.bank)
        page = browser.page(fintech.client_id, fintech.pushed())
        answer = browser.submit(page, "login", username=name, password=ALICE.password, one_time_code="123456")
        assert no_way_in(answer), name
