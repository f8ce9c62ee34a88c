"""stores.Grants: one item a permission, one conditional write a step."""

from dataclasses import replace

import pytest

from chalicelib.storage.grant_records import Consumption, End
from chalicelib.storage.stores import NotOpen, Replayed
from chalicelib.storage.token_values import digest, of_grant
from tests.storage.sample_records import LOGIN, NOW, REQUEST, UNUSABLE, flow, token, token_value

# Pushing and opening.


def test_a_request_is_found_as_it_was_pushed_until_the_instant_of_its_end(aws):
    one = flow().pushed(aws)
    assert aws.grants.find(one.key, now=NOW + 89) == one.grant
    assert aws.grants.find(one.key, now=NOW + 90) is None


@pytest.mark.parametrize(
    "key", ["nobody's", "x" * 43, *UNUSABLE], ids=["odd", "of-nobody", "empty", "long", "half-a-character"]
)
def test_another_key_finds_and_opens_nothing(aws, key):
    one = flow(key=key)
    assert aws.grants.find(key, now=NOW) is None
    with pytest.raises(NotOpen):
        one.open(aws)
    assert aws.grants.find(key, now=NOW) is None


def test_opening_gives_the_request_and_ties_it_to_the_browser(aws):
    one = flow().pushed(aws)
    opened = one.open(aws)
    assert opened == replace(one.grant, browser=digest(one.browser), expires_at=NOW + 900, code_lifetime=60)
    assert aws.grants.find(one.key, now=NOW + 899) == opened
    assert aws.grants.find(one.key, now=NOW + 900) is None


@pytest.mark.parametrize(("changed", "now"), [({"client_id": "rival"}, NOW), ({}, NOW + 90)], ids=["rival", "late"])
def test_nobody_else_opens_it_and_nobody_after_the_end_of_its_request_uri(aws, changed, now):
    one = flow().pushed(aws)
    with pytest.raises(NotOpen):
        one.open(aws, now=now, **changed)
    assert aws.grants.find(one.key, now=NOW) == one.grant


def test_it_can_be_opened_again_until_it_is_decided_and_another_browsers_login_is_gone(aws):
    one, other = flow().authenticated(aws), token_value()
    again = one.open(aws, browser=other)
    assert (again.login, again.bond, again.browser) == (None, None, digest(other))
    with pytest.raises(NotOpen):
        one.approve(aws)
    aws.grants.deny(one.key, other, now=NOW)
    with pytest.raises(NotOpen):
        one.open(aws)


def test_opening_does_not_prolong_the_request_uri(aws):
    one = flow().opened(aws)
    with pytest.raises(NotOpen):
        one.open(aws, now=NOW + 90)


def test_a_push_that_is_sent_again_later_changes_nothing(aws):
    one = flow().redeemed(aws)
    before = one.found(aws)
    one.pushed(aws)
    assert one.found(aws) == before


# Saying who the person is.


def test_who_the_person_is_is_remembered_with_the_bond_and_its_epoch(aws):
    one = flow(epoch=7).opened(aws)
    one.authenticate(aws, session="s" * 43 + ".r1")
    found = aws.grants.find(one.key, now=NOW)
    assert (found.login, found.bond, found.epoch, found.session) == (LOGIN, one.bond, 7, "s" * 43 + ".r1")


def test_a_sign_in_that_is_sent_again_stays_with_the_session_of_the_first(aws):
    """The same form begins no second session; a sign-out of the first one ends this login still."""
    one = flow().opened(aws)
    one.authenticate(aws, session="s" * 43 + ".r1")
    one.authenticate(aws)
    assert aws.grants.find(one.key, now=NOW).session == "s" * 43 + ".r1"
    one.open(aws, browser="another")
    assert aws.grants.find(one.key, now=NOW).session is None


def test_a_login_may_shorten_the_time_to_decide(aws):
    one = flow().opened(aws)
    one.authenticate(aws, expires_at=NOW + 60)
    assert aws.grants.find(one.key, now=NOW + 59) is not None
    with pytest.raises(NotOpen):
        one.approve(aws, now=NOW + 60)


def test_a_second_login_before_the_decision_counts_and_the_same_one_again_changes_nothing(aws):
    one = flow().authenticated(aws)
    one.authenticate(aws)
    assert aws.grants.find(one.key, now=NOW).login == LOGIN
    one.authenticate(aws, login=replace(LOGIN, sub="s-bob"))
    assert aws.grants.find(one.key, now=NOW).login.sub == "s-bob"


def test_another_browser_says_nothing(aws):
    one = flow().opened(aws)
    for browser in ("", token_value(), digest(one.browser)):
        with pytest.raises(NotOpen):
            one.authenticate(aws, browser=browser)
    assert aws.grants.find(one.key, now=NOW).login is None


def test_after_its_end_and_after_the_decision_nobody_becomes_someone_else(aws):
    late, decided = flow().opened(aws), flow().approved(aws)
    with pytest.raises(NotOpen):
        late.authenticate(aws, now=NOW + 900)
    with pytest.raises(NotOpen):
        decided.authenticate(aws, login=replace(LOGIN, sub="s-bob"))
    assert aws.grants.find(late.key, now=NOW).login is None
    assert decided.found(aws).login == LOGIN


# Deciding.


def test_an_approval_gives_the_grant_back_with_the_code_s_hash_and_end(aws):
    one = flow().authenticated(aws)
    before = aws.grants.find(one.key, now=NOW)
    decided = one.approve(aws, now=NOW + 7, granted=[{"type": "x"}])
    assert decided == replace(
        before,
        decision="approved",
        granted=({"type": "x"},),
        given_at=NOW + 7,
        code_hash=digest(one.secret),
        code_expires_at=NOW + 67,
    )
    assert aws.grants.find(one.key, now=NOW) == decided


def test_nobody_approves_before_they_logged_in_or_for_somebody_else(aws):
    nobody, one = flow().opened(aws), flow().authenticated(aws)
    with pytest.raises(NotOpen):
        nobody.approve(aws)
    with pytest.raises(NotOpen):
        one.approve(aws, person=digest("s-bob"))
    assert [aws.grants.find(some.key, now=NOW).decision for some in (nobody, one)] == ["", ""]


def test_another_browser_decides_nothing_and_nobody_after_the_end(aws):
    one = flow().authenticated(aws)
    for browser, now in ((token_value(), NOW), (digest(one.browser), NOW), ("", NOW), (one.browser, NOW + 900)):
        with pytest.raises(NotOpen):
            one.approve(aws, browser=browser, now=now)
        with pytest.raises(NotOpen):
            aws.grants.deny(one.key, browser, now=now)
    assert aws.grants.find(one.key, now=NOW).decision == ""


def test_an_approval_without_a_look_at_the_session_is_none_where_there_is_one(aws):
    one = flow().opened(aws)
    one.authenticate(aws, session="s" * 43 + ".r1")
    for session in (None, "t" * 43 + ".r1"):
        with pytest.raises(NotOpen):
            one.approve(aws, session=session)
    assert one.approve(aws, session="s" * 43 + ".r1").decision == "approved"


def test_a_second_approval_makes_another_code_and_the_first_one_is_dead(aws):
    one, second = flow().approved(aws), token_value()
    one.approve(aws, secret=second)
    with pytest.raises(NotOpen):
        one.redeem(aws)
    assert one.found(aws).redeemed_by is None
    replace(one, secret=second).redeem(aws)


def test_once_the_code_is_redeemed_nobody_approves_again(aws):
    one = flow().redeemed(aws)
    with pytest.raises(NotOpen):
        one.approve(aws, secret=token_value())
    assert one.found(aws).code_hash == digest(one.secret)


def test_what_was_revoked_is_not_approved_again(aws):
    one = flow().approved(aws)
    aws.grants.revoke(one.key, now=NOW)
    with pytest.raises(NotOpen):
        one.approve(aws, secret=token_value())
    assert one.found(aws).code_hash == digest(one.secret)


def test_a_refusal_needs_no_login_makes_no_code_stays_and_can_be_said_again(aws):
    one, person = flow().opened(aws), flow().authenticated(aws)
    for some in (one, person):
        for _ in range(2):
            denied = aws.grants.deny(some.key, some.browser, now=NOW)
            assert (denied.decision, denied.code_hash) == ("denied", None)
        with pytest.raises(NotOpen):
            some.approve(aws)


def test_what_was_approved_is_not_denied(aws):
    one = flow().approved(aws)
    with pytest.raises(NotOpen):
        aws.grants.deny(one.key, one.browser, now=NOW)
    one.redeem(aws)


def test_of_eight_approvals_at_once_the_code_of_the_last_one_is_good_and_no_other(aws, race):
    one, secrets = flow().authenticated(aws), [token_value() for _ in range(8)]
    race(lambda n: one.approve(aws, secret=secrets[n]))
    good = one.found(aws).code_hash
    assert good in {digest(secret) for secret in secrets}
    for secret in secrets:
        if digest(secret) != good:
            with pytest.raises(NotOpen):
                replace(one, secret=secret).redeem(aws)


# Redeeming.


def test_a_code_gives_its_tokens_once(aws):
    one = flow().redeemed(aws)
    grant = one.found(aws)
    assert aws.tokens.find(one.access, now=NOW) == (one.token, grant)
    assert (grant.refresh_hash, grant.cnf) == (digest(one.refresh), {"x5t#S256": "thumb"})
    assert grant.expires_at == grant.consent_expires_at == NOW + 9000


def test_the_write_that_notices_a_second_attempt_ends_what_the_first_one_gave(aws, another, calls):
    one, second = flow().redeemed(aws), flow().another_access()
    refreshed = one.refreshed_access()
    aws.tokens.put(refreshed, one.token)
    calls.clear()
    with pytest.raises(Replayed):
        one.redeem(aws, access=second)
    assert [operation for operation, _ in calls] == ["UpdateItem"]
    for access in (one.access, second, refreshed):
        assert another.tokens.find(access, now=NOW) is None
    assert another.grants.find_refreshable(of_grant(one.refresh), now=NOW) is None


def test_a_replay_long_after_the_code_expired_is_still_known_for_one(aws):
    one = flow().redeemed(aws)
    with pytest.raises(Replayed):
        one.redeem(aws, now=NOW + 3600)
    assert aws.tokens.find(one.access, now=NOW) is None


def test_the_same_attempt_again_changes_nothing(aws):
    one = flow().approved(aws)
    first = one.redeem(aws, attempt="a")
    assert one.redeem(aws, attempt="a") == first
    assert aws.tokens.find(one.access, now=NOW) is not None


def test_an_attempt_that_is_sent_again_after_the_thiefs_does_not_forget_the_theft(aws):
    one = flow().approved(aws)
    one.redeem(aws, attempt="honest")
    for attempt in ("thief", "honest"):
        with pytest.raises(Replayed):
            one.redeem(aws, attempt=attempt, access=one.another_access())
    assert aws.tokens.find(one.access, now=NOW) is None


def test_of_eight_redemptions_at_once_one_is_first_and_nothing_is_left_of_it(aws, race):
    one = flow().approved(aws)
    token_values = [one.another_access() for _ in range(8)]
    outcomes = race(lambda n: one.redeem(aws, access=token_values[n]))
    assert [outcome for outcome in outcomes if isinstance(outcome, Replayed)][6:]  # at most one was told that it won
    assert len(one.found(aws).attempts) == 8
    assert [access for access in token_values if aws.tokens.find(access, now=NOW)] == []


def test_a_code_is_good_until_the_instant_of_its_end(aws):
    one, late = flow().approved(aws), flow().approved(aws)
    one.redeem(aws, now=NOW + 59)
    with pytest.raises(NotOpen):
        late.redeem(aws, now=NOW + 60)
    assert late.found(aws).redeemed_by is None


def test_what_was_refused_never_decided_or_revoked_has_no_code_to_redeem(aws):
    open_still, denied, revoked = flow().authenticated(aws), flow().authenticated(aws), flow().approved(aws)
    aws.grants.deny(denied.key, denied.browser, now=NOW)
    aws.grants.revoke(revoked.key, now=NOW)
    for one in (open_still, denied, revoked):
        with pytest.raises(NotOpen):
            one.redeem(aws)
        assert aws.tokens.find(one.access, now=NOW) is None


def test_another_grants_code_redeems_nothing(aws):
    one, other = flow().approved(aws), flow().approved(aws)
    with pytest.raises(NotOpen):
        one.redeem(aws, code=other.code)
    assert one.found(aws).redeemed_by is None


def test_a_code_is_read_with_its_bonds_epoch_in_one_call_and_with_no_bond_but_its_own(aws, calls):
    one, other = flow().approved(aws), flow().approved(aws)
    aws.bonds.end(one.bond, now=NOW, keep=NOW)
    calls.clear()
    grant, epoch = aws.grants.find_code(one.code)
    assert (grant.key, epoch) == (one.key, NOW)
    assert [operation for operation, _ in calls] == ["BatchGetItem"]
    assert aws.grants.find_code(replace(one.code, bond=other.bond)) is None
    assert aws.grants.find_code(replace(one.code, grant=token_value())) is None


# The token that comes with the code.


def test_a_front_channel_token_is_good_from_the_approval_on_and_dies_with_the_grant(aws):
    one = flow().authenticated(aws)
    access, front = one.another_access(), token(one.key, cnf={})
    one.approve(aws, front=(access, front))
    assert aws.tokens.find(access, now=NOW)[0] == front
    one.redeem(aws)
    assert aws.tokens.find(access, now=NOW)[0] == front
    with pytest.raises(Replayed):
        one.redeem(aws)
    assert aws.tokens.find(access, now=NOW) is None


def test_a_second_approval_takes_the_first_front_channel_token_along(aws):
    one = flow().authenticated(aws)
    first, second = one.another_access(), one.another_access()
    one.approve(aws, front=(first, one.token))
    one.approve(aws, secret=token_value(), front=(second, one.token))
    assert aws.tokens.find(first, now=NOW) is None
    assert aws.tokens.find(second, now=NOW) is not None


# Refreshing and revoking.


def rotating():
    """A login whose refresh tokens are replaced."""
    return flow(family=token_value())


def test_a_replaced_refresh_token_leads_to_the_grant_and_is_not_its_own(aws, another):
    one, new = rotating().redeemed(aws), token_value()
    before = aws.grants.find_refreshable(of_grant(one.refresh), now=NOW)
    aws.grants.rotate(before, digest(new), now=NOW)
    found = another.grants.find_refreshable(of_grant(one.refresh), now=NOW)
    assert found == replace(before, refresh_hash=digest(new), refresh_before=before.refresh_hash, refreshed_at=NOW)
    aws.grants.rotate(found, digest("again"), now=NOW + 5, again=True)
    after = another.grants.find_refreshable(of_grant(one.refresh), now=NOW)
    assert after == replace(found, refresh_hash=digest("again"))


def test_a_refresh_token_is_replaced_once_and_the_same_replacement_may_be_sent_again(aws):
    one, first = rotating().redeemed(aws), digest(token_value())
    found = one.found(aws)
    aws.grants.rotate(found, first, now=NOW)
    aws.grants.rotate(found, first, now=NOW)
    with pytest.raises(Replayed):
        aws.grants.rotate(found, digest(token_value()), now=NOW)
    assert one.found(aws).refresh_hash == first


def test_of_eight_that_replace_it_at_once_one_does(aws, race):
    one = rotating().redeemed(aws)
    found, hashes = one.found(aws), [digest(token_value()) for _ in range(8)]
    outcomes = race(lambda n: aws.grants.rotate(found, hashes[n], now=NOW))
    (winner,) = [n for n, outcome in enumerate(outcomes) if outcome is None]
    assert {type(outcome) for outcome in outcomes if outcome is not None} == {Replayed}
    assert one.found(aws).refresh_hash == hashes[winner]


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_under_a_grant_that_is_not_in_force_nothing_is_replaced(aws, ended):
    one = rotating().redeemed(aws)
    found = one.found(aws)
    if ended == "revoked":
        aws.grants.revoke(one.key, now=NOW)
    with pytest.raises(NotOpen):
        aws.grants.rotate(found, digest(token_value()), now=NOW + 9000 if ended == "expired" else NOW)
    assert one.found(aws).refresh_hash == digest(one.refresh)


def test_revoking_is_one_write_and_kills_every_token_at_once(aws, another, calls):
    one = flow().redeemed(aws)
    sisters = [one.refreshed_access() for _ in range(5)]
    for access in sisters:
        aws.tokens.put(access, one.token)
    calls.clear()
    aws.grants.revoke(one.key, now=NOW)
    assert [operation for operation, _ in calls] == ["UpdateItem"]
    for access in (one.access, *sisters):
        assert another.tokens.find(access, now=NOW) is None
    assert another.tokens.look_up(one.refresh, now=NOW) == (None, None)
    assert another.grants.find_refreshable(of_grant(one.refresh), now=NOW) is None


def test_revoking_twice_is_no_error_and_the_first_time_counts(aws):
    one = flow().redeemed(aws)
    aws.grants.revoke(one.key, now=NOW)
    aws.grants.revoke(one.key, now=NOW + 5)
    assert one.found(aws).revoked_at == NOW


def test_revoking_what_never_was_leaves_nothing(aws, items):
    one = flow()
    aws.grants.revoke(one.key, now=NOW)
    assert one.found(aws) is None
    assert one.key not in [item["pk"]["S"] for item in items("grants_table")]


# What a person gave.


def test_a_persons_grants_are_listed_by_their_end_and_nobody_elses(aws):
    """First the one that ends last. The person may have chosen an earlier end."""
    sub = token_value()
    first, second = flow(sub=sub).authenticated(aws), flow(sub=sub).approved(aws, now=NOW + 5)
    first.approve(aws, until=first.grant.consent_expires_at - 1)
    for one in (first, second):
        one.redeem(aws, now=NOW + 6)
    flow(sub=token_value()).redeemed(aws)
    flow(sub=sub).authenticated(aws)
    assert aws.grants.of_person(sub, now=NOW + 6) == ([second.found(aws), first.found(aws)], None)
    assert aws.grants.of_person(token_value(), now=NOW) == ([], None)


def test_an_end_that_is_no_whole_number_hides_no_other_grant(aws):
    """One item that somebody wrote by hand, and no page of the person's grants was given."""
    sub = token_value()
    first, odd, last = (flow(sub=sub, consent_expires_at=NOW + at).redeemed(aws) for at in (70, 60, 50))
    connection, table = aws.dynamo._tables._connection, aws.settings.grants_table
    item = connection.dispatch("GetItem", {"TableName": table, "Key": {"pk": {"S": odd.key}}})["Item"]
    connection.dispatch("PutItem", {"TableName": table, "Item": item | {"listed_until": {"N": f"{NOW + 60}.5"}}})
    found, after = aws.grants.of_person(sub, now=NOW, after=None, limit=1)
    while after is not None:
        more, after = aws.grants.of_person(sub, now=NOW, after=after, limit=1)
        found += more
    assert [one.key for one in found if one.key != odd.key] == [first.key, last.key]


def test_what_is_over_is_not_listed_and_a_code_that_waits_is(aws):
    sub = token_value()
    revoked, short, replayed, ended, left, waits, lapsed = (
        flow(sub=sub, **changes) for changes in ({}, {"consent_expires_at": NOW + 10}, {}, {}, {}, {}, {})
    )
    for one in (revoked, short, replayed, ended, left):
        one.redeemed(aws)
    aws.grants.revoke(revoked.key, now=NOW)
    with pytest.raises(Replayed):
        replayed.redeem(aws)
    aws.bonds.end(ended.bond, now=NOW, keep=NOW)
    waits.approved(aws, now=NOW + 60)
    lapsed.approved(aws, now=NOW)
    found, after = aws.grants.of_person(sub, now=NOW + 60)
    assert {grant.key for grant in found} == {left.key, waits.key}
    assert after is None


def test_a_person_revokes_an_approved_grant_of_their_own_and_no_other(aws):
    sub = token_value()
    mine, anothers, waits = flow(sub=sub).redeemed(aws), flow().redeemed(aws), flow(sub=sub).authenticated(aws)
    for key in (anothers.key, waits.key, token_value(), "x", ""):
        assert aws.grants.revoke_own(key, sub, now=NOW) is None
    assert anothers.found(aws).revoked_at is None
    assert waits.approved(aws).found(aws).revoked_at is None
    assert aws.grants.revoke_own(mine.key, sub, now=NOW).client_id == mine.found(aws).client_id
    assert aws.grants.revoke_own(mine.key, sub, now=NOW + 9).revoked_at == NOW  # or sent again
    assert mine.found(aws).revoked_at == NOW
    assert aws.grants.find_refreshable(of_grant(mine.refresh), now=NOW) is None


def test_many_are_listed_page_by_page(aws):
    sub = token_value()
    made = [flow(sub=sub, consent_expires_at=NOW + 500 + n).approved(aws) for n in range(5)]
    listed, after, pages = [], None, 0
    while pages == 0 or after is not None:
        found, after = aws.grants.of_person(sub, now=NOW, after=after, limit=2)
        assert len(found) <= 2
        listed += [grant.key for grant in found]
        pages += 1
    assert listed == [one.key for one in made[::-1]]


@pytest.mark.parametrize("after", ["", "x", "1", ".", "1.", "-1.x", "1" * 40 + ".x", "1.\ud800", "\u0661.x"])
def test_to_ask_after_nonsense_gives_nothing(aws, after):
    sub = token_value()
    flow(sub=sub).redeemed(aws)
    assert aws.grants.of_person(sub, now=NOW, after=after) == ([], None)


def test_a_page_is_three_calls_however_many_there_are(aws, calls):
    sub = token_value()
    for _ in range(3):
        flow(sub=sub).redeemed(aws)
    calls.clear()
    assert len(aws.grants.of_person(sub, now=NOW)[0]) == 3
    assert [operation for operation, _ in calls] == ["Query", "BatchGetItem", "BatchGetItem"]
    assert calls[0][1]["IndexName"] == "by_end"


def test_the_history_has_what_ended_too_and_each_read_of_it_is_three_calls(aws, calls):
    sub = token_value()
    ended, short = (
        flow(sub=sub).approved(aws, now=NOW),
        flow(sub=sub, consent_expires_at=NOW + 9).approved(aws, now=NOW + 1),
    )
    newest = flow(sub=sub).approved(aws, now=NOW + 2)
    for one in (ended, short, newest):
        one.redeem(aws, now=NOW + 3)
    flow(sub=sub).approved(aws, now=NOW + 4)  # never redeemed
    aws.bonds.end(ended.bond, now=NOW + 5, keep=NOW + 9)
    calls.clear()
    listed, after = aws.grants.history_of_person(sub, limit=3)
    assert [operation for operation, _ in calls] == ["Query", "BatchGetItem", "BatchGetItem"]
    assert [(grant.key, epoch) for grant, epoch in listed] == [(newest.key, 0), (short.key, 0)]
    ((last, epoch),), after = aws.grants.history_of_person(sub, after=after, limit=3)
    assert (last.key, epoch, after) == (ended.key, NOW + 5, None)
    assert last.end(epoch, now=NOW + 10) == End(NOW + 5, by_bond=True)
    assert short.found(aws).end(0, now=NOW + 10) == End(NOW + 9)
    assert newest.found(aws).end(0, now=NOW + 10) is None


def test_a_revoked_grant_leaves_the_list_of_those_in_force(aws, calls):
    sub = token_value()
    one = flow(sub=sub).redeemed(aws)
    aws.grants.revoke(one.key, now=NOW)
    calls.clear()
    assert aws.grants.of_person(sub, now=NOW) == ([], None)
    assert [operation for operation, _ in calls] == ["Query"]  # which found no key
    found = one.found(aws)
    assert (found.revoked_at, found.end(0, now=NOW)) == (NOW, End(NOW))


def test_a_use_is_written_to_what_is_there_and_not_revoked(aws):
    one, revoked, never = flow().redeemed(aws), flow().redeemed(aws), flow()
    aws.grants.revoke(revoked.key, now=NOW)
    for each in (one, revoked, never):
        aws.grants.used(each.key, now=NOW + 60)
    assert (one.found(aws).used_at, one.found(aws).last_used_at) == (NOW + 60, NOW + 60)
    assert (revoked.found(aws).used_at, never.found(aws)) == (0, None)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_grant_that_an_earlier_release_approved_is_listed_from_its_next_use_on(aws, dynamodb, settings, replaced):
    sub = token_value()
    one = flow(sub=sub, family=token_value() if replaced else None).redeemed(aws)
    table, key = settings.grants_table, {"pk": {"S": one.key}}
    dynamodb.update_item(TableName=table, Key=key, UpdateExpression="REMOVE listed_until")
    assert aws.grants.of_person(sub, now=NOW) == ([], None)
    if replaced:
        aws.grants.rotate(one.found(aws), digest(token_value()), now=NOW)
    else:
        aws.grants.used(one.key, now=NOW)
    assert [grant.key for grant in aws.grants.of_person(sub, now=NOW)[0]] == [one.key]


# What a grant carries.


def test_what_lives_from_a_grant_may_live_while_it_is_in_force_or_its_code_may_be_redeemed(aws):
    redeemed, waits, revoked, replayed = (flow() for _ in range(4))
    for one in (redeemed, revoked, replayed):
        one.redeemed(aws)
    waits.approved(aws)
    aws.grants.revoke(revoked.key, now=NOW)
    with pytest.raises(Replayed):
        replayed.redeem(aws)
    relied = {one.key: aws.grants.relied_on(one.key, 0, now=NOW) for one in (redeemed, waits, revoked, replayed)}
    assert list(relied.values()) == [True, True, False, False]
    assert not aws.grants.relied_on(redeemed.key, 1, now=NOW)
    assert not aws.grants.relied_on(waits.key, 0, now=NOW + 60)
    assert not aws.grants.relied_on(redeemed.key, 0, now=NOW + 9000)
    assert not aws.grants.relied_on("nobody's", 0, now=NOW)


def test_state_and_request_keep_their_every_byte(aws):
    one = flow(request=replace(REQUEST, claims={"userinfo": {"ä": None}}, ui_locales=("de",))).pushed(aws)
    assert aws.grants.find(one.key, now=NOW).request == one.grant.request


# A granted detail that a call of the bank's API consumes.


def test_a_detail_is_consumed_once_and_by_the_same_call_again(aws):
    one = flow().redeemed(aws)
    grant, mine, another = one.found(aws), digest("mine"), digest("another")
    aws.grants.consume(grant, 0, by=mine, now=NOW)
    aws.grants.consume(grant, 0, by=mine, now=NOW + 5)
    with pytest.raises(Replayed):
        aws.grants.consume(grant, 0, by=another, now=NOW)
    aws.grants.consume(grant, 1, by=another, now=NOW + 1)
    found = one.found(aws)
    assert [found.consumption(n) for n in range(3)] == [Consumption(NOW, mine), Consumption(NOW + 1, another), None]


def test_nothing_is_consumed_of_what_was_revoked_or_is_over(aws):
    one = flow().redeemed(aws)
    grant = one.found(aws)
    with pytest.raises(NotOpen):
        aws.grants.consume(grant, 0, by=digest("mine"), now=grant.consent_expires_at)
    aws.grants.revoke(one.key, now=NOW)
    with pytest.raises(NotOpen):
        aws.grants.consume(grant, 0, by=digest("mine"), now=NOW)
    assert aws.grants.find(one.key, now=NOW).consumed == {}


def test_nothing_is_consumed_after_a_second_attempt_at_the_code(aws):
    """The write that noticed the theft ended the grant, after it was read."""
    one = flow().redeemed(aws)
    grant = one.found(aws)
    with pytest.raises(Replayed):
        one.redeem(aws, attempt="another")
    with pytest.raises(NotOpen):
        aws.grants.consume(grant, 0, by=digest("mine"), now=NOW)


def test_of_eight_calls_at_once_one_consumes(aws, race):
    one = flow().redeemed(aws)
    grant = one.found(aws)
    outcomes = race(lambda n: aws.grants.consume(grant, 0, by=digest(str(n)), now=NOW))
    assert sorted(map(str, outcomes)) == [*["None"], *["the detail was consumed before"] * 7]
