"""What a bank has already and hands to the stack: it is used, nothing is made in its stead, and the roles reach it."""

import json

import pytest

from ducat_cdk.audit_settings import missing_streams
from ducat_cdk.deployment import DeploymentError
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.keys import KEYS
from ducat_cdk.settings import deployment_of
from ducat_cdk.tables import TABLES
from tests.infra.conftest import RESTORED_BONDS, SECRETS
from tests.infra.template import Template

INTERFACES = {
    *("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
    *("ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
}
TABLE = "arn:aws:dynamodb:eu-central-1:111122223333:table/x"
KEY = SECRETS


@pytest.fixture(scope="module")
def given(synthesized):
    return Template(synthesized / "given", stack="Given")


@pytest.fixture(scope="module")
def own(synthesized):
    """The stack of docs/operate/construct.md."""
    return Template(synthesized / "own", stack="Login")


def test_tables_and_keys_that_exist_are_used_and_none_is_made_in_their_stead(given):
    environment = given.environment()
    assert environment["DUCAT_GRANTS_TABLE"] == "Ducat-grants-restored"
    assert environment["DUCAT_BONDS_TABLE"] == "Ducat-bonds-restored"
    assert "bank-clients" in json.dumps(environment["DUCAT_CLIENTS_TABLE"])
    assert environment["DUCAT_SECRETS_KEY"] == SECRETS
    assert len(given.of("DynamoDB::Table")) == len(TABLES) - 3
    assert "Seals secrets" not in given.file.read_text()


def test_the_roles_reach_tables_and_keys_that_exist_and_no_more(given, template):
    """Each statement is that of a stack which makes them itself, with another resource."""
    for handler in given.functions():
        sids = [one["Sid"] for one in given.statements(handler)]
        assert len(sids) == len(set(sids))
        more = set(sids) - {one["Sid"] for one in template.statements(handler)}
        assert more <= {"LetLambdaConnectItToTheVpc", "AndNotItsOwnCode", "OpenItsTablesThroughDynamoDB1"}
    statements = {one["Sid"]: one for one in given.statements("app.token")}
    assert "table/Ducat-grants-restored" in json.dumps(statements["ReadTheGrant"]["Resource"])
    assert statements["ReadWhetherItWasEndedInTheSameCall"]["Resource"] == RESTORED_BONDS
    assert statements["UnsealTheClientsSecret"]["Resource"] == SECRETS
    lists = {one["Sid"]: one for one in given.statements("app.grants")}
    for why, index in (("FindThePersonsGrants", "by_end"), ("FindThePersonsHistory", "by_person")):
        assert f"table/Ducat-grants-restored/index/{index}" in json.dumps(lists[why]["Resource"])


def test_a_table_under_a_key_of_its_own_is_opened_by_that_key(given):
    statements = {one["Sid"]: one for one in given.statements("app.token")}
    first, second = statements["OpenItsTablesThroughDynamoDB"], statements["OpenItsTablesThroughDynamoDB1"]
    named = [
        one["Condition"]["StringEquals"]["kms:EncryptionContext:aws:dynamodb:tableName"] for one in (first, second)
    ]
    assert "bank-clients" in json.dumps(named[0])
    assert "bank-clients" not in json.dumps(named[1])
    assert "Fn::ImportValue" in first["Resource"]
    assert second["Resource"]["Fn::GetAtt"][0].startswith("TablesKey")


def test_in_a_vpc_lambda_may_connect_each_function_and_its_own_code_may_not(given, own):
    for template in (given, own):
        for handler, function in template.functions().items():
            assert function["VpcConfig"]["SubnetIds"]
            statements = {one["Sid"]: one for one in template.statements(handler)}
            allowed, denied = statements["LetLambdaConnectItToTheVpc"], statements["AndNotItsOwnCode"]
            assert (allowed["Effect"], set(allowed["Action"]), allowed.get("Condition")) == ("Allow", INTERFACES, None)
            assert (denied["Effect"], set(denied["Action"]), denied["Resource"]) == ("Deny", INTERFACES, "*")
            assert denied["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}


def test_a_stack_without_a_vpc_touches_no_network(template):
    assert "ec2:" not in template.file.read_text()


def test_the_stacks_own_security_group_lets_https_out_and_nothing_in(given, own):
    group = own.one("EC2::SecurityGroup")
    (out,) = group["SecurityGroupEgress"]
    assert (out["CidrIp"], out["FromPort"], out["ToPort"], out["IpProtocol"]) == ("0.0.0.0/0", 443, 443, "tcp")
    assert "SecurityGroupIngress" not in group
    assert given.of("EC2::SecurityGroup") == {}, "the bank gave one"


def test_certificates_domains_the_web_acl_and_the_log_key_are_the_banks(given):
    domain = given.one("ApiGateway::DomainName")
    assert domain["DomainName"] == "login.mybank.example"
    assert "Fn::ImportValue" in domain["RegionalCertificateArn"]
    mapped = {str(one["DomainName"]) for one in given.of("ApiGateway::BasePathMapping").values()}
    assert "mtls.mybank.example" in mapped
    assert len(mapped) == 2
    assert given.of("WAFv2::WebACL") == {}
    assert given.one("WAFv2::WebACLAssociation")["WebACLArn"].endswith("webacl/bank/0f5d2b3c")
    (log_key,) = {json.dumps(group["KmsKeyId"]) for group in given.of("Logs::LogGroup").values()}
    assert "Fn::ImportValue" in log_key
    assert given.of("SNS::Topic") == {}
    for alarm in given.of("CloudWatch::Alarm").values():
        assert "Fn::ImportValue" in json.dumps(alarm["AlarmActions"])
    left = {"bank_name", "resource_host", "api_gateway_log_role"}
    assert {one.split()[0] for one in given.errors() if "example value" in one} == left


def test_the_documented_app_can_be_deployed_as_soon_as_it_is_packaged(own):
    assert own.errors() == ["the dependencies are missing or stale; run python -m ducat_cdk.package"]


def test_the_documented_apps_vpc_is_the_one_that_was_looked_up(own, synthesized):
    manifest = json.loads((synthesized / "own" / "manifest.json").read_text())
    assert "missing" not in manifest
    (subnets,) = {str(function["VpcConfig"]["SubnetIds"]) for function in own.functions().values()}
    assert subnets == str(["subnet-a", "subnet-b"])


def test_the_documented_api_stands_behind_the_authorizer(synthesized):
    api = Template(synthesized / "own", stack="Accounts")
    authorizer = api.one("ApiGateway::Authorizer")
    assert "Fn::ImportValue" in json.dumps(authorizer["AuthorizerUri"])
    assert (authorizer["AuthorizerResultTtlInSeconds"], authorizer["Type"]) == (0, "REQUEST")
    (method,) = api.of("ApiGateway::Method").values()
    assert method["AuthorizationType"] == "CUSTOM"
    assert api.of("ApiGateway::GatewayResponse")


def test_every_resource_is_an_attribute_and_an_output(given, synthesized):
    named = {
        "functions",
        "tables",
        "keys",
        "api",
        "domains",
        "web_acl_arn",
        "log_groups",
        "dead_letters",
        "unready",
        "alarms",
    }
    assert named <= set(eval((synthesized / "given" / "attributes.txt").read_text()))
    outputs = set(given.body["Outputs"])

    def title(name):
        return "".join(word.title() for word in name.split("_"))

    assert {f"{title(row.name)}FunctionArn" for row in FUNCTIONS if not row.weekly} <= outputs
    tables = {f"{title(row.name)}TableName" for row in TABLES}
    assert tables - outputs == {"ClientsTableName"}, "another stack's"
    assert {f"{title(row.name)}KeyArn" for row in KEYS if not row.chosen} <= outputs
    assert {"ApiId", "DeadLettersUrl", "WebAclArn", "AuthorizerArn"} <= outputs


def test_what_is_handed_in_wrongly_is_said_at_once(synthesized):
    said = (synthesized / "given" / "problem.txt").read_text()
    for words in (
        *("mtls_certificate is a setting too", "web_acl is a setting too", "truststore_uri is a setting too"),
        *("alarm_topic is a setting too", "audit_bucket is a setting too"),
        *("grants and bonds go together", "tables: there is no user;", "tables: clients is in the settings too"),
        *("keys: there is no table;", "issuer_domain is mtls.mybank.example, and issuer_host is login.other.example"),
        "security_groups are given without a vpc",
    ):
        assert words in said


def test_tables_and_keys_of_another_account_or_region_than_the_stacks_are_refused(synthesized):
    said = {name: (synthesized / "given" / f"{name}.txt").read_text() for name in ("account", "region")}
    assert "tables and keys must be of the stack's account 111122223333" in said["account"]
    assert "secrets of tables or keys is of eu-west-1, the stack is of eu-central-1" in said["region"]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"tables": ["grants"]}, "tables must be a JSON object"),
        ({"tables": {"grants": 1}}, "tables must be a JSON object"),
        ({"tables": '{"users": "a-b", "users": "c-d"}'}, "each name once"),
        ({"tables": {"client": "x-y-z"}}, r"there is no client \(is clients meant\?\)"),
        ({"tables": {"clients": "x y"}}, "clients must be a table's name or ARN"),
        ({"tables": {"clients": f"{TABLE}x/index/by_person"}}, "clients must be a table's name or ARN"),
        ({"tables": {"users": "same", "clients": f"{TABLE[:-1]}same"}}, "each must be another table"),
        ({"tables": {"grants": "grants"}}, "grants and bonds go together"),
        ({"tables": {"bonds": "bonds"}}, "grants and bonds go together"),
        ({"tables": {"sessions": "mine"}, "weekly_tables": True}, "sessions is made by the job sweep"),
        ({"tables": {"clients": "x" * 65}}, "65 characters, and Lambda leaves room for 64 each"),
        ({"table_streams": {"grants": TABLE}}, "table_streams: grants must be the ARN of its newest stream"),
        ({"table_streams": ["grants"]}, "table_streams must be a JSON object"),
        ({"table_streams": {"access_tokens": f"{TABLE}xx/stream/1"}}, "no stream of access_tokens is recorded"),
        ({"table_streams": {"sessions": f"{TABLE}xx/stream/1"}, "weekly_tables": True}, "no stream of sessions is"),
        (
            {"tables": {"users": "users-restored"}, "table_streams": {"users": f"{TABLE}xx/stream/1"}},
            "users is the stream of xxx, and tables has users-restored",
        ),
        ({"keys": {"tables": "alias/mine"}}, "tables must be a KMS key's ARN, and no alias"),
        ({"keys": {"tables": KEY, "secrets": KEY}}, "each must be another key"),
        ({"keys": {"eddsa": KEY}}, "no eddsa key of the template"),
        ({"keys": {"ps256": KEY}, "template_signing_keys": False}, "no ps256 key of the template"),
        ({"keys": {"tables": KEY}, "multi_region_keys": True}, "tables is no multi-Region key"),
        ({"keys": {"tables": KEY}, "tables": {"users": TABLE.replace("central", "west")}}, "one account and Region"),
        ({"keys": {"tables": KEY, "secrets": KEY.replace("1111", "2222")}}, "one account and Region"),
        ({"keys": {"tables": KEY}, "log_encryption": KEY.replace("central", "west")}, "of the stack's Region"),
    ],
)
def test_tables_and_keys_that_can_not_be_meant_are_refused(chosen, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of(chosen)


def test_a_table_that_is_recorded_and_has_no_stream_is_refused_when_the_stack_is_made():
    """The settings alone may lack it: the command that looks at restored tables prints it."""
    chosen = deployment_of({"tables": {"grants": "grants-b", "bonds": "bonds-b", "replay_cache": "cache-b"}})
    (said,) = missing_streams(
        chosen, {"grants": None, "bonds": f"{TABLE}/stream/1", "users": None, "replay_cache": None}
    )
    assert said.startswith("table_streams: grants, users is missing: each change goes to the record")
    given = deployment_of({"table_streams": {"users": f"{TABLE}xx/stream/1"}, "weekly_tables": True})
    assert missing_streams(given, {"users": None, "sessions": None}) == []


def test_tables_may_be_given_as_they_were_restored():
    names = {row.name: f"Ducat-{row.name}-restored" for row in TABLES if row.durable}
    assert deployment_of({"tables": names, "keys": {"tables": KEY}}).existing().tables == names
