"""What the command says of tables that the settings name, before a stack is put on them."""

import json

import boto3
import pytest
from moto import mock_aws

from ducat_cdk.restored_tables import main, problems
from ducat_cdk.settings import deployment_of
from ducat_cdk.tables import TABLES

REGION = "eu-south-1"
GRANTS, BONDS = (row for row in TABLES if row.name in ("grants", "bonds"))
SETTINGS = {"tables": {"grants": "grants-restored", "bonds": "bonds-restored"}}


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.Session(region_name=REGION)


def restored(session, row, **changes):
    """A table as a restore leaves it."""
    indexes = [
        {
            "IndexName": name,
            "KeySchema": [
                {"AttributeName": text, "KeyType": "HASH"},
                {"AttributeName": number, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        for name, text, number in row.indexes
    ]
    kinds = {"pk": "S"} | {one: kind for _, *pair in row.indexes for one, kind in zip(pair, "SN", strict=True)}
    table = {
        "TableName": f"{row.name}-restored",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": one, "AttributeType": kind} for one, kind in kinds.items()],
        "BillingMode": "PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }
    session.client("dynamodb").create_table(**table | changes)


def protect(session, row):
    """What docs/operate/surviving.md has done to a copy."""
    dynamodb, name = session.client("dynamodb"), f"{row.name}-restored"
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.update_table(TableName=name, StreamSpecification=stream)


def test_a_copy_that_was_protected_as_documented_is_as_it_must_be(session, monkeypatch, tmp_path, capsys):
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    for row in (GRANTS, BONDS):
        restored(session, row, SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
        protect(session, row)
    assert problems(session, deployment_of({**SETTINGS, "keys": {"tables": key}})) == []
    other = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    wrong = problems(session, deployment_of({**SETTINGS, "keys": {"tables": other}}))
    assert wrong == [f"{name}: it is not under the key of keys.tables" for name in ("grants", "bonds")]
    file = tmp_path / "ducat.json"
    file.write_text('{"tables": {"grants": "grants-restored", "bonds": "bonds-restored"}}')
    monkeypatch.setattr("sys.argv", ["restored_tables", str(file)])
    main()
    said, _, settings = capsys.readouterr().out.partition("\n")
    assert said == "2 tables are as they must be. Their streams, for the settings:"
    streams = json.loads(settings)["table_streams"]
    assert [
        ":table/grants-restored/stream/" in streams["grants"],
        ":table/bonds-restored/stream/" in streams["bonds"],
    ] == [
        True,
        True,
    ]
    assert deployment_of({**SETTINGS, "table_streams": streams}).table_streams == json.dumps(streams)


def test_a_copy_as_the_restore_leaves_it_lacks_what_protects_it(session):
    restored(session, GRANTS)
    said = problems(session, deployment_of(SETTINGS))
    assert said == [
        "grants: it is not under a KMS key of the bank's own",
        "grants: it has no stream of new and old images, which the record is made of",
        "grants: it is not protected from deletion",
        "grants: it has no point-in-time recovery",
        "grants: it has no time to live by ttl",
        "bonds: there is no table bonds-restored in this account and Region",
    ]


def test_a_table_of_another_shape_is_not_taken(session):
    kinds = [{"AttributeName": "id", "AttributeType": "S"}]
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    restored(session, BONDS, KeySchema=keys, AttributeDefinitions=kinds)
    other = {"IndexName": "by_other", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
    kinds = [{"AttributeName": "pk", "AttributeType": "S"}]
    indexes = [{**other, "Projection": {"ProjectionType": "KEYS_ONLY"}}]
    restored(session, GRANTS, GlobalSecondaryIndexes=indexes, AttributeDefinitions=kinds)
    said = problems(session, deployment_of(SETTINGS))
    assert "bonds: its key is id, and must be pk, each a text" in said
    assert "grants: it must have the index by_person of person, a text, and given_at, a number" in said


@pytest.mark.parametrize(("consistency", "refused"), [({}, True), ({"MultiRegionConsistency": "STRONG"}, False)])
def test_a_global_table_whose_regions_commit_each_by_itself_is_not_taken(session, consistency, refused):
    """A code would be redeemed in each Region (docs/operate/two-regions.md)."""
    for row in (GRANTS, BONDS):
        restored(session, row)
    client = session.client("dynamodb")

    class Global:
        """DynamoDB, of which these tables have replicas."""

        exceptions, describe_time_to_live = client.exceptions, client.describe_time_to_live
        describe_continuous_backups = client.describe_continuous_backups

        @staticmethod
        def describe_table(TableName):
            table = client.describe_table(TableName=TableName)["Table"]
            return {"Table": {**table, "Replicas": [{"RegionName": "eu-west-1"}], **consistency}}

    class Session:
        """Gives it."""

        @staticmethod
        def client(service):
            return Global

    said = problems(Session(), deployment_of(SETTINGS))
    assert ("grants: its Regions commit each by itself, so a code could be redeemed in each" in said) is refused
