"""What a Lambda function writes into its log: JSON and nothing else, a line an event."""

import ast
import json
import logging
import subprocess
import sys
import time

import pytest

from benchmarks.cold import SOMEWHERE
from chalicelib import log_lines
from docs import syntax
from tests.house.source import ROOT

ASKED_FOR_NOTHING = {"requestContext": {"httpMethod": "GET", "resourcePath": "/elsewhere"}, "headers": {}}
PROGRAM = f"""
import logging, app
app.jwks({ASKED_FOR_NOTHING!r}, None)
logging.getLogger("ducat").warning("key ignored")
"""


def of_a_function():
    made = logging.Logger("of a function")
    log_lines.use(made, "Ducat/bank.example")
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


def metrics(line):
    """By name: value, unit and the dimensions with their values, as CloudWatch would take them from the line."""
    taken = {}
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "Ducat/bank.example"
        (dimensions,) = directive["Dimensions"]
        for metric in directive["Metrics"]:
            taken[metric["Name"]] = line[metric["Name"]], metric["Unit"], {name: line[name] for name in dimensions}
    return taken


def written(lines, **members):
    """A request's line."""
    of_a_function().info("a line", extra={"line": members})
    (line,) = lines()
    return line


def test_what_happened_and_what_was_refused_are_counted(lines):
    assert metrics(written(lines, endpoint="login", outcome="303", event="sign_in")) == {
        "events": (1, "Count", {"event": "sign_in"})
    }
    assert metrics(written(lines, endpoint="par", outcome="401", error="invalid_client", event="replay", ms=3)) == {
        "events": (1, "Count", {"event": "replay"}),
        "refusals": (1, "Count", {"error": "invalid_client"}),
    }


def test_a_metric_is_of_the_instant_of_its_line(lines):
    before = time.time()
    line = written(lines, endpoint="token", outcome="200", event="tokens_issued", ms=41)
    assert (line["endpoint"], line["outcome"], line["ms"]) == ("token", "200", 41)
    assert before - 1 <= line["_aws"]["Timestamp"] / 1000 <= time.time() + 1


def test_a_line_of_which_nothing_is_counted_has_no_metrics(lines):
    assert written(lines, endpoint="sweep", outcome="done") == {"endpoint": "sweep", "outcome": "done"}


CALLERS = '{"_aws": {"CloudWatchMetrics": []}, "event": "replay"}'


@pytest.mark.parametrize("member", ["client_id", "interaction_id", "reason", "sub", "claimed_client_id"])
def test_no_word_of_a_caller_makes_a_metric(lines, member):
    """CloudWatch reads `_aws` at the top alone, and a metric for each word of a caller would cost without an end."""
    line = written(lines, endpoint="par", outcome="400", error="invalid_request", **{member: CALLERS})
    assert line[member] == CALLERS
    assert metrics(line) == {"refusals": (1, "Count", {"error": "invalid_request"})}


def test_how_many_keys_are_late_is_a_number_without_a_dimension(lines):
    """It is reported where none is too, so that an alarm ends."""
    for late in ([], ["id_token PS256", "api_response ES256"]):
        line = written(lines, endpoint="rotate_keys", outcome="done", late=late)
        assert metrics(line) == {"keys_late": (len(late), "Count", {})}
        assert line["late"] == late, "and a search finds which"


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
    log_lines.use(logger, "Ducat/bank.example")
    logger.warning("once")
    assert len(lines()) == 1


def test_whoever_writes_a_line_writes_its_members(lines):
    """A line of JSON inside a message is text: no search finds its members, and no alarm."""
    log_lines.write(of_a_function(), {"endpoint": "users", "outcome": "unreadable"}, logging.ERROR)
    assert lines() == [{"endpoint": "users", "outcome": "unreadable"}]


def test_nobody_writes_json_into_a_message():
    """`write` hands the members on."""
    written = []
    for file in (ROOT / "chalicelib").rglob("*.py"):
        for node in syntax.nodes(file):
            logs = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if logs and node.func.attr in ("debug", "info", "warning", "error", "exception", "critical", "log"):
                written += [file.name for one in node.args if "json.dumps" in ast.unparse(one)]
    assert written == []
