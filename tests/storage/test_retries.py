"""An answer that is lost on its way: the SDK asks again, and what landed the first time is no replay."""

import pytest

from chalicelib.storage.handles import digest, join
from chalicelib.storage.stores import AlreadyUsed, Gone, Replayed
from tests.storage.specimens import LOGIN, NOW, flow, handle, once, pushed, token


def test_a_claim_that_landed_holds_for_the_attempt_that_made_it_and_for_no_other(aws, lost_answers):
    value = once()
    aws.used_once.claim((value,), now=NOW)
    assert lost_answers == ["PutItem"]
    with pytest.raises(AlreadyUsed):
        aws.used_once.claim((value,), now=NOW)


def test_several_claims_that_landed_hold(aws, lost_answers):
    values = (once(), once())
    aws.used_once.claim(values, now=NOW)
    assert lost_answers == ["TransactWriteItems"]
    with pytest.raises(AlreadyUsed):
        aws.used_once.claim(values, now=NOW)


def test_a_pushed_request_that_landed_is_no_replay_of_its_assertion(aws, lost_answers):
    key = handle()
    aws.pushed_requests.keep(key, pushed(), now=NOW, once=(once(),))
    assert lost_answers == ["TransactWriteItems"]
    assert aws.pushed_requests.find(key, now=NOW) == pushed()


def test_a_beginning_that_landed_has_begun(aws, lost_answers):
    one = flow().begun(aws)
    assert lost_answers == ["PutItem"]
    assert aws.interactions.find(one.key, now=NOW) == one.interaction


def test_an_authentication_that_landed_is_no_replay_of_its_code(aws, lost_answers):
    one = flow().begun(aws)
    aws.interactions.authenticate(one.key, one.browser, LOGIN, now=NOW, once=(once(),))
    assert lost_answers == ["PutItem", "TransactWriteItems"]
    assert aws.interactions.find(one.key, now=NOW).login == LOGIN


def test_a_decision_that_landed_is_the_answer_and_a_second_one_is_not(aws, lost_answers):
    one = flow().begun(aws).authenticated(aws)
    lost_answers.clear()
    decided = one.decide(aws)
    assert lost_answers == ["UpdateItem"]
    assert decided == aws.interactions.find(one.key, now=NOW)
    with pytest.raises(Gone):
        one.decide(aws)


def test_a_redemption_that_landed_is_no_replay_and_a_second_one_is(aws, lost_answers):
    one = flow().approved(aws)
    lost_answers.clear()
    one.spend(aws, once=(once(),))
    assert "TransactWriteItems" in lost_answers
    assert aws.tokens.find(one.access, now=NOW) == (one.token, one.consent)
    with pytest.raises(Replayed):
        one.spend(aws, access=handle(), once=(once(),))


def test_a_token_that_landed_is_kept(aws, lost_answers):
    access = handle()
    aws.tokens.keep(access, token(), now=NOW, once=(once(),))
    assert lost_answers == ["TransactWriteItems"]
    assert aws.tokens.find(access, now=NOW) == (token(), None)


def test_a_refresh_token_whose_replacement_landed_was_not_used_twice(aws, lost_answers):
    one = flow().spent(aws)
    access, new = join(handle(), one.consent.consent_id), join(handle(), one.consent.consent_id)
    lost_answers.clear()
    aws.tokens.rotate(one.consent, digest(new), handle=access, token=one.token, now=NOW, once=(once(),))
    assert lost_answers == ["TransactWriteItems"]
    found, consent = aws.tokens.find(access, now=NOW)
    assert (found, consent.refresh_hash) == (one.token, digest(new))
    with pytest.raises(Replayed):
        aws.tokens.rotate(one.consent, digest("x"), handle=handle(), token=one.token, now=NOW, once=(once(),))


def test_revocations_that_landed_are_done(aws, lost_answers):
    one, assertions = flow().spent(aws), (once(), once())
    lost_answers.clear()
    aws.tokens.revoke(one.access, now=NOW, once=assertions[:1])
    aws.consents.revoke(one.consent.consent_id, now=NOW, once=assertions[1:])
    assert lost_answers == ["TransactWriteItems"] * 2
    assert aws.consents.find(one.consent.consent_id, now=NOW) is None
