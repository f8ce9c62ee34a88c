"""From an account in which nothing was set up to a first login: what the page says, and what a failed try leaves."""

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ducat_cdk.deployment import DeploymentError
from ducat_cdk.operator_settings import OUTPUT, of_deployment
from ducat_cdk.settings import deployment_of
from tests.house.source import text
from tests.infra.conftest import EVERYTHING, ROUTES
from tests.infra.template import write_truststore

PAGE = Path("docs/operate/deploy.md")
MAX_COMMANDS = 8
LAMBDA_LIMIT = 4096


def test_a_first_login_takes_at_most_eight_commands():
    section = text(PAGE).partition("## From an empty account to a first login")[2].partition("\n### ")[0]
    (shown,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    commands = [line for line in shown.splitlines() if line and not line.startswith("#")]
    assert commands[0] == "make environment"
    assert commands[-1].startswith("make smoke")
    assert len(commands) <= MAX_COMMANDS
    assert not any("&&" in line or ";" in line for line in commands)
    cdk = [line.partition("npx aws-cdk@2 ")[2] for line in commands if "aws-cdk" in line]
    assert cdk == [f'{verb} --app "python -m ducat_cdk.app ducat.json"' for verb in ("bootstrap", "deploy")]
    numbered = re.findall(r"^(\d)\. ", section, re.MULTILINE)
    assert [int(n) for n in numbered] == list(range(1, len(commands) + 1)), "each command is explained"


def test_the_pages_settings_leave_nothing_but_the_package_to_be_done(page):
    assert page.errors() == ["the dependencies are missing or stale; run python -m ducat_cdk.package"]


def test_the_stack_makes_certificates_records_and_the_truststores_object(page):
    hosts = {"login.mybank.example", "mtls.mybank.example"}
    made = page.of("CertificateManager::Certificate")
    assert {one["DomainName"] for one in made.values()} == hosts
    for one in made.values():
        assert (one["ValidationMethod"], one["KeyAlgorithm"]) == ("DNS", "RSA_2048")
        assert [o["HostedZoneId"] for o in one["DomainValidationOptions"]] == ["Z0123456789ABCDEFGHIJ"]
    domains = page.of("ApiGateway::DomainName")
    for domain in domains.values():
        assert domain["RegionalCertificateArn"]["Ref"] in made
        assert made[domain["RegionalCertificateArn"]["Ref"]]["DomainName"] == domain["DomainName"]
    records = page.of("Route53::RecordSet").values()
    assert {one["AliasTarget"]["DNSName"]["Fn::GetAtt"][0] for one in records} == set(domains)
    (mutual,) = [d["MutualTlsAuthentication"] for d in domains.values() if "MutualTlsAuthentication" in d]
    (uploaded,) = page.folder.glob("asset.*.pem")
    assert uploaded.name.removeprefix("asset.") in json.dumps(mutual["TruststoreUri"])
    assert "TruststoreVersion" not in mutual


def test_api_gateways_log_role_is_there_before_the_stage(page, nothing):
    """Where it is not there, the stage fails: its access log can't be written."""
    (stage,) = [one for one in page.resources.values() if one["Type"] == "AWS::ApiGateway::Stage"]
    (account,) = page.of("ApiGateway::Account")
    assert account in stage["DependsOn"]
    role = page.of("IAM::Role")[page.one("ApiGateway::Account")["CloudWatchRoleArn"]["Fn::GetAtt"][0]]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert "AmazonAPIGatewayPushToCloudWatchLogs" in json.dumps(role["ManagedPolicyArns"])
    assert nothing.of("ApiGateway::Account") == {}
    assert len(nothing.of("IAM::Role")) == len(nothing.functions())


def test_a_first_try_that_fails_is_taken_back_whole(page, everything, nothing):
    for template in (page, everything, nothing):
        assert {one.get("DeletionPolicy") for one in template.resources.values()} <= {
            None,
            "Delete",
            "RetainExceptOnCreate",
        }
    assert not any(table.get("DeletionProtectionEnabled") for table in page.of("DynamoDB::Table").values())
    assert "tables can be deleted" in json.dumps(page.warnings())
    for later in (everything, nothing):
        assert [table["DeletionProtectionEnabled"] for table in later.of("DynamoDB::Table").values()].count(True) == 7
    assert everything.warnings() == []


def test_what_is_long_is_in_the_package_and_the_environment_stays_within_lambdas_limit(everything, page):
    assert len(ROUTES) > 60
    longest_hosts = 2 * (253 - len(EVERYTHING["issuer_host"]))
    assert everything.environment_bytes() + longest_hosts <= LAMBDA_LIMIT
    assert everything.environment()["DUCAT_RESOURCE_RULES"] == "resource_rules.json"
    (package,) = [one for one in everything.folder.glob("asset.*") if one.is_dir()]
    assert set(ROUTES) < set(json.loads((package / "resource_rules.json").read_text()))
    assert json.loads((package / "client_authorities.json").read_text()) == EVERYTHING["client_authorities"]
    assert json.loads(page.environment()["DUCAT_RESOURCE_RULES"])["GET /accounts"] == {"scope": "accounts"}


def test_the_operators_settings_hold_what_is_in_the_package(everything, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_truststore(tmp_path / "everything.pem", *EVERYTHING["client_authorities"])
    environment = {k: v if isinstance(v, str) else f"made-{k}" for k, v in everything.environment().items()}

    class Session:
        """CloudFormation and Lambda, as far as they are called."""

        def client(self, service):
            return self

        def describe_stacks(self, StackName):
            assert StackName == "Ducat"
            return {"Stacks": [{"Outputs": [{"OutputKey": OUTPUT, "OutputValue": "ducat-token"}]}]}

        def get_function_configuration(self, FunctionName):
            assert FunctionName == "ducat-token"
            return {"Environment": {"Variables": environment}}

    assert everything.body["Outputs"][OUTPUT]["Value"]["Ref"] in everything.of("Lambda::Function")
    read = of_deployment(Session(), deployment_of(EVERYTHING))
    assert set(ROUTES) < set(json.loads(read["DUCAT_RESOURCE_RULES"]))
    assert json.loads(read["DUCAT_CLIENT_AUTHORITIES"]) == EVERYTHING["client_authorities"]
    assert read["DUCAT_PS256_KEY"] == "made-DUCAT_PS256_KEY"


def test_a_truststore_that_can_not_be_used_is_told_before_anything_is_made(tmp_path):
    file = tmp_path / "truststore.pem"
    chosen = {"truststore": str(file), "client_authorities": ["CN=Issuing CA,C=DE"]}

    def refused():
        with pytest.raises(DeploymentError) as problem:
            deployment_of(chosen)
        return str(problem.value)

    assert "can't be read: FileNotFoundError" in refused()
    file.write_text("no certificate")
    assert "has no certificates in PEM" in refused()
    write_truststore(file, "CN=Other CA,C=DE")
    assert "client_authorities: 1 of them are no certificate's subject in the truststore" in refused()
    write_truststore(file, "CN=Issuing CA,C=DE", curve=ec.SECP224R1())
    assert "CN=Issuing CA,C=DE" in refused()
    write_truststore(file, "CN=Issuing CA,C=DE")
    assert deployment_of(chosen).truststore == str(file)
