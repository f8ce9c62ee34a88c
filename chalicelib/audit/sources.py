"""What AWS sends, as drafts with where they come from."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import unquote_plus

from chalicelib import writer
from chalicelib.audit import change, of_lines, rules
from chalicelib.audit.draft import Draft
from chalicelib.protocol_types import JsonObject, Untyped
from chalicelib.settings import Settings
from chalicelib.writer import Writer

AFTER = "~"
"""Sorts a line after the changes of its second, whose part of the second a stream does not tell."""


@dataclass(frozen=True)
class Source:
    """A draft, and where it comes from. `id`, `at`, `sequence`: as of an Event. `writer`: who did it."""

    id: str
    at: int
    sequence: str
    draft: Draft
    writer: Writer


def of_stream(record: Untyped, settings: Settings) -> Iterator[Source]:
    """What a record of a table's stream tells. One that can't be read is `unreadable`."""
    try:
        changed = change.of_record(record, settings)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        at = int(record.get("dynamodb", {}).get("ApproximateCreationDateTime", 0))
        table = str(record.get("eventSourceARN", ""))
        yield Source(f"{record['eventID']}.0", at, "", Draft("unreadable", details={"table": table}), writer.UNKNOWN)
        return
    if changed is None:
        return
    for number, draft in enumerate(rules.drafts_of(changed)):
        yield Source(f"{changed.id}.{number}", changed.at, f"{changed.sequence}.{number}", draft, changed.writer)


def of_log(event: Untyped) -> Iterator[Source]:
    """What the lines of a CloudWatch Logs subscription tell (CloudWatch Logs user guide, "Using subscription filters")."""
    sent = json.loads(gzip.decompress(b64decode(event["awslogs"]["data"])))
    for one in sent["logEvents"] if sent["messageType"] == "DATA_MESSAGE" else ():
        line = _line(one["message"])
        draft = None if line is None else of_lines.draft_of(line)
        if line is not None and draft is not None:
            at, milliseconds = divmod(int(one["timestamp"]), 1000)
            by = Writer(str(line.get("endpoint", "")), draft.interaction)
            yield Source(f"{one['id']}.0", at, f"{AFTER}{milliseconds:03d}", draft, by)


def _line(message: str) -> JsonObject | None:
    """The members of a line; None for text of the runtime's own."""
    try:
        members = json.loads(message)
    except ValueError:
        return None
    return members if isinstance(members, dict) else None


def of_object(record: Untyped) -> Iterator[Source]:
    """What a notification of S3 tells (S3 user guide, "Event message structure")."""
    stored = record["s3"]["object"]
    url = f"s3://{record['s3']['bucket']['name']}/{unquote_plus(stored['key'])}"
    removed = str(record["eventName"]).startswith("ObjectRemoved")
    details: JsonObject = {"version": stored["versionId"]} if stored.get("versionId") else {}
    draft = Draft("truststore.removed" if removed else "truststore.changed", key=url, details=details)
    at = int(datetime.fromisoformat(record["eventTime"]).timestamp())
    name = sha256(f"{url} {stored.get('sequencer', '')} {record['eventName']}".encode()).hexdigest()[:32]
    who = writer.OPERATOR + str((record.get("userIdentity") or {}).get("principalId", ""))
    yield Source(f"{name}.0", at, "", draft, Writer(who))
