"""What the peer finds: its table and the people who sign in, in DynamoDB and KMS, and what its pages are made of."""

from __future__ import annotations

import json
import os
from base64 import b32encode, b64encode
from hashlib import sha256
from pathlib import Path

import botocore.session
import pyotp

from benchmarks import journey
from chalicelib import language
from chalicelib.authorization.scope import in_words
from chalicelib.interaction import consent_time
from chalicelib.pages import render, sign_in
from chalicelib.pages.frame import STYLE
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


def pages(folder: Path, scope: str) -> Path:
    """A file with what the peer's pages are made of, the same as ours. `scope`: of its client."""
    english = language.of(language.ENGLISH)
    made = {
        "templates": str(render.FOLDER / "templates"),
        "texts": english.texts,
        "style": STYLE,
        "script": sign_in.FIELDS_SCRIPT + sign_in.TIME_SCRIPT,
        "bank": "Example Bank",
        "access": {token: " ".join(in_words((token,), english)) for token in scope.split()},
        "days": consent_time.DAYS,
    }
    file = folder / "pages.json"
    file.write_text(json.dumps(made))
    return file


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
