"""Notices by AWS: the queue in SQS, e-mail by SES, and the bank's own systems by EventBridge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property

from botocore.config import Config

from chalicelib.protocol_types import Untyped
from chalicelib.settings import AWS_TRIES, Settings
from chalicelib.storage.audit_stores import AuditBus
from chalicelib.storage.notice_stores import Message, Notices, NotQueued

SECONDS = 10
"""Of a connection and of a read. Nobody waits for a notice."""
MAX_ENTRIES = 10
"""Of one SendMessageBatch (SQS API reference)."""
WHAT = "notice"
"""The name of a notice on the bus."""


def notices_of(session: Untyped, settings: Settings, bus: AuditBus | None) -> Notices:
    """How the deployment sends notices. `session`: botocore's. `bus`: of the record."""
    named = settings.notices.split()
    by_email = [ByEmail(session, settings.notices_from)] if "email" in named and settings.notices_from else []
    on_bus = [OnTheBus(bus)] if "bus" in named and bus is not None else []
    queue = NoticeQueue(session, settings.notices_queue) if settings.notices_queue else None
    return Notices(queue, (*by_email, *on_bus))


def _config() -> Untyped:
    tries = {"total_max_attempts": AWS_TRIES, "mode": "standard"}
    return Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries=tries)


class NoticeQueue:
    """notice_stores.NoticeQueue. `session`: botocore's. `url`: of the queue."""

    def __init__(self, session: Untyped, url: str) -> None:
        self._session, self._url = session, url

    @cached_property
    def _sqs(self) -> Untyped:
        return self._session.create_client("sqs", config=_config())

    def put(self, notices: Sequence[str]) -> None:
        refused: set[str] = set()
        for begin in range(0, len(notices), MAX_ENTRIES):
            some = notices[begin : begin + MAX_ENTRIES]
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(some)]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            refused |= {str(one["Code"]) for one in answer.get("Failed", ())}
        if refused:
            raise NotQueued(", ".join(sorted(refused)))


class ByEmail:
    """notice_stores.NoticeWay by SES. `sender`: the address that it is from. A person without an address gets none."""

    def __init__(self, session: Untyped, sender: str) -> None:
        self._session, self._sender = session, sender

    @cached_property
    def _ses(self) -> Untyped:
        return self._session.create_client("sesv2", config=_config())

    def send(self, message: Message) -> None:
        if not message.email:
            return
        part = {"Charset": "UTF-8"}
        self._ses.send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [message.email]},
            Content={
                "Simple": {
                    "Subject": {**part, "Data": message.subject},
                    "Body": {"Text": {**part, "Data": message.text}},
                }
            },
        )


class OnTheBus:
    """notice_stores.NoticeWay by the bus of the record, for the bank's own systems. They know the person by the `sub`."""

    def __init__(self, bus: AuditBus) -> None:
        self._bus = bus

    def send(self, message: Message) -> None:
        members = {name: value for name, value in asdict(message).items() if name != "email"}
        self._bus.put([(WHAT, json.dumps(members))])
