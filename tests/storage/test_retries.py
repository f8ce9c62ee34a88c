"""An answer that is lost on its way: the SDK asks again, and what landed the first time is no replay (rule 3 of the protocol)."""

import pytest

from chalicelib.storage.grant_records import Bond, RememberedConsent
from chalicelib.storage.stores import AlreadyUsed, Replayed
from chalicelib.storage.token_values import digest
from tests.storage.sample_records import NOW, flow, once, own_handle, session, session_handle, token, token_value


def test_a_claim_that_landed_holds_for_the_attempt_that_made_it_and_for_no_other(aws, lost_answers):
    value = once()
    aws.replay_cache.consume(value, now=NOW)
    assert lost_answers == ["PutItem"]
    with pytest.raises(AlreadyUsed):
        aws.replay_cache.consume(value, now=NOW)


@pytest.mark.fault("3m")
def test_every_step_of_a_grant_may_be_sent_twice(aws, lost_answers):
    one = flow(family=token_value())
    one.pushed(aws)
    one.open(aws)
    one.authenticate(aws)
    one.approve(aws)
    one.redeem(aws)
    assert lost_answers == ["PutItem", "UpdateItem", "UpdateItem", "UpdateItem", "UpdateItem"]
    found = one.found(aws)
    assert aws.tokens.find(one.access, now=NOW) == (one.token, found)
    assert len(found.attempts) == 1
    new = digest(token_value())
    aws.grants.rotate(found, new, now=NOW)
    assert one.found(aws).refresh_hash == new


@pytest.mark.fault("3m")
def test_a_second_redemption_is_a_replay_though_the_firsts_answer_was_lost(aws, lost_answers):
    one = flow().redeemed(aws)
    assert lost_answers.count("UpdateItem") == 4
    with pytest.raises(Replayed):
        one.redeem(aws)


def test_a_denial_and_revocations_that_landed_are_done(aws, lost_answers):
    denied, one, own = flow().authenticated(aws), flow().redeemed(aws), own_handle()
    aws.grants.deny(denied.key, denied.browser, now=NOW)
    aws.tokens.put(own, token())
    aws.tokens.revoke(own, None, now=NOW)
    aws.tokens.revoke(one.access, one.found(aws), now=NOW)
    aws.grants.revoke(one.key, now=NOW)
    other = flow().redeemed(aws)
    assert aws.grants.revoke_own(other.key, other.login.sub, now=NOW) is not None
    assert other.found(aws).revoked_at == NOW
    assert [aws.tokens.find(access, now=NOW) for access in (own, one.access)] == [None, None]
    assert denied.found(aws) is None or denied.found(aws).decision == "denied"


def test_an_end_that_landed_is_one_end(aws, lost_answers):
    bond = digest(token_value())
    aws.bonds.end(bond, now=NOW, keep=NOW)
    assert aws.bonds.find(bond, now=NOW).epoch == NOW
    more = RememberedConsent(("openid",), (), NOW + 9, "g" * 43)
    aws.bonds.remember(bond, Bond(NOW), more, keep=NOW + 9)
    aws.bonds.rely(bond, aws.bonds.find(bond, now=NOW), "h" * 43)
    assert aws.bonds.find(bond, now=NOW).remembered[0].source == "h" * 43


def test_a_session_that_landed_has_begun_and_ended(aws, lost_answers):
    key = session_handle()
    aws.sessions.begin(key, session())
    assert aws.sessions.find(key, now=NOW) == session()
    aws.sessions.end(key, now=NOW, keep=NOW)
    assert aws.sessions.find(key, now=NOW) is None
