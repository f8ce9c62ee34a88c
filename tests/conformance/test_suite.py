"""Is a suite there, ready, and the one that is known? What can't be used is said in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.suite import Suite, SuiteProblem, SuiteRefused

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "https://localhost:1"


def problem_of(address, token=None):
    with pytest.raises(SuiteProblem) as problem:
        Suite(address, token).require("5.2.4")
    words = str(problem.value)
    assert "\n" not in words
    return words


def test_one_that_is_there_says_its_release(fake):
    assert Suite(fake.address).require("5.2.4") == "5.2.4"


def test_one_that_is_not_there(fake):
    assert problem_of(NOBODY) == f"no suite answers at {NOBODY} (ConnectionError)"


@pytest.mark.parametrize("status", [500, 502, 503])
def test_one_that_is_not_ready(fake, status):
    fake.status = status
    assert problem_of(fake.address) == f"the suite at {fake.address} is not ready ({status})"


def test_one_of_another_release(fake):
    fake.release = "5.2.3"
    assert problem_of(fake.address) == f"the suite at {fake.address} is release 5.2.3; known here is 5.2.4"


@pytest.mark.parametrize("release", [None, 5])
def test_something_else_that_answers(fake, release):
    fake.release = release
    assert "is no conformance suite" in problem_of(fake.address)


def test_one_that_does_not_know_the_path_is_something_else(fake):
    fake.status = 404
    assert "is no conformance suite" in problem_of(fake.address)


def test_one_that_wants_a_token(fake):
    fake.token = "secret"
    assert "CONFORMANCE_TOKEN" in problem_of(fake.address)
    assert "CONFORMANCE_TOKEN" in problem_of(fake.address, "another")
    assert Suite(fake.address, "secret").require("5.2.4") == "5.2.4"


@pytest.mark.parametrize("address", ["http://localhost:8443", "localhost:8443", "https://", "suite"])
def test_what_is_no_https_address(address):
    assert "no https address" in problem_of(address)


def test_what_it_refuses_is_passed_on_in_its_words(fake):
    with pytest.raises(SuiteRefused, match="404 no such plan"):
        Suite(fake.address).new_plan("unheard-of-test-plan", {}, {})


def test_the_command_says_it_in_one_line_and_fails():
    command = [sys.executable, "-m", "conformance", NOBODY]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"make conformance: no suite answers at {NOBODY} (ConnectionError)\n"


def test_the_command_knows_when_a_pattern_fits_nothing():
    command = [sys.executable, "-m", "conformance", NOBODY, "--only", "openid-heart*"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, "make conformance: no plan of the matrix is like openid-heart*\n")
