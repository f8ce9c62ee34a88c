"""The stand-in for AWS: made like the deployment, and right where moto is not."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.session
import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from chalicelib.assembly import Aws
from chalicelib.jobs import publish_keys
from chalicelib.keys import signing
from chalicelib.settings import Settings, variable, variables
from ducat_cdk import keys, tables
from local import aws_stand_in

REGION = "eu-north-1"
"""Of these tests alone, so that no other stand-in of this process is touched."""

ELSEWHERE = {
    "DUCAT_ISSUER": "https://localhost:1",
    "DUCAT_MTLS_URL": "https://localhost:2",
    "DUCAT_BANK_NAME": "Bank",
    "DUCAT_USER_DIRECTORY": "local.sandbox_users:build",
    "DUCAT_RESOURCE_URL": "https://localhost:2",
    "DUCAT_RESOURCE_RULES": "{}",
}


@pytest.fixture(params=["served", "in_process"])
def settings(request):
    with getattr(aws_stand_in, request.param)(REGION) as made:
        yield Settings.read(made | ELSEWHERE)


@pytest.fixture
def in_process():
    with aws_stand_in.in_process(REGION) as made:
        yield made


def client(service):
    return botocore.session.get_session().create_client(service)


def test_the_tables_are_those_of_the_deployment():
    assert {row.name: row.keys for row in tables.TABLES} == aws_stand_in.TABLES
    assert {row.name: row.indexes for row in tables.TABLES if row.indexes} == aws_stand_in.INDEXES
    assert {row.name for row in tables.TABLES if row.swept} == set(aws_stand_in.SWEPT)
    assert tables.TTL == aws_stand_in.TTL


def test_the_keys_are_those_of_the_deployment_but_for_the_encryption_at_rest():
    deployed = {
        row.name: (row.spec, "SIGN_VERIFY" if row.signs else row.usage)
        for row in keys.KEYS
        if row.name != keys.TABLES_KEY
    }
    assert deployed == aws_stand_in.KEYS


def test_it_gives_every_setting_that_names_a_table_or_a_key_but_that_of_the_encryption_at_rest(in_process):
    named = {name for name in variables() if name.endswith(("_TABLE", "_KEY"))}
    assert named - set(in_process) == {variable(f"{keys.TABLES_KEY}_key")}
    assert set(in_process) < named


@pytest.mark.parametrize("alg", ["PS256", "ES256", "EdDSA"])
def test_what_the_product_signs_by_kms_verifies_with_another_library(settings, alg):
    product = Aws(settings)
    now = product.now()
    publish_keys.run(product)
    token = signing.sign({"sub": "alice", "exp": now + 60}, product.ring, alg, "id_token", now=now)
    keys = jwt.PyJWKSet.from_dict(product.ring.jwks(now=now))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=[alg])["sub"] == "alice"


@pytest.mark.parametrize(
    ("setting", "algorithm", "wrong"),
    [
        ("DUCAT_PS256_KEY", "RSASSA_PSS_SHA_256", b"x" * 31),
        ("DUCAT_ES256_KEY", "ECDSA_SHA_256", b"x" * 33),
    ],
)
def test_a_digest_and_its_message_have_signatures_of_each_other(in_process, setting, algorithm, wrong):
    kms = client("kms")
    message = b"the message"
    raw = {"KeyId": in_process[setting], "SigningAlgorithm": algorithm, "MessageType": "RAW", "Message": message}
    digest = {**raw, "MessageType": "DIGEST", "Message": hashlib.sha256(message).digest()}
    for signed, verified in ((raw, digest), (digest, raw)):
        signature = kms.sign(**signed)["Signature"]
        assert kms.verify(**verified, Signature=signature)["SignatureValid"] is True
        assert kms.verify(**{**raw, "Message": b"another"}, Signature=signature)["SignatureValid"] is False
    with pytest.raises(ClientError, match="invalid length"):
        kms.sign(**{**digest, "Message": wrong})


def test_ed25519_is_of_the_message_and_not_of_a_digest(in_process):
    kms = client("kms")
    request_parameters = {
        "KeyId": in_process["DUCAT_EDDSA_KEY"],
        "SigningAlgorithm": "ED25519_SHA_512",
        "Message": b"x" * 64,
    }
    signature = kms.sign(**request_parameters)["Signature"]
    assert kms.verify(**request_parameters, Signature=signature)["SignatureValid"] is True
    assert kms.verify(**{**request_parameters, "Message": b"y" * 64}, Signature=signature)["SignatureValid"] is False
    for wrong in ({"MessageType": "DIGEST"}, {"SigningAlgorithm": "ECDSA_SHA_256"}):
        with pytest.raises(ClientError, match=r"DIGEST is not for|SigningAlgorithm"):
            kms.sign(**request_parameters | wrong)
    disclosed = kms.get_public_key(KeyId=in_process["DUCAT_EDDSA_KEY"])
    assert disclosed["SigningAlgorithms"] == ["ED25519_SHA_512"]
    assert isinstance(load_der_public_key(disclosed["PublicKey"]), Ed25519PublicKey)


@pytest.mark.parametrize("disclosed", [hashes.SHA1(), hashes.SHA256()], ids=lambda disclosed: disclosed.name)
def test_what_others_encrypt_to_an_rsa_key_is_decrypted(in_process, disclosed):
    kms, key_id = client("kms"), in_process["DUCAT_DECRYPTION_KEY"]
    public = load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    sealed = public.encrypt(b"k" * 32, padding.OAEP(padding.MGF1(disclosed), disclosed, None))
    right, wrong = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")[:: 1 if disclosed.name == "sha1" else -1]
    request_parameters = {"KeyId": key_id, "CiphertextBlob": sealed, "EncryptionAlgorithm": right}
    assert kms.decrypt(**request_parameters)["Plaintext"] == b"k" * 32
    for changed in ({"EncryptionAlgorithm": wrong}, {"CiphertextBlob": b"x" * 256}, {"CiphertextBlob": b"x"}):
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            kms.decrypt(**request_parameters | changed)
    for signs in ("DUCAT_PS256_KEY", "DUCAT_SECRETS_KEY"):
        with pytest.raises(kms.exceptions.InvalidKeyUsageException):
            kms.decrypt(**request_parameters | {"KeyId": in_process[signs]})


def test_kms_takes_at_most_4096_bytes_of_message(in_process):
    request = {"KeyId": in_process["DUCAT_ES256_KEY"], "SigningAlgorithm": "ECDSA_SHA_256"}
    client("kms").sign(**request, Message=b"x" * 4096)
    with pytest.raises(ClientError, match="length"):
        client("kms").sign(**request, Message=b"x" * 4097)


def test_one_of_eight_conditional_writes_wins():
    with aws_stand_in.served(REGION) as made:
        dynamodb = client("dynamodb")

        def write(racer):
            try:
                dynamodb.put_item(
                    TableName=made["DUCAT_REPLAY_CACHE_TABLE"],
                    Item={"pk": {"S": "jti"}, "racer": {"N": str(racer)}},
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                return 0
            return 1

        for _ in range(10):
            with ThreadPoolExecutor(8) as racers:
                assert sum(racers.map(write, range(8))) == 1
            dynamodb.delete_item(TableName=made["DUCAT_REPLAY_CACHE_TABLE"], Key={"pk": {"S": "jti"}})


def put(table, key, **more):
    return {"Put": {"TableName": table, "Item": {"pk": {"S": key}}, **more}}


ABSENT = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def test_a_transaction_that_fails_leaves_everything_as_it_was(in_process):
    table, dynamodb = in_process["DUCAT_REPLAY_CACHE_TABLE"], client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "there"}, "n": {"N": "1"}})
    add = {
        "TableName": table,
        "Key": {"pk": {"S": "there"}},
        "UpdateExpression": "SET n = n + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "taken"}})
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as failed:
        dynamodb.transact_write_items(TransactItems=[{"Update": add}, put(table, "new"), put(table, "taken", **ABSENT)])
    codes = [reason["Code"] for reason in failed.value.response["CancellationReasons"]]
    assert codes == ["None", "None", "ConditionalCheckFailed"]
    items = {item["pk"]["S"]: item for item in dynamodb.scan(TableName=table)["Items"]}
    assert set(items) == {"there", "taken"}
    assert items["there"]["n"] == {"N": "1"}


def test_a_transaction_repeated_with_its_token_is_answered_and_not_done_again(in_process):
    table, dynamodb = in_process["DUCAT_REPLAY_CACHE_TABLE"], client("dynamodb")
    first = {"TransactItems": [put(table, "one", **ABSENT), put(table, "two")]}
    for _ in range(2):
        dynamodb.transact_write_items(**first, ClientRequestToken="the-same")
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(**first, ClientRequestToken="another")


def test_a_transaction_takes_no_longer_where_tables_hold_more(in_process):
    table, dynamodb = in_process["DUCAT_REPLAY_CACHE_TABLE"], client("dynamodb")

    def fastest():
        times = []
        for n in range(5):
            began = time.perf_counter()
            dynamodb.transact_write_items(TransactItems=[put(table, f"timed {n}"), put(table, f"other {n}")])
            times.append(time.perf_counter() - began)
        return min(times)

    empty = fastest()
    for n in range(2000):
        item = {"pk": {"S": str(n)}} | {f"a{m}": {"S": "x"} for m in range(10)}
        _moto_put(table, item)
    assert fastest() < 5 * empty + 0.01


def _moto_put(table, item):
    from moto.dynamodb.models import dynamodb_backends

    dynamodb_backends["123456789012"][REGION].put_item(table, item)


def test_nothing_of_the_developers_own_account_is_left_in_the_environment(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "mine")
    import os

    with aws_stand_in.served(REGION) as made:
        assert os.environ["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert os.environ["AWS_ACCESS_KEY_ID"] == "local"
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & set(os.environ)
        assert made
    assert os.environ["AWS_PROFILE"] == os.environ["AWS_ACCESS_KEY_ID"] == "mine"
    assert "AWS_ENDPOINT_URL" not in os.environ
