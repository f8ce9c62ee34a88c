"""session_stores.Sessions."""

import pytest

from chalicelib.storage.token_values import digest, session_key, session_of, week_of, with_week
from tests.storage.sample_records import NOW, UNUSABLE, flow, session, session_handle, token_value


def test_a_session_is_found_by_its_token_value_as_it_was_begun(aws):
    key, what = session_handle(), session()
    aws.sessions.begin(key, what)
    assert aws.sessions.find(key, now=NOW) == what


def test_a_token_value_of_another_form_is_invalid_before_a_read(aws, calls):
    for key in ("nobody's", "a" * 43, f"{'a' * 43}.r1", flow().access, *UNUSABLE):
        assert aws.sessions.find(key, now=NOW) is None
        aws.sessions.replace(key, now=NOW)
        aws.sessions.end(key, now=NOW, keep=NOW)
        assert session_of(key) is None or key.endswith(".r1")
    assert calls == []


def test_another_token_value_finds_nothing(aws):
    aws.sessions.begin(session_handle(), session())
    assert aws.sessions.find(session_handle(), now=NOW) is None


def test_one_that_has_expired_is_not_found_though_it_is_still_there(aws):
    key = session_handle()
    aws.sessions.begin(key, session(expires_at=NOW + 900))
    assert aws.sessions.find(key, now=NOW + 899) is not None
    assert aws.sessions.find(key, now=NOW + 900) is None


@pytest.mark.parametrize("how", ["end", "replace"])
def test_one_that_is_over_is_over_at_once_and_no_other_and_twice_is_no_error(aws, how):
    key, other = session_handle(), session_handle()
    over = {
        "end": lambda one: aws.sessions.end(one, now=NOW, keep=NOW + 900),
        "replace": lambda one: aws.sessions.replace(one, now=NOW),
    }[how]
    aws.sessions.begin(key, session())
    aws.sessions.begin(other, session())
    for one in (key, key, session_handle()):
        over(one)
    assert aws.sessions.find(key, now=NOW) is None
    assert aws.sessions.find(other, now=NOW) == session()


@pytest.mark.parametrize("how", ["end", "replace"])
def test_a_beginning_that_is_sent_again_brings_nothing_back(aws, how):
    key = session_handle()
    aws.sessions.begin(key, session())
    aws.sessions.end(key, now=NOW, keep=NOW) if how == "end" else aws.sessions.replace(key, now=NOW)
    aws.sessions.begin(key, session())
    assert aws.sessions.find(key, now=NOW) is None


def test_who_signed_out_before_the_session_was_written_has_signed_out(aws):
    key = session_handle()
    aws.sessions.end(key, now=NOW, keep=NOW + 900)
    aws.sessions.begin(key, session())
    assert aws.sessions.find(key, now=NOW) is None
    assert aws.sessions.signed_out(session_of(key), auth_time=NOW)


def test_only_who_signed_out_has_signed_out(aws):
    here, gone, replaced, never = (session_handle() for _ in range(4))
    for key in (here, gone, replaced):
        aws.sessions.begin(key, session())
    aws.sessions.end(gone, now=NOW, keep=NOW + 900)
    aws.sessions.replace(replaced, now=NOW)
    assert [aws.sessions.signed_out(session_of(key), auth_time=NOW) for key in (here, gone, replaced, never)] == [
        False,
        True,
        False,
        False,
    ]


def test_all_sessions_of_a_person_end_by_one_write_also_one_that_is_written_late(aws):
    bond, anothers = (digest(token_value()) for _ in range(2))
    before, late, after, other = (
        with_week(f"{token_value()}.{whose}", NOW + 900) for whose in (bond, bond, bond, anothers)
    )
    aws.sessions.begin(before, session(auth_time=NOW - 1))
    aws.sessions.begin(other, session(auth_time=NOW - 1))
    aws.bonds.end(bond, now=NOW, keep=NOW + 900)
    aws.sessions.begin(late, session(auth_time=NOW))
    aws.sessions.begin(after, session(auth_time=NOW + 1))
    found = [aws.sessions.find(key, now=NOW + 1) is not None for key in (before, late, after, other)]
    assert found == [False, False, True, True]
    times = {before: NOW - 1, late: NOW, after: NOW + 1, other: NOW - 1}
    out = [aws.sessions.signed_out(session_of(key), auth_time=at) for key, at in times.items()]
    assert out == [True, True, False, False]


def test_the_parts_of_a_sessions_identifier_are_told_apart_whatever_letter_they_begin_with():
    for bond in ("r" * 43, "r1" * 21 + "r", "_" * 43):
        value = with_week(f"{token_value()}.{bond}", NOW)
        assert session_key(session_of(value)) == (digest(value), bond, week_of(NOW))
    assert session_key(f"{'k' * 43}.r7") == ("k" * 43, None, 7)  # of an earlier release


def test_whose_a_session_is_can_not_be_left_out_or_changed(aws):
    key = with_week(f"{token_value()}.{digest('bond')}", NOW + 900)
    aws.sessions.begin(key, session())
    secret, bond, week = key.split(".")
    for wrong in (
        f"{secret}.{week}",
        f"{secret}.{digest('x')}.{week}",
        f"{secret}.{bond}.{bond}.{week}",
        f"{secret}.{bond}",
    ):
        assert aws.sessions.find(wrong, now=NOW) is None
    assert aws.sessions.find(key, now=NOW) is not None


def test_each_verb_is_one_call(aws, calls):
    key = with_week(f"{token_value()}.{digest('bond')}", NOW + 900)
    aws.sessions.begin(key, session())
    aws.sessions.find(key, now=NOW)
    aws.sessions.replace(key, now=NOW)
    aws.sessions.end(key, now=NOW, keep=NOW)
    aws.sessions.signed_out(session_of(key), auth_time=NOW)
    assert [operation for operation, _ in calls] == [
        "PutItem",
        "BatchGetItem",
        "UpdateItem",
        "UpdateItem",
        "BatchGetItem",
    ]
