"""A passkey's answer that is stolen, replayed, made elsewhere or made up: nobody is signed in by it."""

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.interaction import session
from chalicelib.users import enrolment
from local import sandbox_users as sandbox
from tests.actors import Browser
from tests.authenticator import PRESENT, VERIFIED, Authenticator, b64, cose, passkey_options, put

ISSUED = "that was never asked for"


@pytest.fixture
def alice(bank):
    """Her authenticator. It is put into her record as enrolment leaves it."""
    return put(bank, sandbox.ALICE, Authenticator())


def login_page(client, **request_arguments):
    browser = Browser(client.bank)
    return browser, browser.page(client.client_id, client.pushed(**request_arguments))


def refused(browser, page, answer, caplog, **typed):
    """The reason in the log of an answer that is refused, with nothing kept of it."""
    shown = browser.submit(page, "login", passkey=answer, **typed)
    assert shown.status == 200, shown.location
    assert "That passkey was not accepted" in shown.text
    key = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    assert browser.bank.aws.grants.find(key, now=browser.bank.now).login is None
    line = json.loads(caplog.messages[-1])
    assert line["endpoint"] == "login"
    return line["reason"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"origin": "https://evil.example"}, "passkey: another origin"),
        ({"origin": "https://login.bank.example.evil.example"}, "passkey: another origin"),
        ({"origin": "http://login.bank.example"}, "passkey: another origin"),
        ({"origin": "https://mtls.bank.example"}, "passkey: another origin"),
        ({"rp_id": "evil.example"}, "passkey: another relying party"),
        ({"rp_id": "bank.example"}, "passkey: another relying party"),
        ({"challenge": b64(ISSUED.encode())}, "passkey: another challenge"),
        ({"challenge": ""}, "passkey: another challenge"),
        ({"type": "webauthn.create"}, "passkey: another type"),
        ({"flags": PRESENT}, "passkey: the person was not verified"),
        ({"flags": VERIFIED}, "passkey: nobody was present"),
        ({"client_data": {"crossOrigin": True}}, "created in a frame of another site"),
        ({"client_data": {"topOrigin": "https://evil.example"}}, "created in a frame of another site"),
        ({"user_handle": b64(bytes(32))}, "the passkey has another user handle"),
        ({"user_handle": None}, "the passkey has another user handle"),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "passkey: a wrong signature"),
    ],
)
def test_an_answer_made_for_something_else_signs_nobody_in(tls_client_auth_client, alice, caplog, said, reason):
    browser, page = login_page(tls_client_auth_client)
    assert refused(browser, page, alice.get(passkey_options(page.text), **said), caplog) == reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"type": "password"}, "passkey: malformed"),
        ({"rawId": b64(bytes(32))}, "passkey: malformed"),
        ({"response": None}, "the passkey has another user handle"),
        ({"response": "x"}, "the passkey has another user handle"),
        ({"id": None}, "unknown passkey"),
        ({"id": ["a"]}, "unknown passkey"),
        ({"id": "x" * 2000}, "unknown passkey"),
        ({"id": "alice"}, "unknown passkey"),
        ({"id": "\ud800"}, "unknown passkey"),
        ({"pad": "x" * 20_000}, "unknown passkey"),
    ],
)
def test_an_answer_that_is_none_signs_nobody_in(tls_client_auth_client, alice, caplog, answer, reason):
    browser, page = login_page(tls_client_auth_client)
    assert refused(browser, page, alice.get(passkey_options(page.text), answer=answer), caplog) == reason


@pytest.mark.parametrize("answer", ["x", "null", "[]", '"x"', "1", "{}", "[" * 20_000, "{" * 9_000])
def test_what_is_no_answer_at_all_signs_nobody_in(tls_client_auth_client, alice, caplog, answer):
    browser, page = login_page(tls_client_auth_client)
    assert refused(browser, page, answer, caplog) == "unknown passkey"


def test_the_password_beside_a_bad_passkey_does_not_count(tls_client_auth_client, alice, caplog):
    browser, page = login_page(tls_client_auth_client)
    typed = {"username": "alice", "password": "wonderland", "one_time_code": "123456"}
    answer = alice.get(passkey_options(page.text), flags=PRESENT)
    assert refused(browser, page, answer, caplog, **typed) == "passkey: the person was not verified"


def test_an_answer_begins_one_session_however_often_it_comes(fapi1_baseline_client, alice):
    """The same form again goes on; who kept the whole request, cookie and all, is signed in nowhere by it."""
    browser, page = login_page(fapi1_baseline_client)
    answer, thief = alice.get(passkey_options(page.text)), Browser(browser.bank)
    thief.cookies = dict(browser.cookies)
    assert browser.submit(page, "login", passkey=answer).status == 303
    assert thief.submit(page, "login", passkey=answer).status == 303
    assert session.COOKIE in browser.cookies
    assert session.COOKIE not in thief.cookies


def test_an_answer_that_its_own_browser_posts_again_goes_on_and_counts_once(tls_client_auth_client, alice, race):
    """A double click: it is the same login of the same person, and the authenticator's count is what it was after the first."""
    browser, page = login_page(tls_client_auth_client)
    answer = alice.get(passkey_options(page.text))
    statuses = race(lambda _: browser.submit(page, "login", passkey=answer).status)
    assert statuses == [303] * 8
    assert browser.submit(page, "login", passkey=answer).status == 303
    assert browser.bank.aws.passkeys.find(json.loads(answer)["id"]).sign_count == alice.sign_count


def test_an_answer_to_one_page_is_none_to_the_next_page_of_the_same_login(tls_client_auth_client, alice, caplog):
    browser, page = login_page(tls_client_auth_client)
    answer = alice.get(passkey_options(page.text))
    key = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    later = browser.get(f"/login?interaction={key}")
    assert refused(browser, later, answer, caplog) == "passkey: another challenge"


def test_an_answer_of_one_login_is_none_in_another_of_the_same_browser(tls_client_auth_client, alice, caplog):
    browser, page = login_page(tls_client_auth_client)
    other = browser.page("tls-client-auth", tls_client_auth_client.pushed())
    assert refused(browser, other, alice.get(passkey_options(page.text)), caplog) == "passkey: another challenge"


def test_an_answer_is_of_no_use_in_the_thiefs_own_login_though_the_nonce_is_taken_over(
    tls_client_auth_client, alice, caplog
):
    _, page = login_page(tls_client_auth_client)
    nonce = page.text.partition('name="passkey_nonce" value="')[2].partition('"')[0]
    thief, own = login_page(tls_client_auth_client)
    answer = alice.get(passkey_options(page.text))
    assert refused(thief, own, answer, caplog, passkey_nonce=nonce) == "passkey: another challenge"


def test_a_whole_form_is_of_no_use_without_the_browsers_cookie(tls_client_auth_client, alice):
    _, page = login_page(tls_client_auth_client)
    answer = alice.get(passkey_options(page.text))
    outsider = Browser(tls_client_auth_client.bank)
    assert outsider.submit(page, "login", passkey=answer).page_error == "access_denied"


def test_a_passkey_that_was_taken_away_signs_nobody_in(tls_client_auth_client, alice, bank, caplog):
    browser, page = login_page(tls_client_auth_client)
    answer = alice.get(passkey_options(page.text))
    assert enrolment.forget_passkeys(bank.aws, "alice") == 1
    assert refused(browser, page, answer, caplog) == "unknown passkey"


def test_a_passkey_does_not_outlive_the_person_whose_name_is_given_to_another(
    tls_client_auth_client, alice, bank, caplog
):
    browser, page = login_page(tls_client_auth_client)
    bank.aws.users.put(replace(sandbox.ALICE, sub="another-alice"))
    assert refused(browser, page, alice.get(passkey_options(page.text)), caplog) == "unknown passkey"


def test_one_persons_passkey_does_not_sign_another_in(tls_client_auth_client, alice, bank, caplog):
    bob = put(bank, sandbox.BOB, Authenticator())
    browser, page = login_page(tls_client_auth_client)
    of_alice, of_bob = b64(alice.credential_id), b64(bob.credential_id)
    posing = bob.get(
        passkey_options(page.text), answer={"id": of_alice, "rawId": of_alice}, user_handle=alice.user_handle
    )
    assert refused(browser, page, posing, caplog) == "passkey: a wrong signature"
    claiming = bob.get(passkey_options(page.text), user_handle=alice.user_handle)
    assert refused(browser, page, claiming, caplog) == "the passkey has another user handle"
    assert browser.submit(page, "login", passkey=bob.get(passkey_options(page.text)), username="alice").status == 303
    assert of_alice != of_bob
    assert "Bob Sandbox" in browser.get(f"/consent?{page_key(page)}").text


def page_key(page):
    return "interaction=" + page.text.partition('name="interaction" value="')[2].partition('"')[0]


@pytest.mark.parametrize("said", [{"sign_count": 4}, {"sign_count": 5}, {"sign_count": 0}])
def test_a_counter_that_goes_back_is_a_copied_authenticator(tls_client_auth_client, bank, caplog, said):
    alice = put(bank, sandbox.ALICE, Authenticator(counts=True, sign_count=5))
    browser, page = login_page(tls_client_auth_client)
    reason = refused(browser, page, alice.get(passkey_options(page.text), **said), caplog)
    assert reason == "passkey: the signature counter went back"


def test_of_two_copies_that_count_alike_one_signs_in_though_both_were_read_before(tls_client_auth_client, bank, race):
    put(bank, sandbox.ALICE, original := Authenticator(counts=True, sign_count=5))
    pages = [login_page(tls_client_auth_client) for _ in range(8)]
    answers = [original.get(passkey_options(page.text), sign_count=6) for _, page in pages]
    statuses = race(lambda n: pages[n][0].submit(pages[n][1], "login", passkey=answers[n]).status)
    assert sorted(statuses) == [200] * 7 + [303]


def test_a_public_key_is_no_secret_to_sign_with(tls_client_auth_client, alice, caplog):
    """The algorithm is that of the stored key: a MAC by the public key, as of JOSE's confusion, is a wrong signature."""
    browser, page = login_page(tls_client_auth_client)
    answer = json.loads(alice.get(passkey_options(page.text)))
    mac = hmac.HMAC(cose(alice.key), hashes.SHA256())
    mac.update(answer["response"]["authenticatorData"].encode())
    for signature in (mac.finalize(), b"", bytes(64)):
        answer["response"]["signature"] = b64(signature)
        assert refused(browser, page, json.dumps(answer), caplog) == "passkey: a wrong signature"


def test_a_key_of_another_algorithm_in_the_answer_is_not_looked_at(tls_client_auth_client, alice, caplog):
    browser, page = login_page(tls_client_auth_client)
    mine = ec.generate_private_key(ec.SECP256R1())
    answer = json.loads(alice.get(passkey_options(page.text), key=mine))
    answer["response"] |= {"publicKey": b64(cose(mine)), "publicKeyAlgorithm": -7}
    assert refused(browser, page, json.dumps(answer), caplog) == "passkey: a wrong signature"


def test_no_word_of_an_answer_is_in_the_log(tls_client_auth_client, alice, caplog):
    browser, page = login_page(tls_client_auth_client)
    answer = alice.get(passkey_options(page.text), origin="https://evil.example")
    refused(browser, page, answer, caplog)
    members = json.loads(answer)
    for secret in (
        *members["response"].values(),
        members["id"],
        "evil.example",
        passkey_options(page.text)["challenge"],
    ):
        assert secret not in caplog.text
