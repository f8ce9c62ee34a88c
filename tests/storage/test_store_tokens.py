"""stores.Tokens: an access token lives only as long as its grant."""

from dataclasses import replace

import pytest

from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import WEEK, join, with_week
from tests.storage.sample_records import NOW, UNUSABLE, flow, own_handle, token, token_value


def test_a_clients_own_token_needs_no_grant(aws):
    access = own_handle()
    aws.tokens.put(access, token())
    assert aws.tokens.find(access, now=NOW) == (token(), None)


def test_what_has_expired_is_not_found_though_it_is_still_there(aws):
    access = own_handle()
    aws.tokens.put(access, token(expires_at=NOW + 600))
    assert aws.tokens.find(access, now=NOW + 599) is not None
    assert aws.tokens.find(access, now=NOW + 600) is None
    assert aws.tokens.look_up(access, now=NOW + 600) == (None, None)
    assert aws.tokens.find(access, now=NOW) is not None


def test_a_token_that_stands_in_its_grant_ends_at_its_own_end(aws):
    one = flow().redeemed(aws)
    assert aws.tokens.find(one.access, now=one.token.expires_at - 1) is not None
    assert aws.tokens.find(one.access, now=one.token.expires_at) is None
    assert aws.tokens.look_up(one.access, now=one.token.expires_at) == (None, None)


A, B, C = ("a" * 43, "b" * 43, "c" * 43)
OTHER_FORMS = [
    *UNUSABLE,
    *(".", "nobody's", A, f"a.{B}", f"{A}.{B}", f"{A}.{B}.{C}.{'d' * 43}"),
    f"{A}.agreement {B} {C}",
    f"{A}.{'b' * 42}\ud800.{C}",
    f"{A}.{B}.{C}\n",
    *(f"{A}.{B}.{C}.r{week}" for week in ("", NOW // WEEK - 1, 99999, "\u0661")),
    f"{A}.r{NOW // WEEK + 3}",
]


def test_a_token_value_of_another_form_is_invalid_before_a_read(aws, calls):
    for access in OTHER_FORMS:
        assert aws.tokens.find(access, now=NOW) is None, access
        assert aws.tokens.look_up(access, now=NOW) == (None, None), access
        aws.tokens.revoke(access, None, now=NOW)
    assert calls == []


def test_an_unknown_token_value_finds_nothing(aws):
    for access in (own_handle(), flow().access, flow().refreshed_access()):
        assert aws.tokens.look_up(access, now=NOW) == (None, None)
        aws.tokens.revoke(access, None, now=NOW)


def test_a_codes_token_and_its_grant_are_found_in_one_call_of_two_keys(aws, calls):
    one = flow().redeemed(aws)
    calls.clear()
    assert aws.tokens.find(one.access, now=NOW)[0] == one.token
    ((operation, parameters),) = calls
    assert operation == "BatchGetItem"
    assert sum(len(keys["Keys"]) for keys in parameters["RequestItems"].values()) == 2


def test_a_refreshed_token_is_found_with_its_grant_in_one_call_of_three_keys(aws, calls):
    one = flow().redeemed(aws)
    access = one.refreshed_access()
    aws.tokens.put(access, one.token)
    calls.clear()
    assert aws.tokens.find(access, now=NOW) == (one.token, one.found(aws))
    assert sum(len(keys["Keys"]) for keys in calls[0][1]["RequestItems"].values()) == 3


def test_a_token_value_with_another_grant_finds_nothing(aws):
    one, other = flow().redeemed(aws), flow().redeemed(aws)
    refreshed = one.refreshed_access()
    aws.tokens.put(refreshed, one.token)
    secret = one.access.partition(".")[0]
    for forged in (
        join(secret, other.key, other.bond),
        join(secret, one.key, other.bond),
        join(secret, other.key, one.bond),
        secret,
        with_week(one.access, NOW + 600),
        refreshed.rpartition(".r")[0],
        with_week(secret, NOW + 600),
    ):
        assert aws.tokens.find(forged, now=NOW) is None


def test_a_bond_of_the_callers_choice_does_not_hide_an_end(aws):
    one, other = flow().redeemed(aws), flow()
    aws.bonds.end(one.bond, now=NOW, keep=NOW)
    assert aws.tokens.find(join(one.access.partition(".")[0], one.key, other.bond), now=NOW) is None


def test_a_token_whose_value_names_another_grant_than_its_record_is_not_found(aws):
    one, other = flow().redeemed(aws), flow().redeemed(aws)
    access, bare = other.refreshed_access(), own_handle()
    aws.tokens.put(access, one.token)
    aws.tokens.put(bare, one.token)
    assert (aws.tokens.find(access, now=NOW), aws.tokens.find(bare, now=NOW)) == (None, None)


def test_what_is_no_token_value_of_ours_is_not_put(aws):
    with pytest.raises(NotOpen):
        aws.tokens.put("nobody's", token())


# Looking up what may be of either kind.


def test_a_refresh_token_leads_to_its_grant_in_one_call(aws, calls):
    one = flow().redeemed(aws)
    calls.clear()
    assert aws.tokens.look_up(one.refresh, now=NOW) == (None, one.found(aws))
    assert len(calls) == 2  # the second is this test's own


def test_one_that_was_replaced_leads_to_its_grant_too_and_no_other_secret_does(aws):
    family = token_value()
    one = flow(family=family).redeemed(aws)
    earlier = join(token_value(), one.key, one.bond, family=family)
    assert aws.tokens.look_up(earlier, now=NOW) == (None, one.found(aws))
    for forged in (
        join(token_value(), one.key, one.bond, family=token_value()),
        join(token_value(), one.key, one.bond),
    ):
        assert aws.tokens.look_up(forged, now=NOW) == (None, None)


def test_no_refresh_token_and_no_code_is_an_access_token(aws):
    one = flow().redeemed(aws)
    assert aws.tokens.find(one.refresh, now=NOW) is None
    assert aws.tokens.find(one.code.value, now=NOW) is None
    assert aws.tokens.look_up(one.code.value, now=NOW) == (None, None)


def test_a_code_that_waits_is_no_token_and_leads_to_none(aws):
    one = flow().approved(aws)
    assert aws.tokens.look_up(one.code.value, now=NOW) == (None, None)


# Revoking.


@pytest.mark.parametrize("kind", ["of the code", "front", "refreshed", "own"])
def test_a_revoked_token_is_dead_and_its_sisters_are_not(aws, kind):
    one = flow().authenticated(aws)
    front, refreshed, own = one.another_access(), one.refreshed_access(), own_handle()
    one.approve(aws, front=(front, one.token))
    one.redeem(aws)
    aws.tokens.put(refreshed, one.token)
    aws.tokens.put(own, token())
    all_of_them = {"of the code": one.access, "front": front, "refreshed": refreshed, "own": own}
    for _ in range(2):  # twice is no error
        aws.tokens.revoke(all_of_them[kind], one.found(aws), now=NOW)
    alive = {name for name, access in all_of_them.items() if aws.tokens.find(access, now=NOW)}
    assert alive == all_of_them.keys() - {kind}


@pytest.mark.parametrize("kind", ["of the code", "refreshed", "own"])
def test_a_write_that_is_sent_again_after_the_revocation_brings_nothing_back(aws, kind):
    one, own = flow().approved(aws), own_handle()
    refreshed = one.refreshed_access()

    def write():
        one.redeem(aws, attempt="the same")
        aws.tokens.put(refreshed, one.token)
        aws.tokens.put(own, token())

    write()
    access = {"of the code": one.access, "refreshed": refreshed, "own": own}[kind]
    aws.tokens.revoke(access, one.found(aws), now=NOW)
    write()
    assert aws.tokens.find(access, now=NOW) is None


def test_no_token_outlives_a_revocation_that_it_raced(aws, race):
    one = flow().redeemed(aws)
    token_values = [one.refreshed_access() for _ in range(8)]
    race(lambda n: aws.grants.revoke(one.key, now=NOW) if n == 4 else aws.tokens.put(token_values[n], one.token))
    assert [access for access in token_values if aws.tokens.find(access, now=NOW)] == []


def test_revoking_a_token_does_not_revoke_one_that_only_looks_like_it(aws):
    one = flow().redeemed(aws)
    aws.tokens.revoke(one.another_access(), one.found(aws), now=NOW)
    assert aws.tokens.find(one.access, now=NOW) is not None


def test_a_refreshed_token_ends_at_its_own_end_or_its_grants(aws):
    one = flow(consent_expires_at=NOW + 300).redeemed(aws)
    access = one.refreshed_access()
    aws.tokens.put(access, replace(one.token, expires_at=NOW + 600))
    assert aws.tokens.find(access, now=NOW + 299) is not None
    assert aws.tokens.find(access, now=NOW + 300) is None
