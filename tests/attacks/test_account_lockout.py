"""Strangers guess at a person's password: who signed in in a browser before is not shut out of it."""

import pyotp
import pytest

from chalicelib import gateway
from chalicelib.interaction import connections
from chalicelib.storage.records import Authentication
from chalicelib.users import directory, enrolment, known_browser
from tests.actors import Browser
from tests.authenticator import Authenticator, passkey_options, put

PASSWORD = "correct horse battery staple"


@pytest.fixture
def carol(bank, monkeypatch, light_passwords):
    """A person of the product's directory, and their one-time code of now."""
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    uri = enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password=PASSWORD, claims={}, random_bytes=lambda n: bytes(range(n))
    )
    return lambda: pyotp.parse_uri(uri).at(bank.now)


def guess(bank, browser=None):
    browser = browser or Browser(bank)
    return browser.sign_in(browser.get("/grants"), username="carol", password="a guess", one_time_code="000000")


def login_of(username):
    return Authentication(f"s-{username}", 1_800_000_000, "urn:x", ("pwd",), username=username)


def request_of(browser):
    together = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return gateway.from_event(browser.bank.event("GET", "/grants", headers=(("Cookie", together),)))


def arrives(browser, code, username="carol"):
    answer = browser.sign_in(browser.get("/grants"), username=username, password=PASSWORD, one_time_code=code)
    browser.cookies.pop("__Host-ducat-session", None)
    return answer.status == 303


@pytest.mark.fault("3f")
def test_whoever_guesses_elsewhere_shuts_nobody_out_of_a_browser_they_know(bank, carol, fintech):
    """One wrong attempt each quarter of an hour did, for ever, and of the person's own page too."""
    own, new = Browser(bank), Browser(bank)
    assert arrives(own, carol())
    for _ in range(40):
        bank.now += 300
        for _ in range(3):
            guess(bank)
    assert not arrives(new, carol())
    assert arrives(own, carol())
    bank.now += 30
    page = own.page("fintech", fintech.pushed())
    assert own.sign_in(page, username="carol", password=PASSWORD, one_time_code=carol()).location.startswith("/consent")


@pytest.mark.fault("3f")
def test_a_cookie_that_is_made_up_or_anothers_is_none(bank, carol):
    own, thief = Browser(bank), Browser(bank)
    assert arrives(own, carol())
    ((name, value),) = [one for one in own.cookies.items() if one[0].startswith(known_browser.PREFIX)]
    assert "carol" not in name + value
    random, _, made = value.partition(".")
    for forged in (f"{made}.{random}", f"{'A' * 43}.{made}", f"{random}.{'A' * 43}", random, "", f".{made}", None):
        bank.now += 30
        for _ in range(6):
            guess(bank)
        thief.cookies = {name: forged} if forged is not None else {known_browser.PREFIX + "x" * 12: value}
        assert not arrives(thief, carol()), forged
        assert arrives(own, carol())


def test_a_browser_that_many_use_is_not_shut_out_of_the_bank(bank, carol):
    """Each person left a cookie for 400 days: with some eighty, API Gateway refused whatever the browser sent."""
    shared, first = Browser(bank), []
    for n in range(known_browser.MAX_ITEMS + 3):
        for _, line in known_browser.remember(request_of(shared), login_of(f"person-{n}"), bank.aws.kms, "r" * 43):
            name, _, value = line.partition(";")[0].partition("=")
            shared.cookies[name] = value
            if "Max-Age=0" in line:
                del shared.cookies[name]
                first.append(name)
    assert len(shared.cookies) == known_browser.MAX_ITEMS
    assert len(first) == 3
    assert sum(len(name + value) + 3 for name, value in shared.cookies.items()) < 4096
    assert known_browser.known(request_of(shared), "person-2", bank.aws.kms) is None
    for n in (3, known_browser.MAX_ITEMS + 2):
        assert known_browser.known(request_of(shared), f"person-{n}", bank.aws.kms)
    assert arrives(shared, carol())
    assert known_browser.known(request_of(shared), "carol", bank.aws.kms)
    strange = gateway.from_event(bank.event("GET", "/grants", headers=(("Cookie", f"{known_browser.PREFIX}a\tb=c"),)))
    assert len(known_browser.remember(strange, login_of("carol"), bank.aws.kms, "r" * 43)) == 1


@pytest.mark.fault("3f")
def test_who_has_the_browser_has_no_more_guesses_than_others(bank, carol):
    own = Browser(bank)
    assert arrives(own, carol())
    bank.now += 30
    for _ in range(5):
        assert "did not match" in guess(bank, own).text
    assert not arrives(own, carol())
    bank.now += 30
    assert arrives(own, carol())


@pytest.mark.fault("3f")
def test_guesses_at_a_password_do_not_concern_a_passkey(bank, carol):
    authenticator, browser = put(bank, bank.aws.users.find("carol"), Authenticator()), Browser(bank)
    for _ in range(6):
        guess(bank)
    page = browser.get("/grants")
    assert browser.submit(page, "login", passkey=authenticator.get(passkey_options(page.text))).location == "/grants"


@pytest.mark.parametrize("at", ["/grants", "/login"])
def test_a_browser_that_was_signed_out_everywhere_guesses_as_any_other(bank, carol, fintech, at):
    """Its owner may have lost it. A new sign-in makes it known again."""
    own = Browser(bank)
    assert arrives(own, carol())
    bank.now += 30
    connections.sign_out_everywhere("s-carol", bank.aws, now=bank.now)
    for _ in range(6):
        guess(bank)
    if at == "/login":
        page = own.page("fintech", fintech.pushed())
        answer = own.sign_in(page, username="carol", password=PASSWORD, one_time_code=carol())
        assert (answer.status, 'id="problem"' in answer.text) == (200, True)
    assert not arrives(own, carol())
    bank.now += 24 * 3600
    if at == "/login":
        page = own.page("fintech", fintech.pushed())
        assert own.sign_in(page, username="carol", password=PASSWORD, one_time_code=carol()).status == 303
    else:
        assert arrives(own, carol())
    bank.now += 30
    for _ in range(6):
        guess(bank)
    assert arrives(own, carol())


def test_a_cookie_of_an_earlier_release_makes_no_browser_known(bank):
    """It has no time, so that nothing could end it."""
    own = Browser(bank)
    mac = known_browser._mac("value", ["carol", "r" * 43], bank.aws.kms)
    own.cookies = {known_browser._name("carol", bank.aws.kms): f"{'r' * 43}.{mac}"}
    assert known_browser.known(request_of(own), "carol", bank.aws.kms) is None
