"""The files of the record: objects of its bucket, by the hour, or a laptop's one file."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ducat_admin.audit_time import HOUR, Span
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from chalicelib.audit.event import Event
    from ducat_admin.command import Operator

PARALLEL = 10
"""Connections of the client of S3 (botocore's pool)."""

AHEAD = 4
"""Hours that are read at a time."""

PREFIX = "audit/"

Wanted = Callable[[bytes], bool]


@dataclass(frozen=True)
class Read:
    """A file of the record. `sha256`: of its bytes as they are stored. `lines`: those that were wanted."""

    name: str
    sha256: str
    lines: list[bytes]


class Files(Protocol):
    """Where the record is."""

    @property
    def name(self) -> str:
        """What people call it."""

    def hours(self, span: Span) -> Iterator[int]:
        """The beginnings of the hours of which there are files, the newest first."""

    def of_hour(self, hour: int, wanted: Wanted) -> list[Read]:
        """The files with events of that hour."""


@dataclass
class OfLaptop:
    """One file with a line an event, in the order in which they came."""

    path: Path

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    @cached_property
    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as problem:
            raise Problem(f"{self.path} can't be read: {problem.strerror}") from None

    @cached_property
    def _lines(self) -> dict[int, list[bytes]]:
        found: dict[int, list[bytes]] = {}
        for line in self._content.splitlines():
            at = re.search(rb'"at": ?"(\d{4}-\d\d-\d\dT\d\d):', line)
            hour = (
                0
                if at is None
                else int(datetime.strptime(at[1].decode() + "Z", "%Y-%m-%dT%HZ").replace(tzinfo=UTC).timestamp())
            )
            found.setdefault(hour, []).append(line)
        return found

    def hours(self, span: Span) -> Iterator[int]:
        """Those of the file's lines."""
        return iter([hour for hour in span.hours() if hour in self._lines])

    def of_hour(self, hour: int, wanted: Wanted) -> list[Read]:
        """The lines of the hour."""
        digest = sha256(self._content).hexdigest()
        return [Read(self.path.name, digest, [line for line in self._lines[hour] if wanted(line)])]


@dataclass
class OfBucket:
    """Objects audit/dt=YYYY-MM-DD/hour=HH/<name>.jsonl.gz. `unreadable`: those that are damaged."""

    bucket: str
    region: str | None
    unreadable: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        import boto3
        from botocore.config import Config

        config = Config(max_pool_connections=AHEAD * PARALLEL)
        self._s3: Any = boto3.client("s3", region_name=self.region, config=config)
        self._names: dict[int, list[str]] = {}

    @property
    def name(self) -> str:
        """The bucket."""
        return f"s3://{self.bucket}"

    def hours(self, span: Span) -> Iterator[int]:
        """One listing tells the days, and one of each day its hours."""
        days = {one["Prefix"] for page in self._pages(PREFIX, Delimiter="/") for one in page.get("CommonPrefixes", [])}
        of_day: dict[str, set[int]] = {}
        for hour in span.hours():
            day = f"{PREFIX}{datetime.fromtimestamp(hour, UTC):dt=%Y-%m-%d}/"
            if day in days and day not in of_day:
                of_day[day] = self._list(day)
            if hour in of_day.get(day, ()):
                yield hour

    def of_hour(self, hour: int, wanted: Wanted) -> list[Read]:
        """Each object of the hour, several read at a time."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(lambda name: self._read(name, wanted), self._names.get(hour, [])))

    def _pages(self, prefix: str, **more: str) -> Iterator[dict[str, Any]]:
        return iter(self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, **more))

    def _list(self, day: str) -> set[int]:
        """The hours of which there are objects. Their names are kept."""
        start = int(datetime.strptime(day + "+0000", f"{PREFIX}dt=%Y-%m-%d/%z").timestamp())
        found = set[int]()
        for name in (one["Key"] for page in self._pages(day) for one in page.get("Contents", [])):
            of_hour = re.fullmatch(r"hour=(\d\d)/.+", name.removeprefix(day))
            if of_hour is not None:
                hour = start + int(of_hour[1]) * HOUR
                self._names.setdefault(hour, []).append(name)
                found.add(hour)
        return found

    def _read(self, name: str, wanted: Wanted) -> Read:
        content: bytes = self._s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        try:
            lines = (gzip.decompress(content) if name.endswith(".gz") else content).splitlines()
        except (OSError, EOFError, zlib.error):
            self.unreadable.append(name)
            lines = []
        return Read(name, sha256(content).hexdigest(), [line for line in lines if wanted(line)])


def _ahead(read: Callable[[int], list[Read]], hours: Iterator[int]) -> Iterator[tuple[int, list[Read]]]:
    """Each hour and what it gives, in order. Some hours are read while one is looked at."""
    with ThreadPoolExecutor(AHEAD) as pool:
        begun = deque((hour, pool.submit(read, hour)) for hour in islice(hours, AHEAD))
        try:
            while begun:
                hour, reading = begun.popleft()
                yield hour, reading.result()
                begun.extend((hour, pool.submit(read, hour)) for hour in islice(hours, 1))
        finally:
            for _, one in begun:
                one.cancel()


@dataclass
class Record:
    """The record, to be searched. `unreadable`: how many lines were none."""

    files: Files
    unreadable: int = 0

    def hours(self, span: Span, wanted: Wanted) -> Iterator[tuple[int, list[Event], list[Read]]]:
        """Each hour with files, the newest first, its events in order, and what was read. An event that was written twice is
        there once.

        `wanted`: looks at a line before it is read.
        """
        for hour, read in _ahead(lambda one: self.files.of_hour(one, wanted), self.files.hours(span)):
            found: dict[str, Event] = {}
            for line in (line for one in read for line in one.lines):
                event = self._event(line)
                if event is not None and span.since <= event.at <= span.until:
                    found.setdefault(event.id, event)
            yield hour, sorted(found.values(), key=lambda one: (one.at, one.sequence, one.id)), read

    def _event(self, line: bytes) -> Event | None:
        from chalicelib.audit.event import from_json

        try:
            return from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.unreadable += 1
            return None


def record_of(operator: Operator) -> Record:
    """The deployment's record. Raises Problem if it keeps none."""
    settings = operator.provider.settings
    if settings.audit_bucket:
        return Record(OfBucket(settings.audit_bucket, operator.deployment.region))
    if settings.audit_file:
        return Record(OfLaptop(Path(settings.audit_file)))
    raise Problem(f"{operator.deployment.name} keeps no record: docs/operate/audit.md says how to have one")
