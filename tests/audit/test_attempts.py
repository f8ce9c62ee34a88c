"""Attempts to have the record lie, leak or stop: by a client, by somebody at a browser, and by hand in AWS's console."""

import json
from dataclasses import replace

import pytest

from chalicelib.audit import recording, sealing
from chalicelib.audit.actors import actor_of
from chalicelib.audit.draft import Draft
from chalicelib.audit.of_lines import draft_of
from chalicelib.storage.token_values import digest
from ducat_admin.audit_story import stories
from local.sandbox_users import ALICE
from tests.actors import Browser

IBAN = "DE89370400440532013000"


def by_hand(record, table, **attributes):
    """Change the table's newest item as somebody does in the console. None takes the attribute away."""
    name = getattr(record.bank.settings, f"{table}_table")
    item = list(record.stand.database._tables[name].items.values())[-1]
    after = {name: value for name, value in (dict(item) | attributes).items() if value is not None}
    record.stand.database.call("PutItem", {"TableName": name, "Item": after})


# Who did it.


def test_who_types_anothers_name_is_not_recorded_as_that_person(record, fintech):
    page = Browser(fintech.bank).page("fintech", fintech.pushed())
    for _ in range(6):
        Browser(fintech.bank).submit(page, "login", username="alice", password="guess", one_time_code="1")
    browser = Browser(fintech.bank)
    browser.sign_in(browser.page("fintech", fintech.pushed()), password="guess")
    events = [event for event in record.events() if event.what in ("sign_in.refused", "sign_in.locked", "user.locked")]
    assert events
    assert {(event.actor.kind, event.actor.id) for event in events} == {("person", "")}


def test_a_browser_that_names_a_client_is_not_that_client(record, fintech):
    Browser(fintech.bank).get("/authorize", {"client_id": "fintech", "scope": "nonsense"})
    (event,) = record.events()
    assert event.what == "request.refused"
    assert (event.actor.kind, event.actor.id) == ("person", "")


@pytest.mark.parametrize(
    "sent",
    [
        "a b c",
        "0d6c6b5e-5d1c-4c0e-8a3e-0b6f3d9a1c11\n",
        "x" * 9000,
        "- operator:erna -.1",
        "0d6c6b5e-5d1c-4c0e-8a3e-0b6f3d9a1c11 operator:erna",
    ],
)
def test_an_interaction_id_names_no_other_writer(record, fintech, sent):
    fintech.push(headers=(("x-fapi-interaction-id", sent),))
    (event,) = record.events()
    assert (event.what, event.actor.kind, event.actor.id, event.writer) == (
        "grant.requested",
        "client",
        "fintech",
        "par",
    )
    assert len(event.interaction) == 36


def test_a_client_that_takes_anothers_interaction_id_adds_no_step_to_its_login(record, fintech, rival):
    headers = (("x-fapi-interaction-id", "0d6c6b5e-5d1c-4c0e-8a3e-0b6f3d9a1c11"),)
    fintech.push(headers=headers)
    rival.push(headers=headers, scope="nonsense")
    fintech.with_(key=rival.key, alg="ES256").push(headers=headers)
    found = stories(record.events())
    (login,) = [story for story in found if story.title.startswith("Login")]
    assert {event.client for event in login.events} == {"fintech"}
    assert login.failure is None
    assert len(found) == 3


def test_a_function_that_nobody_knows_did_nothing_in_a_persons_name():
    assert actor_of("a later function", Draft("grant.approved"), person="p").kind == "unknown"


# What is undone by hand.


def test_what_is_undone_by_hand_is_not_told_as_what_was_done(record, fintech):
    token = fintech.tokens()["refresh_token"]
    fintech.revoke(token)
    record.events()
    for undone in ("revoked_at", "redeemed_by", "refresh_hash"):
        by_hand(record, "grants", **{undone: None})
        (event,) = record.events()
        assert (event.what, event.actor.kind, event.details) == ("grants.changed", "unknown", {"changed": [undone]})
    by_hand(record, "grants", consumed_0={"S": "1.x"}, token_ended_at={"N": "1"})
    assert {event.what for event in record.events()} == {"grant.consumed", "grant.token_ended"}
    by_hand(record, "grants", consumed_0=None, token_ended_at=None)
    (event,) = record.events()
    assert (event.what, event.details) == ("grants.changed", {"changed": ["consumed_0", "token_ended_at"]})


def test_an_ended_access_that_is_revived_by_hand_is_told(record, fintech, operate):
    fintech.tokens()
    operate("consent", "end", "--sub", ALICE.sub, "--client", "fintech", "--yes")
    record.events()
    by_hand(record, "bonds", epoch={"N": "0"})
    (event,) = record.events()
    assert (event.what, event.actor.kind, event.details) == ("bonds.changed", "unknown", {"changed": ["epoch"]})


def test_a_grant_that_is_put_by_hand_is_no_mere_request(record, fintech):
    fintech.tokens()
    record.events()
    by_hand(record, "grants", pk={"S": digest("another")}, by=None)
    events = record.events()
    assert [event.what for event in events] == ["grant.requested", "grants.changed"]
    assert {"decision", "redeemed_by", "token_hash"} <= {*events[1].details["changed"]}
    assert {event.actor.kind for event in events} == {"unknown"}


# What must not be in it.


def test_a_number_that_a_client_sends_in_the_wrong_member_is_not_kept_for_years(record, fintech):
    fintech.push(scope=f"openid {IBAN}")
    (event,) = record.events()
    assert event.details["reason"] == "scope: unknown value"  # The line has no more (errors.py).
    assert IBAN not in "".join(record.files().values()) + json.dumps(record.stand.bus)
    older = {"endpoint": "par", "error": "invalid_scope", "reason": f"scope: unknown value '{IBAN}'"}
    assert draft_of(older).details["reason"] == "scope: unknown value '...'"
    typo = {"endpoint": "par", "error": "invalid_scope", "reason": "scope: unknown value 'acounts'"}
    assert draft_of(typo).details["reason"] == typo["reason"]


def test_a_person_whom_only_the_record_remembers_can_be_erased(record, fintech, operate):
    fintech.tokens()
    record.events()
    for table in ("grants", "users", "bonds"):
        record.stand.database._tables[getattr(record.bank.settings, f"{table}_table")].items.clear()
    operate("user", "erase", "--sub", ALICE.sub, "--yes")
    assert record.key(ALICE.sub) is None


def test_an_ended_access_names_no_person_after_the_erasure(record, fintech, operate):
    """Its item outlives the grants that it ended."""
    fintech.tokens()
    operate("consent", "end", "--sub", ALICE.sub, "--client", "fintech", "--yes")
    tables = record.stand.database._tables
    tables[record.bank.settings.grants_table].items.clear()
    bonds = tables[record.bank.settings.bonds_table].items
    assert digest(ALICE.sub) in str(bonds)
    operate("user", "erase", "--sub", ALICE.sub, "--yes")
    assert bonds
    assert digest(ALICE.sub) not in str(bonds)


# What would stop it.


@pytest.fixture
def change(record, fintech):
    """The stream's records of a login."""
    fintech.tokens()
    return next(event for event in record.taken() if "Records" in event)


def test_an_item_that_is_nested_without_end_stops_nothing(record, change):
    change["Records"][1]["dynamodb"]["NewImage"]["record"] = {"S": "[" * 100_000}
    assert record.run(change) == {"batchItemFailures": []}
    assert [event.what for event in record.all()][:2] == ["grant.requested", "unreadable"]


def test_words_that_can_not_be_made_for_any_reason_stop_nothing(record, change, monkeypatch):
    def broken(*arguments):
        raise ArithmeticError

    monkeypatch.setattr("chalicelib.interaction.shown_words.lines", broken)
    assert record.run(change) == {"batchItemFailures": []}
    assert "grant.approved" in [event.what for event in record.all()]


def test_half_a_character_is_sealed():
    assert sealing.unseal("A" * 43, "e", sealing.seal("A" * 43, "e", {"to": "\ud800"})) == {"to": "\ud800"}


def test_an_event_that_no_bus_takes_goes_there_without_its_details(record, bank, fintech):
    client = bank.aws.clients.find("fintech", now=bank.now)
    many = tuple(f"https://fintech.example/{n:0>200}" for n in range(1500))
    bank.aws.clients.put(replace(client, redirect_uris=many))
    (event,) = record.events()
    assert len(event.details["redirect_uris"]) == 1500
    detail = json.loads(record.stand.bus[-1]["Detail"])
    assert (detail["id"], detail["details"]) == (event.id, {"too_long": True})
    assert len(record.stand.bus[-1]["Detail"]) < recording.MAX_DETAIL
