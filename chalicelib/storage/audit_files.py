"""The record's files in S3, and EventBridge."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from botocore.config import Config

from chalicelib.protocol_types import Untyped
from chalicelib.settings import AWS_TRIES
from chalicelib.storage.audit_stores import BusRefused

SECONDS = 10
"""Of a connection and of a read. Nobody waits for the record."""

SUFFIX = ".gz"
MAX_ENTRIES, MAX_BYTES = 10, 256 * 1024
"""Of one PutEvents (EventBridge API reference)."""
ENTRY_BYTES = 1024
"""More than an entry's other members take."""


def _config() -> Untyped:
    tries = {"total_max_attempts": AWS_TRIES, "mode": "standard"}
    return Config(
        connect_timeout=SECONDS, read_timeout=SECONDS, retries=tries, request_checksum_calculation="when_required"
    )


class AuditFiles:
    """audit_stores.AuditFiles. `session`: botocore's."""

    def __init__(self, session: Untyped, bucket: str) -> None:
        self._session, self._bucket = session, bucket

    @cached_property
    def _s3(self) -> Untyped:
        return self._session.create_client("s3", config=_config())

    def put(self, name: str, lines: str) -> None:
        body = gzip.compress(lines.encode(), mtime=0)  # The same lines are the same bytes.
        checksum = b64encode(sha256(body).digest()).decode()  # A bucket with Object Lock takes no object without one.
        self._s3.put_object(Bucket=self._bucket, Key=name + SUFFIX, Body=body, ChecksumSHA256=checksum)


class _Entry(NamedTuple):
    what: str
    detail: str

    @property
    def size(self) -> int:
        return len(self.detail.encode()) + ENTRY_BYTES


class AuditBus:
    """audit_stores.AuditBus. `session`: botocore's. `bus`: its name or ARN."""

    def __init__(self, session: Untyped, bus: str) -> None:
        self._session, self._bus = session, bus

    @cached_property
    def _events(self) -> Untyped:
        return self._session.create_client("events", config=_config())

    def put(self, events: Sequence[tuple[str, str]]) -> None:
        refused: list[str] = []
        for some in _calls([_Entry(*event) for event in events]):
            refused += self._put(some)
        if refused:
            raise BusRefused(", ".join(sorted(set(refused))))

    def _put(self, entries: list[_Entry]) -> list[str]:
        """The error codes of the entries that are not taken after several attempts."""
        for _ in range(AWS_TRIES):
            answer = self._events.put_events(
                Entries=[
                    {"Source": "ducat", "DetailType": what, "Detail": detail, "EventBusName": self._bus}
                    for what, detail in entries
                ]
            )
            results = list(zip(entries, answer["Entries"], strict=True))
            entries = [entry for entry, result in results if "ErrorCode" in result]
            if not entries:
                return []
        return [str(result["ErrorCode"]) for _, result in results if "ErrorCode" in result]


def _calls(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    some: list[_Entry] = []
    for entry in entries:
        if some and (len(some) == MAX_ENTRIES or sum(one.size for one in some) + entry.size > MAX_BYTES):
            yield some
            some = []
        some.append(entry)
    if some:
        yield some
