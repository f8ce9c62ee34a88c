"""Tables by week, and sweeping_stores.Sweeping: nothing depends on time to live. A second use looks where the first one wrote."""

from dataclasses import replace

import pytest

from chalicelib.assembly import Aws
from chalicelib.jobs import sweep
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK
from chalicelib.storage.dynamodb.weekly_tables import WEEKS_AHEAD, name_of
from chalicelib.storage.grant_records import HISTORY, Bond
from chalicelib.storage.stores import AlreadyUsed
from chalicelib.storage.token_values import WEEK, week_of
from tests.storage.sample_records import NOW, flow, once, own_handle, session, session_handle, token, token_value

THIS = week_of(NOW)
NEXT_MONDAY = (THIS + 1) * WEEK


@pytest.fixture
def weekly(settings):
    """A function: an instant to the provider of a deployment with tables by week, at that instant."""
    own = {
        f"{name}_table": f"{name.replace('_', '-')}-{token_value()[:8]}"
        for name in ("replay_cache", "access_tokens", "sessions")
    }
    chosen = settings._replace(weekly_tables="yes", tables_key=None, **own)
    return lambda now: Aws(chosen, clock=lambda: now)


def test_the_job_makes_tables_ahead_and_drops_those_of_which_nothing_is_good(weekly):
    names = [getattr(weekly(NOW).settings, f"{name}_table") for name in ("replay_cache", "access_tokens", "sessions")]
    made = sweep.run(weekly(NOW))["made"]
    assert made == [name_of(name, week) for name in names for week in range(THIS, THIS + WEEKS_AHEAD + 1)]
    again = sweep.run(weekly(NOW))
    assert (again["made"], again["dropped"], again["whole"]) == ([], [], True)
    later = sweep.run(weekly(NOW + 2 * WEEK))
    assert later["dropped"] == [name_of(name, THIS) for name in names]
    assert later["made"] == [name_of(name, THIS + WEEKS_AHEAD + n) for name in names for n in (1, 2)]


def test_everything_works_on_tables_by_week_across_the_turn_of_one(weekly):
    sweep.run(weekly(NOW))
    aws = weekly(NOW)
    one, value = flow(consent_expires_at=NEXT_MONDAY + 9000).redeemed(aws), once(NEXT_MONDAY + 30)
    refreshed = one.refreshed_access(NEXT_MONDAY + 30)
    aws.tokens.put(refreshed, replace(one.token, expires_at=NEXT_MONDAY + 30))
    own, browser = own_handle(), session_handle()
    aws.tokens.put(own, token())
    aws.sessions.begin(browser, session())
    aws.replay_cache.consume(value, now=NEXT_MONDAY - 5)
    after = weekly(NEXT_MONDAY + 5)
    with pytest.raises(AlreadyUsed):
        after.replay_cache.consume(value, now=NEXT_MONDAY + 5)
    assert aws.tokens.find(own, now=NOW) is not None
    assert aws.sessions.find(browser, now=NOW) is not None
    for now in (NOW, NEXT_MONDAY - 1, NEXT_MONDAY + 5):
        assert after.tokens.find(refreshed, now=now) is not None
    aws.tokens.revoke(refreshed, one.found(aws), now=NOW)
    assert after.tokens.find(refreshed, now=NEXT_MONDAY + 5) is None


def test_what_names_a_week_that_has_no_table_is_invalid_before_a_read(weekly, calls):
    aws = weekly(NOW)
    for access in (own_handle(NOW - WEEK), own_handle(NOW + 3 * WEEK), flow().refreshed_access(NOW + 3 * WEEK)):
        assert aws.tokens.find(access, now=NOW) is None
    assert aws.sessions.find(session_handle(NOW - WEEK), now=NOW) is None
    assert calls == []


def test_what_expired_a_day_ago_is_deleted_and_nothing_else_is(weekly):
    sweep.run(weekly(NOW))
    aws = weekly(NOW)
    pushed, lasting, bond = flow().pushed(aws), flow(consent_expires_at=NOW + 30 * WEEK).redeemed(aws), flow().bond
    aws.bonds.end(bond, now=NOW, keep=NOW + 90)
    over = flow(consent_expires_at=NOW + 10).redeemed(aws)
    at = NOW + 91 + SWEEP_SLACK
    outcome = sweep.run(weekly(at))
    assert (outcome["deleted"] >= 2, outcome["whole"]) == (True, True)
    assert aws.grants.find(pushed.key, now=NOW) is None
    assert aws.bonds.find(bond, now=NOW) == Bond()
    assert lasting.found(aws) is not None
    assert over.found(aws) is not None  # For its person's history.
    sweep.run(weekly(NOW + 10 + HISTORY + SWEEP_SLACK))
    assert over.found(aws) is not None
    sweep.run(weekly(NOW + 11 + HISTORY + SWEEP_SLACK))
    assert over.found(aws) is None


def test_what_expired_less_than_a_day_ago_stays_so_that_a_late_replay_is_known(weekly):
    sweep.run(weekly(NOW))
    aws = weekly(NOW)
    one = flow().pushed(aws)
    expired_at = one.grant.expires_at
    by_hand = {"pk": {"S": "x"}, "ttl": {"N": "5.5"}}  # It stays, and stops nothing.
    aws.dynamo._tables._connection.dispatch("PutItem", {"TableName": aws.settings.grants_table, "Item": by_hand})
    for at, there in (
        (expired_at + 1, True),
        (expired_at + SWEEP_SLACK - 1, True),
        (expired_at + SWEEP_SLACK + 1, False),
    ):
        weekly(at).sweeping.delete_expired(now=at, pages=1000)
        assert (aws.grants.find(one.key, now=NOW) is not None) == there, at


def test_what_changed_since_it_was_seen_stays(weekly, monkeypatch):
    """A grant that became a consent between the scan and the delete."""
    aws = weekly(NOW)
    one = flow().approved(aws)
    at = NOW + 901 + SWEEP_SLACK
    really = aws.dynamo._tables.expired

    def seen_before(table, **parameters):
        found = really(table, **parameters)
        if table == aws.settings.grants_table and one.found(aws).redeemed_by is None:
            one.redeem(aws, now=NOW)
        return found

    monkeypatch.setattr(aws.dynamo._tables, "expired", seen_before)
    aws.sweeping.delete_expired(now=at, pages=1000)
    assert one.found(aws).redeemed_by is not None


def test_a_run_that_looks_at_too_few_pages_says_so(weekly, monkeypatch):
    aws = weekly(NOW)
    monkeypatch.setattr(aws.dynamo._tables, "expired", lambda table, **parameters: ([], {"pk": {"S": "more"}}))
    assert aws.sweeping.delete_expired(now=NOW, pages=2) == (0, False)
