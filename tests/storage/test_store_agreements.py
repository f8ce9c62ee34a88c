"""stores.Agreements, and a person's consents in stores.Consents."""

from dataclasses import replace

import pytest

from chalicelib.storage.records import Agreement
from tests.storage.specimens import LOGIN, NOW, flow, handle

BOTH = Agreement(("accounts", "openid"), ("email",))


@pytest.fixture
def agreed(aws):
    """A person and a client that have an agreement until NOW + 100."""
    sub, client_id = handle(), handle()
    aws.agreements.remember(sub, client_id, BOTH, until=NOW + 100)
    return sub, client_id


def test_what_was_agreed_to_is_found_by_person_and_client(aws, agreed):
    sub, client_id = agreed
    assert aws.agreements.find(sub, client_id, now=NOW) == BOTH
    assert aws.agreements.find(sub, "another", now=NOW) == Agreement()
    assert aws.agreements.find("another", client_id, now=NOW) == Agreement()


def test_it_ends(aws, agreed):
    assert aws.agreements.find(*agreed, now=NOW + 99) == BOTH
    assert aws.agreements.find(*agreed, now=NOW + 100) == Agreement()


def test_more_is_added_and_each_thing_has_its_own_end(aws, agreed):
    aws.agreements.remember(*agreed, Agreement(("openid",), ("name",)), until=NOW + 200)
    assert aws.agreements.find(*agreed, now=NOW) == Agreement(("accounts", "openid"), ("email", "name"))
    assert aws.agreements.find(*agreed, now=NOW + 150) == Agreement(("openid",), ("name",))


def test_of_eight_at_the_same_time_none_is_lost(aws, race):
    sub, client_id = handle(), handle()
    race(lambda n: aws.agreements.remember(sub, client_id, Agreement((f"s{n}",)), until=NOW + 100))
    assert aws.agreements.find(sub, client_id, now=NOW).scope == tuple(f"s{n}" for n in range(8))


def test_what_is_forgotten_is_forgotten_at_once_and_twice_is_no_error(aws, agreed):
    aws.agreements.forget(*agreed)
    aws.agreements.forget(*agreed)
    assert aws.agreements.find(*agreed, now=NOW) == Agreement()


def test_each_is_one_call(aws, calls):
    pair = handle(), handle()
    aws.agreements.remember(*pair, BOTH, until=NOW + 100)
    aws.agreements.find(*pair, now=NOW)
    aws.agreements.forget(*pair)
    assert len(calls) == 3


def consented(aws, sub, *, given_at=NOW, **changes):
    """A person's consent, by a code that was redeemed."""
    one = flow()
    consent = replace(one.consent, login=replace(LOGIN, sub=sub), given_at=given_at, **changes)
    replace(one, consent=consent).spent(aws)
    return consent


def test_a_persons_consents_are_listed_the_newest_first_and_nobody_elses(aws):
    sub = handle()
    first, second = consented(aws, sub), consented(aws, sub, given_at=NOW + 5)
    consented(aws, handle())
    aws.agreements.remember(sub, "fintech", BOTH, until=NOW + 100)
    assert aws.consents.of(sub, now=NOW) == ([second, first], None)
    assert aws.consents.of(handle(), now=NOW) == ([], None)


def test_what_is_revoked_or_over_is_not_listed(aws):
    sub = handle()
    revoked, _, left = consented(aws, sub), consented(aws, sub, expires_at=NOW + 10), consented(aws, sub)
    aws.consents.revoke(revoked.consent_id, now=NOW)
    assert aws.consents.of(sub, now=NOW + 10) == ([left], None)


def test_many_are_listed_page_by_page(aws):
    sub = handle()
    made = [consented(aws, sub, given_at=NOW + n) for n in range(5)]
    listed, after, pages = [], None, 0
    while pages == 0 or after is not None:
        found, after = aws.consents.of(sub, now=NOW, after=after, most=2)
        assert len(found) <= 2
        listed += found
        pages += 1
    assert listed == made[::-1]


@pytest.mark.parametrize("after", ["", "x", "1", ".", "1.", "-1.x", "1" * 40 + ".x", "1.\ud800", "\u0661.x"])
def test_to_ask_after_nonsense_gives_nothing(aws, after):
    sub = handle()
    consented(aws, sub)
    assert aws.consents.of(sub, now=NOW, after=after) == ([], None)


def test_a_page_is_two_calls(aws, calls):
    sub = handle()
    consented(aws, sub)
    consented(aws, sub)
    calls.clear()
    assert len(aws.consents.of(sub, now=NOW)[0]) == 2
    assert [operation for operation, _ in calls] == ["Query", "BatchGetItem"]
    assert calls[0][1]["IndexName"] == "by_person"
