"""AWS's stand-in: DynamoDB, KMS and S3 by moto, with the tables, keys and files that a deployment would have.

Either a server on this machine (`served`, for anything with sockets) or inside this process (`in_process`, for tests). The names
and kinds are ducat_cdk/'s (tables.py, keys.py); a test compares them, since that package needs the CDK and the laptop does not.

moto is imported where it is used: it takes a fifth of a second, and many a process wants the names alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.session

from chalicelib.settings import variable

REGION = "eu-central-1"
ACCOUNT = "123456789012"  # moto's

TABLES: Mapping[str, tuple[str, ...]] = {
    "clients": ("pk",),
    "users": ("pk",),
    "grants": ("pk",),
    "bonds": ("pk",),
    "signing_keys": ("ring", "kid"),
    "access_tokens": ("pk",),
    "replay_cache": ("pk",),
    "sessions": ("pk",),
    "revocations": ("pk",),
    "audit_keys": ("pk",),
}
"""Each table's key attributes."""

INDEXES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "grants": (("by_person", "person", "given_at"), ("by_end", "person", "listed_until"))
}
"""Each table's indexes: name, and the text and the number that items are found by."""

TTL = "ttl"
SWEPT = ("grants", "bonds", "audit_keys", "access_tokens", "replay_cache", "sessions")

KEYS: Mapping[str, tuple[str, str]] = {
    "ps256": ("RSA_2048", "SIGN_VERIFY"),
    "es256": ("ECC_NIST_P256", "SIGN_VERIFY"),
    "eddsa": ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
    "secrets": ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    "nonces": ("HMAC_256", "GENERATE_VERIFY_MAC"),
    "subjects": ("HMAC_256", "GENERATE_VERIFY_MAC"),
    "decryption": ("RSA_2048", "ENCRYPT_DECRYPT"),
}
"""Each key's spec and usage."""

SURROUNDINGS: Mapping[str, str | None] = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": None,
    "AWS_PROFILE": None,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": None,
    "NO_PROXY": "localhost,127.0.0.1",
    "no_proxy": "localhost,127.0.0.1",
}
"""The environment in which nothing here can reach a real account, whatever the developer's own says."""


@contextmanager
def surroundings(*settings: Mapping[str, str | None]) -> Iterator[None]:
    """The environment with these variables, None for none; as it was afterwards."""
    wanted: dict[str, str | None] = {}
    for some in settings:
        wanted |= some
    before = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


@contextmanager
def served(region: str = REGION, *, kept: Path | None = None, truststore: str = "") -> Iterator[dict[str, str]]:
    """The stand-in as a server, and an environment that leads to it. Gives the settings of its tables and keys, and of its
    files where there is a `truststore` (PEM).

    `kept`: the file that keeps what it holds, for the next one. Raises UnusableState.
    """
    from moto.server import ThreadedMotoServer

    from local import kept_state, mended_moto

    mended_moto.mend()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with surroundings(SURROUNDINGS, in_region(region), {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}):
            files = _create_files(region, truststore) if truststore else {}
            if kept is None:
                yield create() | files
            else:
                made = create(_restored(kept, region))
                with kept_state.keeping(kept, ACCOUNT, region):
                    yield made | files
    finally:
        server.stop()
        _forget(region)


@contextmanager
def in_process(region: str = REGION) -> Iterator[dict[str, str]]:
    """The stand-in inside this process, without sockets. Gives the settings of its tables and keys."""
    from moto import mock_aws

    from local import mended_moto

    mended_moto.mend()
    with surroundings(SURROUNDINGS, in_region(region)), mock_aws():
        try:
            yield create()
        finally:
            _forget(region)


def create(restored: Callable[[], Mapping[str, str]] = dict) -> dict[str, str]:
    """Make every table and key where the environment leads. Gives DUCAT_*_TABLE and DUCAT_*_KEY.

    `restored`: fills the tables, and gives the ARNs of keys that are there, by their descriptions.
    """
    session = botocore.session.get_session()
    dynamodb, kms = session.create_client("dynamodb"), session.create_client("kms")
    settings = {}
    for name, key_names in TABLES.items():
        settings[variable(f"{name}_table")] = _create_table(dynamodb, name, key_names)
    there = restored()
    for name, (spec, usage) in KEYS.items():
        if f"Ducat: {name}" in there:
            settings[variable(f"{name}_key")] = there[f"Ducat: {name}"]
            continue
        made = kms.create_key(KeySpec=spec, KeyUsage=usage, Description=f"Ducat: {name}")
        settings[variable(f"{name}_key")] = made["KeyMetadata"]["Arn"]
    return settings


def _create_files(region: str, truststore: str) -> dict[str, str]:
    """A bucket of the truststore and the CRLs, with versions as API Gateway wants them. Its name is of all Regions."""
    bucket = _bucket(region)
    s3 = botocore.session.get_session().create_client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=bucket, Key="truststore.pem", Body=truststore.encode())
    return {
        variable("crl_bucket"): bucket,
        variable("truststore"): f"s3://{bucket}/truststore.pem",
        variable("truststore_version"): put["VersionId"],
    }


def _bucket(region: str) -> str:
    return f"ducat-certificates-{region}"


def _restored(kept: Path, region: str) -> Callable[[], Mapping[str, str]]:
    from local import kept_state

    return lambda: kept_state.restore(kept, ACCOUNT, region) if kept.exists() else {}


def _create_table(dynamodb: Any, name: str, key_names: tuple[str, ...]) -> str:
    table = "ducat-" + name.replace("_", "-")
    indexes = INDEXES.get(name, ())
    more = {"GlobalSecondaryIndexes": [_index(*index) for index in indexes]} if indexes else {}
    numbers = [{"AttributeName": number, "AttributeType": "N"} for _, _, number in indexes]
    texts = [*key_names, *{text: None for _, text, _ in indexes}]
    dynamodb.create_table(
        TableName=table,
        KeySchema=[
            {"AttributeName": key, "KeyType": kind} for key, kind in zip(key_names, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[*({"AttributeName": key, "AttributeType": "S"} for key in texts), *numbers],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    if name in SWEPT:
        sweep = {"AttributeName": TTL, "Enabled": True}
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=sweep)
    return table


def _index(name: str, text: str, number: str) -> dict[str, Any]:
    schema = [{"AttributeName": text, "KeyType": "HASH"}, {"AttributeName": number, "KeyType": "RANGE"}]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "KEYS_ONLY"}}


def in_region(region: str = REGION) -> dict[str, str]:
    """The environment of a Region."""
    return {"AWS_DEFAULT_REGION": region, "AWS_REGION": region}


def _forget(region: str) -> None:
    """moto remembers in the process, not in a server, and by Region: so two stand-ins in one process are of two Regions."""
    from moto.dynamodb.models import dynamodb_backends
    from moto.kms.models import kms_backends
    from moto.s3.models import s3_backends

    for backends in (dynamodb_backends, kms_backends):
        backends[ACCOUNT][region].reset()
    bucket = s3_backends[ACCOUNT]["aws"].buckets.pop(_bucket(region), None)
    s3_backends.bucket_accounts.pop(_bucket(region), None)
    for file in () if bucket is None else bucket.keys.values():
        file.dispose()


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
