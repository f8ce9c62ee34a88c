"""stores.Sessions."""

import pytest

from tests.storage.specimens import NOW, UNUSABLE, handle, session


def test_a_session_is_found_by_its_handle_as_it_was_begun(aws):
    key, what = handle(), session()
    aws.sessions.begin(key, what)
    assert aws.sessions.find(key, now=NOW) == what


@pytest.mark.parametrize("key", ["nobody's", *UNUSABLE])
def test_another_handle_finds_nothing(aws, key):
    aws.sessions.begin(handle(), session())
    assert aws.sessions.find(key, now=NOW) is None


def test_one_that_has_expired_is_not_found_though_it_is_still_there(aws):
    key = handle()
    aws.sessions.begin(key, session(expires_at=NOW + 900))
    assert aws.sessions.find(key, now=NOW + 899) is not None
    assert aws.sessions.find(key, now=NOW + 900) is None


def test_ending_one_ends_it_at_once_and_no_other_and_twice_is_no_error(aws):
    key, other = handle(), handle()
    aws.sessions.begin(key, session())
    aws.sessions.begin(other, session())
    aws.sessions.end(key)
    aws.sessions.end(key)
    aws.sessions.end(handle())
    assert aws.sessions.find(key, now=NOW) is None
    assert aws.sessions.find(other, now=NOW) == session()


def test_a_new_one_ends_the_one_before_in_the_same_write(aws, calls):
    old, new = handle(), handle()
    aws.sessions.begin(old, session())
    calls.clear()
    aws.sessions.begin(new, session(auth_time=NOW), instead_of=old)
    assert [operation for operation, _ in calls] == ["TransactWriteItems"]
    assert aws.sessions.find(old, now=NOW) is None
    assert aws.sessions.find(new, now=NOW) == session(auth_time=NOW)


@pytest.mark.parametrize("old", ["never there", ""])
def test_one_before_that_is_not_there_hinders_nothing(aws, old):
    new = handle()
    aws.sessions.begin(new, session(), instead_of=old)
    assert aws.sessions.find(new, now=NOW) == session()
