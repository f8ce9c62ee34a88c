"""What a Lambda function writes into its log: JSON and nothing else, a line an event."""

import json
import logging
import subprocess
import sys

import pytest

from benchmarks.cold import SOMEWHERE
from chalicelib import log_lines
from tests.house.source import ROOT

ASKED_FOR_NOTHING = {"requestContext": {"httpMethod": "GET", "resourcePath": "/elsewhere"}, "headers": {}}
PROGRAM = f"""
import logging, app
app.jwks({ASKED_FOR_NOTHING!r}, None)
logging.getLogger("ducat").warning("key ignored")
"""


def of_a_function():
    made = logging.Logger("of a function")
    log_lines.use(made)
    return made


@pytest.fixture
def lines(capsys):
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_function_writes_its_lines_itself_and_nothing_writes_them_again():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**SOMEWHERE, "_HANDLER": "app.jwks"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    request, warning = map(json.loads, run.stdout.splitlines())
    assert (request["endpoint"], request["outcome"]) == ("jwks", "404")
    assert warning == {"level": "WARNING", "message": "key ignored"}
    assert not run.stderr


def test_what_is_json_stays_as_it_is(capsys):
    of_a_function().info('{"endpoint": "jwks"}')
    assert capsys.readouterr().out == '{"endpoint": "jwks"}\n'


def test_a_failure_is_one_line_with_its_traceback(lines):
    logger = of_a_function()
    try:
        raise RuntimeError
    except RuntimeError:
        logger.exception("%s failed", "jwks")
    (line,) = lines()
    assert (line["level"], line["message"]) == ("ERROR", "jwks failed")
    assert "test_log_lines.py" in line["traceback"]


def test_a_message_of_many_lines_is_one_line(lines):
    logger = of_a_function()
    logger.warning("one\ntwo")
    assert [line["message"] for line in lines()] == ["one\ntwo"]


def test_it_is_used_once_however_often_it_is_called(lines):
    logger = of_a_function()
    log_lines.use(logger)
    logger.warning("once")
    assert len(lines()) == 1
