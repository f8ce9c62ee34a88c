"""What DynamoDB may answer besides yes and no: the write is tried again, the rest is read, or the error is ours."""

from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.storage.dynamodb.tables import CONFLICT_PAUSES
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest
from tests.storage.sample_records import NOW, UNUSABLE, flow, once, token_value, user

COLLIDED = {"Error": {"Code": "ReplicatedWriteConflictException", "Message": "busy in another Region"}}
BUSY = {"Error": {"Code": "TransactionConflictException", "Message": "busy"}}
BROKEN = {"Error": {"Code": "InternalServerError", "Message": "broken"}}


@pytest.fixture
def refuse(aws, monkeypatch):
    """A function: an operation and how often it is refused with which answer. Gives the pauses that were made."""
    pauses, left = [], {}
    really = BaseClient._make_api_call

    def refusing(client, operation, arguments):
        times, answer = left.get(operation, (0, None))
        if times:
            left[operation] = (times - 1, answer)
            raise ClientError(answer, operation)
        return really(client, operation, arguments)

    def arrange(operation, times, answer):
        left[operation] = (times, answer)
        return pauses

    monkeypatch.setattr(aws.dynamo._tables, "_pause", pauses.append)
    with patch.object(BaseClient, "_make_api_call", refusing):
        yield arrange


@pytest.mark.fault("3j")
@pytest.mark.parametrize("answer", [COLLIDED, BUSY], ids=["another-region", "a-transaction"])
@pytest.mark.parametrize("times", [1, len(CONFLICT_PAUSES)])
def test_a_write_that_collided_is_tried_again(aws, refuse, times, answer):
    one = flow().redeemed(aws)
    pauses = refuse("UpdateItem", times, answer)
    aws.grants.revoke(one.key, now=NOW)
    assert pauses == list(CONFLICT_PAUSES[:times])
    assert aws.tokens.find(one.access, now=NOW) is None


@pytest.mark.fault("3j")
def test_a_collision_without_end_is_an_error_and_no_replay(aws, refuse):
    refuse("PutItem", len(CONFLICT_PAUSES) + 1, COLLIDED)
    with pytest.raises(ClientError):
        aws.replay_cache.consume(once(), now=NOW)


def test_what_is_broken_is_neither_tried_again_nor_taken_for_a_refusal(aws, refuse):
    pauses = refuse("PutItem", 1, BROKEN)
    with pytest.raises(ClientError):
        aws.replay_cache.consume(once(), now=NOW)
    assert pauses == []


def unread(times):
    """Of a read of two, the second is left unread so many times."""
    left = [times]
    really = BaseClient._make_api_call

    def partly(client, operation, arguments):
        if operation != "BatchGetItem" or left[0] == 0:
            return really(client, operation, arguments)
        left[0] -= 1
        *first, last = arguments["RequestItems"].items()
        if not first:
            return {"Responses": {}, "UnprocessedKeys": dict([last])}
        answer = really(client, operation, {**arguments, "RequestItems": dict(first)})
        return {**answer, "UnprocessedKeys": dict([last])}

    return patch.object(BaseClient, "_make_api_call", partly)


def test_what_a_read_of_two_left_unread_is_read_before_it_answers(aws, monkeypatch):
    one, pauses = flow().redeemed(aws), []
    monkeypatch.setattr(aws.dynamo._tables, "_pause", pauses.append)
    with unread(2):
        assert aws.tokens.find(one.access, now=NOW)[0] == one.token
    assert pauses == list(CONFLICT_PAUSES[:2])


def test_a_grant_that_stays_unread_is_not_taken_for_none(aws, monkeypatch):
    one = flow().redeemed(aws)
    monkeypatch.setattr(aws.dynamo._tables, "_pause", lambda seconds: None)
    with unread(100), pytest.raises(PynamoDBException):
        aws.tokens.find(one.access, now=NOW)


def test_a_partition_of_many_pages_is_read_whole(aws, monkeypatch):
    really = aws.dynamo._tables._connection.query
    one_at_a_time = lambda *arguments, **more: really(*arguments, **more, limit=1)  # noqa: E731
    keys = [token_value() for _ in range(3)]
    for kid in keys:
        aws.dynamo._tables._connection.put_item(
            aws.settings.signing_keys_table, "pages", range_key=kid, attributes={"record": {"S": kid}}
        )
    monkeypatch.setattr(aws.dynamo._tables._connection, "query", one_at_a_time)
    found = aws.dynamo._tables.query(aws.settings.signing_keys_table, "pages")
    assert {item["kid"] for item in found} == set(keys)


@pytest.mark.parametrize("key", UNUSABLE)
def test_what_can_be_no_key_changes_nothing_and_costs_no_call(aws, calls, key):
    one = flow(key=key)
    for step in (one.open, one.authenticate, one.approve):
        with pytest.raises(NotOpen):
            step(aws)
    with pytest.raises(NotOpen):
        aws.grants.deny(key, token_value(), now=NOW)
    aws.users.admit(key, attempt="x", free=5, locks=(30,), now=NOW)
    aws.grants.revoke(key, now=NOW)
    assert calls == []


def test_the_longest_key_is_one(aws):
    one = user(username="ß" * 1024)
    aws.users.put(one)
    assert aws.users.find(one.username) == one
    assert aws.users.find(one.username + "s") is None


def test_what_is_no_text_still_has_a_digest_of_its_own():
    assert len({digest("\ud800"), digest("\udc00"), digest("?"), digest("\ufffd")}) == 4
