"""The stand-in raises Unknown for whatever nobody taught it, so that no test passes by what AWS would do otherwise."""

from typing import Any

import pytest

from tests.aws_in_process.dynamodb import Database
from tests.aws_in_process.errors import AwsError, Unknown
from tests.aws_in_process.kms import Keys

Body = dict[str, Any]

TABLE = {
    "TableName": "items",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
KEY = {"pk": {"S": "k"}}
OPERATIONS: list[tuple[str, Body]] = [
    ("DescribeTable", {"TableName": "items"}),
    ("BatchWriteItem", {"RequestItems": {}}),
    ("TransactGetItems", {"TransactItems": []}),
    ("GetItem", {"TableName": "items", "Key": KEY, "ProjectionExpression": "pk"}),
    ("PutItem", {"TableName": "items", "Item": KEY, "Expected": {}}),
    ("PutItem", {"TableName": "items", "Item": KEY, "ReturnValues": "ALL_NEW"}),
    ("PutItem", {"TableName": "items", "Item": {**KEY, "a": {"X": "1"}}}),
    ("PutItem", {"TableName": "items", "Item": {**KEY, "a": {"S": 1}}}),
    ("PutItem", {"TableName": "items", "Item": {**KEY, "a": {"S": "\ud800"}}}),
    ("UpdateItem", {"TableName": "items", "Key": KEY, "AttributeUpdates": {}}),
    ("UpdateItem", {"TableName": "items", "Key": KEY, "ReturnValues": "UPDATED_NEW"}),
    ("Query", {"TableName": "items", "KeyConditionExpression": "pk = :p AND begins_with(kid, :s)"}),
    ("Query", {"TableName": "items", "KeyConditionExpression": "pk > :p"}),
    ("Query", {"TableName": "items", "KeyConditionExpression": "pk = :p", "FilterExpression": "a = :p"}),
    ("Scan", {"TableName": "items", "Select": "SPECIFIC_ATTRIBUTES"}),
    ("Scan", {"TableName": "items", "TotalSegments": 2}),
    ("UpdateTimeToLive", {"TableName": "items", "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": False}}),
    ("CreateTable", {**TABLE, "BillingMode": "PROVISIONED"}),
    ("CreateTable", {**TABLE, "StreamSpecification": {}}),
    ("TransactWriteItems", {"TransactItems": [{"Get": {"TableName": "items", "Key": KEY}}]}),
    ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "items", "Item": KEY, "Expected": {}}}]}),
]
CONDITIONS = [
    "a",
    "a = = :v",
    "a = :v :v",
    "a ! :v",
    "a = 1",
    "_a = :v",
    "a-b = :v",
    "(a) = :v",
    "a = :v OR",
    "foo(a)",
    "Attribute_Exists(a)",
    "attribute_exists(:v)",
    "attribute_exists(a) = :v",
    "attribute_type(a, b)",
    "begins_with(a)",
    "contains(:v, a)",
    "size(a)",
    "size(:v) = :v",
    "a IN ()",
    "a BETWEEN :v OR :v",
    "a[x] = :v",
    "a IN (" + ", ".join([":v"] * 101) + ")",
]
UPDATES = [
    "a = :v",
    "SET a",
    "SET a = :v + :v + :v",
    "SET a = (:v + :v)",
    "SET a = foo(a)",
    "SET a = :v,",
    "SET a = if_not_exists(:v, a)",
    "PUT a :v",
    "ADD a b",
    "ADD a.b :v",
    "DELETE a[0] :v",
    "REMOVE :v",
]
EC = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
KMS: list[tuple[str, Body]] = [
    ("Verify", {}),
    ("ReEncrypt", {}),
    ("CreateKey", {**EC, "KeySpec": "RSA_4096"}),
    ("CreateKey", {**EC, "KeyUsage": "KEY_AGREEMENT"}),
    ("CreateKey", {**EC, "Policy": "{}"}),
    ("Sign", {"Message": "eA==", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}),
    ("Sign", {"Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256", "MessageType": "EXTERNAL_MU"}),
    ("Sign", {"Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256", "DryRun": True}),
    ("Encrypt", {"Plaintext": "eA==", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}),
    ("Decrypt", {"CiphertextBlob": "eA==", "EncryptionAlgorithm": "SM2PKE"}),
    ("GenerateMac", {"Message": "eA==", "MacAlgorithm": "HMAC_SHA_512"}),
]


@pytest.fixture
def database() -> Database:
    database = Database()
    database.call("CreateTable", TABLE)
    return database


def known(service: Database | Keys, operation: str, body: Body) -> bool:
    """Whether it is answered, or refused as AWS would refuse it."""
    try:
        service.call(operation, body)
    except Unknown:
        return False
    except AwsError:
        return True
    return True


def test_operations_parameters_and_values(database: Database) -> None:
    assert [call for call in OPERATIONS if known(database, *call)] == []


@pytest.mark.parametrize(
    ("kind", "operation", "texts"),
    [("ConditionExpression", "DeleteItem", CONDITIONS), ("UpdateExpression", "UpdateItem", UPDATES)],
    ids=["conditions", "updates"],
)
def test_expressions_of_either_kind(database: Database, kind: str, operation: str, texts: list[str]) -> None:
    request_parameters = {"TableName": "items", "Key": KEY, "ExpressionAttributeValues": {":v": {"N": "1"}}}
    assert [text for text in texts if known(database, operation, request_parameters | {kind: text})] == []


def test_operations_and_kinds_of_key() -> None:
    keys = Keys("eu-central-1")

    def made(spec: str, usage: str) -> Body:
        return {"KeyId": keys.call("CreateKey", {"KeySpec": spec, "KeyUsage": usage})["KeyMetadata"]["Arn"]}

    seals = made("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    request_parameters = {
        "CreateKey": {},
        "Encrypt": seals,
        "Decrypt": seals,
        "GenerateMac": made("HMAC_256", "GENERATE_VERIFY_MAC"),
    }
    signs = made("ECC_NIST_P256", "SIGN_VERIFY")
    calls = [(operation, request_parameters.get(operation, signs) | body) for operation, body in KMS]
    assert [call for call in calls if known(keys, *call)] == []


def test_a_key_that_is_not_named() -> None:
    with pytest.raises(Unknown):
        Keys("eu-central-1").call("Decrypt", {"CiphertextBlob": "eA=="})
