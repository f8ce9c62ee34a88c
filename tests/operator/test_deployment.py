"""Which deployment the command is for, and what it says where there is none."""

import json
import os
import subprocess
import sys

from tests.house.source import ROOT
from tests.operator.on_aws import deployed_on_aws


def elsewhere(ducat, tmp_path, *arguments, status=1, **env):
    folder, ducat.folder = ducat.folder, tmp_path
    try:
        return ducat.run(*arguments, status=status, env=env)
    finally:
        ducat.folder = folder


def test_it_starts_as_a_program(tmp_path):
    command = [sys.executable, "-m", "ducat_admin", "--help"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Operate a deployment of Ducat." in done.stdout


def test_help_needs_no_deployment(ducat, tmp_path):
    assert "client" in elsewhere(ducat, tmp_path, "--help", status=0)
    assert "suspend" in elsewhere(ducat, tmp_path, "client", "--help", status=0)


def test_where_nothing_runs_it_says_how_to_start_it(ducat, tmp_path):
    assert "Start make run" in elsewhere(ducat, tmp_path, "--laptop", "client", "list")


def test_what_ended_without_a_word_does_not_count(ducat, tmp_path):
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "run.json").write_text(json.dumps({"process": 2**22 + 1, "environment": {}}))
    assert "Start make run" in elsewhere(ducat, tmp_path, "--laptop", "client", "list")


def test_without_region_and_without_credentials_it_says_which_is_missing(ducat, tmp_path):
    quiet = {"AWS_EC2_METADATA_DISABLED": "true"}
    assert "no Region" in elsewhere(ducat, tmp_path, "client", "list", **quiet)
    assert "no AWS credentials" in elsewhere(ducat, tmp_path, "client", "list", AWS_REGION="eu-central-1", **quiet)


def test_two_deployments_are_not_guessed_between(ducat, tmp_path):
    assert "give one of them" in elsewhere(ducat, tmp_path, "--laptop", "--stack", "Ducat", "client", "list")


def test_of_two_in_one_region_one_is_to_be_named(ducat):
    with deployed_on_aws(ducat) as aws:
        aws.names = ["Bank", "Ducat"]
        printed = aws.run("client", "list", status=1)
        assert printed == "Error: 2 deployments in eu-central-1: say which by --stack: Bank, Ducat\n"


def test_aws_that_can_not_be_reached_is_one_line(ducat, tmp_path):
    env = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    printed = elsewhere(ducat, tmp_path, "client", "list", **env, **nowhere)
    assert "AWS can't be reached" in printed
    assert len(printed.splitlines()) == 1
    assert os.environ.get("AWS_ENDPOINT_URL") != nowhere["AWS_ENDPOINT_URL"]


def test_what_aws_refuses_is_one_line_whatever_the_call(ducat):
    """A table that is not there: a scan, a read of one item, a query and a write."""
    file = ducat.folder / ".local" / "run.json"
    before = file.read_text()
    said = json.loads(before)
    said["environment"] |= {name: name for name in said["environment"] if name.endswith("_TABLE")}
    file.write_text(json.dumps(said))
    calls = {
        "Scan": ("client", "list"),
        "GetItem": ("client", "show", "x"),
        "Query": ("key", "list"),
        "PutItem": ("certificate", "deny", "A" * 43, "--yes"),
    }
    try:
        printed = {name: ducat.run(*arguments, status=1) for name, arguments in calls.items()}
    finally:
        file.write_text(before)
    assert [
        name for name, line in printed.items() if f"AWS refused {name}: ResourceNotFoundException" not in line
    ] == []
    assert {len(line.splitlines()) for line in printed.values()} == {1}
