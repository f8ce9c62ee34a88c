"""Passkeys by the specification (Web Authentication, Level 2): the two ceremonies, through the pages."""

import json
from dataclasses import replace
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from benchmarks import journey
from chalicelib.interaction.browser_binding import challenge
from chalicelib.pages.passkey_options import SCRIPT
from chalicelib.storage.records import SingleUse
from chalicelib.storage.token_values import digest
from chalicelib.users import enrolment
from chalicelib.users.passkeys import ENROLMENT_TOKEN_LIFETIME, MAX_ITEMS
from local import sandbox_users as sandbox
from tests.actors import ISSUER, Browser
from tests.authenticator import PRESENT, VERIFIED, Authenticator, b64, cose, passkey_options, unb64

LOA3 = "urn:ducat:loa:3"
ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "value": LOA3}}})


@pytest.fixture
def invited(bank):
    """Sandbox people in the users table, each with a link."""
    return sandbox.invitations(bank.aws)


@pytest.fixture
def proven(bank, invited):
    """A function: a person to a browser with the page that makes the passkey."""

    def prove(username="alice"):
        browser = Browser(bank)
        return browser, prove_on(browser, browser.get(path_of(invited[username])), username)

    return prove


@pytest.fixture
def enrolled(proven):
    """A function: a person and an authenticator to that authenticator, registered for them."""

    def enrol(username="alice", authenticator=None, **said):
        authenticator = authenticator or Authenticator()
        browser, page = proven(username)
        answer = make(browser, page, authenticator.create(passkey_options(page.text), **said))
        assert answer.status == 200, answer.text
        return authenticator

    return enrol


def path_of(link):
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}" == ISSUER
    return f"{parts.path}?{parts.query}"


def prove_on(browser, page, who="alice", **typed):
    secrets = {"password": sandbox.USERS[who].password, "one_time_code": sandbox.ONE_TIME_CODE}
    return browser.submit(page, "continue", **{"username": who} | secrets | typed)


def make(browser, page, made, **changed):
    hidden = ("interaction", "csrf", "username", "ticket")
    form = {name: page.text.partition(f'name="{name}" value="')[2].partition('"')[0] for name in hidden}
    return browser.post("/passkey", form | {"passkey": made} | changed)


def sign_in(browser, page, authenticator, **said):
    return browser.submit(page, "login", passkey=authenticator.get(passkey_options(page.text), **said))


def stored(bank, username="alice"):
    return [kept.passkey for kept in bank.aws.passkeys.of(bank.aws.users.find(username))]


# Signing in.


@pytest.mark.parametrize(
    "key",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate,
        lambda: rsa.generate_private_key(65537, 2048),
    ],
    ids=["ES256", "EdDSA", "RS256"],
)
def test_a_person_signs_in_by_a_passkey_of_each_algorithm_and_reaches_level_three(
    tls_client_auth_client, enrolled, key
):
    authenticator = enrolled(authenticator=Authenticator(key()))
    browser = Browser(tls_client_auth_client.bank)
    answer = sign_in(
        browser, browser.page("tls-client-auth", tls_client_auth_client.pushed(claims=ESSENTIAL)), authenticator
    )
    back = browser.submit(browser.get(answer.location), "approve")
    id_token = jwt.decode(
        tls_client_auth_client.redeem(back.parameters["code"]).json()["id_token"], options={"verify_signature": False}
    )
    assert (id_token["sub"], id_token["acr"]) == (sandbox.ALICE.sub, LOA3)
    assert id_token["amr"] == ["pop", "user", "mfa"]


def test_the_consent_page_names_who_signed_in_though_no_name_was_typed(tls_client_auth_client, enrolled):
    authenticator, browser = enrolled("bob"), Browser(tls_client_auth_client.bank)
    answer = sign_in(
        browser, browser.page("tls-client-auth", tls_client_auth_client.pushed(scope="openid")), authenticator
    )
    assert "<bdi>bob</bdi>" in browser.get(answer.location).text


def test_the_page_asks_for_any_passkey_of_this_host_with_the_person_verified(tls_client_auth_client):
    browser = Browser(tls_client_auth_client.bank)
    page = browser.page("tls-client-auth", tls_client_auth_client.pushed())
    options = passkey_options(page.text)
    assert len(unb64(options.pop("challenge"))) == 32
    assert options == {
        "rpId": "login.bank.example",
        "timeout": 300_000,
        "userVerification": "required",
        "allowCredentials": [],
    }


def test_no_two_pages_ask_for_the_same_challenge(tls_client_auth_client):
    browser = Browser(tls_client_auth_client.bank)
    where = browser.open("tls-client-auth", tls_client_auth_client.pushed()).location
    assert len({passkey_options(browser.get(where).text)["challenge"] for _ in range(3)}) == 3


def test_two_people_may_have_passkeys_and_each_is_who_they_are(tls_client_auth_client, enrolled, bank, invited):
    of_alice, of_bob = enrolled("alice"), enrolled("bob")
    for authenticator, who in ((of_alice, sandbox.ALICE), (of_bob, sandbox.BOB)):
        browser = Browser(bank)
        answer = sign_in(browser, browser.page("tls-client-auth", tls_client_auth_client.pushed()), authenticator)
        key = answer.location.partition("=")[2]
        assert bank.aws.grants.find(key, now=bank.now).login.sub == who.sub


def test_a_counter_is_remembered_and_the_next_one_is_accepted(tls_client_auth_client, enrolled, bank):
    authenticator = enrolled(authenticator=Authenticator(counts=True))
    for expected in (2, 3):
        browser = Browser(bank)
        assert (
            sign_in(browser, browser.page("tls-client-auth", tls_client_auth_client.pushed()), authenticator).status
            == 303
        )
        assert bank.aws.passkeys.find(b64(authenticator.credential_id)).sign_count == expected


def test_a_failed_passkey_counts_for_no_lock_and_the_password_still_works(tls_client_auth_client, enrolled, bank):
    authenticator, browser = enrolled(), Browser(bank)
    page = browser.page("tls-client-auth", tls_client_auth_client.pushed())
    for _ in range(7):
        again = sign_in(browser, page, authenticator, flags=PRESENT)
    assert "That passkey was not accepted" in again.text
    assert bank.aws.users.find("alice").failures == 0
    assert browser.sign_in(again).status == 303


def test_a_form_without_a_passkey_is_the_password_form_as_ever(tls_client_auth_client, bank):
    browser = Browser(bank)
    page = browser.page("tls-client-auth", tls_client_auth_client.pushed())
    assert 'name="passkey" id="passkey-answer" value=""' in page.text
    assert browser.sign_in(page).status == 303


def test_where_nobody_has_passkeys_no_page_speaks_of_them(tls_client_auth_client, bank, monkeypatch):
    monkeypatch.setattr(sandbox.Sandbox, "passkeys", None)
    browser = Browser(bank)
    page = browser.page("tls-client-auth", tls_client_auth_client.pushed())
    assert "passkey" not in page.text
    assert SCRIPT not in page.text
    assert browser.get("/passkey?invitation=x").status == 404
    refused = browser.sign_in(browser.page("tls-client-auth", tls_client_auth_client.pushed()))
    assert refused.status == 303


# Adding one.


def test_the_options_are_for_a_passkey_that_is_found_without_a_name_and_verifies_the_person(proven):
    _, page = proven()
    options = passkey_options(page.text)
    assert len(unb64(options.pop("challenge"))) == 32
    assert len(unb64(options["user"].pop("id"))) == 32
    assert options == {
        "rp": {"id": "login.bank.example", "name": "Example Bank"},
        "user": {"name": "alice", "displayName": "alice"},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-8, -7, -257)],
        "timeout": 300_000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def test_what_is_kept_of_a_passkey_is_its_public_half(bank, enrolled):
    authenticator = enrolled()
    (kept,) = stored(bank)
    assert kept == {
        "id": b64(authenticator.credential_id),
        "key": b64(cose(authenticator.key)),
        "handle": authenticator.user_handle,
        "created_at": bank.now,
    }


def test_a_second_passkey_is_added_beside_the_first_on_another_device(bank, enrolled, proven):
    first = enrolled()
    sandbox_link = enrolment.invite(bank.aws, "alice")
    browser = Browser(bank)
    page = prove_on(browser, browser.get(path_of(sandbox_link)))
    assert passkey_options(page.text)["excludeCredentials"] == [{"type": "public-key", "id": b64(first.credential_id)}]
    second = Authenticator()
    assert make(browser, page, second.create(passkey_options(page.text))).status == 200
    assert {one["id"] for one in stored(bank)} == {b64(one.credential_id) for one in (first, second)}


def test_a_person_has_so_many_passkeys_and_no_more(bank, invited):
    for n in range(MAX_ITEMS + 1):
        browser = Browser(bank)
        page = prove_on(browser, browser.get(path_of(enrolment.invite(bank.aws, "alice"))))
        if n < MAX_ITEMS:
            assert make(browser, page, Authenticator().create(passkey_options(page.text))).status == 200
    assert "That did not match" in page.text
    assert len(stored(bank)) == MAX_ITEMS


@pytest.mark.parametrize(
    "typed", [{"password": "wrong"}, {"one_time_code": "000000"}, {"username": "bob"}, {"username": "nobody"}]
)
def test_a_link_alone_adds_nothing_and_waits_for_its_person(bank, invited, typed):
    browser = Browser(bank)
    page = browser.get(path_of(invited["alice"]))
    again = prove_on(browser, page, **typed)
    assert "That did not match" in again.text
    assert 'id="passkey"' not in again.text
    assert 'id="passkey"' in prove_on(browser, again).text


def test_a_link_works_once(bank, invited, proven):
    proven()
    browser = Browser(bank)
    assert "That did not match" in prove_on(browser, browser.get(path_of(invited["alice"]))).text


def test_a_one_time_code_of_another_login_exchanges_no_link(bank, invited, monkeypatch):
    """Where a directory leaves the single use of its codes to us: one that was used elsewhere opens nothing."""
    single_use = SingleUse(digest("of another login"), bank.now + 60, "one-time code")
    bank.aws.replay_cache.consume(single_use, now=bank.now)
    really = sandbox.Sandbox.sign_in
    with monkeypatch.context() as patched:
        patched.setattr(
            sandbox.Sandbox, "sign_in", lambda *who, **typed: replace(really(*who, **typed), single_use=(single_use,))
        )
        browser = Browser(bank)
        page = prove_on(browser, browser.get(path_of(invited["alice"])))
        assert "That did not match" in page.text
        assert 'id="passkey"' not in page.text
    assert 'id="passkey"' in prove_on(browser, page).text


@pytest.mark.fault("3l")
def test_each_form_may_be_posted_again_where_its_answer_was_lost(tls_client_auth_client, bank, invited):
    browser, authenticator = Browser(bank), Authenticator()
    link = browser.get(path_of(invited["alice"]))
    prove_on(browser, link)
    page = prove_on(browser, link)
    made, cookies = authenticator.create(passkey_options(page.text)), dict(browser.cookies)
    assert make(browser, page, made).status == 200
    browser.cookies.update(cookies)
    assert make(browser, page, made).status == 200
    assert len(stored(bank)) == 1
    login = browser.page(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    assert sign_in(browser, login, authenticator).status == 303


def test_a_link_works_for_a_day_and_its_page_for_ten_minutes(bank, invited):
    browser = Browser(bank)
    page = browser.get(path_of(invited["alice"]))
    bank.now += enrolment.INVITATION_LIFETIME - 1
    shown = prove_on(browser, page)
    bank.now += ENROLMENT_TOKEN_LIFETIME
    late = make(browser, shown, Authenticator().create(passkey_options(shown.text)))
    assert (late.status, late.page_error) == (400, "access_denied")
    assert stored(bank) == []
    browser = Browser(bank)
    page = browser.get(path_of(enrolment.invite(bank.aws, "alice")))
    bank.now += enrolment.INVITATION_LIFETIME
    assert "That did not match" in prove_on(browser, page).text


def test_a_new_link_ends_the_one_before(bank, invited):
    enrolment.invite(bank.aws, "alice")
    browser = Browser(bank)
    assert "That did not match" in prove_on(browser, browser.get(path_of(invited["alice"]))).text


def test_what_is_remembered_of_a_link_is_a_hash(bank, invited):
    secret = invited["alice"].rpartition("=")[2]
    item = str(bank.aws.dynamo._tables.get(bank.settings.users_table, "alice"))
    assert len(secret) == 43
    assert secret not in item


def test_nobody_is_invited_who_is_not_there(bank):
    for send_request in (enrolment.invite, enrolment.forget_passkeys):
        with pytest.raises(ValueError, match="nobody has that username"):
            send_request(bank.aws, "nobody")


def test_passkeys_that_are_forgotten_sign_nobody_in(tls_client_auth_client, enrolled, bank):
    authenticator, browser = enrolled(), Browser(bank)
    page = browser.page("tls-client-auth", tls_client_auth_client.pushed())
    assert enrolment.forget_passkeys(bank.aws, " Alice ") == 1
    answer = sign_in(browser, page, authenticator)
    assert "That passkey was not accepted" in answer.text


# What an authenticator may say when it makes one.


NO_FIT = "the key does not match its algorithm"
P256, P384 = ec.SECP256R1(), ec.SECP384R1()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"origin": "https://evil.example"}, "passkey: another origin"),
        ({"origin": "https://login.bank.example:8443"}, "passkey: another origin"),
        ({"rp_id": "bank.example"}, "passkey: another relying party"),
        ({"challenge": b64(bytes(32))}, "passkey: another challenge"),
        ({"type": "webauthn.get"}, "passkey: another type"),
        ({"flags": PRESENT}, "passkey: the person was not verified"),
        ({"flags": VERIFIED}, "passkey: nobody was present"),
        ({"client_data": {"crossOrigin": True}}, "created in a frame of another site"),
        ({"client_data": {"topOrigin": "https://evil.example"}}, "created in a frame of another site"),
        ({"fmt": "fido-u2f"}, "the attestation was not requested"),
        ({"fmt": "tpm"}, "the attestation was not requested"),
        ({"public": cose(ec.generate_private_key(P384), alg=-35, crv=2)}, "passkey: another algorithm"),
        ({"public": cose(ec.generate_private_key(P384), crv=2)}, NO_FIT),
        ({"public": cose(ec.generate_private_key(P256), alg=-257)}, NO_FIT),
        ({"public": cose(ed25519.Ed25519PrivateKey.generate(), alg=-7)}, NO_FIT),
        ({"public": cose(rsa.generate_private_key(65537, 1024))}, "the RSA key is too small"),
        ({"public": cose(rsa.generate_private_key(65537, 2048), alg=-65535)}, "passkey: another algorithm"),
        ({"public": b"\xa0"}, "passkey: malformed"),
    ],
)
def test_a_passkey_that_is_not_as_it_was_requested_is_not_added(bank, proven, caplog, said, reason):
    browser, page = proven()
    answer = make(browser, page, Authenticator().create(passkey_options(page.text), **said))
    assert (answer.status, answer.page_error) == (400, "access_denied")
    assert json.loads(caplog.messages[-1])["reason"] == reason
    assert stored(bank) == []


@pytest.mark.parametrize("made", ["", "x", "[]", "{}", "null", '{"id": 1}', "[" * 20_000, "{" + " " * 20_000 + "}"])
def test_what_is_no_passkey_is_not_added(bank, proven, made):
    browser, page = proven()
    assert make(browser, page, made).page_error == "access_denied"
    assert stored(bank) == []


def test_an_enrolment_token_makes_one_passkey(bank, proven):
    browser, page = proven()
    assert make(browser, page, Authenticator().create(passkey_options(page.text))).status == 200
    form = Authenticator().create(passkey_options(page.text))
    assert make(browser, page, form).page_error == "access_denied"
    assert len(stored(bank)) == 1


def test_a_passkey_that_is_somebodys_is_not_added_for_another(bank, enrolled, proven):
    authenticator = enrolled("alice")
    browser, page = proven("bob")
    answer = make(browser, page, authenticator.create(passkey_options(page.text)))
    assert answer.page_error == "access_denied"
    assert stored(bank, "bob") == []


def test_an_enrolment_token_is_of_no_use_to_another_person_or_in_another_browser(bank, proven):
    browser, page = proven("alice")
    made = Authenticator().create(passkey_options(page.text))
    assert make(browser, page, made, username="bob").page_error == "access_denied"
    assert make(Browser(bank), page, made).page_error == "access_denied"
    assert (stored(bank, "alice"), stored(bank, "bob")) == ([], [])


def test_a_stolen_enrolment_token_makes_no_passkey_in_the_thiefs_browser(bank, invited, proven):
    """The thief has the link, a page of it with a cookie of its own, and the ticket; the cookie of the password is missing."""
    _, page = proven("alice")
    ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
    thief = Browser(bank)
    shown = thief.get(path_of(invited["alice"]))
    (cookie,) = thief.cookies.values()
    key, csrf = (
        shown.text.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("interaction", "csrf")
    )
    made = Authenticator().create(passkey_options(page.text) | {"challenge": challenge(key, cookie, ticket)})
    form = {"interaction": key, "csrf": csrf, "username": "alice", "ticket": ticket, "passkey": made, "action": "add"}
    assert thief.post("/passkey", form).page_error == "access_denied"
    assert stored(bank) == []


def test_a_page_that_another_site_posts_gets_nowhere(bank, invited):
    browser = Browser(bank)
    page = browser.get(path_of(invited["alice"]))
    assert browser.submit(page, "continue", csrf="x").page_error == "access_denied"


def test_the_refusals_name_what_was_wrong_and_quote_nothing(bank, proven, caplog):
    browser, page = proven()
    make(browser, page, Authenticator().create(passkey_options(page.text), origin="https://evil.example"))
    line = json.loads(caplog.messages[-1])
    assert line["reason"] == "passkey: another origin"
    assert "evil" not in caplog.text


def test_the_products_directory_uses_the_one_time_code_up_with_the_link():
    with journey.counted_bank() as (bank, provider):
        name, code = journey.new_person(provider, now=bank.now)
        typed = {"username": name.upper(), "password": journey.PASSWORD, "one_time_code": code}
        browser = Browser(bank)
        page = browser.submit(browser.get(path_of(enrolment.invite(provider, name))), "continue", **typed)
        authenticator = Authenticator()
        assert make(browser, page, authenticator.create(passkey_options(page.text))).status == 200
        (kept,) = provider.passkeys.of(provider.users.find(name))
        assert kept.passkey["id"] == b64(authenticator.credential_id)
        again = Browser(bank)
        page = again.submit(again.get(path_of(enrolment.invite(provider, name))), "continue", **typed)
        assert "That did not match" in page.text
        bank.now += 60
        assert provider.users.find(name).invited_until > bank.now
