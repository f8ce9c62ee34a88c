"""What lies in the tables: hashes of handles, and times that DynamoDB can sweep by."""

import json

import pytest

from chalicelib.storage.dynamodb.tables import SWEEP_SLACK
from chalicelib.storage.records import Agreement
from local.aws import SWEPT, TABLES, TTL
from tests.storage.specimens import NOW, flow, handle, once, pushed, session, token


def test_no_handle_lies_in_any_table(aws, items):
    one, denied, request_uri, own, browsers, stays_open = (
        flow(),
        flow(),
        handle(),
        handle(),
        handle(),
        flow().begun(aws),
    )
    aws.pushed_requests.keep(request_uri, pushed(), now=NOW, once=(once(),))
    denied.begun(aws)
    aws.interactions.decide(denied.key, denied.browser, decision="denied", now=NOW)
    one.spent(aws)
    aws.sessions.begin(browsers, session())
    aws.tokens.keep(own, token(), now=NOW, once=(once(),))
    given_out = [
        request_uri,
        own,
        browsers,
        one.access,
        one.refresh,
        one.code,
        one.browser,
        denied.browser,
        stays_open.browser,
    ]
    secrets = [given.partition(".")[0] for given in given_out]
    everything = {name: json.dumps(items(f"{name}_table"), ensure_ascii=False) for name in TABLES}
    assert one.consent.consent_id in everything["consents"]
    assert one.key in everything["interactions"]
    assert [(name, secret) for name, text in everything.items() for secret in secrets if secret in text] == []


@pytest.mark.parametrize("name", SWEPT)
def test_what_is_swept_says_when_in_seconds_and_long_after_it_expired(aws, items, name):
    flow().spent(aws)
    aws.pushed_requests.keep(handle(), pushed(), now=NOW, once=(once(),))
    aws.sessions.begin(handle(), session())
    aws.agreements.remember(handle(), handle(), Agreement(("openid",)), until=NOW + 60)
    times = [(int(item["expires_at"]["N"]), int(item[TTL]["N"])) for item in items(f"{name}_table")]
    assert times
    assert [(end, swept) for end, swept in times if swept != end + SWEEP_SLACK or not NOW < end < NOW * 2] == []


def test_a_redeemed_code_outlasts_its_expiry_so_that_a_replay_is_known(aws, items):
    one = flow().spent(aws)
    (item,) = [item for item in items("interactions_table") if item["pk"]["S"] == one.key]
    assert int(item[TTL]["N"]) >= int(item["code_expires_at"]["N"]) + SWEEP_SLACK


def test_every_read_is_consistent(aws, calls):
    one = flow().spent(aws)
    aws.clients.find(handle(), now=NOW)
    aws.users.find(handle())
    aws.pushed_requests.find(handle(), now=NOW)
    aws.interactions.find(one.key, now=NOW)
    aws.consents.find(one.consent.consent_id, now=NOW)
    aws.agreements.find("s-alice", "fintech", now=NOW)
    aws.sessions.find(handle(), now=NOW)
    aws.tokens.find(one.access, now=NOW)
    aws.signing_keys.all(now=NOW)
    reads = {"GetItem": 0, "Query": 0, "BatchGetItem": 0}
    for operation, arguments in calls:
        if operation in reads:
            asked = arguments.get("RequestItems", {operation: arguments}).values()
            assert all(one["ConsistentRead"] is True for one in asked)
            reads[operation] += 1
    assert all(reads.values())
