"""What a person sets up beside the password: an authenticator app and recovery codes. Each step is one conditional write."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.storage.dynamodb.attributes import ConditionFailed
from chalicelib.storage.stores import NotOpen
from tests.storage.sample_records import NOW, token_value, user


@pytest.fixture
def one(aws):
    """A user as it was read."""
    made = user()
    aws.users.put(made)
    return aws.users.find(made.username)


def test_an_app_replaces_what_was_read_and_the_same_write_may_come_again(aws, another, one):
    for _ in range(2):
        aws.second_factors.set_app(one, "sealed", step=7)
    found = another.users.find(one.username)
    assert found == replace(one, own_totp="sealed")
    assert found.code_secret == "sealed"
    with pytest.raises(NotOpen):  # It was read before.
        aws.second_factors.set_app(one, "of another tab", step=8)
    aws.second_factors.set_app(found, "newer", step=8)
    assert another.users.find(one.username).code_secret == "newer"
    with pytest.raises(NotOpen):
        aws.users.use_code(one.username, 8, attempt="x")  # RFC 6238 5.2: the proving code is used up.
    aws.users.put(replace(one, totp="by the operator"))
    assert aws.users.find(one.username).code_secret == "by the operator"


def test_a_form_that_sets_an_app_again_makes_no_used_code_good(aws, one):
    """RFC 6238 5.2: an accepted code is not accepted again, whatever is posted meanwhile or comes late."""
    aws.second_factors.set_app(one, "sealed", step=7)
    aws.users.use_code(one.username, 8, attempt="x")
    aws.second_factors.set_app(one, "sealed", step=7)
    with pytest.raises(NotOpen):
        aws.users.use_code(one.username, 8, attempt="y")


def test_of_two_apps_that_are_set_at_once_one_is(aws, one):
    def set_app(sealed):
        try:
            aws.second_factors.set_app(one, sealed, step=1)
        except NotOpen:
            return None
        return sealed

    with ThreadPoolExecutor(8) as racers:
        (won,) = [sealed for sealed in racers.map(set_app, [f"s{n}" for n in range(8)]) if sealed]
    assert aws.users.find(one.username).own_totp == won


def test_a_page_makes_codes_once(aws, one):
    first, second = ["a", "b"], ["c", "d"]
    for _ in range(2):
        aws.second_factors.make_codes(one, first, attempt="page")
    with pytest.raises(NotOpen):
        aws.second_factors.make_codes(one, second, attempt="page")
    assert aws.users.find(one.username).recovery_codes == ("a", "b")
    aws.second_factors.make_codes(aws.users.find(one.username), second, attempt="another")
    assert aws.users.find(one.username).recovery_codes == ("c", "d")


def test_a_late_copy_of_the_write_brings_no_earlier_codes_back(aws, one, monkeypatch):
    """The network delivered it once more, after the person had made others in their place. Whoever had seen the first got in."""
    writes, write = [], aws.dynamo._tables.write
    monkeypatch.setattr(aws.dynamo._tables, "write", lambda each: (writes.append(each), write(each))[1])
    for n, page in enumerate("abc"):
        aws.second_factors.make_codes(aws.users.find(one.username), [f"{n}", f"{n}x"], attempt=page)
    for late in writes[:2]:
        with pytest.raises(ConditionFailed):
            write(late)
    assert aws.users.find(one.username).recovery_codes == ("2", "2x")


def test_a_code_works_once_for_one_attempt_and_forgets_the_failures(aws, one):
    aws.second_factors.make_codes(one, ["a", "b"], attempt="page")
    for browser in ("", "known"):
        aws.users.admit(one.username, attempt=token_value(), free=5, locks=(30,), now=NOW, browser=browser)
    with pytest.raises(NotOpen):
        aws.second_factors.use_code(one, "c", attempt="x")
    assert aws.users.find(one.username).failures == 1
    assert aws.second_factors.use_code(one, "a", attempt="x") is True
    assert aws.second_factors.use_code(one, "a", attempt="x") is False  # The same form again.
    assert aws.users.find(one.username).failures == 0
    with pytest.raises(NotOpen):
        aws.second_factors.use_code(one, "a", attempt="y")
    assert aws.second_factors.use_code(one, "b", attempt="y", browser="known") is True
    assert aws.users.find(one.username).recovery_codes == ()


def test_nobody_else_and_no_suspended_user_has_a_second_factor_set(aws, one):
    aws.second_factors.make_codes(one, ["a"], attempt="page")
    aws.dynamo.operated_users.suspend(one, now=NOW)
    for wrong in (one, user(username=token_value())):
        with pytest.raises(NotOpen):
            aws.second_factors.set_app(wrong, "sealed", step=1)
        with pytest.raises(NotOpen):
            aws.second_factors.make_codes(wrong, ["b"], attempt="x")
        with pytest.raises(NotOpen):
            aws.second_factors.use_code(wrong, "a", attempt="x")
        assert aws.users.find(wrong.username) in (None, replace(one, recovery_codes=("a",), suspended_at=NOW))


def test_what_was_begun_before_an_operator_gave_another_password_or_second_factor_changes_nothing(aws, one):
    """It may be a thief who began it. Also where the two meet at once: the condition of the write has it."""
    aws.second_factors.make_codes(one, ["a"], attempt="page")
    before = aws.users.find(one.username)
    operated = aws.dynamo.operated_users
    for changed in ({"password": "$argon2id$another"}, {"totp": "another"}):
        held = operated.find(one.username)
        operated.change(held, replace(held.user, **changed))
        with pytest.raises(NotOpen):
            aws.second_factors.set_app(before, "sealed", step=1)
        with pytest.raises(NotOpen):
            aws.second_factors.make_codes(before, ["b"], attempt="x")
        with pytest.raises(NotOpen):
            aws.second_factors.use_code(before, "a", attempt="x")
        made = {"id": token_value(), "key": "k", "handle": "h", "created_at": NOW}
        with pytest.raises(NotOpen):
            aws.passkeys.add_own(before, made, sign_count=0, limit=10)
        assert aws.users.find(one.username).passkey_keys == ()
    aws.second_factors.set_app(aws.users.find(one.username), "sealed", step=1)
