"""The alarms, their topic and the dashboard: what they watch is there, and each leads to what to do."""

import json
import re
from pathlib import Path

import pytest

from chalicelib import log_lines
from ducat_cdk import alarms
from ducat_cdk.alarms import ALARMS
from ducat_cdk.deployment import DeploymentError
from ducat_cdk.settings import deployment_of
from tests.house.source import text
from tests.infra.policies import rendered
from tests.infra.template import Template
from tests.infra.test_deployment_settings import CHOSEN

RUNBOOKS = Path("docs/operate/alarms.md")
OWN_TOPIC = "arn:aws:sns:eu-central-1:444455556666:on-call"
NAMESPACE = "Ducat/login.bank.example"


@pytest.fixture(scope="module")
def weekly(synthesized):
    return Template(synthesized / "weekly")


def alarms_of(template):
    """The alarms by their names without the stack's."""
    return {one["AlarmName"].removeprefix("Ducat-"): one for one in template.of("CloudWatch::Alarm").values()}


def dimensions(alarm):
    return {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}


def test_there_is_an_alarm_for_each_row_and_for_each_of_what_it_is_about(template):
    made = alarms_of(template)
    assert set(made) == set(alarms.names(weekly_tables=False))
    handlers = {name: function["Handler"] for name, function in template.of("Lambda::Function").items()}
    for kind in ("failures", "slow", "throttled", "job_failures", "job_silent"):
        about = {
            n.partition("-")[2]: dimensions(a)["FunctionName"]["Ref"]
            for n, a in made.items()
            if n.split("-")[0] == kind
        }
        assert {f"app.{name}" for name in about} == {handlers[function] for function in about.values()}
        assert all(handlers[function] == f"app.{name}" for name, function in about.items())


def test_every_table_and_its_index_has_an_alarm_for_its_throttles(template):
    made = alarms_of(template).items()
    for kind in ("table_reads", "table_writes"):
        watched = [dimensions(alarm)["TableName"]["Ref"] for name, alarm in made if name.startswith(f"{kind}-")]
        assert sorted(watched) == sorted(template.of("DynamoDB::Table"))
    watched = [dimensions(alarm) for name, alarm in made if name.startswith("index_writes-")]
    assert sorted((one["TableName"]["Ref"], one["GlobalSecondaryIndexName"]) for one in watched) == sorted(
        (name, index["IndexName"])
        for name, table in template.of("DynamoDB::Table").items()
        for index in table.get("GlobalSecondaryIndexes", ())
    )


def test_tables_of_weeks_have_no_alarm_and_the_job_that_makes_them_has_one(weekly):
    made = alarms_of(weekly)
    assert "sweep_silent-sweep" in made
    assert "table_writes-sessions" not in made
    assert "table_writes-grants" in made


def test_the_api_the_queue_and_the_hosts_certificates_are_watched(template):
    made = alarms_of(template)
    assert dimensions(made["api_failures"]) == {
        "ApiName": template.one("ApiGateway::RestApi")["Name"],
        "Stage": template.one("ApiGateway::Stage")["StageName"],
    }
    audit, queue = sorted(template.of("SQS::Queue"))
    assert dimensions(made["audit_dead_letters"]) == {"QueueName": {"Fn::GetAtt": [audit, "QueueName"]}}
    for name in ("audit_late", "audit_failures"):
        function = dimensions(made[name])["FunctionName"]["Ref"]
        assert template.of("Lambda::Function")[function]["Handler"] == "app.audit"
    assert dimensions(made["dead_letters"]) == {"QueueName": {"Fn::GetAtt": [queue, "QueueName"]}}
    given = {one["RegionalCertificateArn"] for one in template.of("ApiGateway::DomainName").values()}
    assert {dimensions(made[f"certificate_expiry-{host}"])["CertificateArn"] for host in ("issuer", "mtls")} == given


def test_a_certificate_that_the_stack_makes_is_watched_too(everything):
    watched = dimensions(alarms_of(everything)["certificate_expiry-issuer"])["CertificateArn"]
    assert watched["Ref"] in everything.of("CertificateManager::Certificate")


def test_a_function_that_starts_fast_is_watched_with_all_its_versions(synthesized):
    ready = Template(synthesized / "own", stack="Login")
    (alarm,) = [one for one in ready.of("CloudWatch::Alarm").values() if one["AlarmName"].endswith("-slow-token")]
    watched = dimensions(alarm)["FunctionName"]["Ref"]
    assert ready.of("Lambda::Function")[watched]["Handler"] == "app.token"


def test_two_stacks_of_an_account_are_told_apart_by_the_apis_name(template):
    """API Gateway's metrics have the API's name and not its id."""
    assert template.one("ApiGateway::RestApi")["Name"] == "Ducat"


def test_what_is_used_of_kmss_quotas_is_a_share_of_what_the_account_has(template):
    made = alarms_of(template)
    for kind, resource in alarms.KMS_QUOTAS.items():
        shown, used = made[f"kms_quota-{kind}"]["Metrics"]
        assert (shown["Expression"], shown["ReturnData"]) == ("100 * used / SERVICE_QUOTA(used)", True)
        metric = used["MetricStat"]["Metric"]
        assert (used["Id"], used["ReturnData"], metric["Namespace"]) == ("used", False, "AWS/Usage")
        assert dimensions(metric) == {"Class": "None", "Resource": resource, "Service": "KMS", "Type": "API"}
    assert made["concurrency"]["Threshold"] == 800


def test_silence_is_a_fault_of_jobs_alone_and_a_certificates_alarm_outlives_its_metric(template):
    missing = {name: alarm["TreatMissingData"] for name, alarm in alarms_of(template).items()}
    assert {name for name, one in missing.items() if one == "breaching"} == {
        "job_silent-fetch_crls",
        "job_silent-publish_keys",
        "job_silent-rotate_keys",
        "job_silent-check_truststore",
    }
    assert {name for name, one in missing.items() if one == "ignore"} == {
        "certificate_expiry-issuer",
        "certificate_expiry-mtls",
    }
    assert set(missing.values()) == {"breaching", "ignore", "notBreaching"}


def test_a_few_requests_are_no_hundredth(template):
    slow = [alarm for alarm in alarms_of(template).values() if "ExtendedStatistic" in alarm]
    assert {alarm["ExtendedStatistic"] for alarm in slow} == {"p99"}
    assert {alarm["EvaluateLowSampleCountPercentile"] for alarm in slow} == {"ignore"}


def test_an_alarm_says_when_it_begins_and_when_it_ends(template, everything):
    (topic,) = template.of("SNS::Topic")
    for made, where in ((template, {"Ref": topic}), (everything, OWN_TOPIC)):
        for alarm in alarms_of(made).values():
            assert alarm["AlarmActions"] == alarm["OKActions"] == [where]
    assert not everything.of("SNS::Topic")


def test_without_a_topic_the_cdk_says_what_follows(nothing):
    assert alarms_of(nothing).keys() == {"replays", *(f"kms_quota-{kind}" for kind in alarms.KMS_QUOTAS)}
    assert not any("AlarmActions" in alarm for alarm in alarms_of(nothing).values())
    assert not nothing.of("SNS::Topic")
    assert "nobody is told of an alarm" in json.dumps(nothing.warnings())


def test_only_alarms_of_the_stack_are_published_and_only_by_tls(template):
    (topic,) = template.of("SNS::Topic")
    key = template.one("SNS::Topic")["KmsMasterKeyId"]["Fn::GetAtt"][0]
    statements = template.one("SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (published,) = [one for one in statements if one["Effect"] == "Allow"]
    (denied,) = [one for one in statements if one["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert published["Resource"] == {"Ref": topic}
    account, used = template.of("KMS::Key")[key]["KeyPolicy"]["Statement"]
    assert rendered(account["Principal"]["AWS"]).endswith(":root")
    assert used["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    for statement in (published, used):
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        condition = statement["Condition"]
        assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        source = rendered(condition["ArnLike"]["aws:SourceArn"])
        assert source == "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:Ducat-*"


def test_each_alarm_has_a_section_and_its_description_leads_there(template, everything):
    sections = re.findall(r"^## (\S+)$", text(RUNBOOKS), re.MULTILINE)
    assert sections == [row.name for row in ALARMS]
    for made, page in ((template, RUNBOOKS.as_posix()), (everything, "https://wiki.bank.example/ducat/alarms")):
        for name, alarm in alarms_of(made).items():
            assert alarm["AlarmDescription"].endswith(f" What to do: {page}#{name.partition('-')[0]}")
            assert len(alarm["AlarmDescription"]) <= 1024


def test_what_a_bank_sets_of_one_alarm_comes_before_what_it_sets_of_all(everything):
    made = alarms_of(everything)
    assert {(made[n]["Threshold"], made[n]["EvaluationPeriods"]) for n in made if n.startswith("slow-")} == {
        (5000, 3),
        (5000, 2),
    }
    assert (made["slow-login"]["EvaluationPeriods"], made["slow-login"]["DatapointsToAlarm"]) == (2, 2)
    assert not [name for name in made if name.startswith(("lockouts", "failures"))]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"alarms": {"lockout": False}}, r"there is no alarm lockout \(is lockouts meant\?\)"),
        ({"alarms": {"slow-logn": False}}, r"is slow-login meant"),
        ({"alarms": {"sweep_silent-sweep": False}}, "no alarm sweep_silent-sweep"),
        ({"alarms": {"slow": True}}, "slow: it must be false, or an object of threshold, minutes, periods"),
        ({"alarms": {"slow": {"treshold": 1}}}, "slow: it must be false, or an object"),
        ({"alarms": {"slow": {"threshold": "5"}}}, "threshold must be a number above 0"),
        ({"alarms": {"slow": {"threshold": True}}}, "threshold must be a number above 0"),
        ({"alarms": '{"slow": {"threshold": NaN}}'}, "threshold must be a number above 0"),
        ({"alarms": {"kms_quota": {"threshold": 101}}}, "above 0 and at most 100: else it never alarms"),
        ({"alarms": {"api_failures": {"threshold": 5}}}, "above 0 and at most 1: else it never alarms"),
        ({"alarms": {"slow": {"periods": 0}}}, "must be whole numbers above 0"),
        ({"alarms": {"slow": {"minutes": 30, "periods": 49}}}, "CloudWatch looks back a day"),
        ({"alarms": {"slow": {"minutes": 30}, "slow-login": {"periods": 49}}}, "CloudWatch looks back a day"),
        ({"alarms": '{"slow": false, "slow": {"threshold": 1}}'}, "slow stands there more than once"),
        ({"alarms": []}, "alarms must be a JSON object"),
        (
            {"alarm_topic": "arn:aws:sqs:eu-central-1:444455556666:on-call"},
            "must be make, none or the ARN of an SNS topic",
        ),
        (
            {"alarm_topic": OWN_TOPIC.replace("eu-central-1", "eu-west-1")},
            "alarm_topic is of eu-west-1: all must be of the stack's Region",
        ),
        ({"runbooks": "wiki.bank.example"}, "runbooks must be an https address"),
        ({"runbooks": "https://wiki.bank.example/a#b"}, "runbooks must be an https address"),
        ({"issuer_host": f"{'a.' * 124}bank"}, "issuer_host is too long: CloudWatch takes 255"),
    ],
)
def test_alarms_that_can_not_be_are_refused_before_anything_is_made(more, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of({**CHOSEN, **more})


def test_an_alarm_may_look_back_seven_days_by_the_hour():
    read = deployment_of({**CHOSEN, "alarms": {"slow": {"minutes": 60, "periods": 168}}})
    assert read.watched_alarms()["slow-login"][0].periods == 168


def test_the_alarms_watch_the_namespace_in_which_the_functions_write(template):
    """gateway/test_alarmed_metrics.py has real requests write each metric."""
    others = {row.metric.namespace for row in ALARMS}
    own = {alarm["Namespace"] for alarm in alarms_of(template).values() if "Namespace" in alarm} - others
    assert own == {NAMESPACE} == {log_lines.namespace(template.environment()["DUCAT_ISSUER"])}


def test_the_dashboard_shows_every_alarm_and_graphs_no_metric_without_data(template):
    board = template.one("CloudWatch::Dashboard")
    body = json.loads(
        "".join(
            part if isinstance(part, str) else part.get("Ref") or ".".join(part["Fn::GetAtt"])
            for part in board["DashboardBody"]["Fn::Join"][1]
        )
    )
    widgets = body["widgets"]
    listed = [arn for one in widgets if one["type"] == "alarm" for arn in one["properties"]["alarms"]]
    assert {arn.partition(".")[0] for arn in listed} == set(template.of("CloudWatch::Alarm"))
    lines = [line for one in widgets if one["type"] == "metric" for line in one["properties"]["metrics"]]
    named = {tuple(line[:2]) for line in lines if len(line) > 1}
    own = {name for namespace, name in named if namespace == NAMESPACE}
    assert own == {"keys_late"}
    searched = " ".join(line[0]["expression"] for line in lines if len(line) == 1)
    assert all(
        f'{{"{NAMESPACE}",{member}}} MetricName="{name}"' in searched for member, name in log_lines.COUNTED.items()
    )
    (query,) = [one["properties"]["query"] for one in widgets if one["type"] == "log"]
    groups = {function["LoggingConfig"]["LogGroup"]["Ref"] for function in template.functions().values()}
    assert set(re.findall(r"SOURCE '(\w+)'", query)) == groups


def test_no_widget_lies_on_another(template):
    body = template.one("CloudWatch::Dashboard")["DashboardBody"]["Fn::Join"][1]
    spots = re.findall(r'"width":(\d+),"height":(\d+).*?"x":(\d+),"y":(\d+)', "".join(str(part) for part in body))
    taken = set()
    for width, height, x, y in (map(int, spot) for spot in spots):
        cells = {(x + i, y + j) for i in range(width) for j in range(height)}
        assert not cells & taken
        assert x + width <= 24
        taken |= cells
    assert len(spots) > 10
