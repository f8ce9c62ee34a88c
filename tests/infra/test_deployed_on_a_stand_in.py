"""The template of the docs, deployed into moto's CloudFormation as far as moto knows its resources, and a login on what it made.

What moto lacks is left out, and with it what refers to it: API Gateway's stage, authorizer, gateway responses, domains; the
web ACL; alarms; aliases, in whose place their functions stand.
"""

import gzip
import io
import json
import sys
import zipfile
from collections import Counter
from contextlib import suppress
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from benchmarks import journey
from chalicelib.jobs import audit, publish_keys, rotate_keys
from ducat_cdk.keys import KEYS
from ducat_cdk.tables import TABLES
from local import aws_stand_in, mended_moto
from tests.actors import ISSUER, MTLS, Bank

sys.modules.setdefault("rfc3987_syntax", None)
"""Where it is installed, jsonschema makes a grammar of IRIs at import, in a second. moto imports jsonschema, and has no IRI."""

REGION = "eu-west-3"
"""No other test has a stand-in there."""
TEMPLATES = "templates"
ASSETS = f"cdk-hnb659fds-assets-{aws_stand_in.ACCOUNT}-{REGION}"
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"

LACKING = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Stage",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::Alias",
    "AWS::Logs::SubscriptionFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
}
"""What moto's CloudFormation does not know. Where a release of it knows one, it leaves this list."""


def kinds(model):
    """What moto's CloudFormation knows."""
    for kind in model.__subclasses__():
        with suppress(NotImplementedError):
            yield kind.cloudformation_type()
        yield from kinds(kind)


def references(value):
    if isinstance(value, list):
        return [name for one in value for name in references(one)]
    if not isinstance(value, dict):
        return []
    if set(value) == {"Ref"}:
        return [value["Ref"]]
    if set(value) == {"Fn::GetAtt"}:
        return [value["Fn::GetAtt"][0]]
    return references(list(value.values()))


def without_aliases(value, functions):
    """The functions themselves in place of their aliases. `functions`: by the aliases' logical ids."""
    if isinstance(value, list):
        return [without_aliases(one, functions) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and value["Ref"] in functions:
        return {"Fn::GetAtt": [functions[value["Ref"]], "Arn"]}
    return {name: without_aliases(one, functions) for name, one in value.items()}


def deployable(template):
    """The template less what moto lacks."""
    functions = {name: one["FunctionName"]["Ref"] for name, one in template.of("Lambda::Alias").items()}
    left = without_aliases(template.resources, functions)
    gone = {name for name, one in left.items() if one["Type"] in LACKING}
    while gone:
        left = {name: one for name, one in left.items() if name not in gone}
        gone = {name for name, one in left.items() if not left.keys() >= there(one, template)}
    for one in left.values():
        one["DependsOn"] = [name for name in one.get("DependsOn", []) if name in left]
    return {"Parameters": template.body["Parameters"], "Resources": left}


def there(resource, template):
    return {name for name in references(resource["Properties"]) if name in template.resources}


def made_of_its_kind(name, resource, account, region, **_):
    """A key as the template says: moto's CloudFormation takes no notice of KeySpec and KeyUsage."""
    said = resource["Properties"]
    names = {f"Ducat: {row.purpose[0].lower()}{row.purpose[1:]}": f"Ducat: {row.name}" for row in KEYS}
    made = boto3.client("kms").create_key(
        KeyUsage=said.get("KeyUsage", "ENCRYPT_DECRYPT"),
        KeySpec=said.get("KeySpec", "SYMMETRIC_DEFAULT"),
        Description=names.get(said["Description"], said["Description"]),
    )
    from moto.kms.models import kms_backends

    return kms_backends[account][region].keys[made["KeyMetadata"]["KeyId"]]


HANDED_OVER = []
"""What Lambda got out of streams, a batch each."""


def kept_for_audit(function, body, _request, _response):
    """Lambda's invocation, which moto has run in a container: the event of a stream, by the mapping that was made."""
    assert function.handler == "app.audit"
    HANDED_OVER.append(json.loads(body))
    return "{}"


@pytest.fixture(scope="module")
def deployed(page):
    """CloudFormation's stack in moto: what it made, by kind; and the environment of a function."""
    # Here, since it loads all that moto knows, which takes seconds, and each worker imports each test.
    from moto.awslambda.models import LambdaFunction
    from moto.kms.models import Key

    package, archive = io.BytesIO(), json.dumps(deployable(page))
    with zipfile.ZipFile(package, "w") as files:
        files.writestr("app.py", "")
    surroundings = (aws_stand_in.SURROUNDINGS, aws_stand_in.in_region(REGION))
    mended_moto.mend()
    with (
        aws_stand_in.surroundings(*surroundings),
        mock_aws(),
        patch.object(Key, "create_from_cloudformation_json", made_of_its_kind),
        patch.object(LambdaFunction, "invoke", kept_for_audit),
    ):
        s3, cloudformation = boto3.client("s3"), boto3.client("cloudformation")
        for bucket in (TEMPLATES, ASSETS):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for function in page.functions().values():
            s3.put_object(Bucket=ASSETS, Key=function["Code"]["S3Key"], Body=package.getvalue())
        s3.put_object(Bucket=TEMPLATES, Key="Ducat", Body=archive)
        boto3.client("ssm").put_parameter(Name=BOOTSTRAP, Value="21", Type="String")
        where = f"https://{TEMPLATES}.s3.amazonaws.com/Ducat"
        cloudformation.create_stack(StackName="Ducat", TemplateURL=where, Capabilities=["CAPABILITY_IAM"])
        (stack,) = cloudformation.describe_stacks(StackName="Ducat")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        made = (
            cloudformation.get_paginator("list_stack_resources")
            .paginate(StackName="Ducat")
            .search("StackResourceSummaries[]")
        )
        kinds_made = Counter(one["ResourceType"] for one in made)
        names = [one["FunctionName"] for one in boto3.client("lambda").list_functions()["Functions"]]
        (token,) = [name for name in names if "Token" in name]
        environment = boto3.client("lambda").get_function_configuration(FunctionName=token)["Environment"]["Variables"]
        yield kinds_made, environment


def test_only_what_moto_lacks_is_left_out(page):
    from moto.cloudformation import parsing  # noqa: F401  # has every kind of resource loaded
    from moto.core.common_models import CloudFormationModel

    known = set(kinds(CloudFormationModel))
    assert {one["Type"] for one in page.resources.values()} - known == LACKING
    assert not LACKING & known


def test_all_else_is_made(page, deployed):
    made, _ = deployed
    wanted = Counter(one["Type"] for one in deployable(page)["Resources"].values())
    assert made == wanted
    assert made["AWS::Lambda::Function"] == len(page.functions())
    assert made["AWS::DynamoDB::Table"] == len(TABLES)


def test_a_login_works_on_what_was_made_and_is_in_the_record(deployed):
    """By the environment that CloudFormation gave the function: its names of tables, and ARNs of keys that it made."""
    _, environment = deployed
    bank = Bank(environment | {"DUCAT_ISSUER": ISSUER, "DUCAT_MTLS_URL": MTLS})
    rotate_keys.run(bank.aws, {})
    publish_keys.run(bank.aws)
    same, provider = journey.counted(bank)
    client = journey.client(same, *journey.KINDS["assertion"])
    assert "token, refresh_token" in journey.journey(client, provider)
    assert [audit.run(bank.aws, event) for event in HANDED_OVER] == [{"batchItemFailures": []}] * len(HANDED_OVER)
    bucket, s3 = environment["DUCAT_AUDIT_BUCKET"], boto3.client("s3")
    files = [s3.get_object(Bucket=bucket, Key=one["Key"]) for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    lines = [json.loads(line) for file in files for line in gzip.decompress(file["Body"].read()).splitlines()]
    happened = {line["what"] for line in lines}
    assert happened >= {"key.added", "client.added", "grant.requested", "grant.approved", "grant.redeemed"}
    assert {line["writer"] for line in lines if line["what"] == "grant.approved"} == {"consent"}
