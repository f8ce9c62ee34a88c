"""Whoever is erased is nobody in the record: no name, no way to read what was agreed, no way from a later person to it."""

import json

import pytest

from chalicelib.audit import sealing
from chalicelib.audit.event import ERASED
from chalicelib.storage.dynamodb.audit_keys import LATE, MARKED, SECRET, AuditKeys
from chalicelib.storage.dynamodb.codec import Unreadable
from chalicelib.storage.token_values import digest
from local.sandbox_users import ALICE
from tests.audit.conftest import KEYS

HOUR = 3600


@pytest.fixture
def agreed(record, fintech):
    """What alice agreed to: its event, and her key before she is erased."""
    fintech.tokens()
    (approved,) = [event for event in record.events() if event.what == "grant.approved"]
    return approved, record.key(ALICE.sub)


def items(record):
    held = record.stand.database._tables[KEYS].items.values()
    return [dict(item) for item in held if item["pk"]["S"] != SECRET]


def test_the_key_goes_and_nothing_leads_from_the_sub_to_the_events(record, agreed, operate):
    approved, key = agreed
    assert sealing.unseal(key, approved.id, approved.sealed)["sub"] == ALICE.sub
    operate("user", "erase", "--sub", ALICE.sub, "--yes")
    assert record.key(ALICE.sub) is None
    (mark,) = items(record)
    assert digest(ALICE.sub) not in mark.pop("pk")["S"]
    assert mark == {
        "erased_at": {"N": str(record.bank.now)},
        "ttl": {"N": str(record.bank.now + MARKED)},
    }
    assert key not in json.dumps(items(record))
    assert not [word for text in record.files().values() for word in (ALICE.sub, digest(ALICE.sub)) if word in text]


def test_the_erasures_own_events_make_no_new_key(record, agreed, operate):
    """They are in the stream when the key is gone already."""
    operate("user", "erase", "--sub", ALICE.sub, "--yes")
    found = record.events()
    assert "grant.deleted" in {event.what for event in found}
    assert {event.person for event in found if event.person} == {ERASED}
    assert {event.actor.kind for event in found} == {"operator"}
    assert record.key(ALICE.sub) is None


def test_an_erasure_can_be_run_again(record, agreed, operate):
    operate("user", "erase", "--sub", ALICE.sub, "--yes")
    record.aws.audit_keys.erase(digest(ALICE.sub), now=record.bank.now + 1)
    assert record.key(ALICE.sub) is None


def test_a_later_person_of_the_sub_is_another_one(record, agreed, fintech, operate):
    approved, _ = agreed
    operate("user", "erase", "--sub", ALICE.sub, "--yes")
    late = record.taken()
    record.bank.now += LATE + HOUR
    fintech.tokens()
    after = [event for event in record.events() if event.person]
    assert {event.person for event in after} == {record.person(ALICE.sub)}
    assert record.person(ALICE.sub) != approved.person
    for event in late:  # It comes after the new key, and still has none.
        record.run(event)
    assert {event.person for event in record.all()} == {approved.person, record.person(ALICE.sub), ERASED, ""}


def test_a_person_has_one_key_however_many_batches_make_one(record):
    """Another batch makes it between this one's read and write."""
    keys = record.aws.audit_keys
    assert keys.find("person") is None
    assert items(record) == []
    assert keys._secret  # It is there, and is read once.
    read = keys._tables.get
    keys._tables.get = lambda *a, **m: None
    try:
        first = keys.of_event("person", at=1, new="A" * 43)
        assert first == "A" * 43
        assert keys.of_event("person", at=1, new="B" * 43) == first
    finally:
        keys._tables.get = read


def test_a_sealed_part_is_of_its_event_and_of_its_key_alone():
    key, other = "A" * 43, "B" * 42 + "A"
    sealed = sealing.seal(key, "event-1", {"sub": "s"})
    assert sealing.seal(key, "event-1", {"sub": "s"}) == sealed
    assert sealing.seal(key, "event-1", {"sub": "t"})[:16] != sealed[:16]
    assert sealing.unseal(key, "event-1", sealed) == {"sub": "s"}
    others = [
        (other, "event-1", sealed),
        (key, "event-2", sealed),
        (key, "event-1", sealed[:-4] + "AAAA"),
        (key, "event-1", ""),
    ]
    for wrong in others:
        with pytest.raises(sealing.Unsealable):
            sealing.unseal(*wrong)
    assert sealing.pseudonym(key) != sealing.pseudonym(other)
    assert sealing.pseudonym(key) not in sealed


def test_no_event_has_the_key_of_a_bond_which_is_made_of_the_person_and_the_client(record, fintech, operate):
    fintech.tokens()
    bonds = record.bank.settings.bonds_table
    operate("consent", "end", "--sub", ALICE.sub, "--client", "fintech", "--yes")
    keys = {change.keys["pk"]["S"] for change in record.stand.database.stream if change.table == bonds}
    assert keys
    (ended,) = [event for event in record.events() if event.what == "access.ended"]
    assert (ended.client, ended.person) == ("fintech", record.person(ALICE.sub))
    assert not [key for key in keys if key in "".join(record.files().values())]


def test_two_functions_make_one_secret_of_the_table(record):
    one, other = (AuditKeys(record.aws.dynamo._tables, KEYS, new_token_value=lambda n=n: n * 43) for n in "AB")
    read = one._tables.get
    one._tables.get = lambda *a, **m: None
    try:
        assert one._secret == other._secret == "A" * 43
    finally:
        one._tables.get = read


def test_a_key_of_another_type_makes_no_pseudonym(record):
    """Its text was empty, and by an empty key anybody makes the pseudonym of anybody."""
    keys = AuditKeys(record.aws.dynamo._tables, KEYS, new_token_value=lambda: "A" * 43)
    assert keys.of_event("a person", at=record.bank.now, new="k") == "k"
    item = {"pk": {"S": keys._key_of("a person")}, "key": {"L": []}}
    record.aws.dynamo._tables._connection.dispatch("PutItem", {"TableName": KEYS, "Item": item})
    for read in (lambda: keys.find("a person"), lambda: keys.of_event("a person", at=record.bank.now, new="l")):
        with pytest.raises(Unreadable):
            read()
