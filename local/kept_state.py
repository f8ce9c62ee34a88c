"""What the stand-in for AWS holds, in a file: so that clients, users and consents of `make run` are there again after a restart.

The file has the private keys of the stand-in's KMS too. They protect nothing but this machine's sandbox, and the file is its
owner's alone. `make clean` drops it.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends

VERSION = 2
EVERY = 5
"""Seconds between two looks at whether there is something new to keep."""


class UnusableState(Exception):
    """The file is of another release, or was damaged. The message says what to do."""


@contextmanager
def keeping(file: Path, account: str, region: str) -> Iterator[None]:
    """Keep what changes, until the end, and at the end."""
    ended = Event()

    def keep() -> None:
        while not ended.wait(EVERY):
            save(file, account, region)

    thread = Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        save(file, account, region)


def save(file: Path, account: str, region: str) -> None:
    """Write the file, where something changed: all of it or nothing."""
    tables = dynamodb_backends[account][region].tables
    state = {
        "version": VERSION,
        "tables": {
            name: [item.to_json()["Attributes"] for item in table.all_items()] for name, table in tables.items()
        },
        "keys": [_key(key) for key in kms_backends[account][region].keys.values()],
    }
    text = json.dumps(state)
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return
    beside = file.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
    beside.replace(file)


def restore(file: Path, account: str, region: str) -> dict[str, str]:
    """Put the items into the tables, which are there, and make the keys. Gives the ARN of each key by its description.

    Raises UnusableState.
    """
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
        if state["version"] != VERSION:
            raise ValueError("its version is another one")
        arns = {key["description"]: _made(key, account, region) for key in state["keys"]}
        backend = dynamodb_backends[account][region]
        for name, items in state["tables"].items():
            for item in items:
                backend.put_item(name, item)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UnusableState(f"{file} can't be used ({problem}): make clean drops it") from None
    return arns


def _key(key: Any) -> dict[str, Any]:
    private = None
    if key.private_key is not None:
        private = key.private_key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "id": key.id,
        "spec": key.key_spec,
        "usage": key.key_usage,
        "description": key.description,
        "state": key.key_state,
        "tags": kms_backends[key.account_id][key.region].list_resource_tags(key.id)["Tags"],
        "material": b64encode(key.key_material).decode(),
        "private": None if private is None else b64encode(private).decode(),
    }


def _made(said: dict[str, Any], account: str, region: str) -> str:
    backend = kms_backends[account][region]
    key = backend.create_key("", said["usage"], said["spec"], said["description"], None)
    del backend.keys[key.id]
    key.arn = key.arn.replace(key.id, said["id"])
    key.id, key.key_state = said["id"], said["state"]
    key.enabled = said["state"] == "Enabled"
    key.key_material = b64decode(said["material"])
    if said["private"] is not None:
        own: Any = key.private_key
        own.private_key = load_der_private_key(b64decode(said["private"]), None)
    backend.keys[key.id] = key
    if said["tags"]:
        backend.tag_resource(key.id, {tag["TagKey"]: tag["TagValue"] for tag in said["tags"]})
    return str(key.arn)
