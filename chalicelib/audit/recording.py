"""The function `audit`: from what AWS sends to events in the record's files and on its bus.

It gets records of the tables' streams, log lines of a CloudWatch Logs subscription, or changes of an object in S3. Where notices
are sent, it queues them, and gets them back from the queue.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby

from chalicelib import aws_errors
from chalicelib.audit import notices, sources
from chalicelib.audit.event import Event, as_json, as_line, hour_of
from chalicelib.audit.making import Made, Maker
from chalicelib.audit.notices import Notice
from chalicelib.protocol_types import JsonObject, Untyped
from chalicelib.provider import Provider

log = logging.getLogger("ducat")

LINES = ".jsonl"

MAX_DETAIL = 200 * 1024
"""Bytes of an event on the bus, below EventBridge's limit of 256 KB for an entry, which has other members too."""


class NotRecorded(Exception):
    """Some events are not in the files, or not on the bus. AWS sends them again."""


def run(provider: Provider, event: Untyped) -> JsonObject:
    """Record what the event says. Gives `batchItemFailures` for a stream: where Lambda is to begin again.

    Raises NotRecorded for others, so that Lambda repeats the whole event.
    """
    if "awslogs" in event:
        return _whole(provider, list(sources.of_log(event)))
    records = event["Records"]
    if records and records[0].get("eventSource") == "aws:sqs":
        from chalicelib.audit import notifying  # Where notices are sent at all.

        return notifying.run(provider, records)
    if records and records[0].get("eventSource") == "aws:s3":
        return _whole(provider, [made for record in records for made in sources.of_object(record)])
    return _stream(provider, records)


def _whole(provider: Provider, found: list[sources.Source]) -> JsonObject:
    maker = Maker(provider)
    if not _deliver(provider, [maker.event(source) for source in found]):
        raise NotRecorded
    return {}


def _stream(provider: Provider, records: Sequence[Untyped]) -> JsonObject:
    maker = Maker(provider)
    made: list[Made] = []
    failed: str | None = None
    for record in records:
        try:
            made += [maker.event(source) for source in sources.of_stream(record, provider.settings)]
        except Exception as problem:  # A call to AWS. What was made before it is kept.
            _report("make events", problem)
            failed = record["dynamodb"]["SequenceNumber"]
            break
    if not _deliver(provider, made):
        failed = records[0]["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [] if failed is None else [{"itemIdentifier": failed}]}


def _deliver(provider: Provider, made: Sequence[Made]) -> bool:
    """Write the events to both sinks. One that fails does not stop the other. Gives whether both took all. Then the people
    concerned get notices, which hold up nothing.
    """
    if not made:
        return True
    kept = _attempt("write the record", lambda: _keep(provider, [one.event for one in made]))
    bus = provider.audit_bus
    if bus is not None:
        put = _attempt("put events on the bus", lambda: bus.put([(one.event.what, _detail(one)) for one in made]))
        kept = put and kept
    if kept:
        _queue_notices(provider, [one.notice for one in made if one.notice is not None])
    return kept


def _queue_notices(provider: Provider, found: Sequence[Notice]) -> None:
    queue = provider.notices.queue
    if queue is not None and found:
        named = ", ".join(notice.id for notice in found)
        _attempt(f"queue notices of {named}", lambda: queue.put([notices.as_text(notice) for notice in found]))


def _keep(provider: Provider, events: Sequence[Event]) -> None:
    for name, some in _files(events):
        provider.audit_files.put(name, "".join(map(as_line, some)))


def _files(events: Sequence[Event]) -> Iterator[tuple[str, list[Event]]]:
    """A file of each hour. Its name follows from its events, so that a repeated batch writes the same ones."""
    for hour, some in groupby(sorted(events, key=hour_of), key=hour_of):
        found = list(some)
        name = sha256("\n".join(event.id for event in found).encode()).hexdigest()[:32]
        yield f"audit/{hour}/{name}{LINES}", found


def _detail(one: Made) -> str:
    """The members for the bank's own systems: with the plain sub, without the sealed part.

    Of an event that no bus takes the details are left out: refused, it would hold up its shard for hours.
    """
    members = {name: value for name, value in as_json(one.event).items() if name != "sealed"}
    members |= {"sub": one.sub} if one.sub else {}
    whole = json.dumps(members)
    return whole if len(whole) <= MAX_DETAIL else json.dumps(members | {"details": {"too_long": True}})


def _attempt(step: str, work: Callable[[], None]) -> bool:
    try:
        work()
    except Exception as problem:
        _report(step, problem)
        return False
    return True


def _report(step: str, problem: Exception) -> None:
    log.error("audit failed to %s: %s", step, aws_errors.of(problem) or type(problem).__name__)
