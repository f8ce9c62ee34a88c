"""Tables and keys: what lasts, what is swept, what is encrypted; and that the code runs on them."""

import boto3
import pytest
from moto import mock_aws

from chalicelib.assembly import Aws
from chalicelib.jobs import publish_keys
from chalicelib.settings import Settings
from chalicelib.storage.grant_records import Bond
from chalicelib.storage.records import SingleUse
from chalicelib.storage.stores import AlreadyUsed
from local import mended_moto
from tests.storage.sample_records import LOGIN, flow, session_handle

DURABLE = {"CLIENTS", "USERS", "GRANTS", "BONDS", "SIGNING_KEYS", "REVOCATIONS", "AUDIT_KEYS"}
SWEPT = {"GRANTS", "BONDS", "AUDIT_KEYS", "ACCESS_TOKENS", "REPLAY_CACHE", "SESSIONS"}
NOW = 1_800_000_000


@pytest.fixture
def tables(template):
    """Whole resources of tables by their setting's middle, such as CLIENTS."""
    return {
        name.removeprefix("DUCAT_").removesuffix("_TABLE"): template.resources[value["Ref"]]
        for name, value in template.environment().items()
        if name.endswith("_TABLE")
    }


def test_no_table_is_nobodys(template, tables):
    assert len(tables) == len(template.of("DynamoDB::Table"))


def test_what_lasts_can_be_restored_and_not_deleted_by_mistake(tables):
    for name, table in tables.items():
        properties = table["Properties"]
        durable = name in DURABLE
        recovery = properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert (name, recovery) == (name, durable)
        assert properties.get("DeletionProtectionEnabled", False) is durable
        assert table["UpdateReplacePolicy"] == ("Retain" if durable else "Delete")
        assert table["DeletionPolicy"] == ("RetainExceptOnCreate" if durable else "Delete")


def test_what_expires_is_swept_by_its_ttl_and_nothing_else_is(tables):
    swept = {name: t["Properties"].get("TimeToLiveSpecification") for name, t in tables.items()}
    assert {name for name, specification in swept.items() if specification} == SWEPT
    assert all(swept[name] == {"AttributeName": "ttl", "Enabled": True} for name in SWEPT)


def test_every_table_is_paid_by_request_and_under_the_customers_key(template, tables):
    for table in tables.values():
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
        encryption = table["Properties"]["SSESpecification"]
        assert encryption["SSEEnabled"]
        key = template.resources[encryption["KMSMasterKeyId"]["Fn::GetAtt"][0]]["Properties"]
        assert key["EnableKeyRotation"]


def test_keys_are_of_the_kinds_that_the_algorithms_need_and_are_kept(template):
    environment = template.environment()

    def key(name):
        resource = template.resources[environment[f"DUCAT_{name}_KEY"]["Fn::GetAtt"][0]]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        return resource["Properties"].get("KeySpec"), resource["Properties"].get("KeyUsage")

    assert key("PS256") == ("RSA_2048", "SIGN_VERIFY")
    assert key("ES256") == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert key("SECRETS") == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    assert template.resources[environment["DUCAT_SECRETS_KEY"]["Fn::GetAtt"][0]]["Properties"]["EnableKeyRotation"]
    assert key("NONCES") == ("HMAC_256", "GENERATE_VERIFY_MAC")
    if "eddsa" in template.keys:
        assert key("EDDSA") == ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    assert len(template.product_keys()) == len(template.keys)


def test_the_code_runs_on_the_tables_and_keys_of_the_template(template, monkeypatch):
    # moto remembers by Region, for the whole process.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1" if "eddsa" in template.keys else "ap-south-2")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    mended_moto.mend()
    with mock_aws():
        aws = Aws(Settings.read(deploy(template)), clock=lambda: NOW)

        published = publish_keys.run(aws)["published"]
        assert publish_keys.run(aws)["published"] == []
        assert {key["kid"] for key in aws.ring.jwks(now=NOW)["keys"]} == set(published)
        signs = {"PS256", "ES256", "EdDSA"} if "eddsa" in template.keys else {"PS256", "ES256"}
        assert {key.alg for key in aws.ring.published_keys(now=NOW)} == signs | {"RSA-OAEP-256"}
        assert all(next(aws.ring.signers_for(alg, "id_token", now=NOW)).sign(b"x") for alg in signs)

        assert aws.clients.find("nobody", now=NOW) is None
        assert aws.users.find("nobody") is None
        one = flow().redeemed(aws)
        assert aws.grants.of_person(LOGIN.sub, now=NOW) == ([one.found(aws)], None)
        assert aws.bonds.find(one.bond, now=NOW) == Bond()
        assert aws.sessions.find(session_handle(), now=NOW) is None
        assert aws.tokens.find(one.access, now=NOW) is not None
        once = SingleUse("jti", NOW + 60, "assertion")
        aws.replay_cache.consume(once, now=NOW)
        with pytest.raises(AlreadyUsed):
            aws.replay_cache.consume(once, now=NOW)

        sealed = aws.kms.seal(b"secret", {"user": "alice"})
        assert aws.kms.unseal(sealed, {"user": "alice"}) == b"secret"


def deploy(template):
    """Make the tables and keys in AWS's stand-in, by the template's properties; gives the functions' environment."""
    dynamodb, kms = boto3.client("dynamodb"), boto3.client("kms")
    environment = {}
    for name, value in template.environment().items():
        if isinstance(value, str):
            environment[name] = value
        elif name.endswith("_TABLE"):
            table = template.resources[value["Ref"]]["Properties"]
            schema = {part: table[part] for part in ("KeySchema", "AttributeDefinitions", "BillingMode")}
            if "GlobalSecondaryIndexes" in table:
                schema["GlobalSecondaryIndexes"] = table["GlobalSecondaryIndexes"]
            made = dynamodb.create_table(TableName=value["Ref"], **schema)
            environment[name] = made["TableDescription"]["TableName"]
        elif name.endswith(("_BUCKET", "_BUS")):
            environment[name] = "made"
        else:
            key = template.resources[value["Fn::GetAtt"][0]]["Properties"]
            made = kms.create_key(KeySpec=key["KeySpec"], KeyUsage=key["KeyUsage"])
            environment[name] = made["KeyMetadata"]["Arn"]
    return environment
