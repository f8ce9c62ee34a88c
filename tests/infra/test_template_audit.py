"""The record as it is deployed: its bucket, what the function `audit` is called by, and what its role may do."""

import itertools
import json
import re

import pytest

from chalicelib.audit import of_lines, sources
from ducat_cdk import audit_lines, audit_settings
from ducat_cdk.deployment import DeploymentError
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.settings import deployment_of
from ducat_cdk.tables import TABLES
from tests.infra.conftest import EVERYTHING
from tests.infra.policies import BUS, FAILED, RECORD, REGION, allowed, key_arn, plain, rendered, table_arn
from tests.infra.template import Template
from tests.infra.test_deployment_settings import CHOSEN

RECORDED = {"clients", "users", "grants", "bonds", "signing_keys", "revocations", "sessions"}
KEY = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000003"
CODE = {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-central-1:111122223333:function:audit"}


@pytest.fixture(scope="module")
def whole(synthesized):
    return Template(synthesized / "with-EdDSA", eddsa=True)


@pytest.fixture(scope="module")
def role(whole):
    """The statements of the role of `audit`, as IAM gets them."""
    return plain(whole)["audit"]


def bucket(template, name):
    """A bucket and its policy's statements, by what its logical id begins with."""
    ((logical, found),) = [one for one in template.of("S3::Bucket").items() if one[0].startswith(name)]
    (policy,) = [one for one in template.of("S3::BucketPolicy").values() if one["Bucket"] == {"Ref": logical}]
    return logical, found, policy["PolicyDocument"]["Statement"]


def streams(template):
    """The event source mappings by the table's row."""
    tables = {value["Ref"]: name for name, value in template.environment().items() if "Ref" in value}
    return {
        tables[one["EventSourceArn"]["Fn::GetAtt"][0]].removeprefix("DUCAT_").removesuffix("_TABLE").lower(): one
        for one in template.of("Lambda::EventSourceMapping").values()
    }


def test_what_is_in_the_record_is_locked_for_years_and_then_goes(whole):
    _, made, _ = bucket(whole, "AuditRecord")
    assert made["ObjectLockEnabled"] is True
    assert made["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Days": 5 * 366, "Mode": "GOVERNANCE"}
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    kept, markers = made["LifecycleConfiguration"]["Rules"]
    assert kept["ExpirationInDays"] == 5 * 366 + 1
    assert kept["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert kept["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}]
    assert markers["ExpiredObjectDeleteMarker"] is True


def test_a_bank_chooses_the_years_and_that_nobody_lifts_the_lock(everything):
    _, made, _ = bucket(everything, "AuditRecord")
    assert made["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Days": 3660, "Mode": "COMPLIANCE"}


@pytest.mark.parametrize("name", ["AuditRecord", "AuditFailed", "AuditReads"])
def test_each_bucket_is_private_encrypted_by_tls_alone_and_stays(whole, name):
    logical, made, statements = bucket(whole, name)
    assert set(made["PublicAccessBlockConfiguration"].values()) == {True}
    assert made["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    denied = [one["Condition"] for one in statements if one["Effect"] == "Deny"]
    assert denied == [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": 1.2}}]
    resource = whole.resources[logical]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    (rule,) = made["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    default = rule["ServerSideEncryptionByDefault"]
    if name == "AuditReads":
        assert default == {"SSEAlgorithm": "AES256"}
        return
    assert (default["SSEAlgorithm"], rule["BucketKeyEnabled"]) == ("aws:kms", True)
    assert whole.of("KMS::Key")[default["KMSMasterKeyID"]["Fn::GetAtt"][0]]["EnableKeyRotation"] is True


def test_who_reads_the_record_is_logged(whole):
    reads, _, statements = bucket(whole, "AuditReads")
    allowing = [one for one in statements if one["Effect"] == "Allow"]
    for name, prefix in (("AuditRecord", "record/"), ("AuditFailed", "failed/")):
        logical, made, _ = bucket(whole, name)
        log = made["LoggingConfiguration"]
        assert log == {"DestinationBucketName": {"Ref": reads}, "LogFilePrefix": prefix}
        (one,) = [one for one in allowing if rendered(one["Resource"]).endswith(f"/{prefix}*")]
        assert (one["Action"], one["Principal"]) == ("s3:PutObject", {"Service": "logging.s3.amazonaws.com"})
        assert one["Condition"]["ArnLike"] == {"aws:SourceArn": {"Fn::GetAtt": [logical, "Arn"]}}
        assert one["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_every_change_of_a_recorded_table_goes_to_the_function(whole):
    assert {row.name for row in TABLES if row.recorded} == RECORDED == set(streams(whole))
    for name, value in whole.environment().items():
        if name.endswith("_TABLE"):
            stream = whole.of("DynamoDB::Table")[value["Ref"]].get("StreamSpecification")
            recorded = name.removeprefix("DUCAT_").removesuffix("_TABLE").lower() in RECORDED
            assert stream == ({"StreamViewType": "NEW_AND_OLD_IMAGES"} if recorded else None)
    for one in streams(whole).values():
        assert whole.handler_of(one["FunctionName"]) == "app.audit"
        assert whole.resources[one["FunctionName"]["Ref"]]["Type"] == "AWS::Lambda::Alias"
        assert one["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"
        assert (one["StartingPosition"], one["FunctionResponseTypes"]) == ("TRIM_HORIZON", ["ReportBatchItemFailures"])
        assert (one["BatchSize"], one["MaximumBatchingWindowInSeconds"]) == (1000, 60)
        assert one["BisectBatchOnFunctionError"] is True


def test_what_fails_for_hours_is_kept_whole_and_somebody_is_told(whole):
    """Before the stream forgets it. A queue alone would get numbers of records that are gone a day later."""
    failed, made, _ = bucket(whole, "AuditFailed")
    for one in streams(whole).values():
        assert one["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [failed, "Arn"]}
        assert (one["MaximumRetryAttempts"], one["MaximumRecordAgeInSeconds"]) == (-1, 6 * 3600)
    (notice,) = made["NotificationConfiguration"]["QueueConfigurations"]
    queue = notice["Queue"]["Fn::GetAtt"][0]
    assert (notice["Event"], queue.startswith("AuditDeadLetters")) == ("s3:ObjectCreated:*", True)
    ((policy, may),) = [one for one in whole.of("SQS::QueuePolicy").items() if one[1]["Queues"] == [{"Ref": queue}]]
    (allowing,) = [one for one in may["PolicyDocument"]["Statement"] if one.get("Sid") == "TellOfWhatFailed"]
    assert (allowing["Action"], allowing["Principal"]) == ("sqs:SendMessage", {"Service": "s3.amazonaws.com"})
    assert allowing["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert policy in whole.resources[failed]["DependsOn"], "S3 tries the queue when the bucket is made"
    assert made["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 14


def test_the_lines_of_every_function_but_its_own_go_to_it(whole):
    """Its own would call it again, for ever."""
    groups = {f["LoggingConfig"]["LogGroup"]["Ref"]: handler for handler, f in whole.functions().items()}
    made = [one for one in whole.resources.values() if one["Type"] == "AWS::Logs::SubscriptionFilter"]
    subscribed = {groups[one["Properties"]["LogGroupName"]["Ref"]] for one in made}
    assert subscribed == set(whole.functions()) - {"app.audit"}
    (permission,) = [
        name for name, one in whole.of("Lambda::Permission").items() if one["Principal"] == "logs.amazonaws.com"
    ]
    for one in made:
        assert whole.handler_of(one["Properties"]["DestinationArn"]) == "app.audit"
        assert one["Properties"]["FilterPattern"] == audit_lines.PATTERN
        assert one["DependsOn"] == [permission]
    may = whole.of("Lambda::Permission")[permission]
    assert rendered(may["SourceArn"]) == "arn:aws:logs:eu-central-1:111122223333:log-group:Ducat-*:*"
    assert may["SourceAccount"] == {"Ref": "AWS::AccountId"}


def takes(line):
    """Whether the pattern takes a line. A member that is missing satisfies no comparison (CloudWatch Logs user guide)."""

    def compared(found):
        name, operator, value = found.groups()
        there = line.get(name)
        return str(there is not None and (value == "*" or (str(there) == value) is (operator == "=")))

    said = re.sub(r'\$\.(\w+) (!?=) "([^"]*)"', compared, audit_lines.PATTERN.strip("{} "))
    return eval(said.replace("||", "or").replace("&&", "and"))


def test_the_pattern_takes_each_line_that_the_record_tells_of_and_leaves_out_what_a_stream_tells():
    events = [*of_lines.BY_EVENT, *of_lines.NO_EVENT, "tokens_issued", "truststore_expiry", None]
    lines = [
        {name: value for name, value in found.items() if value}
        for event, endpoint, error, grant in itertools.product(
            events,
            ("token", "login", *of_lines.JOBS),
            (None, "invalid_grant", "server_error"),
            (None, "authorization_code", "refresh_token", "client_credentials"),
        )
        for found in [{"event": event, "endpoint": endpoint, "error": error, "grant_type": grant, "outcome": "200"}]
        if (event == "tokens_issued") is (grant is not None)
        if endpoint not in of_lines.JOBS or event in ("truststore_expiry", None)
    ]
    found = [line for line in lines if of_lines.draft_of(line) is not None]
    assert len(found) > 50
    assert [line for line in found if not takes(line)] == []
    login = [
        {"event": "sign_in"},
        {"event": "consent_given"},
        {"event": "tokens_issued", "grant_type": "authorization_code"},
    ]
    assert [takes(line) for line in login] == [True, False, False]
    assert takes({"endpoint": "authorizer", "outcome": "failed", "reason": "KeyError"})
    assert not takes({"endpoint": "jwks", "outcome": "200"})
    assert len(audit_lines.PATTERN) <= audit_lines.MOST


def test_the_truststores_bucket_of_a_bank_may_call_it_and_no_other(everything, synthesized):
    assert "s3.amazonaws.com" not in {one["Principal"] for one in everything.of("Lambda::Permission").values()}
    chosen = Template(synthesized / "nothing")
    (may,) = [one for one in chosen.of("Lambda::Permission").values() if one["Principal"] == "s3.amazonaws.com"]
    assert rendered(may["SourceArn"]) == "arn:aws:s3:::bank.example-truststore"
    assert may["SourceAccount"] == {"Ref": "AWS::AccountId"}


@pytest.mark.parametrize("name", ["with-EdDSA", "everything"])
def test_a_truststore_that_is_deployed_is_told_of_as_s3_tells_of_an_object(synthesized, name):
    """By CloudTrail, with who did it. The function reads it as any other (chalicelib/audit)."""
    made = Template(synthesized / name, eddsa=True)
    (rule,) = [one for one in made.of("Events::Rule").values() if "aws.apigateway" in json.dumps(one)]
    host = {"with-EdDSA": "mtls.bank.example"}.get(name, EVERYTHING["mtls_host"])
    assert rule["EventPattern"]["detail"]["$or"] == [
        {"requestParameters": {"domainName": [host]}},
        {"requestParameters": {"createDomainNameInput": {"domainName": [host]}}},
    ]
    (target,) = rule["Targets"]
    assert made.handler_of(target["Arn"]) == "app.audit"
    shaped = target["InputTransformer"]
    paths = {"time": "2026-11-30T07:00:00Z", "id": "1-2-3", "detail-userIdentity-arn": "arn:aws:iam::1:user/carol"}
    assert set(shaped["InputPathsMap"]) == set(paths)
    filled = rendered(shaped["InputTemplate"])
    for path, value in paths.items():
        filled = filled.replace(f"<{path}>", json.dumps(value))
    (event,) = sources.of_object(json.loads(filled)["Records"][0])
    assert (event.draft.what, event.at) == ("truststore.changed", 1_796_022_000)
    assert event.draft.key == rendered(made.environment()["DUCAT_TRUSTSTORE"])
    assert "user/carol" in event.writer.name


@pytest.mark.parametrize("table", sorted(RECORDED))
def test_lambda_reads_the_streams_by_its_role_and_its_own_code_does_not(role, table):
    """So whoever takes its credentials gets no password hash out of a stream."""
    stream = f"{table_arn(table)}/stream/newest"
    for action in ("DescribeStream", "GetRecords", "GetShardIterator"):
        assert allowed(role, f"dynamodb:{action}", stream, {})
        assert not allowed(role, f"dynamodb:{action}", stream, CODE)
    for action in ("GetItem", "Query", "Scan", "UpdateItem", "DeleteItem"):
        assert allowed(role, f"dynamodb:{action}", table_arn(table), {}) is ((table, action) == ("clients", "GetItem"))


def test_no_other_stream_is_read_by_it(role):
    for other in ("audit_keys", "replay_cache"):
        assert not allowed(role, "dynamodb:GetRecords", f"{table_arn(other)}/stream/newest", {})


def test_its_code_adds_to_the_record_and_reads_deletes_and_unlocks_nothing_of_it(role):
    assert allowed(role, "s3:PutObject", f"{RECORD}/audit/dt=2026-11-30/hour=07/x.jsonl", CODE)
    assert not allowed(role, "s3:PutObject", f"{RECORD}/other", CODE)
    for action in (
        "GetObject",
        "DeleteObject",
        "DeleteObjectVersion",
        "PutObjectRetention",
        "BypassGovernanceRetention",
    ):
        assert not allowed(role, f"s3:{action}", f"{RECORD}/audit/x", CODE)
    assert allowed(role, "s3:PutObject", f"{FAILED}/aws/lambda/x", {})
    assert not allowed(role, "s3:PutObject", f"{FAILED}/aws/lambda/x", CODE)
    assert not allowed(role, "s3:GetObject", f"{FAILED}/aws/lambda/x", {})


def test_it_forgets_nobody(role):
    keys = table_arn("audit_keys")
    assert allowed(role, "dynamodb:GetItem", keys, CODE)
    made = {"dynamodb:Attributes": ("pk", "key", "erased_at")}
    assert allowed(role, "dynamodb:PutItem", keys, CODE | made)
    assert not allowed(role, "dynamodb:PutItem", keys, CODE | {"dynamodb:Attributes": ("pk", "key", "ttl")})
    for verb in ("DeleteItem", "UpdateItem", "Query", "Scan", "BatchGetItem"):
        assert not allowed(role, f"dynamodb:{verb}", keys, CODE)


def test_its_key_encrypts_the_record_through_s3_and_decrypts_nothing(role):
    through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": RECORD}
    assert allowed(role, "kms:GenerateDataKey", key_arn("record"), through)
    for wrong in (
        {},
        {**through, "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"},
        {**through, "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::other"},
    ):
        assert not allowed(role, "kms:GenerateDataKey", key_arn("record"), wrong)
    assert not allowed(role, "kms:Decrypt", key_arn("record"), through)


def test_it_tells_the_bus_as_itself_alone(role, synthesized):
    assert allowed(role, "events:PutEvents", BUS, {"events:source": ("ducat",)})
    assert not allowed(role, "events:PutEvents", BUS, {"events:source": ("aws.health",)})
    assert not allowed(role, "events:PutEvents", BUS, {"events:source": ("ducat", "aws.health")})
    assert not allowed(role, "events:PutEvents", BUS, {})
    assert not allowed(role, "events:PutEvents", f"{BUS}-of-another", {"events:source": ("ducat",)})
    without = Template(synthesized / "without-EdDSA")
    assert "DUCAT_AUDIT_BUS" not in without.environment()
    assert "events:PutEvents" not in without.file.read_text()


def test_the_bus_may_be_the_banks_own(everything):
    arn = everything.environment()["DUCAT_AUDIT_BUS"]
    assert arn.startswith("arn:aws:events:eu-central-1:444455556666:event-bus/long-name-")
    (one,) = [one for one in everything.statements("app.audit") if one["Sid"] == "TellTheBanksOwnSystems"]
    assert one["Resource"] == arn


def test_notices_wait_in_a_queue_that_only_lambda_takes_them_from(everything, template):
    environment, queues = everything.environment(), everything.of("SQS::Queue")
    assert environment["DUCAT_NOTICES"] == "email bus"
    name = environment["DUCAT_NOTICES_QUEUE"]["Ref"]
    queue = queues[name]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["VisibilityTimeout"] >= 6 * 120
    letters = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert letters.startswith("AuditDeadLetters")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    (mapping,) = [
        one
        for one in everything.of("Lambda::EventSourceMapping").values()
        if one["EventSourceArn"] == {"Fn::GetAtt": [name, "Arn"]}
    ]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    statements = {one["Sid"]: one for one in everything.statements("app.audit")}
    take = statements["LetLambdaTakeNotices"]
    deny = statements["AndNotTheCodeThese"]
    assert (deny["Effect"], deny["Action"], deny["Resource"]) == ("Deny", take["Action"], take["Resource"])
    assert deny["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}
    assert statements["QueueNotices"]["Resource"] == {"Fn::GetAtt": [name, "Arn"]}


def test_mail_goes_out_from_the_one_address_and_two_parts_of_people_are_read(everything):
    statements = {one["Sid"]: one for one in everything.statements("app.audit")}
    mail = statements["SendThemByEmail"]
    assert mail["Action"] == "ses:SendEmail"
    assert mail["Resource"] == "arn:aws:ses:eu-central-1:111122223333:identity/bank.example"
    sender = everything.environment()["DUCAT_NOTICES_FROM"]
    assert mail["Condition"] == {"StringEquals": {"ses:FromAddress": sender}}
    who, where = statements["FindWhoIsConcerned"], statements["ReadWhereAndInWhichLanguage"]
    assert who["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] == ["sub *"]
    assert "record" not in where["Condition"]["ForAllValues:StringLike"]["dynamodb:Attributes"]
    assert all(one["Condition"]["StringEquals"] == {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"} for one in (who, where))
    read = ({"left_at", "pk", "username"}, {"pk", "profile", "suspended_at"})  # what stores.Users names
    for one, names in zip((who, where), read, strict=True):
        assert set(one["Condition"]["ForAllValues:StringLike"]["dynamodb:Attributes"]) == names


def test_without_notices_there_is_no_queue_and_nothing_more_is_allowed(template):
    assert "DUCAT_NOTICES" not in template.environment()
    named = {one["Sid"] for one in template.statements("app.audit")}
    assert not named & {"QueueNotices", "LetLambdaTakeNotices", "SendThemByEmail", "FindWhoIsConcerned"}


def test_no_other_function_touches_the_record(whole):
    for handler in whole.functions():
        if handler != "app.audit":
            said = json.dumps(whole.statements(handler))
            assert not any(name in said for name in ("AuditRecord", "AuditFailed", "AuditKey", "/stream", "events:"))


def test_a_bank_may_bring_its_bucket_and_key(nothing, synthesized):
    assert nothing.environment()["DUCAT_AUDIT_BUCKET"] == "bank.example-audit"
    assert not [name for name in nothing.of("S3::Bucket") if name.startswith("AuditRecord")]
    statements = {one["Sid"]: one for one in nothing.statements("app.audit")}
    assert rendered(statements["KeepTheRecord"]["Resource"]) == "arn:aws:s3:::bank.example-audit/audit/*"
    assert statements["EncryptTheRecord"]["Resource"] == KEY
    assert not [name for name in nothing.of("KMS::Key") if name.startswith("AuditKey")]
    given = Template(synthesized / "given", stack="Given")
    assert "Fn::ImportValue" in json.dumps(given.environment()["DUCAT_AUDIT_BUCKET"])
    statements = {one["Sid"]: one for one in given.statements("app.audit")}
    assert "Fn::ImportValue" in json.dumps(statements["EncryptTheRecord"]["Resource"])


def test_the_streams_of_tables_that_exist_are_read(synthesized):
    given = Template(synthesized / "given", stack="Given")
    sources = [one["EventSourceArn"] for one in given.of("Lambda::EventSourceMapping").values()]
    named = {one for one in sources if isinstance(one, str)}
    assert {one.rpartition(":table/")[2].partition("/")[0] for one in named} == {
        "Ducat-grants-restored",
        "Ducat-bonds-restored",
        "bank-clients",
    }
    assert len(sources) == len(RECORDED)
    (read,) = [one for one in given.statements("app.audit") if one["Sid"] == "LetLambdaReadTheStreams"]
    assert {one for one in read["Resource"] if isinstance(one, str)} == named


def test_tables_of_weeks_have_no_stream(synthesized):
    weekly = Template(synthesized / "weekly")
    assert set(streams(weekly)) == RECORDED - {"sessions"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"audit_years": 0}, "audit_years must be a number of years, from 1 to 100"),
        ({"audit_years": 101}, "audit_years must be a number of years"),
        ({"audit_lock": "none"}, "audit_lock must be governance or compliance"),
        (
            {"audit_lock": "compliance", "first_deployment": True},
            "audit_lock must not be compliance in a first_deployment",
        ),
        ({"audit_bucket": "s3://bank"}, "audit_bucket must be make, or the name of a bucket"),
        ({"audit_bucket": "bank-audit", "audit_years": 7}, "audit_years is of a bucket that the stack makes"),
        ({"audit_encryption": "alias/mine"}, "audit_encryption must be make, or the ARN of a KMS key"),
        ({"notices": "sms"}, "notices must be none, email, bus, or email bus"),
        ({"notices": "bus"}, "notices: bus puts them on audit_bus, which is none"),
        ({"notices": "email", "notices_from": "a@bank.example"}, "notices: email needs notices_from, an address, and"),
        ({"notices_from": "a@bank.example"}, "notices_from: of e-mail, which notices does not name"),
        (
            {
                "notices": "email",
                "notices_from": "a@evilbank.example",
                "notices_identity": "arn:aws:ses:eu-central-1:111122223333:identity/bank.example",
            },
            "notices_from is no address of the identity bank.example",
        ),
        ({"audit_bus": "my bus"}, "audit_bus must be none, default, or the name or ARN of an event bus"),
        (
            {"audit_bus": "arn:aws:events:eu-west-1:111122223333:event-bus/bank"},
            "audit_bus is of eu-west-1: all must be of the stack's Region",
        ),
        ({"audit_encryption": KEY.replace("central", "west")}, "audit_encryption is of eu-west-1"),
        ({"audit_year": 7}, r"audit_year is not a setting \(is audit_years meant\?\)"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_made(more, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of({**CHOSEN, **more})


def test_a_batch_is_over_before_its_function(whole):
    (row,) = [row for row in FUNCTIONS if row.records]
    assert row.timeout < audit_settings.MAX_AGE
    assert whole.functions()["app.audit"]["Timeout"] == row.timeout
