"""Whoever tries names and passwords learns from no page which part was wrong, or whom there is."""

import re
from dataclasses import replace

import pyotp
import pytest

from chalicelib.users import directory, enrolment
from chalicelib.users.lockout import FREE_ATTEMPTS, LOCKS
from tests.actors import Browser
from tests.authenticator import Authenticator, put

PASSWORD = "correct horse battery staple"


def problem(answer):
    """What the page says was wrong, the only thing in which two such pages may differ but for their tokens."""
    assert answer.status == 200
    (said,) = re.findall(r'id="problem" role="alert">(.+?)</p>', answer.text)
    return said


@pytest.fixture
def code(bank, monkeypatch, light_passwords):
    """The one-time code of carol, whom the product's directory knows."""
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    uri = enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password=PASSWORD, claims={}, random_bytes=lambda length: bytes(range(length))
    )
    return pyotp.parse_uri(uri).at(bank.now)


@pytest.mark.clause("OIDCC-3.1.2.3")
@pytest.mark.parametrize("where", ["/login", "/grants"])
def test_a_page_never_says_which_part_was_wrong(bank, fintech, code, where):
    """A wrong password or code, a name that nobody has, a locked account and a malformed record all read alike."""
    browser = Browser(bank)
    page = browser.page("fintech", fintech.pushed()) if where == "/login" else browser.get(where)
    right = {"username": "carol", "password": PASSWORD, "one_time_code": code}
    said = {
        problem(browser.sign_in(page, **right | wrong))
        for wrong in (
            {"password": "wrong"},
            {"one_time_code": f"{(int(code) + 1) % 10**6:06}"},
            {"username": "nobody"},
            {"password": "x" * 1000},
        )
    }
    carol = bank.aws.users.find("carol")
    for malformed in (
        {"password": 5},
        {"totp": ["x"]},
    ):  # Each was a 500, and the second one of a right password alone.
        bank.aws.users.put(replace(carol, **malformed))
        said.add(problem(browser.sign_in(page, **right)))
    bank.aws.users.put(carol)
    for n in range(FREE_ATTEMPTS):
        bank.aws.users.admit("carol", attempt=str(n), free=FREE_ATTEMPTS, locks=LOCKS, now=bank.now)
    said.add(problem(browser.sign_in(page, **right)))
    (only,) = said
    assert only.startswith("That did not match")


def masked(answer):
    """The page and its headers, without the values that each page has anew."""
    assert answer.status == 200
    assert answer.all("set-cookie") == []
    return re.sub(r"challenge&#34;: &#34;[\w-]{43}|name=\"passkey_nonce\" value=\"[\w.-]+\"", "", answer.text)


def test_who_has_only_a_passkey_and_who_does_not_exist_read_the_same(bank, fintech, code):
    """No page knows of a user before the sign-in, not even one that names them, and a password of theirs is just wrong."""
    put(bank, replace(bank.aws.users.find("carol"), password=""), Authenticator())
    browser = Browser(bank)
    page = browser.page("fintech", fintech.pushed())
    typed = {"password": "x" * 20, "one_time_code": code, "remember": "yes"}
    tried = {
        masked(browser.submit(page, "login", username=name, **typed)).replace(name, "NAME")
        for name in ("carol", "carla")
    }
    assert len(tried) == 1
    hinted = {
        re.sub(r'(csrf|interaction)(=|" value=")[\w-]+', "", masked(Browser(bank).page("fintech", pushed))).replace(
            name, "NAME"
        )
        for name in ("carol", "carla")
        for pushed in [fintech.pushed(login_hint=name)]
    }
    assert len(hinted) == 1
