"""The function itself: batches that come again, sinks that fail, items that nobody can read, and who changed them."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib import writer
from chalicelib.audit import recording, rules
from chalicelib.storage.audit_files import AuditBus
from chalicelib.storage.audit_stores import BusRefused
from tests.audit.conftest import log_event
from tests.aws_in_process.errors import AwsError
from tests.storage.sample_records import user


class Refusing:
    """A sink that takes nothing for now."""

    def put(self, *arguments):
        raise BusRefused("ThrottlingException")


@pytest.fixture
def batch(record, fintech):
    """The stream's batch of a login, which nobody has recorded yet."""
    fintech.tokens()
    return next(event for event in record.taken() if "Records" in event)


def test_a_batch_that_comes_again_writes_the_same_bytes(record, batch):
    record.run(batch)
    before = dict(record.stand.files.objects)
    assert record.run(batch) == {"batchItemFailures": []}
    assert record.stand.files.objects == before
    (name,) = record.files()
    assert name.startswith("audit/dt=2027-01-15/hour=08/")
    assert name.endswith(".jsonl.gz")


def test_an_event_stands_in_the_file_of_its_own_hour(record, batch):
    batch["Records"][-1]["dynamodb"]["ApproximateCreationDateTime"] += 3600
    record.run(batch)
    assert sorted(name[:28] for name in record.files()) == [f"audit/dt=2027-01-15/hour={h}/" for h in ("08", "09")]


@pytest.mark.parametrize("sink", ["audit_files", "audit_bus"])
def test_a_sink_that_fails_has_the_batch_repeated_and_the_other_has_it_all(record, batch, monkeypatch, sink):
    first = batch["Records"][0]["dynamodb"]["SequenceNumber"]
    with monkeypatch.context() as patched:
        patched.setitem(vars(record.aws), sink, Refusing())
        assert record.run(batch) == {"batchItemFailures": [{"itemIdentifier": first}]}
        with pytest.raises(recording.NotRecorded):
            record.run(log_event([(record.bank.now, json.dumps({"endpoint": "par", "error": "invalid_client"}))]))
    taken = {
        "audit_files": [one["DetailType"] for one in record.stand.bus],
        "audit_bus": [e.what for e in record.all()],
    }
    assert "grant.approved" in taken[sink]
    assert "request.refused" in taken[sink]
    record.run(batch)
    assert "grant.approved" in [event.what for event in record.all()]


def test_a_key_that_can_not_be_read_has_the_rest_repeated_from_there(record, batch, monkeypatch):
    def broken(*arguments, **more):
        raise ConnectionError

    monkeypatch.setattr(record.aws.audit_keys, "of_event", broken)
    (failure,) = record.run(batch)["batchItemFailures"]
    assert [event.what for event in record.all()] == ["grant.requested", "grant.opened"]
    monkeypatch.undo()
    at = [one["dynamodb"]["SequenceNumber"] for one in batch["Records"]].index(failure["itemIdentifier"])
    record.run({"Records": batch["Records"][at:]})
    whats = [event.what for event in record.all()]
    assert whats == [
        *("grant.requested", "grant.opened", "grant.authenticated", "grant.approved", "grant.redeemed"),
    ]


def test_the_bus_takes_ten_events_at_once_and_refused_ones_again():
    calls = []

    class Events:
        def put_events(self, Entries):
            calls.append([one["Detail"] for one in Entries])
            return {"Entries": [{"ErrorCode": "Throttled"} if one["Detail"] == "3" else {} for one in Entries]}

    bus = AuditBus(None, "bank")
    vars(bus)["_events"] = Events()
    with pytest.raises(BusRefused, match="Throttled"):
        bus.put([("user.added", str(number)) for number in range(12)])
    assert calls == [[str(n) for n in range(10)], ["3"], ["3"], ["10", "11"]]
    calls.clear()
    bus.put([("user.added", "x" * 200_000), ("user.added", "y" * 200_000)])
    assert [len(call) for call in calls] == [1, 1]


@pytest.mark.parametrize(
    "broken",
    [
        {"record": {"S": "not JSON"}},
        {"record": {"S": "[]"}},
        {"login": {"S": "{}"}},
        {"granted": {"S": "no"}},
        {"record": {"B": "AAAA"}},
    ],
)
def test_an_item_of_a_later_release_is_unreadable_and_stops_nothing(record, batch, broken):
    later = next(
        one for one in batch["Records"] if "OldImage" in one["dynamodb"] and "login" in one["dynamodb"]["NewImage"]
    )
    later["dynamodb"]["NewImage"] |= broken
    assert record.run(batch) == {"batchItemFailures": []}
    events = record.all()
    (unreadable,) = [event for event in events if event.what == "unreadable"]
    assert unreadable.key == later["dynamodb"]["Keys"]["pk"]["S"]
    assert unreadable.details == {"table": "grants"}
    assert "grant.redeemed" in [event.what for event in events]


def test_a_record_without_its_members_is_unreadable_too(record, batch):
    del batch["Records"][0]["dynamodb"]["Keys"]
    assert record.run(batch) == {"batchItemFailures": []}
    assert record.all()[0].what == "unreadable"


def test_an_attribute_that_nobody_knows_is_told(record, batch):
    changed = batch["Records"][-1]
    changed["dynamodb"]["NewImage"] |= {"weight": {"N": "7"}, "blob": {"B": "AAAA"}}
    record.run(batch)
    (listed,) = [event for event in record.all() if event.what == "grants.changed"]
    assert listed.details == {"changed": ["blob", "weight"]}
    assert listed.grant == changed["dynamodb"]["Keys"]["pk"]["S"]


@pytest.mark.parametrize("table", ["users", "clients", "grants", "signing_keys"])
def test_what_somebody_writes_by_hand_is_nobodys_and_never_silent(record, bank, fintech, table):
    """In AWS's console: no attribute says who. The one of the last write stays, and must not be taken for the writer's."""
    bank.aws.users.put(replace(user(), username="alice"))
    fintech.tokens()
    record.events()
    database = record.stand.database
    name = getattr(bank.settings, f"{table}_table")
    items = database._tables[name].items
    item = next(item for item in items.values() if "record" in item)
    attribute = {"users": "profile", "grants": "consent_expires_at"}.get(table, "v")
    value = {"N": "9"} if attribute != "profile" else {"S": "{}"}
    database.call("PutItem", {"TableName": name, "Item": item | {attribute: value}})
    (changed,) = record.events()
    assert (changed.what, changed.actor.kind) == (f"{table}.changed", "unknown")
    assert changed.details == {"changed": [attribute]}
    database.call("DeleteItem", {"TableName": name, "Key": {n: item[n] for n in database._tables[name].schema.names}})
    assert {event.actor.kind for event in record.events()} == {"unknown"}


def test_no_attribute_of_another_type_holds_up_the_record(record, bank, fintech):
    """Two were told as they stood in the item, and no JSON has them: the batch failed until it was too old."""
    bank.aws.users.put(replace(user(), username="alice"))
    bank.aws.second_factors.begin_recovery(bank.aws.users.find("alice"), ready_at=bank.now + 5, now=bank.now)
    fintech.tokens()
    record.events()
    database = record.stand.database
    for name in filter(record._recorded.__contains__, database._tables):
        table = database._tables[name]
        for item in list(table.items.values()):
            for attribute in sorted({"signs_from", *item} - {*table.schema.names}):
                for odd in ({"SS": ["x"]}, {"N": "1.5"}):
                    with suppress(AwsError):  # DynamoDB itself refuses it as the key of an index.
                        database.call("PutItem", {"TableName": name, "Item": item | {attribute: odd}})
    assert {"unreadable", "clients.changed"} <= {event.what for event in record.events()}


def test_what_dynamodb_sweeps_makes_no_event(record, fintech):
    fintech.code()
    record.events()
    (grant,) = record.stand.database._tables[fintech.bank.settings.grants_table].items.values()
    record.stand.database.call(
        "DeleteItem", {"TableName": fintech.bank.settings.grants_table, "Key": {"pk": grant["pk"]}}
    )
    (event,) = record.taken()
    (removal,) = event["Records"]
    removal["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    before = len(record.all())
    record.run(event)
    assert len(record.all()) == before


def test_a_line_of_the_runtime_and_a_control_message_are_no_events(record):
    lines = [(record.bank.now, "START RequestId: 1"), (record.bank.now, '"text"'), (record.bank.now, "{}")]
    record.run(log_event(lines))
    record.run(log_event([(record.bank.now, json.dumps({"endpoint": "par", "error": "x"}))], "CONTROL_MESSAGE"))
    assert record.all() == []


def test_every_write_says_who_and_no_two_say_the_same(record, fintech, bank):
    """A client that sends one interaction id again and again does not make its changes look like somebody else's."""
    same = (("x-fapi-interaction-id", "0d6c6b5e-5d1c-4c0e-8a3e-0b6f3d9a1c11"),)
    fintech.push(headers=same)
    fintech.push(headers=same)
    fintech.tokens()
    recorded = {getattr(bank.settings, f"{table}_table") for table in rules.RULES}
    stamps = [change.new["by"]["S"] for change in record.stand.database.stream if change.table in recorded]
    assert len(set(stamps)) == len(stamps) > 5
    assert {writer.parse(stamp).name for stamp in stamps} == {"par", "authorize", "login", "consent", "token"}
    assert {writer.parse(stamp).interaction_id for stamp in stamps[:2]} == {same[0][1]}


def test_what_follows_a_request_is_not_its_own(record, fintech, bank):
    """Another job of the same process that forgets to say who it is must not be taken for the last one that did."""
    fintech.push()
    assert writer.CURRENT.get().name != "par"
    with writer.acting("sweep", None):
        fintech.push()
        assert writer.CURRENT.get().name == "sweep"
