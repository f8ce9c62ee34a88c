"""stores.Bonds: what one person and one client have with each other, and the one write that ends it."""

from dataclasses import replace

import pytest

from chalicelib.storage.dynamodb.codec import Unreadable
from chalicelib.storage.grant_records import Bond, RememberedConsent
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, of_grant
from tests.storage.sample_records import NOW, flow, token_value

KEEP = NOW + 90 * 24 * 3600
BOTH = RememberedConsent(("accounts", "openid"), ("email",), NOW + 100, "g" * 43)


def new():
    return digest(token_value())


@pytest.fixture
def remembered(aws):
    """The key of a bond in which something is remembered until NOW + 100."""
    key = new()
    aws.bonds.remember(key, Bond(), BOTH, keep=KEEP)
    return key


def test_a_bond_that_is_not_there_has_the_first_epoch_and_nothing_is_remembered(aws):
    assert aws.bonds.find(new(), now=NOW) == Bond(0, ())


def test_an_epoch_of_another_type_ends_all_and_is_not_ended_again_without_end(aws, remembered):
    """It was the first epoch: what had ended was in force. And an end went on for ever."""
    one = flow().authenticated(aws)
    one.approve(aws)
    grant, epoch = aws.grants.find_code(one.code)
    assert grant.in_force(epoch, now=NOW)
    for key in (remembered, one.bond):
        item = {"pk": {"S": key}, "epoch": {"N": f"1{'0' * 30}.5"}}
        aws.dynamo._tables._connection.dispatch("PutItem", {"TableName": aws.settings.bonds_table, "Item": item})
    grant, unreadable = aws.grants.find_code(one.code)
    assert not grant.in_force(unreadable, now=NOW)
    with pytest.raises(NotOpen):
        aws.bonds.rely(remembered, aws.bonds.find(remembered, now=NOW), "h" * 43)
    with pytest.raises(Unreadable):
        aws.bonds.end(remembered, now=NOW, keep=KEEP)


def test_who_signs_in_by_a_bond_that_cannot_be_read_begins_nothing_that_outlives_its_end(aws):
    """Its grant had the epoch of the unreadable bond, which is later than every end that came after."""
    bond = new()
    item = {"pk": {"S": bond}, "epoch": {"N": "1.5"}}
    aws.dynamo._tables._connection.dispatch("PutItem", {"TableName": aws.settings.bonds_table, "Item": item})
    epoch = aws.bonds.find(bond, now=NOW).epoch
    one = flow(bond=bond, epoch=epoch).authenticated(aws)
    one.approve(aws)
    assert not aws.grants.find_code(one.code)[0].in_force(epoch, now=NOW)
    aws.bonds.end(one.bond, now=NOW + 5, keep=KEEP)
    grant, ended = aws.grants.find_code(one.code)
    assert ended == NOW + 5
    assert not grant.in_force(ended, now=NOW + 5)


def test_what_was_agreed_to_is_found_until_it_ends(aws, remembered):
    assert aws.bonds.find(remembered, now=NOW + 99) == Bond(0, (BOTH,))
    assert aws.bonds.find(remembered, now=NOW + 100) == Bond()


def test_more_is_added_and_each_lives_from_the_newest_grant_that_it_was_agreed_to_in(aws, remembered):
    more = RememberedConsent(("openid",), ("name",), NOW + 200, "h" * 43)
    aws.bonds.remember(remembered, Bond(), more, keep=KEEP)
    left = RememberedConsent(("accounts",), ("email",), NOW + 100, "g" * 43)
    assert aws.bonds.find(remembered, now=NOW).remembered == (left, more)
    assert aws.bonds.find(remembered, now=NOW + 150).remembered == (more,)


def test_only_what_is_named_lives_from_another_grant_and_no_longer(aws, remembered):
    found = replace(BOTH, scope=("openid",), claims=())
    aws.bonds.rely(remembered, Bond(0, (found,)), "h" * 43)
    left, moved = replace(BOTH, scope=("accounts",)), replace(found, source="h" * 43)
    assert aws.bonds.find(remembered, now=NOW).remembered == (left, moved)


def test_of_eight_at_the_same_time_none_is_lost(aws, race):
    key = new()
    race(lambda n: aws.bonds.remember(key, Bond(), replace(BOTH, scope=(f"s{n}",)), keep=KEEP))
    assert aws.bonds.find(key, now=NOW).remembered[0].scope == tuple(f"s{n}" for n in range(8))


def test_what_is_remembered_lives_from_another_grant_only_as_it_was_found(aws, remembered):
    found = aws.bonds.find(remembered, now=NOW)
    for _ in range(2):  # sent again
        aws.bonds.rely(remembered, found, "h" * 43)
    assert aws.bonds.find(remembered, now=NOW).remembered == (replace(BOTH, source="h" * 43),)
    with pytest.raises(NotOpen):
        aws.bonds.rely(remembered, found, "i" * 43)


def test_an_end_forgets_all_and_ends_every_grant_of_before_by_one_write(aws, another, calls):
    bond = new()
    grants = [flow(bond=bond).redeemed(aws) for _ in range(3)]
    pending, refreshed = flow(bond=bond).approved(aws), grants[0].refreshed_access()
    aws.tokens.put(refreshed, grants[0].token)
    aws.bonds.remember(bond, Bond(), BOTH, keep=KEEP)
    calls.clear()
    aws.bonds.end(bond, now=NOW, keep=KEEP)
    assert [operation for operation, _ in calls] == ["PutItem"]
    assert another.bonds.find(bond, now=NOW) == Bond(NOW)
    for access in (*(one.access for one in grants), refreshed):
        assert another.tokens.find(access, now=NOW) is None
        assert another.tokens.look_up(access, now=NOW) == (None, None)
    for one in grants:
        assert another.grants.find_refreshable(of_grant(one.refresh), now=NOW) is None
    grant, epoch = another.grants.find_code(pending.code)
    assert not grant.in_force(epoch, now=NOW)


def test_what_begins_after_an_end_is_good(aws):
    bond = new()
    aws.bonds.end(bond, now=NOW, keep=KEEP)
    epoch = aws.bonds.find(bond, now=NOW).epoch
    one = flow(bond=bond, epoch=epoch).redeemed(aws)
    assert aws.tokens.find(one.access, now=NOW) is not None


def test_what_begins_after_an_end_is_good_also_once_the_bond_was_swept(aws):
    """The bond stays as long as what an end ended could last. What began later lasts longer."""
    one = flow(bond=new(), epoch=NOW).redeemed(aws)  # and no bond is there
    assert aws.tokens.find(one.access, now=NOW) is not None
    aws.bonds.end(one.bond, now=NOW + 1, keep=KEEP)
    assert aws.tokens.find(one.access, now=NOW) is None


def test_two_ends_in_one_second_and_one_by_a_slow_clock_each_begin_another_epoch(aws):
    bond, epochs = new(), []
    for now in (NOW, NOW, NOW - 60):
        one = flow(bond=bond, epoch=aws.bonds.find(bond, now=NOW).epoch).redeemed(aws)
        aws.bonds.end(bond, now=now, keep=KEEP)
        assert aws.tokens.find(one.access, now=NOW) is None
        epochs.append(aws.bonds.find(bond, now=NOW).epoch)
    assert epochs == sorted(set(epochs))


def test_of_eight_ends_at_once_each_ends(aws, race):
    bond = new()
    assert race(lambda n: aws.bonds.end(bond, now=NOW, keep=KEEP)) == [None] * 8
    assert aws.bonds.find(bond, now=NOW).epoch == NOW + 7


def test_nothing_is_remembered_of_an_epoch_that_is_over(aws, remembered):
    before = aws.bonds.find(remembered, now=NOW)
    aws.bonds.end(remembered, now=NOW, keep=KEEP)
    with pytest.raises(NotOpen):
        aws.bonds.remember(remembered, before, BOTH, keep=KEEP)
    with pytest.raises(NotOpen):
        aws.bonds.rely(remembered, before, "h" * 43)
    assert aws.bonds.find(remembered, now=NOW) == Bond(NOW)


def test_an_end_stays_as_long_as_it_says_and_remembering_shortens_nothing(aws, items):
    bond = new()
    aws.bonds.end(bond, now=NOW, keep=KEEP)
    aws.bonds.remember(bond, aws.bonds.find(bond, now=NOW), BOTH, keep=KEEP + 1)
    (item,) = [item for item in items("bonds_table") if item["pk"]["S"] == bond]
    assert int(item["expires_at"]["N"]) == KEEP + 1
    assert int(item["ttl"]["N"]) > KEEP


def test_each_verb_is_one_call(aws, calls):
    key = new()
    aws.bonds.remember(key, Bond(), BOTH, keep=KEEP)
    found = aws.bonds.find(key, now=NOW)
    aws.bonds.rely(key, found, "h" * 43)
    aws.bonds.end(key, now=NOW, keep=KEEP)
    assert [operation for operation, _ in calls] == ["UpdateItem", "GetItem", "UpdateItem", "PutItem"]
