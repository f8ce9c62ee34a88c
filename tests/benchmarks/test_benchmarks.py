"""The benchmarks run, say what they measured, and leave nothing behind; what they measured is no business of a test."""

import os
import re
import subprocess
import sys

import pytest

from benchmarks import cold, cost, journey
from chalicelib.assembly import WARMED
from tests.house.source import ROOT


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    """What a fast run prints, and the file it was asked to write."""
    location = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "benchmarks", "--fast", "--output", "tables.txt"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, cwd=location, env=environment, capture_output=True, text=True, timeout=110)
    assert run.returncode == 0, run.stderr
    (written,) = location.iterdir()
    return run.stdout, written.read_text()


def table(printed, title):
    """The rows of a table: by its first column, the others."""
    body = printed.split(title, 1)[1].split("\n\n")[1].splitlines()[2:]
    return {name: cells for name, *cells in (re.split(r"\s{2,}", line) for line in body)}


def test_each_request_has_its_cpu_for_each_kind_of_client(fast):
    rows = table(fast[0], "CPU of a warm request")
    assert list(rows) == [
        "par",
        "token, authorization_code",
        "token, refresh_token",
        "token, client_credentials",
        "authorizer",
    ]
    assert all(float(number) > 0 for row in rows.values() for number in row[: len(journey.KINDS)])


def test_a_function_takes_no_less_than_its_floor(fast):
    for row in table(fast[0], "CPU until a function is ready").values():
        ours, floor, _ = map(float, row)
        assert 0 < floor < ours


def test_what_a_million_logins_cost_is_the_sum_of_what_is_counted(fast):
    assert cost.Cost(write_units=10, read_units=8, kms=2).usd == pytest.approx(10 * 0.625 + 1 + 6 + 1.6 + 2.66668)
    assert list(table(fast[0], "A million logins")) == list(journey.KINDS)


def test_a_file_is_written_only_where_one_was_asked_for_and_says_the_same(fast):
    printed, written = fast
    assert written.split() == printed.split()


def test_every_function_that_somebody_waits_for_has_a_floor():
    assert set(cold.HANDLERS) == set(WARMED)
    assert "session.create_client('kms')" in cold.floor("token")
    assert "kms" not in cold.floor("par")
    assert cold.floor("openid_configuration") == "import chalice.app"
