"""Whoever tries names and passwords learns from no page which part was wrong, or whom there is."""

import re

import pyotp
import pytest

from chalicelib.users import directory, enrolment
from chalicelib.users.lockout import FREE_ATTEMPTS, LOCKS
from tests.actors import Browser

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
    """A wrong password, a wrong code, a name that nobody has, and an account that is locked all read alike."""
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
    for n in range(FREE_ATTEMPTS):
        bank.aws.users.admit("carol", attempt=str(n), free=FREE_ATTEMPTS, locks=LOCKS, now=bank.now)
    said.add(problem(browser.sign_in(page, **right)))
    (only,) = said
    assert only.startswith("That did not match")
