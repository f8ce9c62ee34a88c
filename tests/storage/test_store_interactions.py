"""stores.Interactions, from the first page to the decision."""

from dataclasses import replace

import pytest

from chalicelib.storage.handles import digest
from chalicelib.storage.stores import AlreadyUsed, Gone
from tests.storage.specimens import LOGIN, NOW, REQUEST, UNUSABLE, flow, handle, once


def test_an_interaction_is_found_as_it_was_begun(aws):
    one = flow().begun(aws)
    assert aws.interactions.find(one.key, now=NOW) == one.interaction


@pytest.mark.parametrize("key", ["nobody's", *UNUSABLE])
def test_another_key_finds_nothing(aws, key):
    assert aws.interactions.find(key, now=NOW) is None
    assert aws.interactions.find_code(key) is None


def test_an_expired_interaction_is_not_found_though_its_code_still_is(aws):
    one = flow(expires_at=NOW + 900).begun(aws)
    assert aws.interactions.find(one.key, now=NOW + 899) is not None
    assert aws.interactions.find(one.key, now=NOW + 900) is None
    assert aws.interactions.find_code(one.key) == one.interaction


# Beginning.


def test_beginning_again_replaces_what_is_undecided_with_its_login(aws):
    one = flow().begun(aws).authenticated(aws)
    again = replace(one.interaction, browser=digest(handle()), request=replace(REQUEST, state="again"))
    aws.interactions.begin(again)
    assert aws.interactions.find(one.key, now=NOW) == again


def test_beginning_again_does_not_replace_what_was_decided(aws):
    one = flow().approved(aws)
    before = aws.interactions.find(one.key, now=NOW)
    with pytest.raises(Gone):
        aws.interactions.begin(one.interaction)
    assert aws.interactions.find(one.key, now=NOW) == before


# Saying who the person is.


def test_who_the_person_is_is_remembered_with_the_claims_that_they_saw(aws):
    one = flow().begun(aws).authenticated(aws)
    assert aws.interactions.find(one.key, now=NOW) == replace(one.interaction, login=LOGIN)


def test_a_second_login_before_the_decision_counts(aws):
    one = flow().begun(aws).authenticated(aws)
    bob = replace(LOGIN, sub="s-bob")
    aws.interactions.authenticate(one.key, one.browser, bob, now=NOW)
    assert aws.interactions.find(one.key, now=NOW).login == bob


def test_another_browser_says_nothing(aws):
    one = flow().begun(aws)
    for browser in ("", handle(), digest(one.browser), one.interaction.browser):
        with pytest.raises(Gone):
            aws.interactions.authenticate(one.key, browser, LOGIN, now=NOW)
    assert aws.interactions.find(one.key, now=NOW).login is None


def test_after_its_end_nobody_says_anything(aws):
    one = flow(expires_at=NOW + 900).begun(aws)
    with pytest.raises(Gone):
        aws.interactions.authenticate(one.key, one.browser, LOGIN, now=NOW + 900)
    assert aws.interactions.find(one.key, now=NOW).login is None


def test_after_the_decision_nobody_becomes_someone_else(aws):
    one = flow().approved(aws)
    with pytest.raises(Gone):
        aws.interactions.authenticate(one.key, one.browser, replace(LOGIN, sub="s-bob"), now=NOW)
    assert aws.interactions.find(one.key, now=NOW).login == LOGIN


def test_who_authenticates_nowhere_makes_no_interaction(aws):
    key = handle()
    with pytest.raises(Gone):
        aws.interactions.authenticate(key, handle(), LOGIN, now=NOW)
    assert aws.interactions.find_code(key) is None


def test_a_one_time_code_that_was_used_before_authenticates_nobody(aws):
    code, one = once(what="one-time code"), flow().begun(aws)
    aws.used_once.claim((code,), now=NOW)
    with pytest.raises(AlreadyUsed):
        aws.interactions.authenticate(one.key, one.browser, LOGIN, now=NOW, once=(code,))
    assert aws.interactions.find(one.key, now=NOW).login is None


def test_an_authentication_that_comes_to_nothing_uses_no_code(aws):
    code, one = once(), flow().begun(aws)
    with pytest.raises(Gone):
        aws.interactions.authenticate(one.key, handle(), LOGIN, now=NOW, once=(code,))
    aws.interactions.authenticate(one.key, one.browser, LOGIN, now=NOW, once=(code,))


def test_of_eight_browsers_with_one_code_one_is_authenticated(aws, race):
    code, flows = once(), [flow().begun(aws) for _ in range(8)]
    outcomes = race(
        lambda n: aws.interactions.authenticate(flows[n].key, flows[n].browser, LOGIN, now=NOW, once=(code,))
    )
    assert [type(outcome) for outcome in outcomes if outcome] == [AlreadyUsed] * 7
    known = [n for n, one in enumerate(flows) if aws.interactions.find(one.key, now=NOW).login]
    assert known == [outcomes.index(None)]


# Deciding.


def test_an_approval_gives_the_whole_interaction_back_with_the_code_s_hash_and_end(aws):
    one = flow(code_lifetime=60).begun(aws).authenticated(aws)
    decided = one.decide(aws, now=NOW + 7)
    assert decided == replace(
        one.interaction,
        login=LOGIN,
        decision="approved",
        consent_id=one.consent.consent_id,
        code_hash=digest(one.code),
        code_expires_at=NOW + 67,
    )
    assert aws.interactions.find(one.key, now=NOW) == decided


def test_nobody_approves_before_they_logged_in(aws):
    one = flow().begun(aws)
    with pytest.raises(Gone):
        one.decide(aws)
    assert aws.interactions.find(one.key, now=NOW) == one.interaction


def test_a_refusal_needs_no_login_and_makes_no_code(aws):
    one = flow().begun(aws)
    decided = aws.interactions.decide(one.key, one.browser, decision="denied", now=NOW)
    assert decided == replace(one.interaction, decision="denied")


@pytest.mark.parametrize("second", ["approved", "denied"])
def test_what_was_refused_stays_refused(aws, second):
    one = flow().begun(aws).authenticated(aws)
    aws.interactions.decide(one.key, one.browser, decision="denied", now=NOW)
    before = aws.interactions.find(one.key, now=NOW)
    with pytest.raises(Gone):
        one.decide(aws) if second == "approved" else aws.interactions.decide(
            one.key, one.browser, decision="denied", now=NOW
        )
    assert aws.interactions.find(one.key, now=NOW) == before


def test_another_browser_decides_nothing(aws):
    one = flow().begun(aws).authenticated(aws)
    for browser in (handle(), digest(one.browser)):
        with pytest.raises(Gone):
            one.decide(aws, browser=browser)
    assert aws.interactions.find(one.key, now=NOW).decision == ""


def test_after_its_end_nobody_decides(aws):
    one = flow(expires_at=NOW + 900).begun(aws).authenticated(aws)
    with pytest.raises(Gone):
        one.decide(aws, now=NOW + 900)
    assert aws.interactions.find(one.key, now=NOW).decision == ""


def test_of_eight_decisions_at_once_one_counts(aws, race):
    one = flow().begun(aws).authenticated(aws)
    codes = [handle() for _ in range(8)]
    outcomes = race(
        lambda n: aws.interactions.decide(
            one.key,
            one.browser,
            decision="approved",
            now=NOW,
            person=digest(LOGIN.sub),
            consent_id=f"{one.key}-{n}",
            code=codes[n],
        )
    )
    (winner,) = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, Gone)]
    assert aws.interactions.find(one.key, now=NOW) == outcomes[winner]
    assert outcomes[winner].code_hash == digest(codes[winner])


def test_each_step_is_one_call(aws, calls):
    one = flow()
    aws.interactions.begin(one.interaction)
    aws.interactions.authenticate(one.key, one.browser, LOGIN, now=NOW, once=(once(),))
    one.decide(aws)
    assert [operation for operation, _ in calls] == ["PutItem", "TransactWriteItems", "UpdateItem"]
