"""stores.Clients, stores.Users, stores.SigningKeys."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.storage.data_keys import DataKey
from chalicelib.storage.dynamodb import clients
from chalicelib.storage.dynamodb.attributes import ConditionFailed, Write
from chalicelib.storage.dynamodb.users import PROFILE
from chalicelib.storage.signing_keys import SigningKey
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest
from tests.storage.sample_records import NOW, UNUSABLE, client, token_value, user


def operations(calls):
    return [operation for operation, _ in calls]


# Clients.


def test_a_client_is_found_as_it_was_registered(aws):
    registered = client(jwks={"keys": [{"kty": "EC", "x": "ü"}]}, tls_client_auth_subject_dn="CN=a, O=ß")
    aws.clients.put(registered)
    assert aws.clients.find(registered.client_id, now=NOW) == registered


@pytest.mark.parametrize("client_id", ["nobody", *UNUSABLE])
def test_a_client_that_was_never_registered_is_not_found(aws, client_id):
    assert aws.clients.find(client_id, now=NOW) is None


def test_a_found_client_costs_no_call_for_a_minute(aws, another, calls):
    registered = client()
    another.clients.put(registered)
    aws.clients.find(registered.client_id, now=NOW)
    calls.clear()
    assert aws.clients.find(registered.client_id, now=NOW + 59) == registered
    assert operations(calls) == []
    aws.clients.find(registered.client_id, now=NOW + 60)
    assert operations(calls) == ["GetItem"]


def test_a_replaced_client_is_seen_elsewhere_after_a_minute_at_most(aws, another):
    old = client()
    aws.clients.put(old)
    assert aws.clients.find(old.client_id, now=NOW) == another.clients.find(old.client_id, now=NOW) == old
    new = replace(old, client_name="Renamed")
    aws.clients.put(new)
    assert aws.clients.find(old.client_id, now=NOW) == new
    assert another.clients.find(old.client_id, now=NOW + 60) == new


def test_a_client_that_is_not_there_is_read_again(aws):
    late = client()
    assert aws.clients.find(late.client_id, now=NOW) is None
    aws.clients.put(late)
    assert aws.clients.find(late.client_id, now=NOW) == late


def test_the_clients_that_a_warm_function_remembers_are_bounded(aws, monkeypatch):
    monkeypatch.setattr(clients, "MAX_CACHED_CLIENTS", 3)
    for _ in range(10):
        one = client()
        aws.clients.put(one)
        assert aws.clients.find(one.client_id, now=NOW) == one
        assert len(aws.clients._cache) <= 3


# Users.


def test_a_user_is_found_as_kept(aws):
    alice = user()
    aws.users.put(alice)
    assert aws.users.find(alice.username) == alice


def stored_before(aws, known):
    """A user as a release stored it that knew no profile."""
    aws.users.put(known)
    item = aws.dynamo._tables.get(aws.settings.users_table, known.username)
    before = {name: item[name] for name in ("v", "record")}
    aws.dynamo._tables.write(Write("Put", aws.settings.users_table, known.username, before))


def test_a_users_profile_is_read_without_the_record(aws, calls):
    alice = user()
    aws.users.put(alice)
    calls.clear()
    found = aws.users.find_profile(alice.username)
    assert (found.username, found.sub, found.claims, found.accounts) == (
        alice.username,
        alice.sub,
        alice.claims,
        alice.accounts,
    )
    ((operation, request),) = calls
    assert operation == "GetItem"
    assert set(request["ExpressionAttributeNames"].values()) == {"profile", "suspended_at"}


def test_whether_a_user_left_is_read_alone(aws, calls):
    alice = user()
    aws.users.put(alice)
    calls.clear()
    assert aws.users.standing(alice.sub) == "known"
    assert aws.users.standing("another") == "unknown"
    assert [set(request["ExpressionAttributeNames"].values()) for _, request in calls] == [
        {"pk", "left_at", "suspended_at"}
    ] * 2


@pytest.mark.parametrize("username", ["nobody", *UNUSABLE])
def test_nobody_has_no_profile(aws, username):
    assert aws.users.find_profile(username) is None


def test_a_profile_that_an_earlier_release_did_not_store_is_added_once(aws):
    alice = user()
    stored_before(aws, alice)
    assert aws.users.find_profile(alice.username) is None
    found = aws.users.find(alice.username)
    assert found == replace(alice, has_profile=False)
    aws.users.keep_profile(found)
    assert aws.users.find_profile(alice.username).claims == alice.claims
    assert aws.users.find(alice.username) == alice


def test_a_profile_that_was_stored_meanwhile_stays(aws):
    alice = user()
    stored_before(aws, alice)
    found = aws.users.find(alice.username)
    aws.users.put(replace(alice, claims={"name": "Alice Married"}))
    aws.users.keep_profile(found)
    assert aws.users.find_profile(alice.username).claims == {"name": "Alice Married"}


def test_the_profile_of_who_was_removed_meanwhile_makes_no_one(aws):
    alice = user()
    stored_before(aws, alice)
    found = aws.users.find(alice.username)
    aws.users.remove(alice.username, now=NOW)
    aws.users.keep_profile(found)
    assert aws.users.find_profile(alice.username) is None
    assert aws.users.find(alice.username) is None


def test_an_unreadable_profile_is_nobodys(aws):
    alice = user()
    aws.users.put(alice)
    broken = Write("Update", aws.settings.users_table, alice.username, actions=(PROFILE.set("{"),))
    aws.dynamo._tables.write(broken)
    assert aws.users.find_profile(alice.username) is None


@pytest.mark.parametrize("username", ["nobody", *UNUSABLE])
def test_a_user_that_was_never_kept_is_not_found(aws, username):
    assert aws.users.find(username) is None


def test_the_data_key_that_was_put_last_seals_and_those_before_stay(aws):
    older, newer = DataKey(token_value(), "sealed once"), DataKey(token_value(), "sealed twice")
    for one in (older, newer):
        aws.dynamo.data_keys.put(one)
        assert aws.dynamo.data_keys.find() == one
    assert [aws.dynamo.data_keys.find(one.data_key_id) for one in (older, newer)] == [older, newer]
    assert aws.dynamo.data_keys.find("another") is None


def test_nobody_is_found_by_the_name_of_a_data_key(aws):
    one = DataKey(token_value(), "sealed")
    aws.dynamo.data_keys.put(one)
    for name in ("data key", f"data key {one.data_key_id}"):
        assert aws.users.find(name) is None
        with pytest.raises(NotOpen):
            aws.users.invite(name, invitation=token_value(), until=NOW)


def admit(aws, username, *, attempt=None, now=NOW, **more):
    attempt = attempt or token_value()
    return aws.users.admit(username, attempt=attempt, free=5, locks=(30, 60), now=now, **more)[1]


def test_attempts_are_counted_with_the_time_of_the_last(aws):
    alice = user()
    aws.users.put(alice)
    assert admit(aws, alice.username)
    assert admit(aws, alice.username, now=NOW + 3)
    assert aws.users.find(alice.username) == replace(alice, failures=2, last_failure=NOW + 3)


def test_of_many_attempts_at_once_so_many_are_admitted_as_are_free(aws, race):
    alice = user()
    aws.users.put(alice)
    assert sorted(race(lambda n: admit(aws, alice.username))) == [False] * 3 + [True] * 5
    assert aws.users.find(alice.username).failures == 5


def test_after_the_lock_one_is_admitted_and_the_last_lock_goes_on(aws):
    alice = user()
    aws.users.put(alice)
    assert all([admit(aws, alice.username) for _ in range(5)])
    for opens in (30, 60, 60, 60):
        last = aws.users.find(alice.username).last_failure
        assert not admit(aws, alice.username, now=last + opens - 1)
        assert [admit(aws, alice.username, now=last + opens) for _ in range(2)] == [True, False]


def test_an_attempt_that_is_sent_again_counts_once(aws):
    alice = user()
    aws.users.put(alice)
    assert all([admit(aws, alice.username) for _ in range(4)])
    assert all([admit(aws, alice.username, attempt="the fifth") for _ in range(3)])
    assert aws.users.find(alice.username).failures == 5


def test_a_browser_counts_for_itself(aws):
    alice = user()
    aws.users.put(alice)
    assert all([admit(aws, alice.username) for _ in range(5)])
    assert [admit(aws, alice.username, browser="hers") for _ in range(6)] == [True] * 5 + [False]
    aws.users.use_code(alice.username, 7, attempt="a", browser="hers")
    assert admit(aws, alice.username, browser="hers")
    assert not admit(aws, alice.username)


def test_an_attempt_gives_whose_name_it_is_allowed_or_not(aws):
    alice = user()
    aws.users.put(alice)
    for n in range(7):
        found, allowed = aws.users.admit(alice.username, attempt=token_value(), free=5, locks=(30, 60), now=NOW)
        assert (found.sub, allowed) == (alice.sub, n < 5)


def test_a_record_that_is_put_anew_leaves_used_codes_used_and_forgets_the_attempts(aws):
    alice = user()
    aws.users.put(alice)
    aws.users.use_code(alice.username, 7, attempt="a")
    admit(aws, alice.username)
    aws.users.put(replace(alice, claims={"name": "Alice"}))
    assert aws.users.find(alice.username) == replace(alice, claims={"name": "Alice"})
    with pytest.raises(NotOpen, match="code used before"):
        aws.users.use_code(alice.username, 7, attempt="b")


def test_a_used_code_forgets_the_attempts(aws):
    alice = user()
    aws.users.put(alice)
    admit(aws, alice.username)
    assert aws.users.use_code(alice.username, 7, attempt="a")
    assert aws.users.find(alice.username).failures == 0


def test_a_code_that_is_used_by_the_same_attempt_again_is_not_the_first(aws):
    alice = user()
    aws.users.put(alice)
    assert [aws.users.use_code(alice.username, step, attempt="a") for step in (7, 7, 8, 8)] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("step", [7, 6])
def test_a_code_of_another_attempt_or_of_an_earlier_step_is_not_used(aws, step):
    alice = user()
    aws.users.put(alice)
    aws.users.use_code(alice.username, 7, attempt="a")
    admit(aws, alice.username)
    with pytest.raises(NotOpen, match="code used before"):
        aws.users.use_code(alice.username, step, attempt="b")
    assert aws.users.find(alice.username).failures == 1


def test_an_attempt_of_nobody_makes_no_one(aws, items):
    before = items("users_table")
    assert not admit(aws, f" {token_value()}")
    with pytest.raises(NotOpen):
        aws.users.use_code(f" {token_value()}", 1, attempt="a")
    with pytest.raises(NotOpen):
        aws.users.use_code(token_value(), 1, attempt="a")
    assert items("users_table") == before


# Passkeys.


def passkey(**changes):
    return {"id": token_value(), "key": "a2V5", "handle": token_value(), "created_at": NOW} | changes


@pytest.fixture
def invited(aws):
    """A user with a ticket, as it was read, and that ticket."""
    one, ticket = user(), token_value()
    aws.users.put(one)
    aws.users.invite(one.username, invitation=ticket, until=NOW + 60)
    return aws.users.find(one.username), ticket


def test_a_passkey_leads_to_its_user_once_it_was_added(aws, another, invited):
    one, ticket = invited
    admit(aws, one.username)
    added = passkey()
    aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=7, now=NOW)
    found = another.passkeys.find(added["id"])
    assert (found.passkey, found.sign_count) == (added, 7)
    assert found.user == replace(
        one, passkey_keys=(digest(added["id"]),), failures=1, last_failure=NOW, invitation=None, invited_until=0
    )


@pytest.mark.parametrize("credential_id", ["nobody", *UNUSABLE])
def test_a_passkey_that_was_never_added_leads_to_nobody(aws, credential_id):
    assert aws.passkeys.find(credential_id) is None


def test_what_leads_to_a_user_is_no_user(aws, invited):
    one, ticket = invited
    added = passkey()
    aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    assert aws.users.find(f"passkey {digest(added['id'])}") is None


def test_a_passkey_that_was_taken_away_leads_to_nobody_though_another_is_left(aws, invited):
    one, ticket = invited
    gone, left = passkey(), passkey()
    aws.passkeys.add(one, gone, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    aws.users.put(replace(one, passkeys=(left,)))
    assert aws.passkeys.find(gone["id"]) is None
    assert [kept.passkey for kept in aws.passkeys.of(aws.users.find(one.username))] == [left]


def test_an_enrolment_token_adds_one_passkey_whoever_races(aws, invited):
    one, ticket = invited

    def add(_):
        try:
            aws.passkeys.add(one, passkey(), limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
        except NotOpen:
            return False
        return True

    with ThreadPoolExecutor(8) as racers:
        assert list(racers.map(add, range(8))).count(True) == 1
    assert aws.users.find(one.username).passkey_count == 1


def test_an_enrolment_token_that_is_another_or_too_old_adds_nothing(aws, invited):
    one, ticket = invited
    for wrong, now in ((token_value(), NOW), (ticket, NOW + 60)):
        with pytest.raises(NotOpen):
            aws.passkeys.add(one, passkey(), limit=10, enrolment_token=wrong, sign_count=0, now=now)
    assert aws.users.find(one.username) == one


def test_a_passkey_that_is_known_is_not_added_again_for_anybody(aws, invited):
    one, ticket = invited
    added = passkey()
    aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    aws.users.invite(one.username, invitation=ticket, until=NOW + 60)
    with pytest.raises(NotOpen):
        aws.passkeys.add(aws.users.find(one.username), added, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    assert [kept.passkey for kept in aws.passkeys.of(aws.users.find(one.username))] == [added]


def test_an_invitation_is_exchanged_once_and_the_same_exchange_may_be_sent_again(aws, invited):
    one, invitation = invited
    ticket = token_value()
    for _ in range(2):
        aws.users.exchange(one.username, invitation=invitation, enrolment_token=ticket, until=NOW + 9, now=NOW)
    with pytest.raises(NotOpen):
        aws.users.exchange(one.username, invitation=invitation, enrolment_token=token_value(), until=NOW + 9, now=NOW)
    assert aws.users.find(one.username) == replace(one, invitation=digest(ticket), invited_until=NOW + 9)


def test_a_passkey_whose_second_write_failed_is_added_by_the_next_try_and_led_nowhere_before(aws, invited, monkeypatch):
    one, ticket = invited
    added, tables = passkey(), aws.dynamo._tables
    really = tables.write

    def dying(write):
        if write.verb == "Update":
            raise ConnectionError
        return really(write)

    monkeypatch.setattr(tables, "write", dying)
    with pytest.raises(ConnectionError):
        aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    monkeypatch.undo()
    assert aws.passkeys.find(added["id"]) is None
    aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    assert aws.passkeys.find(added["id"]).user.username == one.username


def test_nobody_takes_over_what_leads_to_somebody_elses_passkey(aws, invited):
    one, ticket = invited
    added, other = passkey(), user(invitation=digest("t"), invited_until=NOW + 60)
    aws.users.put(other)
    aws.users.invite(other.username, invitation="t", until=NOW + 60)
    aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    with pytest.raises(NotOpen):
        aws.passkeys.add(aws.users.find(other.username), added, limit=10, enrolment_token="t", sign_count=0, now=NOW)
    assert aws.passkeys.find(added["id"]).user.username == one.username


def test_an_invitation_that_is_too_old_or_anothers_is_not_exchanged(aws, invited):
    one, invitation = invited
    for wrong, now in ((token_value(), NOW), (invitation, NOW + 60)):
        with pytest.raises(NotOpen):
            aws.users.exchange(one.username, invitation=wrong, enrolment_token=token_value(), until=NOW + 99, now=now)
    assert aws.users.find(one.username) == one


def test_nobody_is_invited_under_a_name_that_nobody_has(aws):
    with pytest.raises(NotOpen):
        aws.users.invite("nobody", invitation=token_value(), until=NOW + 60)
    assert aws.users.find("nobody") is None


def test_a_signature_counter_only_goes_up(aws, invited):
    one, ticket = invited
    added = passkey()
    aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=5, now=NOW)
    for count in (5, 4, 0):
        with pytest.raises(NotOpen):
            aws.passkeys.counted(added["id"], count, attempt="another")
    aws.passkeys.counted(added["id"], 6, attempt="this")
    assert aws.passkeys.find(added["id"]).sign_count == 6


def keys_of(aws, one):
    return set(aws.users.find(one.username).passkey_keys)


def test_two_passkeys_that_are_added_at_once_are_both_there_and_none_is_beyond_the_limit(aws, invited):
    """Each is one conditional write of a set. Of eight at once three are added where three is the limit."""
    one, _ = invited
    old = passkey()
    aws.users.put(replace(one, passkeys=(old,)))  # As an earlier release wrote it: it counts.
    one = aws.users.find(one.username)

    def add(_):
        made = passkey()
        try:
            aws.passkeys.add_own(one, made, sign_count=0, limit=4)
        except NotOpen:
            return None
        return digest(made["id"])

    with ThreadPoolExecutor(8) as racers:
        added = {key for key in racers.map(add, range(8)) if key}
    assert len(added) == 3
    assert keys_of(aws, one) == added
    assert aws.users.find(one.username).passkey_count == 4
    with pytest.raises(NotOpen):
        aws.passkeys.add_own(replace(one, passkeys=(old, passkey(), passkey())), passkey(), sign_count=0, limit=3)


def test_a_passkey_is_named_and_removed_by_its_user_alone(aws, another, invited):
    one, ticket = invited
    added, other = passkey(), user()
    aws.passkeys.add(one, added, sign_count=0, limit=10, enrolment_token=ticket, name="Phone", now=NOW)
    aws.users.put(other)
    one, other, key = aws.users.find(one.username), aws.users.find(other.username), digest(added["id"])
    for wrong in (other, replace(other, passkey_keys=(key,))):
        with pytest.raises(NotOpen):
            aws.passkeys.rename(wrong, key, "Mine")
    aws.passkeys.remove(other, key)
    assert [kept.name for kept in another.passkeys.of(one)] == ["Phone"]
    aws.passkeys.rename(one, key, "Old phone")
    assert [kept.name for kept in another.passkeys.of(one)] == ["Old phone"]
    for _ in range(2):
        aws.passkeys.remove(one, key)
        assert aws.passkeys.find(added["id"]) is None
        assert keys_of(aws, one) == set()
    assert aws.passkeys.of(aws.users.find(one.username)) == []


def test_a_passkey_of_an_earlier_releases_record_is_found_named_and_removed(aws, invited):
    """It stands in the record, which no function of the pages writes; what leads to it is an item as ever."""
    one, _ = invited
    old, left = passkey(), passkey(created_at=NOW + 1)
    for each in (old, left):
        item = {"username": one.username, "sign_count": 5}
        aws.dynamo._tables.write(Write("Put", aws.settings.users_table, f"passkey {digest(each['id'])}", item))
    aws.users.put(replace(one, passkeys=(old, left)))
    one = aws.users.find(one.username)
    assert aws.passkeys.find(old["id"]).sign_count == 5
    aws.passkeys.rename(one, digest(old["id"]), "Phone")
    assert [(kept.passkey, kept.name) for kept in aws.passkeys.of(one)] == [(old, "Phone"), (left, "")]
    aws.passkeys.remove(one, digest(old["id"]))
    assert aws.passkeys.find(old["id"]) is None
    assert aws.users.find(one.username).passkeys == (left,)
    assert (
        aws.dynamo._tables.get(aws.settings.users_table, f"passkey {digest(old['id'])}") is None
    )  # Nor by that release.


def test_a_passkey_is_of_a_person_and_not_of_whoever_gets_the_name(aws, invited):
    """Also where the set is left, as an earlier release leaves it, which does not know the set."""
    one, ticket = invited
    added = passkey()
    aws.passkeys.add(one, added, sign_count=0, limit=10, enrolment_token=ticket, now=NOW)
    aws.users.put(replace(aws.users.find(one.username), sub=token_value()))
    new = aws.users.find(one.username)
    assert new.passkey_keys == (digest(added["id"]),)
    assert aws.passkeys.find(added["id"]) is None
    assert aws.passkeys.of(new) == []


def test_a_late_copy_of_the_first_write_sets_no_counter_and_no_name_back(aws, invited):
    one, ticket = invited
    added = passkey()
    for _ in range(2):
        aws.users.invite(one.username, invitation=ticket, until=NOW + 60)
        if aws.users.find(one.username).passkey_keys:
            aws.passkeys.counted(added["id"], 9, attempt="a")
            aws.passkeys.rename(aws.users.find(one.username), digest(added["id"]), "Phone")
        aws.passkeys.add(one, added, sign_count=1, limit=10, enrolment_token=ticket, name="New", now=NOW)
    assert aws.passkeys.find(added["id"]).sign_count == 9
    assert [kept.name for kept in aws.passkeys.of(aws.users.find(one.username))] == ["Phone"]
    with pytest.raises(NotOpen):  # Another key for the same credential is none of the user's.
        aws.passkeys.add_own(one, added | {"key": "b3RoZXI"}, sign_count=1, limit=10)
    assert aws.passkeys.find(added["id"]).passkey == added


def test_a_passkey_whose_item_is_unreadable_signs_nobody_in_and_takes_no_other_one_down(aws, invited, caplog):
    """It was a KeyError, a 500: the counter was not there, or text."""
    one, ticket = invited
    bad, left = passkey(), passkey(created_at=NOW + 1)
    aws.passkeys.add(one, bad, limit=10, enrolment_token=ticket, sign_count=1, now=NOW)
    aws.passkeys.add_own(aws.users.find(one.username), left, limit=10, sign_count=1)
    key, one = f"passkey {digest(bad['id'])}", aws.users.find(one.username)
    good = aws.dynamo._tables.get(aws.settings.users_table, key)
    for broken in ({"sign_count": "one"}, {"record": "{"}, {"username": 5}, {"v": 2}):
        aws.dynamo._tables.write(Write("Put", aws.settings.users_table, key, good | broken))
        assert aws.passkeys.find(bad["id"]) is None
        assert left in [kept.passkey for kept in aws.passkeys.of(one)]
        assert aws.passkeys.find(left["id"]).sign_count == 1
    assert '"reason": "Passkey: of another type: sign_count", "sub": "s-alice"' in caplog.text


@pytest.fixture
def added_by(aws, monkeypatch):
    """A function: a user as read to a passkey that they add, and the writes that added it."""

    def add(one):
        writes, added, write = [], passkey(), aws.dynamo._tables.write
        monkeypatch.setattr(aws.dynamo._tables, "write", lambda each: (writes.append(each), write(each))[1])
        aws.passkeys.add_own(one, added, sign_count=1, limit=10)
        monkeypatch.undo()
        assert len(writes) == 2
        return added, writes

    return add


@pytest.mark.parametrize("how", ["its person", "an operator", "a new record"])
def test_a_late_copy_of_both_writes_brings_no_removed_passkey_back(aws, invited, added_by, how):
    """The network delivered both once more, after the passkey was removed. It signed in again."""
    one = invited[0]
    for _ in range(2):  # The next one is added.
        added, writes = added_by(aws.users.find(one.username))
        for each in writes:  # At once: botocore sends it again.
            aws.dynamo._tables.write(each)
        assert aws.passkeys.find(added["id"]).passkey == added
        one, users = aws.users.find(one.username), aws.dynamo.operated_users
        if how == "its person":
            aws.passkeys.remove(one, digest(added["id"]))
        elif how == "an operator":
            users.forget_passkeys(one)
            users.change(users.find(one.username), replace(one, passkeys=()), forget_passkeys=True)
        else:
            aws.users.put(replace(one, passkeys=(), passkey_keys=()))
        for each in writes:
            with suppress(ConditionFailed):
                aws.dynamo._tables.write(each)
        assert aws.passkeys.find(added["id"]) is None
        assert aws.users.find(one.username).passkey_count == 0


def test_replacing_a_user_takes_passkeys_and_invitation_away(aws, invited):
    one, ticket = invited
    added = passkey()
    aws.passkeys.add(one, added, limit=10, enrolment_token=ticket, sign_count=0, now=NOW)
    aws.users.invite(one.username, invitation=ticket, until=NOW + 60)
    aws.users.put(replace(one, passkeys=()))
    assert aws.passkeys.find(added["id"]) is None
    with pytest.raises(NotOpen):
        aws.passkeys.add(one, passkey(), limit=10, enrolment_token=ticket, sign_count=0, now=NOW)


# Signing keys.


def signing_key(**changes):
    kid = token_value()
    return replace(SigningKey(kid, "PS256", "arn:key", {"kid": kid, "n": "AQAB"}, NOW), **changes)


def test_every_kept_signing_key_is_in_the_registry(aws):
    keys = [signing_key(), signing_key(), signing_key(alg="ES256", published_until=NOW + 9)]
    for key in keys:
        aws.signing_keys.put(key)
    found = aws.signing_keys.all(now=NOW)
    assert [key for key in keys if key not in found] == []


def test_a_signing_key_that_is_kept_again_is_replaced(aws):
    key = signing_key()
    aws.signing_keys.put(key)
    retired = replace(key, published_until=NOW + 9)
    aws.signing_keys.put(retired)
    assert [found for found in aws.signing_keys.all(now=NOW) if found.kid == key.kid] == [retired]


def test_the_registry_costs_no_call_for_a_minute_and_then_shows_what_others_published(aws, another, calls):
    aws.signing_keys.put(signing_key())
    aws.signing_keys.all(now=NOW)
    later = signing_key()
    another.signing_keys.put(later)
    calls.clear()
    assert later not in aws.signing_keys.all(now=NOW + 59)
    assert operations(calls) == []
    assert later in aws.signing_keys.all(now=NOW + 60)
    assert operations(calls) == ["Query"]
