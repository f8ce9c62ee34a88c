"""What the peer finds in DynamoDB and KMS: its table, and the people who sign in."""

from __future__ import annotations

import os
from base64 import b32encode, b64encode
from hashlib import sha256

import botocore.session
import pyotp

from benchmarks import journey
from local import aws_stand_in

TABLE = "peer"


def make_table() -> None:
    """Make the peer's table."""
    client = botocore.session.get_session().create_client("dynamodb")
    kinds = (("pk", "S"), ("grant", "S"), ("at", "N"))
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[aws_stand_in._index("by_grant", "grant", "at")],
    )


def person(number: int) -> dict[str, str]:
    """Somebody new at the peer, and what they type."""
    name, secret, session = f"person-{number}", os.urandom(20), botocore.session.get_session()
    kms, dynamodb = session.create_client("kms"), session.create_client("dynamodb")
    key = os.environ["DUCAT_SECRETS_KEY"]
    sealed = kms.encrypt(KeyId=key, Plaintext=secret, EncryptionContext={"user": name})["CiphertextBlob"]
    record = {
        "pk": {"S": f"person {name}"},
        "password": {"S": sha256(journey.PASSWORD.encode()).hexdigest()},
        "secret": {"S": b64encode(sealed).decode()},
        "failures": {"N": "0"},
    }
    dynamodb.put_item(TableName=TABLE, Item=record)
    code = pyotp.TOTP(b32encode(secret).decode()).now()
    return {"username": name, "password": journey.PASSWORD, "one_time_code": code}
