"""The record of what a test does: the tables' streams and the log lines, handed to the function as AWS hands them over."""

import gzip
import json
import logging
from base64 import b64encode

import pytest
from click.testing import CliRunner

from chalicelib import log_lines, writer
from chalicelib.assembly import Aws
from chalicelib.audit import recording, sealing
from chalicelib.audit.change import tables
from chalicelib.audit.event import from_json
from chalicelib.storage.token_values import digest
from ducat_admin import command
from ducat_admin.deployment import Deployment

ERNA = "arn:aws:sts::123456789012:assumed-role/Operators/erna"
KEYS, BUCKET, BUS = "audit-keys", "record", "bank"


class Lines(logging.Handler):
    """Log lines as they stand in a function's log group, with their time."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.lines = clock, []
        self.setFormatter(log_lines.JsonLines("Ducat/test"))

    def emit(self, record):
        self.lines.append((self.clock(), self.format(record)))


class Record:
    """The record of one bank. `stand`: AWS's stand-in."""

    def __init__(self, bank, stand, lines):
        self.bank, self.stand, self._lines = bank, stand, lines
        settings = bank.settings._replace(audit_keys_table=KEYS, audit_bucket=BUCKET, audit_bus=BUS)
        self.aws = Aws(settings, clock=lambda: bank.now)
        self._serial = 0
        self._recorded = tables(settings)

    def taken(self):
        """What AWS would hand to the function since the last time: a stream's batch and a log's."""
        changes, self.stand.database.stream = self.stand.database.stream, []
        lines, self._lines.lines = self._lines.lines, []
        records = [self.stream_record(change) for change in changes if change.table in self._recorded]
        return [{"Records": records}] * bool(records) + [log_event(lines)] * bool(lines)

    def stream_record(self, change, *, at=None, **more):
        self._serial += 1
        images = {"OldImage": change.old, "NewImage": change.new}
        return {
            "eventID": f"{self._serial:032x}",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": f"arn:aws:dynamodb:eu-central-1:123456789012:table/{change.table}/stream/2026-11-30T00",
            "dynamodb": {
                "ApproximateCreationDateTime": self.bank.now if at is None else at,
                "Keys": change.keys,
                "SequenceNumber": str(self._serial),
                **{name: image for name, image in images.items() if image is not None},
            },
            **more,
        }

    def run(self, event):
        """The function's answer to an event, as JSON, which is how Lambda hands both over."""
        return json.loads(json.dumps(recording.run(self.aws, json.loads(json.dumps(event)))))

    def events(self):
        """The events of what happened since the last time, in order."""
        before = self.known()
        for event in self.taken():
            assert self.run(event) in ({}, {"batchItemFailures": []})
        return [event for event in self.all() if event.id not in before]

    def known(self):
        return {event.id for event in self.all()}

    def files(self):
        """The record's files by their names."""
        return {
            name.removeprefix(f"{BUCKET}/"): gzip.decompress(content).decode()
            for name, content in self.stand.files.objects.items()
            if name.startswith(f"{BUCKET}/")
        }

    def all(self):
        """Every event of the record, in order."""
        lines = [json.loads(line) for text in self.files().values() for line in text.splitlines()]
        return sorted(map(from_json, lines), key=lambda event: (event.at, event.sequence))

    def key(self, sub):
        return self.aws.audit_keys.find(digest(sub))

    def person(self, sub):
        return sealing.pseudonym(self.key(sub))

    def unsealed(self, event, sub):
        return sealing.unseal(self.key(sub), event.id, event.sealed)


def log_event(lines, kind="DATA_MESSAGE"):
    """What a subscription of CloudWatch Logs sends."""
    events = [
        {"id": f"{n}-{abs(hash(line))}", "timestamp": at * 1000 + n, "message": line}
        for n, (at, line) in enumerate(lines)
    ]
    data = {"messageType": kind, "logGroup": "/aws/lambda/ducat", "logStream": "1", "logEvents": events}
    return {"awslogs": {"data": b64encode(gzip.compress(json.dumps(data).encode())).decode()}}


@pytest.fixture
def record(bank, begin_again):
    """The record of what the bank does from here on."""
    stand = begin_again.stand
    stand.database.call(
        "CreateTable",
        {
            "TableName": KEYS,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    stand.database.stream = []
    lines, logger = Lines(lambda: bank.now), logging.getLogger("ducat")
    logger.addHandler(lines)
    yield Record(bank, stand, lines)
    logger.removeHandler(lines)


@pytest.fixture
def operate(record, monkeypatch):
    """A function: the words of a command to what it printed, as JSON. Erna gives it."""

    def provider(self):
        if "begun" not in vars(self):  # As the command's own: the thread that reads it first writes.
            vars(self)["begun"] = writer.use(writer.OPERATOR + ERNA, record.aws.new_uuid())
        return record.aws

    monkeypatch.setattr(command.Operator, "provider", property(provider))
    monkeypatch.setattr(command.Operator, "identity", ERNA)
    monkeypatch.setattr(command.Operator, "deployment", property(lambda self: Deployment("laptop", {})))

    def run(*words, said=""):
        done = CliRunner().invoke(command.ducat, ["--json", *words], input=said)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run
