"""One-time codes by time, against RFC 6238's own vectors."""

from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from chalicelib.users.totp import STEP, provisioning_uri, step_of

SECRET = b"12345678901234567890"
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
"""RFC 6238 appendix B, SHA-1; of its eight digits the last six, which are the code of six (RFC 4226 5.3)."""


@pytest.mark.clause("RFC6238-B")
@pytest.mark.parametrize(("now", "code"), VECTORS)
def test_b_the_published_vectors_are_codes_of_their_step(now, code):
    """The test token shared secret yields these values at these times."""
    assert step_of(code, SECRET, now=now) == now // STEP


@pytest.mark.clause("RFC6238-5.2")
@pytest.mark.parametrize(("steps_late", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_5_2_a_code_is_accepted_one_step_early_or_late_and_no_more(steps_late, accepted):
    """A validator should allow for transmission delay, at most one time step."""
    now, code = VECTORS[3]
    found = step_of(code, SECRET, now=now + steps_late * STEP)
    assert found == (now // STEP if accepted else None)


def test_a_code_may_be_typed_in_groups():
    now, code = VECTORS[0]
    assert step_of(f" {code[:3]} {code[3:]}\n", SECRET, now=now) == now // STEP


@pytest.mark.parametrize(
    "typed", ["", "28708", "2870820", "94287082", "28708x", "-87082", "\uff1287082", "\u00b287082"]
)
def test_what_is_not_six_digits_is_no_code(typed):
    assert step_of(typed, SECRET, now=59) is None


def test_a_code_of_another_secret_is_no_code():
    assert step_of(VECTORS[0][1], SECRET[::-1], now=59) is None


def test_an_authenticator_app_learns_the_same_codes_from_the_uri():
    uri = provisioning_uri(SECRET, username="alice", bank_name="Ducat: the Bank")
    assert pyotp.parse_uri(uri).at(59) == VECTORS[0][1]
    assert urlsplit(uri)[:2] == ("otpauth", "totp")
    assert parse_qs(urlsplit(uri).query)["issuer"] == ["Ducat: the Bank"]
