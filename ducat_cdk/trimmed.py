"""What ships of botocore's data: the operations that the roles allow, and the endpoints of the services that they are of.

botocore reads its data as JSON when a client is made, and reads it whole: endpoints.json alone is 1.2 MB.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ducat_cdk.functions import FUNCTIONS

USED = ("apigateway", "dynamodb", "events", "kms", "s3", "sesv2", "sqs")
"""The services that functions call."""
SERVICES = (*USED, "sts")
"""The services whose data botocore keeps; that of `sts` whole, for who runs this under a role of a web identity."""
MODEL = "service-2.json"
SERVICE_FILES = (
    MODEL,
    f"{MODEL}.gz",
    "service-2.sdk-extras.json",
    "endpoint-rule-set-1.json",
    "endpoint-rule-set-1.json.gz",
)
"""Of each service only what a client needs."""
RULES = "endpoint-rule-set-1.json"
"""Of the services that endpoints call, botocore would run these at each call, for an address that endpoints.json gives once."""
RULED = ("events", "s3", "sesv2", "sqs")
"""The services that keep them: nobody waits for their calls, and a bucket's address is found by them alone."""

OPERATIONS = frozenset({"GetDomainName", "PutEvents", "SendEmail", "SendMessageBatch"}) | frozenset(
    verb
    for row in FUNCTIONS
    for verbs in (
        *(table.verbs for table in row.tables),
        *((key.verb,) for key in row.keys),
        *(made.verbs for made in row.made_keys),
        *(file.operations for file in row.files),
    )
    for verb in verbs
)
"""Every action of every row, the operation of API Gateway's, which IAM names by the HTTP method, and those of the record's bus
and of notices. What is not an operation of
the service's model is an action of IAM's alone."""

TEXTS = ("documentation", "examples")


def trim(data: Path) -> None:
    """Leave in botocore's data what a function can call."""
    for entry in data.iterdir():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)
    for file in data.glob("*/*/*"):
        if file.name not in SERVICE_FILES:
            file.unlink()
    for service in USED:
        if service not in RULED:
            for file in data.glob(f"{service}/*/{RULES}*"):
                file.unlink()
        for file in data.glob(f"{service}/*/{MODEL}*"):
            _rewrite(file)
    endpoints = data / "endpoints.json"
    _write(endpoints, _endpoints(_read(endpoints)))


def _rewrite(file: Path) -> None:
    """As plain JSON, which is read faster than what is zipped besides."""
    content = _read(file)
    file.unlink()
    _write(file.with_name(MODEL), _model(content))


def _model(model: dict[str, Any]) -> dict[str, Any]:
    operations = {name: _without_texts(one) for name, one in model["operations"].items() if name in OPERATIONS}
    shapes: dict[str, Any] = {}
    waiting = list(_shapes_of(list(operations.values())))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = _without_texts(model["shapes"][name])
            waiting += _shapes_of(shapes[name])
    ordered = {name: shapes[name] for name in model["shapes"] if name in shapes}
    return _without_texts(model) | {"operations": operations, "shapes": ordered}


def _without_texts(part: dict[str, Any]) -> dict[str, Any]:
    """Without its texts, nor those of its members."""
    kept = {name: value for name, value in part.items() if name not in TEXTS}
    if "members" in kept:
        kept["members"] = {name: _without_texts(member) for name, member in kept["members"].items()}
    return kept


def _shapes_of(part: Any) -> Iterator[str]:
    """The names of the shapes that it refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        for value in part.values():
            yield from _shapes_of(value)
    elif isinstance(part, list):
        for value in part:
            yield from _shapes_of(value)


def _endpoints(content: dict[str, Any]) -> dict[str, Any]:
    partitions = [
        partition | {"services": {name: one for name, one in partition["services"].items() if name in SERVICES}}
        for partition in content["partitions"]
    ]
    return content | {"partitions": partitions}


def _read(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    content: dict[str, Any] = json.loads(gzip.decompress(data) if file.suffix == ".gz" else data)
    return content


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
