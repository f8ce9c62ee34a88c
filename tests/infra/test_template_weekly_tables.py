"""A deployment with tables by week: a job makes and drops them, and each function's role reaches those of its names alone."""

import json

import pytest

import app
from ducat_cdk.functions import FUNCTIONS
from tests.infra.template import Template

EVERY_JOB = ("WriteItsOwnLog", "OpenItsTablesThroughDynamoDB", "KeepWhatFailed")
WEEKLY = ("access-tokens", "sessions", "replay-cache")


@pytest.fixture(scope="module")
def weekly(synthesized):
    return Template(synthesized / "weekly", eddsa=False)


def test_the_template_makes_no_table_of_a_week_and_names_them(weekly):
    assert len(weekly.of("DynamoDB::Table")) == 7
    environment = weekly.environment()
    assert environment["DUCAT_WEEKLY_TABLES"] == "yes"
    for name in WEEKLY:
        assert environment[f"DUCAT_{name.replace('-', '_').upper()}_TABLE"] == f"Ducat-{name}"


def test_the_job_is_there_and_runs_daily_and_after_each_deployment(weekly):
    assert set(weekly.functions()) == {f"app.{function.name}" for function in app.app.pure_lambda_functions}
    sweeping = [
        rule
        for rule in weekly.of("Events::Rule").values()
        if weekly.handler_of(rule["Targets"][0]["Arn"]) == "app.sweep"
    ]
    assert {rule.get("ScheduleExpression") for rule in sweeping} == {"rate(1 day)", None}


def test_only_the_job_makes_and_drops_tables_and_only_those_of_weeks(weekly):
    for handler in weekly.functions():
        for statement in weekly.statements(handler):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if "dynamodb:DeleteTable" in actions or "dynamodb:Scan" in actions:
                assert handler == "app.sweep"
            if "dynamodb:DeleteTable" in actions:
                assert (
                    json.dumps(statement["Resource"])
                    .rstrip('"]}')
                    .endswith(tuple(f"Ducat-{name}-*" for name in WEEKLY))
                )


def test_who_uses_a_table_of_weeks_reaches_every_week_of_it(weekly):
    (claim,) = [s for s in weekly.statements("app.par") if s["Sid"] == "AcceptEachAssertionAndProofOnce"]
    assert "Ducat-replay-cache-*" in json.dumps(claim["Resource"])
    (opened,) = [s for s in weekly.statements("app.par") if s["Sid"] == "OpenItsTablesThroughDynamoDB"]
    assert "Ducat-replay-cache-*" in json.dumps(opened["Condition"]["StringLike"])


def test_the_jobs_statements_are_its_rows_and_each_has_a_name_of_its_own(weekly):
    (row,) = [row for row in FUNCTIONS if row.weekly]
    names = [statement["Sid"] for statement in weekly.statements("app.sweep")]
    assert sorted(names) == sorted(
        [
            "WriteItsOwnLog",
            "OpenItsTablesThroughDynamoDB",
            "KeepWhatFailed",
            *(t.why for t in row.tables),
            *(key.why for key in row.keys),
        ]
    )
    assert len(set(names)) == len(names)
    assert "*" not in "".join(str(statement["Action"]) for statement in weekly.statements("app.sweep"))


def test_without_it_there_is_no_such_job(template):
    assert "app.sweep" not in template.functions()
