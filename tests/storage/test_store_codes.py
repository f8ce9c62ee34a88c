"""stores.Interactions.spend: a code is redeemed once, ever, and what it gives is written with it."""

from dataclasses import replace

import pytest

from chalicelib.storage.stores import AlreadyUsed, Gone, Replayed
from tests.storage.specimens import NOW, flow, handle, once


def nothing_given(aws, one, access=None):
    return (
        aws.tokens.find(access or one.access, now=NOW) is None
        and aws.consents.find(one.consent.consent_id, now=NOW) is None
    )


def test_a_code_gives_its_consent_and_its_token(aws):
    one = flow().spent(aws)
    assert aws.tokens.find(one.access, now=NOW) == (one.token, one.consent)
    assert aws.consents.find(one.consent.consent_id, now=NOW) == one.consent
    assert aws.interactions.find_code(one.key).redeemed_at == NOW


def test_a_code_that_comes_again_is_known_for_a_replay_and_says_what_it_gave(aws):
    one, second = flow().spent(aws), handle()
    with pytest.raises(Replayed) as replayed:
        one.spend(aws, access=second)
    assert replayed.value.consent_id == one.consent.consent_id
    assert aws.tokens.find(second, now=NOW) is None
    assert aws.tokens.find(one.access, now=NOW) is not None


def test_a_replay_long_after_the_code_expired_is_still_known_for_one(aws):
    one = flow().spent(aws)
    with pytest.raises(Replayed):
        one.spend(aws, access=handle(), now=NOW + 3600)


def test_of_eight_redemptions_at_once_one_wins_and_the_others_learn_of_what(aws, race):
    one = flow().approved(aws)
    handles = [f"{handle()}.{one.consent.consent_id}" for _ in range(8)]
    outcomes = race(lambda n: one.spend(aws, access=handles[n]))
    winner = outcomes.index(None)
    losers = [outcome for outcome in outcomes if outcome is not None]
    assert [(type(loser), loser.consent_id) for loser in losers] == [(Replayed, one.consent.consent_id)] * 7
    assert [n for n, access in enumerate(handles) if aws.tokens.find(access, now=NOW)] == [winner]


def test_a_code_is_good_until_the_instant_of_its_end(aws):
    one, late = flow(code_lifetime=60).approved(aws), flow(code_lifetime=60).approved(aws)
    one.spend(aws, now=NOW + 59)
    with pytest.raises(Gone):
        late.spend(aws, now=NOW + 60)
    assert nothing_given(aws, late)


def test_what_was_refused_or_never_decided_has_no_code_to_spend(aws):
    one = flow().begun(aws).authenticated(aws)
    with pytest.raises(Gone):
        aws.interactions.spend(
            replace(one.interaction, code_hash="x" * 43),
            consent=one.consent,
            handle=one.access,
            token=one.token,
            now=NOW,
        )
    assert nothing_given(aws, one)


def test_another_interactions_code_spends_nothing(aws):
    one, other = flow().approved(aws), flow().approved(aws)
    stolen = replace(aws.interactions.find_code(one.key), code_hash=aws.interactions.find_code(other.key).code_hash)
    with pytest.raises(Gone):
        aws.interactions.spend(stolen, consent=one.consent, handle=one.access, token=one.token, now=NOW)
    assert nothing_given(aws, one)


def test_an_assertion_that_was_used_before_redeems_nothing_and_the_code_stays_good(aws):
    one, assertion = flow().approved(aws), once()
    aws.used_once.claim((assertion,), now=NOW)
    with pytest.raises(AlreadyUsed):
        one.spend(aws, once=(assertion,))
    assert nothing_given(aws, one)
    assert aws.interactions.find_code(one.key).redeemed_at is None
    one.spend(aws, once=(once(),))
    assert not nothing_given(aws, one)


def test_a_replay_uses_no_assertion(aws):
    one, assertion = flow().spent(aws), once()
    with pytest.raises(Replayed):
        one.spend(aws, access=handle(), once=(assertion,))
    aws.used_once.claim((assertion,), now=NOW)


def test_a_replay_with_a_used_assertion_is_still_known_for_a_replay(aws):
    one, assertion = flow().approved(aws), once()
    one.spend(aws, once=(assertion,))
    with pytest.raises(Replayed):
        one.spend(aws, access=handle(), once=(assertion,))


def test_redeeming_is_one_call(aws, calls):
    one = flow().approved(aws)
    found = aws.interactions.find_code(one.key)
    calls.clear()
    aws.interactions.spend(found, consent=one.consent, handle=one.access, token=one.token, now=NOW, once=(once(),))
    assert [operation for operation, _ in calls] == ["TransactWriteItems"]
