"""What lies in the tables: hashes of token values, and times that DynamoDB can sweep by."""

import json
from pathlib import Path

import pytest

from chalicelib.storage.dynamodb.audit_keys import MARKED
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK
from chalicelib.storage.grant_records import HISTORY
from chalicelib.storage.token_values import digest, of_grant, session_of
from local.aws_stand_in import SWEPT, TABLES, TTL
from tests.storage.sample_records import NOW, flow, once, own_handle, session, session_handle, token, token_value


def test_no_token_value_is_in_any_table(aws, items):
    one, denied, request_uri, own, browsers = (
        flow(family=token_value()),
        flow(),
        token_value(),
        own_handle(),
        session_handle(),
    )
    stays_open = flow().opened(aws)
    flow(key=digest(request_uri)).pushed(aws)
    denied.opened(aws)
    aws.grants.deny(denied.key, denied.browser, now=NOW)
    one.authenticated(aws)
    front = one.another_access()
    one.approve(aws, front=(front, one.token))
    one.redeem(aws)
    aws.sessions.begin(browsers, session())
    aws.tokens.put(own, token())
    refreshed = one.refreshed_access()
    aws.tokens.put(refreshed, one.token)
    given_out = [
        *(request_uri, own, browsers, one.access, one.code.value, front, refreshed),
        *(one.browser, denied.browser, stays_open.browser, *one.refresh.split("~")),
    ]
    secrets = [given.partition(".")[0] for given in given_out]
    everything = {name: json.dumps(items(f"{name}_table"), ensure_ascii=False) for name in TABLES}
    assert one.key in everything["grants"]
    assert [(name, secret) for name, text in everything.items() for secret in secrets if secret in text] == []


@pytest.mark.parametrize("name", [name for name in SWEPT if name != "audit_keys"])
def test_what_is_swept_says_when_in_seconds_and_long_after_it_expired(aws, items, name):
    flow().redeemed(aws)
    flow().pushed(aws)
    aws.replay_cache.consume(once(), now=NOW)
    aws.tokens.put(own_handle(), token())
    aws.sessions.begin(session_handle(), session())
    aws.bonds.end(digest(token_value()), now=NOW, keep=NOW + 60)
    times = [
        (int(item["expires_at"]["N"]), int(item[TTL]["N"]) - (HISTORY if "redeemed_by" in item else 0))
        for item in items(f"{name}_table")
        if "expires_at" in item
    ]
    assert times
    assert [(end, swept) for end, swept in times if swept != end + SWEEP_SLACK or not NOW < end < NOW * 2] == []


def test_of_the_records_keys_only_the_mark_of_an_erased_person_is_swept(aws, items):
    """Long after all that could still arrive of the person."""
    aws.audit_keys.of_event(digest("kept"), at=NOW, new="a key")
    aws.audit_keys.erase(digest("erased"), now=NOW)
    swept = [("key" in item, int(item[TTL]["N"]) if TTL in item else None) for item in items("audit_keys_table")]
    assert sorted(swept, key=str) == [(False, NOW + MARKED), (True, None), (True, None)], "the table's secret, too"


def test_a_redeemed_code_outlasts_its_expiry_so_that_a_replay_is_known(aws, items):
    one = flow().redeemed(aws)
    (item,) = [item for item in items("grants_table") if item["pk"]["S"] == one.key]
    assert int(item[TTL]["N"]) >= int(item["consent_expires_at"]["N"]) + SWEEP_SLACK


def test_what_expired_stays_for_a_day_so_that_a_late_replay_is_known(aws, items):
    """TTL may sweep it from then on, and not before."""
    value = once()
    aws.replay_cache.consume(value, now=NOW)
    (item,) = [item for item in items("replay_cache_table") if item["pk"]["S"] == value.key]
    assert int(item[TTL]["N"]) == value.expires_at + 24 * 3600


def test_every_read_is_consistent(aws, calls):
    one = flow().redeemed(aws)
    aws.clients.find(token_value(), now=NOW)
    aws.users.find(token_value())
    aws.grants.find(one.key, now=NOW)
    aws.grants.find_code(one.code)
    aws.grants.find_refreshable(of_grant(one.refresh), now=NOW)
    aws.grants.relied_on(one.key, 0, now=NOW)
    aws.bonds.find(one.bond, now=NOW)
    aws.sessions.find(session_handle(), now=NOW)
    aws.sessions.signed_out(session_of(session_handle()), auth_time=NOW)
    aws.tokens.find(one.access, now=NOW)
    aws.signing_keys.all(now=NOW)
    reads = {"GetItem": 0, "Query": 0, "BatchGetItem": 0}
    for operation, arguments in calls:
        if operation in reads:
            parameters = arguments.get("RequestItems", {operation: arguments}).values()
            assert all(one["ConsistentRead"] is True for one in parameters)
            reads[operation] += 1
    assert all(reads.values())


def test_no_write_is_a_transaction(aws, calls):
    one = flow().redeemed(aws)
    aws.grants.revoke(one.key, now=NOW)
    assert {operation for operation, _ in calls} <= {"PutItem", "UpdateItem", "GetItem", "BatchGetItem"}
    text = "".join(path.read_text(encoding="utf-8") for path in Path("chalicelib").rglob("*.py"))
    assert "TransactWriteItems" not in text
