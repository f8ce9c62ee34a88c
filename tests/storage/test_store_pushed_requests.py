"""stores.PushedRequests."""

import pytest

from chalicelib.storage.stores import AlreadyUsed
from tests.storage.specimens import NOW, UNUSABLE, handle, once, pushed


def test_a_pushed_request_is_found_by_its_handle_as_it_was_pushed(aws):
    key, what = handle(), pushed()
    aws.pushed_requests.keep(key, what, now=NOW)
    assert aws.pushed_requests.find(key, now=NOW) == what


@pytest.mark.parametrize("key", ["nobody's", *UNUSABLE])
def test_another_handle_finds_nothing(aws, key):
    aws.pushed_requests.keep(handle(), pushed(), now=NOW)
    assert aws.pushed_requests.find(key, now=NOW) is None


def test_what_has_expired_is_not_found_though_it_is_still_there(aws):
    key = handle()
    aws.pushed_requests.keep(key, pushed(expires_at=NOW + 90), now=NOW)
    assert aws.pushed_requests.find(key, now=NOW + 89) is not None
    assert aws.pushed_requests.find(key, now=NOW + 90) is None
    assert aws.pushed_requests.find(key, now=NOW + 1) is not None


def test_a_pushed_request_can_be_found_again_and_again(aws):
    """Single use is enforced when the interaction completes, not at the first visit."""
    key = handle()
    aws.pushed_requests.keep(key, pushed(), now=NOW)
    assert aws.pushed_requests.find(key, now=NOW) == aws.pushed_requests.find(key, now=NOW) == pushed()


def test_an_assertion_that_was_used_before_pushes_nothing(aws):
    assertion, first, second = once(), handle(), handle()
    aws.pushed_requests.keep(first, pushed(), now=NOW, once=(assertion,))
    with pytest.raises(AlreadyUsed) as refused:
        aws.pushed_requests.keep(second, pushed(), now=NOW, once=(assertion,))
    assert refused.value.value == assertion
    assert aws.pushed_requests.find(second, now=NOW) is None
    assert aws.pushed_requests.find(first, now=NOW) is not None


def test_of_eight_racers_with_one_assertion_one_pushes(aws, race):
    assertion, keys = once(), [handle() for _ in range(8)]
    outcomes = race(lambda n: aws.pushed_requests.keep(keys[n], pushed(), now=NOW, once=(assertion,)))
    winner = outcomes.index(None)
    assert [type(outcome) for outcome in outcomes if outcome] == [AlreadyUsed] * 7
    assert [n for n, key in enumerate(keys) if aws.pushed_requests.find(key, now=NOW)] == [winner]


def test_pushing_is_one_call(aws, calls):
    aws.pushed_requests.keep(handle(), pushed(), now=NOW, once=(once(),))
    assert len(calls) == 1
