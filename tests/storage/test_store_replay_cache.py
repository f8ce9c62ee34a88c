"""stores.ReplayCache: a claim succeeds once until it expires, whoever races."""

from dataclasses import replace

import pytest

from chalicelib.storage.stores import AlreadyUsed, NotOpen
from tests.storage.sample_records import NOW, once


def test_a_value_is_claimed_once(aws):
    value = once(what="one-time code")
    aws.replay_cache.consume(value, now=NOW)
    with pytest.raises(AlreadyUsed, match="one-time code") as refused:
        aws.replay_cache.consume(value, now=NOW)
    assert refused.value.value == value


def test_of_eight_racers_one_claims_it(aws, race):
    value = once()
    outcomes = race(lambda n: aws.replay_cache.consume(value, now=NOW))
    assert outcomes.count(True) == 1
    assert [type(outcome) for outcome in outcomes if outcome is not True] == [AlreadyUsed] * 7


def test_a_value_is_free_again_only_once_it_expired(aws):
    value = once(NOW + 60)
    aws.replay_cache.consume(value, now=NOW)
    with pytest.raises(AlreadyUsed):
        aws.replay_cache.consume(value, now=NOW + 60)
    again = replace(value, expires_at=NOW + 200)
    aws.replay_cache.consume(again, now=NOW + 61)
    with pytest.raises(AlreadyUsed):
        aws.replay_cache.consume(again, now=NOW + 61)


def test_of_eight_racers_one_claims_what_expired(aws, race):
    value = once(NOW + 60)
    aws.replay_cache.consume(value, now=NOW)
    again = replace(value, expires_at=NOW + 200)
    assert race(lambda n: aws.replay_cache.consume(again, now=NOW + 61)).count(True) == 1


def test_who_claimed_it_may_claim_it_again_and_nobody_else(aws):
    value = once(what="one-time code")
    first = [aws.replay_cache.consume(value, now=NOW, attempt="alice's browser") for _ in range(3)]
    assert first == [True, False, False]
    for attempt in ("another", None):
        with pytest.raises(AlreadyUsed):
            aws.replay_cache.consume(value, now=NOW, attempt=attempt)


def test_of_eight_logins_with_one_code_one_gets_in(aws, race):
    value = once()
    outcomes = race(lambda n: aws.replay_cache.consume(value, now=NOW, attempt=f"browser {n}"))
    assert outcomes.count(True) == 1


def test_a_claim_is_one_call(aws, calls):
    aws.replay_cache.consume(once(), now=NOW)
    assert [operation for operation, _ in calls] == ["PutItem"]


def test_what_must_be_offered_is_replay_cache_and_only_where_it_was(aws, race):
    value = replace(once(NOW + 60), offered=True)
    with pytest.raises(NotOpen):
        aws.replay_cache.consume(value, now=NOW, attempt="a")
    aws.replay_cache.offer(value)
    assert race(lambda n: aws.replay_cache.consume(value, now=NOW, attempt=f"browser {n}")).count(True) == 1
    aws.replay_cache.offer(value)  # a late copy
    with pytest.raises(AlreadyUsed):
        aws.replay_cache.consume(value, now=NOW, attempt="another")


def test_what_was_offered_is_not_used_after_its_time(aws):
    value = replace(once(NOW + 60), offered=True)
    aws.replay_cache.offer(value)
    with pytest.raises(NotOpen):
        aws.replay_cache.consume(value, now=NOW + 60, attempt="a")
    aws.replay_cache.consume(value, now=NOW + 59, attempt="a")
    assert aws.replay_cache.consume(value, now=NOW + 60, attempt="a") is False
