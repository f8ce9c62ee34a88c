"""stores.UsedOnce: a claim succeeds once until it expires, whoever races."""

from dataclasses import replace

import pytest

from chalicelib.storage.stores import AlreadyUsed
from tests.storage.specimens import NOW, once


def test_a_value_is_claimed_once(aws):
    value = once(what="one-time code")
    aws.used_once.claim((value,), now=NOW)
    with pytest.raises(AlreadyUsed, match="one-time code") as refused:
        aws.used_once.claim((value,), now=NOW)
    assert refused.value.value == value


def test_of_eight_racers_one_claims_it(aws, race):
    value = once()
    outcomes = race(lambda n: aws.used_once.claim((value,), now=NOW))
    assert outcomes.count(None) == 1
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [AlreadyUsed] * 7


def test_a_value_is_free_again_only_once_it_expired(aws):
    value = once(NOW + 60)
    aws.used_once.claim((value,), now=NOW)
    with pytest.raises(AlreadyUsed):
        aws.used_once.claim((value,), now=NOW + 60)
    again = replace(value, expires_at=NOW + 200)
    aws.used_once.claim((again,), now=NOW + 61)
    with pytest.raises(AlreadyUsed):
        aws.used_once.claim((again,), now=NOW + 61)


def test_of_eight_racers_one_claims_what_expired(aws, race):
    value = once(NOW + 60)
    aws.used_once.claim((value,), now=NOW)
    again = replace(value, expires_at=NOW + 200)
    assert race(lambda n: aws.used_once.claim((again,), now=NOW + 61)).count(None) == 1


def test_several_are_claimed_together_or_not_at_all(aws):
    free, taken = once(), once()
    aws.used_once.claim((taken,), now=NOW)
    with pytest.raises(AlreadyUsed) as refused:
        aws.used_once.claim((free, taken), now=NOW)
    assert refused.value.value == taken
    aws.used_once.claim((free,), now=NOW)


def test_nothing_to_claim_costs_nothing(aws, calls):
    aws.used_once.claim((), now=NOW)
    assert calls == []
