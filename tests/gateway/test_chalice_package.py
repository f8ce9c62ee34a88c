"""`chalice package` and `chalice deploy`, for a sandbox: its functions exist, and may do what their endpoints need."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import app
from ducat_cdk.chalice_policy import OF_THE_STACK, document
from ducat_cdk.functions import FUNCTIONS
from tests.house.source import ROOT


@pytest.fixture(scope="module")
def resources(tmp_path_factory):
    """The template's resources. Without the dependencies, which say nothing of functions and take minutes."""
    folder = tmp_path_factory.mktemp("chalice")
    shutil.copy(ROOT / "app.py", folder)
    shutil.copytree(ROOT / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".chalice", folder / ".chalice", ignore=shutil.ignore_patterns("deployments", "deployed"))
    (folder / "requirements.txt").touch()
    environment = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1", "HOME": str(folder)}
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "package", "out"]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads((folder / "out" / "sam.json").read_text())["Resources"]


def test_each_function_that_chalice_makes_exists_and_is_the_endpoints_own(resources):
    handlers = [r["Properties"]["Handler"] for r in resources.values() if r["Type"] == "AWS::Serverless::Function"]
    names = [handler.removeprefix("app.") for handler in handlers if handler != "app.app"]  # which serves every route
    assert sorted(names) == sorted(row.name for row in FUNCTIONS)
    assert {name: callable(getattr(app, name, None)) for name in names} == {row.name: True for row in FUNCTIONS}


def test_each_role_may_do_what_the_endpoints_do_by_the_policy_that_is_kept(resources):
    roles = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::IAM::Role"]
    assert len(roles) == len(FUNCTIONS) + 1
    for role in roles:
        assert [policy["PolicyDocument"] for policy in role["Policies"]] == [document()]
    allowed = {action for statement in document()["Statement"] for action in statement["Action"]}
    assert not {"kms:CreateKey", "kms:TagResource", "kms:DisableKey", "kms:ScheduleKeyDeletion"} & allowed
    for row in FUNCTIONS:
        if row.name in OF_THE_STACK:
            continue
        assert {f"dynamodb:{verb}" for table in row.tables for verb in table.verbs} <= allowed
        assert {f"kms:{key.verb}" for key in row.keys if key.name != "tables"} <= allowed
    assert {"kms:Decrypt", "logs:PutLogEvents"} <= allowed
