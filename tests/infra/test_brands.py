"""Two brands of a bank in one app: neither takes what is the other's, and each has what the CDK's own Stack takes."""

import json

import pytest

from tests.infra.template import Template

BRANDS = ("North", "South")


@pytest.fixture(scope="module")
def brands(synthesized):
    return {name: Template(synthesized / "brands", stack=name) for name in BRANDS}


@pytest.fixture(scope="module")
def artifacts(synthesized):
    manifest = json.loads((synthesized / "brands" / "manifest.json").read_text())
    return {name: manifest["artifacts"][name] for name in BRANDS}


def names_of_the_account(template):
    """What must be the stack's alone in its account and Region: names that it gives, and metrics' dimensions."""
    for properties in template.of("ApiGateway::RestApi").values():
        yield properties["Name"]
    for properties in template.of("ApiGateway::DomainName").values():
        yield properties["DomainName"]
    for properties in template.of("WAFv2::WebACL").values():
        yield properties["VisibilityConfig"]["MetricName"]
    for output in template.body["Outputs"].values():
        if "Export" in output:
            yield output["Export"]["Name"]
    yield template.environment()["DUCAT_STACK_NAME"]


def test_no_name_is_both_brands(brands):
    north, south = (set(names_of_the_account(brands[name])) for name in BRANDS)
    assert {"North-login", "North-login-authorizer", "login.north.example"} < north
    assert not {name for name in north & south if not name.startswith("mtls.")}, "no mtls_host was chosen"


def test_a_name_that_a_resource_has_is_made_of_its_stack(brands):
    """Else two stacks of one account, of one app or of two, would have one."""
    for brand, template in brands.items():
        named = {
            (resource["Type"], name, json.dumps(value))
            for resource in template.resources.values()
            for name, value in resource.get("Properties", {}).items()
            if name == f"{resource['Type'].rpartition(':')[2]}Name"
        }
        of_an_api, watching = {"AWS::ApiGateway::Stage"}, {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"}
        assert {kind for kind, _, _ in named} == {"AWS::Logs::LogGroup", *of_an_api, *watching}
        assert all("AWS::StackId" in value for kind, _, value in named if kind == "AWS::Logs::LogGroup")
        assert all(value.startswith(f'"{brand}-login-') for kind, _, value in named if kind in watching)


def test_the_accounts_log_role_is_made_once_and_first(brands, artifacts):
    assert len(brands["North"].of("ApiGateway::Account")) == 1
    assert brands["South"].of("ApiGateway::Account") == {}
    assert "North" in artifacts["South"]["dependencies"]
    assert "South" not in artifacts["North"]["dependencies"]


@pytest.mark.parametrize("name", BRANDS)
def test_what_the_cdks_stack_takes_reaches_it(brands, artifacts, name):
    artifact = artifacts[name]
    assert artifact["environment"] == "aws://111122223333/eu-central-1"
    assert artifact["properties"]["stackName"] == f"{name}-login"
    assert artifact["properties"]["terminationProtection"] is True
    assert artifact["properties"]["tags"]["brand"] == name
    assert brands[name].body["Description"] == name
    roles = brands[name].of("IAM::Role").values()
    assert roles
    assert all("policy/bank-boundary" in json.dumps(role["PermissionsBoundary"]) for role in roles)


def test_what_two_stacks_can_not_both_have_is_said_at_once(synthesized):
    said = (synthesized / "brands" / "problem.txt").read_text()
    assert "issuer_host is that of North too" in said
    assert 'api_gateway_log_role must be "exists": North makes the role' in said


def test_a_topic_of_another_region_than_the_stacks_is_refused(synthesized):
    said = (synthesized / "brands" / "region.txt").read_text()
    assert "alarm_topic is of eu-west-1, the stack is of eu-central-1: all must be of the stack's Region" in said
