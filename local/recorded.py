"""The record on this machine, in a file: what changes in the stand-in's tables, and the lines that the functions log.

The product's own code makes the events. AWS hands it streams and log lines; here a thread does.
"""

from __future__ import annotations

import gzip
import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import asdict
from datetime import UTC
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from chalicelib import writer
from chalicelib.audit import notifying, recording
from chalicelib.audit.change import tables
from chalicelib.audit.notices import of_text
from chalicelib.provider import Provider
from chalicelib.storage.notice_stores import Message

log = logging.getLogger("ducat.local")

EVERY = 0.5
"""Seconds between two looks."""
NOTICES = "notices.jsonl"
"""The file of notices, beside that of the record."""
IMAGES = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


class LineFile:
    """audit_stores.AuditFiles: one file, for its owner alone. The names are left out, since a line has its time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch(mode=0o600)

    def put(self, name: str, lines: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(lines)


class NoticeFile:
    """notice_stores.NoticeQueue and NoticeWay: notices go out at once, into a file for its owner alone."""

    def __init__(self, file: Path, provider: Callable[[], Provider]) -> None:
        self._file, self._provider = LineFile(file), provider

    def put(self, notices: Sequence[str]) -> None:
        for text in notices:
            notifying.send(self._provider(), of_text(text))

    def send(self, message: Message) -> None:
        self._file.put("", json.dumps(asdict(message), ensure_ascii=False) + "\n")


class _Lines(logging.Handler):
    """Keeps the lines of the functions until they are recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: SimpleQueue[tuple[int, str]] = SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        line = getattr(record, "line", None)
        if line is not None:
            self.lines.put((round(record.created * 1000), json.dumps(line)))


class Recorder:
    """Records from `start` to `stop`. `provider`: gives the deployment's, with `audit_files` and the keys' table."""

    def __init__(self, provider: Callable[[], Provider], *, account: str, region: str) -> None:
        self._provider = provider
        self._tables = dynamodb_backends[account][region].tables
        self._seen: dict[str, int] = {}
        self._lines = _Lines()
        self._ended, self._one = Event(), Lock()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """From now on what changes is recorded. What the tables hold already is not."""
        for name in tables(self._provider().settings):
            self._tables[name].set_stream_specification(dict(IMAGES))
        logging.getLogger("ducat").addHandler(self._lines)
        self._thread.start()

    def stop(self) -> None:
        """Record what is left."""
        self._ended.set()
        self._thread.join()
        logging.getLogger("ducat").removeHandler(self._lines)
        self.look()

    def look(self) -> None:
        """Record what happened since the last look. Whoever calls it stays the writer of what comes next."""
        with self._one:
            copy_context().run(self._look)

    def _look(self) -> None:
        writer.use("audit", None)
        if records := list(self._records()):
            recording.run(self._provider(), {"Records": records})
        if lines := list(self._logged()):
            data = json.dumps({"messageType": "DATA_MESSAGE", "logEvents": lines}).encode()
            recording.run(self._provider(), {"awslogs": {"data": b64encode(gzip.compress(data)).decode()}})

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                self.look()
            except Exception:  # The next look still records what comes.
                log.exception("the record lacks something")

    def _records(self) -> Iterator[dict[str, Any]]:
        for name in tables(self._provider().settings):
            shard = self._tables[name].stream_shard
            records = [] if shard is None else shard.items[self._seen.get(name, 0) :]
            self._seen[name] = self._seen.get(name, 0) + len(records)
            for made in _as_aws_has_them([one.to_json() for one in records]):
                stream = made["dynamodb"]
                at = stream["ApproximateCreationDateTime"].replace(tzinfo=UTC).timestamp()
                arn = f"arn:aws:dynamodb:local:{name}:table/{name}/stream/1"
                yield {**made, "eventSourceARN": arn, "dynamodb": {**stream, "ApproximateCreationDateTime": int(at)}}

    def _logged(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                at, line = self._lines.lines.get_nowait()
            except Empty:
                return
            yield {"id": sha256(f"{at} {line}".encode()).hexdigest()[:32], "timestamp": at, "message": line}


def _as_aws_has_them(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """moto has an update of a missing item as two records: the keys alone, and then the update."""
    began: set[str] = set()
    for record in records:
        stream = record["dynamodb"]
        key = json.dumps(stream["Keys"])
        if record["eventName"] == "INSERT" and stream["NewImage"] == stream["Keys"]:
            began.add(key)
        elif key in began:
            began.remove(key)
            yield {**record, "dynamodb": {name: value for name, value in stream.items() if name != "OldImage"}}
        else:
            yield record
