"""The Lambda functions as they are deployed, and the job that publishes keys."""

import json
import re
import subprocess
import sys

import pytest

from chalicelib.fetch.https import SECONDS_OF_A_JOB
from tests.infra.template import Template

JOBS = ("app.publish_keys", "app.rotate_keys", "app.fetch_crls", "app.check_truststore")
"""No API calls them."""
NOBODY_WAITS = (*JOBS, "app.audit")
LONGEST = 900
"""What Lambda lets a function run, in seconds."""


def test_each_function_runs_on_python_3_13_and_arm64_within_api_gateways_patience(template):
    for handler, function in template.functions().items():
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
        assert 512 <= function["MemorySize"] <= 1769
        if handler == "app.fetch_crls":  # It waits for each address of a list that does not answer.
            assert function["Timeout"] == LONGEST > 40 * SECONDS_OF_A_JOB
            continue
        assert 0 < function["Timeout"] < (29 if handler not in NOBODY_WAITS else 300)


def test_each_function_writes_to_a_log_group_of_its_own_that_is_kept_a_year(template):
    groups = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in template.functions().values()]
    assert len(set(groups)) == len(groups)
    access_log = template.one("ApiGateway::Stage")["AccessLogSetting"]["DestinationArn"]["Fn::GetAtt"][0]
    (web_acls,) = [name for name, group in template.of("Logs::LogGroup").items() if "LogGroupName" in group]
    assert {*groups, access_log, web_acls} == set(template.of("Logs::LogGroup"))
    assert {group["RetentionInDays"] for group in template.of("Logs::LogGroup").values()} == {365}


def test_its_lines_are_json_and_of_lambdas_own_only_warnings_are_kept(template):
    for function in template.functions().values():
        log = function["LoggingConfig"]
        assert (log["LogFormat"], log["ApplicationLogLevel"], log["SystemLogLevel"]) == ("JSON", "INFO", "WARN")


def test_keys_are_published_and_rotated_after_each_deployment_of_this_stack_and_every_hour(template):
    rules = [one for one in template.of("Events::Rule").values() if "CloudTrail" not in json.dumps(one)]
    (deployed,) = [rule["EventPattern"] for rule in rules if "EventPattern" in rule]
    assert deployed["source"] == ["aws.cloudformation"]
    assert deployed["detail"]["stack-id"] == [{"Ref": "AWS::StackId"}]
    assert set(deployed["detail"]["status-details"]["status"]) == {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert [rule["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule] == ["rate(1 hour)"]
    for rule in rules:
        assert tuple(template.handler_of(target["Arn"]) for target in rule["Targets"]) == JOBS


def test_each_function_has_an_alias_of_a_version_which_all_that_calls_it_calls(template):
    """So a release can be taken back, and a new one be given its traffic bit by bit."""
    aliases = template.of("Lambda::Alias")
    assert {alias["Name"] for alias in aliases.values()} == {"live"}
    assert len(aliases) == len(template.functions()) == len(template.of("Lambda::Version"))
    own = {alias["FunctionName"]["Ref"] for alias in aliases.values()}
    assert own == set(template.of("Lambda::Function"))
    callers = json.dumps(
        [list(template.of(kind).values()) for kind in ("ApiGateway::Method", "ApiGateway::Authorizer", "Events::Rule")]
    )
    permitted = json.dumps(list(template.of("Lambda::Permission").values()))
    for name in own:
        assert f'"{name}"' not in callers + permitted
    assert not [function for function in template.functions().values() if "SnapStart" in function]


def test_traffic_goes_over_at_once_where_nothing_else_is_said(template):
    assert not template.of("CodeDeploy::DeploymentGroup")
    assert not [one for one in template.resources.values() if "UpdatePolicy" in one]


def test_alarms_take_back_a_version_that_gets_its_traffic_bit_by_bit(synthesized):
    made = Template(synthesized / "everything", eddsa=True)
    names = {key: alarm["AlarmName"].removeprefix("Ducat-") for key, alarm in made.of("CloudWatch::Alarm").items()}
    groups = made.of("CodeDeploy::DeploymentGroup")
    shifted = {}
    for alias in (
        one for one in made.resources.values() if one["Type"] == "AWS::Lambda::Alias" and "UpdatePolicy" in one
    ):
        by = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        shifted[made.handler_of(alias["Properties"]["FunctionName"])] = groups[by]
    assert set(shifted) == {handler for handler in made.functions() if handler not in NOBODY_WAITS}
    for handler, group in shifted.items():
        name = handler.removeprefix("app.")
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert set(group["AutoRollbackConfiguration"]["Events"]) == {
            "DEPLOYMENT_FAILURE",
            "DEPLOYMENT_STOP_ON_ALARM",
            "DEPLOYMENT_STOP_ON_REQUEST",
        }
        alarms = group["AlarmConfiguration"]
        watched = {names[re.search(r"\w+Alarm\b", json.dumps(one["Name"]))[0]] for one in alarms["Alarms"]}
        assert alarms["Enabled"]
        assert not alarms.get("IgnorePollAlarmFailure")
        assert watched == {f"slow-{name}", "server_errors", "api_failures"}  # failures are left out by the setting


def test_codedeploy_shifts_these_functions_and_no_other(synthesized):
    made = Template(synthesized / "everything", eddsa=True)
    (role,) = [role for name, role in made.of("IAM::Role").items() if name.startswith("ShiftingRole")]
    assert "ManagedPolicyArns" not in role
    trusted = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert trusted["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    shift, see = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert set(shift["Action"]) == {"lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"}
    named = re.findall(r'"Fn::GetAtt": \["(\w+)", "Arn"\]', json.dumps(shift["Resource"]))
    assert set(named) == set(made.of("Lambda::Function"))
    assert (see["Action"], see["Resource"]) == ("cloudwatch:DescribeAlarms", "*")


@pytest.mark.parametrize("handler", ["app.login", "app.authorizer", "app.token"])
def test_a_function_that_starts_fast_is_called_by_the_alias_of_this_deployments_version(synthesized, handler):
    ready = Template(synthesized / "own", stack="Login")
    (own,) = [one for one, function in ready.of("Lambda::Function").items() if function["Handler"] == handler]
    ((alias_id, alias),) = [(k, a) for k, a in ready.of("Lambda::Alias").items() if a["FunctionName"] == {"Ref": own}]
    version = ready.resources[alias["FunctionVersion"]["Fn::GetAtt"][0]]
    assert (alias["Name"], version["Properties"]["FunctionName"]) == ("live", {"Ref": own})
    by_snapshot = handler != "app.token"
    assert ready.functions()[handler].get("SnapStart") == ({"ApplyOn": "PublishedVersions"} if by_snapshot else None)
    kept = {"ProvisionedConcurrentExecutions": 2}
    assert alias.get("ProvisionedConcurrencyConfig") == (None if by_snapshot else kept)
    # All that calls it calls the alias.
    callers = [
        resource for name, resource in ready.resources.items() if resource not in (alias, version) and name != own
    ]
    calls = [
        one for one in callers if not one["Type"].startswith(("AWS::Lambda::Alias", "AWS::Lambda::Ver", "AWS::CloudW"))
    ]
    named = json.dumps(calls)
    assert f'"{alias_id}"' in named
    assert f'"{own}"' not in named


def test_the_banks_own_api_gets_the_authorizers_alias(synthesized):
    ready = Template(synthesized / "own", stack="Login")
    (shown,) = [one["Value"] for name, one in ready.body["Outputs"].items() if name == "AuthorizerArn"]
    assert ready.resources[shown["Ref"]]["Type"] == "AWS::Lambda::Alias"


def test_nothing_runs_that_is_not_ours(template):
    assert all(function["Handler"].startswith("app.") for function in template.of("Lambda::Function").values())
    assert not [r for r in template.resources.values() if r["Type"].startswith(("Custom::", "AWS::CloudFormation::"))]


def test_cloudformation_accepts_the_templates(synthesized):
    """By cfn-lint's schemas. W3005 is about DependsOn that the CDK writes besides the reference to a role."""
    lint = (
        "import gc; gc.disable(); from cfnlint.runner import main; main()"  # it looks for circles a tenth of its time
    )
    made = {"everything": "Ducat", "own": "Login"}
    files = [synthesized / name / f"{stack}.template.json" for name, stack in made.items()]
    command = [sys.executable, "-c", lint, "--ignore-checks", "W3005", "--", *files]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_traces_are_sent_where_the_bank_says_so_and_the_stage_quotes_no_address(template, synthesized):
    everything = Template(synthesized / "everything", eddsa=True)
    for made, mode, allowed in (
        (template, "absent", []),
        (everything, "Active", ["PutTraceSegments", "PutTelemetryRecords"]),
    ):
        for handler, function in made.functions().items():
            assert function.get("TracingConfig", {"Mode": "absent"})["Mode"] == mode
            sent = [one for one in made.statements(handler) if "xray" in json.dumps(one["Action"])]
            assert [one["Action"] for one in sent] == ([[f"xray:{action}" for action in allowed]] if allowed else [])
        assert not made.one("ApiGateway::Stage").get("TracingEnabled")
