"""A late copy of a write undoes nothing newer. The SDK sent it again, and the network delivers the first one seconds later."""

from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.storage.dynamodb.attributes import ConditionFailed, Write
from chalicelib.storage.dynamodb.operation import ClientChanged
from chalicelib.storage.revocation_records import CertificateNames
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, known_by
from tests.storage import sample_records
from tests.storage.sample_records import NOW, client, token_value


def user(**changes):
    """Somebody of a sub of their own: what an earlier test wrote about it would be read."""
    return sample_records.user(**{"sub": token_value(), **changes})


class Network:
    """Delivers the writes of a call, and the same writes once more at `late`."""

    def __init__(self, tables, monkeypatch):
        self.write, self.sent = tables.write, []
        monkeypatch.setattr(tables, "write", lambda one: (self.sent.append(one), self.write(one))[1])

    def copies(self, call, *arguments, **named):
        """Make the call. Gives what it wrote."""
        self.sent.clear()
        call(*arguments, **named)
        return tuple(self.sent)

    def late(self, copies):
        for one in copies:
            with suppress(ConditionFailed):
                self.write(one)

    def again(self, copies):
        """The copies come at once. None is refused: the SDK takes the answer of the second one."""
        for one in copies:
            self.write(one)


@pytest.fixture
def network(aws, monkeypatch):
    return Network(aws.dynamo._tables, monkeypatch)


@pytest.fixture
def one(aws):
    made = user()
    aws.users.put(made)
    return aws.users.find(made.username)


def test_every_write_of_an_operator_may_be_sent_twice(aws, lost_answers):
    """Each first answer is lost, so that botocore asks again."""
    clients, users, new, of = aws.dynamo.operated_clients, aws.dynamo.operated_users, user(), client()
    aws.clients.put(of, new=True)
    clients.replace(clients.find(of.client_id), replace(of, client_name="Renamed"))
    clients.suspend(of.client_id, now=NOW)
    clients.resume(clients.find(of.client_id))
    assert aws.clients.find(of.client_id, now=NOW).client_name == "Renamed"
    clients.end(clients.find(of.client_id), now=NOW)
    assert clients.find(of.client_id) is None
    aws.users.put(new)
    users.suspend(new, now=NOW)
    users.resume(users.find(new.username))
    users.change(users.find(new.username), replace(new, password="p2"))
    fail(aws, new, 2)
    users.unlock(new)
    assert (aws.users.find(new.username).password, aws.users.standing(new.sub)) == ("p2", "known")
    aws.users.remove(new.username, now=NOW)
    assert (aws.users.find(new.username), aws.users.standing(new.sub)) == (None, "unknown")
    aws.revocations.deny_thumbprint(of.client_id, why="stolen", now=NOW)
    assert aws.revocations.allow_thumbprint(of.client_id)
    assert lost_answers.count("UpdateItem") + lost_answers.count("DeleteItem") + lost_answers.count("PutItem") >= 17


def test_of_eight_operators_at_once_one_adds_changes_and_ends_a_client_and_all_suspend_it(aws, race):
    clients, of = aws.dynamo.operated_clients, client()
    named = lambda n: replace(of, client_name=f"Of {n}")  # noqa: E731
    done = [n for n, out in enumerate(race(lambda n: aws.clients.put(named(n), new=True))) if out is None]
    assert [named(n) for n in done] == [clients.find(of.client_id).client]
    read = clients.find(of.client_id)
    done = [n for n, out in enumerate(race(lambda n: clients.replace(read, named(n + 8)))) if out is None]
    assert [named(n + 8) for n in done] == [clients.find(of.client_id).client]
    outcomes = race(lambda n: clients.suspend(of.client_id, now=NOW + n))
    assert clients.find(of.client_id).suspended_at
    assert {type(out) for out in outcomes} <= {
        type(None),
        NotOpen,
    }  # Of eight at once some may give up; it is suspended.
    read = clients.find(of.client_id)
    ended = race(lambda n: clients.end(read, now=NOW) if n % 2 else clients.replace(read, named(n)))
    changed = clients.find(of.client_id)
    assert (changed is None) == all(isinstance(out, ClientChanged) for out in ended[::2])
    assert (changed is None) == any(out is None for out in ended[1::2])


def test_odd_counts_neither_open_nor_hold_up_a_suspension(aws, dynamodb, one):
    users, clients, of = aws.dynamo.operated_users, aws.dynamo.operated_clients, client()
    aws.clients.put(of)
    for count in (*ODD_TIMES[:2], {"N": "9" * 38}):  # One more has more digits than a number of DynamoDB.
        for table, key in (("users", one.username), ("users", known_by(one.sub)), ("clients", of.client_id)):
            written_by_hand(dynamodb, getattr(aws.settings, f"{table}_table"), key, suspensions=count, changes=count)
        aws.clients._cache.clear()
        users.suspend(one, now=NOW)
        clients.suspend(of.client_id, now=NOW)
        assert (aws.users.standing(one.sub), aws.clients.find(of.client_id, now=NOW)) == ("suspended", None)
        users.resume(users.find(one.username))
        clients.resume(clients.find(of.client_id))
        assert (aws.users.standing(one.sub), aws.clients.find(of.client_id, now=NOW)) == ("known", of)


@pytest.mark.parametrize("whose", [{"username": {"N": "5"}}, {}])
def test_a_suspension_that_can_not_tell_whose_the_sub_is_says_that_it_failed(aws, dynamodb, one, whose):
    """The person signs in no more, and the refresh tokens of the sub are good."""
    users, table = aws.dynamo.operated_users, aws.settings.users_table
    dynamodb.put_item(TableName=table, Item={"pk": {"S": known_by(one.sub)}, **whose})
    with pytest.raises(NotOpen, match="meanwhile"):
        users.suspend(one, now=NOW)
    assert (users.find(one.username).user.suspended_at, aws.users.standing(one.sub)) == (NOW, "known")
    users.resume(users.find(one.username))
    assert aws.users.find(one.username).suspended_at == 0


def test_a_resumption_that_a_suspension_overtakes_between_its_two_writes_is_not_called_done(
    aws, network, one, monkeypatch
):
    """Only the suspension's first write was there when the resumption began. The person would sign in, and refresh nothing."""
    users, left = aws.dynamo.operated_users, []

    def slow(write):
        return left.append(write) if write.key == known_by(one.sub) else network.write(write)

    with monkeypatch.context() as another:
        another.setattr(aws.dynamo._tables, "write", slow)
        users.suspend(one, now=NOW)
    read = users.find(one.username)

    def overtaken(write):
        monkeypatch.undo()
        network.late(left)
        return network.write(write)

    monkeypatch.setattr(aws.dynamo._tables, "write", overtaken)
    with pytest.raises(NotOpen, match="suspended again"):
        users.resume(read)
    assert (users.find(one.username).user.suspended_at, aws.users.standing(one.sub)) == (NOW, "suspended")
    users.resume(users.find(one.username))
    assert (aws.users.find(one.username).suspended_at, aws.users.standing(one.sub)) == (0, "known")


def test_a_suspension_outlives_the_late_copy_of_an_earlier_resumption(aws, network, one):
    users, found = aws.dynamo.operated_users, lambda: aws.users.find(one.username)
    read, unsuspended = lambda: users.find(one.username), users.find(one.username)
    users.suspend(one, now=NOW)
    before = read()
    copies = network.copies(users.resume, before)
    network.again(copies)
    assert (found().suspended_at, aws.users.standing(one.sub)) == (0, "known")
    users.resume(read())  # Nothing is suspended.
    users.suspend(found(), now=NOW + 5)
    network.late(copies)
    for read_before in (before, unsuspended):  # By an operator who did not see the second one.
        with pytest.raises(NotOpen, match="suspended again"):
            users.resume(read_before)
    assert (found().suspended_at, aws.users.standing(one.sub)) == (NOW + 5, "suspended")
    users.resume(read())
    assert (found().suspended_at, aws.users.standing(one.sub)) == (0, "known")


def test_a_suspension_that_ended_halfway_and_was_made_again_is_taken_back_whole(aws, one):
    """The two items have two times then."""
    users, name = aws.dynamo.operated_users, aws.settings.users_table
    users.suspend(one, now=NOW)
    aws.dynamo._tables.write(Write("Put", name, known_by(one.sub), {"username": one.username}))
    users.suspend(one, now=NOW + 5)
    assert aws.users.standing(one.sub) == "suspended"
    users.resume(users.find(one.username))
    assert aws.users.standing(one.sub) == "known"


def test_a_suspension_of_the_same_second_outlives_the_late_copy_of_a_resumption(aws, network, one):
    users, clients, of, table = (
        aws.dynamo.operated_users,
        aws.dynamo.operated_clients,
        client(),
        aws.settings.users_table,
    )
    aws.clients.put(of)
    copies = []
    for _ in range(3):
        users.suspend(one, now=NOW)
        clients.suspend(of.client_id, now=NOW)
        read = users.find(one.username), clients.find(of.client_id)
        network.late(copies)
        assert (users.find(one.username), clients.find(of.client_id)) == read
        assert aws.users.standing(one.sub) == "suspended"
        copies = [*network.copies(users.resume, read[0]), *network.copies(clients.resume, read[1])]
        network.again(copies)
        assert (aws.users.find(one.username), aws.clients.find(of.client_id, now=NOW)) == (one, of)
        aws.clients._cache.clear()
        assert aws.users.standing(one.sub) == "known"
    assert aws.dynamo._tables.get(table, known_by(one.sub))["suspensions"] == 6


def test_a_late_copy_of_a_suspension_suspends_nobody_who_was_resumed(aws, network, one):
    users, clients, of = aws.dynamo.operated_users, aws.dynamo.operated_clients, client()
    aws.clients.put(of)
    copies = [*network.copies(users.suspend, one, now=NOW), *network.copies(clients.suspend, of.client_id, now=NOW)]
    network.again(copies)
    users.resume(users.find(one.username))
    clients.resume(clients.find(of.client_id))
    network.late(copies)
    assert (aws.users.find(one.username), aws.users.standing(one.sub)) == (one, "known")
    assert aws.clients.find(of.client_id, now=NOW) == of


def test_a_suspension_that_another_operator_overtakes_is_made_all_the_same(aws, network, one, monkeypatch):
    """It is the verb of an emergency. The other one resumed, between its read and each of its writes."""
    users, clients, of = aws.dynamo.operated_users, aws.dynamo.operated_clients, client()
    aws.clients.put(of)
    users.suspend(one, now=NOW)
    clients.suspend(of.client_id, now=NOW)
    for write_of in ("own", "sub", "client"):
        left = [write_of]

        def overtaken(write, left=left):
            own = {"own": one.username, "sub": known_by(one.sub), "client": of.client_id}
            if left and write.key == own[left[0]]:
                (kind,) = left
                left.clear()
                if kind == "client":
                    clients.resume(clients.find(of.client_id))
                else:
                    users.resume(users.find(one.username))
            return network.write(write)

        with monkeypatch.context() as another:
            another.setattr(aws.dynamo._tables, "write", overtaken)
            clients.suspend(of.client_id, now=NOW + 1)
            users.suspend(one, now=NOW + 1)
        assert left == []
        assert users.find(one.username).user.suspended_at
        assert (aws.users.standing(one.sub), aws.clients.find(of.client_id, now=NOW)) == ("suspended", None)


def test_a_clients_suspension_outlives_the_late_copy_of_an_earlier_resumption(aws, network):
    clients, name = aws.dynamo.operated_clients, token_value()
    aws.clients.put(replace(client(), client_id=name))
    clients.suspend(name, now=NOW)
    before = clients.find(name)
    copies = network.copies(clients.resume, before)
    network.again(copies)
    assert clients.find(name).suspended_at == 0
    clients.suspend(name, now=NOW + 5)
    network.late(copies)
    with pytest.raises(NotOpen, match="suspended again"):
        clients.resume(before)
    assert clients.find(name).suspended_at == NOW + 5


def fail(aws, one, times, browser=""):
    """Failed attempts, and how many are counted then."""
    for _ in range(times):
        aws.users.admit(
            one.username,
            attempt=token_value(),
            free=9,
            locks=(60,),
            now=NOW,
            **({"browser": browser} if browser else {}),
        )
    item = aws.dynamo._tables.get(aws.settings.users_table, one.username)
    return {name: value for name, value in item.items() if name.startswith("failures")}


def test_an_unlocking_forgets_no_attempt_that_comes_after_it(aws, network, one, monkeypatch):
    users = aws.dynamo.operated_users
    users.unlock(one)  # There is nothing to forget.
    fail(aws, one, 3)
    fail(aws, one, 2, "b1")
    copies = network.copies(users.unlock, one)
    network.again(copies)
    assert fail(aws, one, 0) == {}
    fail(aws, one, 1)
    network.late(copies)
    fail(aws, one, 2, "b1")
    network.late(copies)
    assert fail(aws, one, 3) == {"failures": 4, "failures_b1": 2}

    def overtaken(write):
        monkeypatch.undo()
        fail(aws, one, 1, "b1")
        return network.write(write)

    monkeypatch.setattr(aws.dynamo._tables, "write", overtaken)
    with pytest.raises(NotOpen, match="tried to sign in meanwhile"):
        users.unlock(one)
    assert fail(aws, one, 0) == {"failures": 4, "failures_b1": 3}
    users.unlock(one)
    assert fail(aws, one, 0) == {}


def test_a_person_of_many_known_browsers_is_unlocked(aws, dynamodb, one):
    """An expression has 4 KB."""
    for some in range(0, 30, 10):
        counted = {f"failures_{'b' * 43}{n}": {"N": "5"} for n in range(some, some + 10)}
        named = {f"last_attempt_{'b' * 43}{n}": {"S": token_value()} for n in range(some, some + 10)}
        written_by_hand(dynamodb, aws.settings.users_table, one.username, **counted, **named)
    fail(aws, one, 3)
    aws.dynamo.operated_users.unlock(one)
    assert fail(aws, one, 0) == {}


def test_attempts_that_an_earlier_release_counted_without_a_name_are_forgotten(aws, dynamodb, one):
    written_by_hand(dynamodb, aws.settings.users_table, one.username, failures={"N": "4"}, last_failure={"N": str(NOW)})
    aws.dynamo.operated_users.unlock(one)
    assert aws.users.find(one.username) == one


@pytest.mark.parametrize("by", ["put", "replace"])
def test_a_client_that_was_ended_is_not_brought_back_by_a_late_copy(aws, network, by):
    clients, new = aws.dynamo.operated_clients, client()
    copies = network.copies(aws.clients.put, new, new=True)
    network.again(copies)
    if by == "replace":
        copies = network.copies(clients.replace, clients.find(new.client_id), replace(new, client_name="Renamed"))
        network.again(copies)
    ended = network.copies(clients.end, clients.find(new.client_id), now=NOW)
    network.again(ended)
    network.late(copies)
    assert (clients.find(new.client_id), aws.clients.find(new.client_id, now=NOW)) == (None, None)
    assert new.client_id not in {one.client_id for one in clients.all()}
    again = replace(new, registered_at=NOW)
    returned = network.copies(aws.clients.put, again, new=True)
    network.late((*copies, *ended))  # Of the first client of that id.
    assert aws.clients.find(new.client_id, now=NOW) == again
    clients.end(clients.find(new.client_id), now=NOW)
    network.late((*copies, *returned))
    assert clients.find(new.client_id) is None


def test_a_late_copy_writes_no_older_record_of_a_client_over_a_newer_one(aws, network):
    clients, old = aws.dynamo.operated_clients, client(client_secret="old")
    added = network.copies(aws.clients.put, old, new=True)
    found = lambda: clients.find(old.client_id)  # noqa: E731
    rotated = network.copies(clients.replace, found(), replace(old, client_secret="new"))
    network.late(added)
    assert found().client.client_secret == "new"
    clients.replace(found(), old)  # Back as it was; the secret that was new is known to somebody else.
    network.late((*added, *rotated))
    assert found().client == old


def test_of_two_operators_one_changes_or_ends_or_adds_a_client_and_one_is_told(aws):
    clients, one = aws.dynamo.operated_clients, client(client_secret="old")
    aws.clients.put(one, new=True)
    with pytest.raises(NotOpen, match="registered already"):
        aws.clients.put(replace(one, client_secret="another"), new=True)
    read = clients.find(one.client_id)
    clients.replace(read, replace(one, client_secret="first"))
    for change in (
        lambda: clients.replace(read, replace(one, client_secret="second")),
        lambda: clients.end(read, now=NOW),
    ):
        with pytest.raises(ClientChanged):
            change()
    assert clients.find(one.client_id).client.client_secret == "first"


def test_a_client_is_not_written_over_a_change_that_was_not_read(aws, monkeypatch):
    one = client()
    aws.clients.put(one)
    for read in (None, aws.dynamo._tables.get(aws.settings.clients_table, one.client_id)):
        aws.clients.put(replace(one, client_name="Newer"))
        with monkeypatch.context() as stale:
            stale.setattr(aws.dynamo._tables, "get", lambda *_, read=read, **__: read)
            with pytest.raises(NotOpen, match="meanwhile"):
                aws.clients.put(replace(one, client_name="Older"), new=read is None)
        assert aws.clients.find(one.client_id, now=NOW).client_name == "Newer"


def test_a_client_that_a_release_wrote_which_does_not_count_is_changed_and_ended(aws):
    clients, one, table = aws.dynamo.operated_clients, client(), aws.settings.clients_table
    aws.clients.put(one)
    item = aws.dynamo._tables.get(table, one.client_id)
    for changes in ({}, {"changes": "many"}):
        aws.dynamo._tables.write(Write("Put", table, one.client_id, {"v": 1, "record": item["record"], **changes}))
        clients.replace(clients.find(one.client_id), replace(one, client_name="Renamed"))
        read = clients.find(one.client_id)
        assert (read.client.client_name, read.stored["changes"]) == ("Renamed", 1)
        aws.dynamo._tables.write(Write("Put", table, one.client_id, read.stored | {"record": item["record"]}))
        with pytest.raises(ClientChanged):  # Of that release, which counts nothing.
            clients.end(read, now=NOW)
    clients.end(clients.find(one.client_id), now=NOW)
    assert clients.find(one.client_id) is None


ODD_TIMES = [{"S": "later"}, {"N": "1.5"}, {"N": "0"}, {"N": "1.8E+30"}]
"""What something else may write in place of a time."""


def written_by_hand(dynamodb, table, key, **attributes):
    """Set attributes in DynamoDB's form."""
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": key}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in attributes),
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )


def test_a_clients_suspension_of_another_type_is_taken_back(aws, dynamodb):
    clients, one, table = aws.dynamo.operated_clients, client(), aws.settings.clients_table
    aws.clients.put(one)
    for time in ODD_TIMES:
        written_by_hand(dynamodb, table, one.client_id, suspended_at=time)
        read = clients.find(one.client_id)
        assert read.suspended_at
        assert aws.clients.find(one.client_id, now=NOW) is None
        written_by_hand(dynamodb, table, one.client_id, suspended_at={"N": "2.5"})
        with pytest.raises(NotOpen, match="suspended again"):
            clients.resume(read)
        clients.resume(clients.find(one.client_id))
        assert aws.clients.find(one.client_id, now=NOW) == one
        aws.clients._cache.clear()


def test_a_users_suspension_of_another_type_is_taken_back(aws, dynamodb, one):
    users, table = aws.dynamo.operated_users, aws.settings.users_table
    for time in ODD_TIMES:
        for key in (one.username, known_by(one.sub)):
            written_by_hand(dynamodb, table, key, suspended_at=time)
        read = users.find(one.username)
        assert read.user.suspended_at
        assert (aws.users.find_profile(one.username), aws.users.standing(one.sub)) == (None, "suspended")
        users.resume(read)
        assert (aws.users.find(one.username), aws.users.standing(one.sub)) == (one, "known")


def test_a_count_with_a_fraction_holds_no_write_up(aws, dynamodb, one):
    clients, of = aws.dynamo.operated_clients, client()
    aws.clients.put(of)
    written_by_hand(dynamodb, aws.settings.clients_table, of.client_id, changes={"N": "1.5"})
    aws.clients.put(replace(of, client_name="Renamed"))
    assert clients.find(of.client_id).client.client_name == "Renamed"
    for key in (one.username, known_by(one.sub)):
        written_by_hand(dynamodb, aws.settings.users_table, key, changes={"N": "1.5"})
    aws.users.remove(one.username, now=NOW)
    assert aws.users.standing(one.sub) == "unknown"


@pytest.mark.parametrize("denied_at", [{}, {"denied_at": "later"}], ids=["missing", "text"])
def test_a_denial_of_another_form_is_taken_back(aws, denied_at):
    thumbprint, name = token_value(), aws.settings.revocations_table
    aws.revocations.deny_thumbprint(thumbprint, why="stolen", now=NOW)
    (key,) = aws.revocations.reading(CertificateNames(thumbprint, token_value(), "02"), crls=False).keys[:1]
    aws.dynamo._tables.write(Write("Put", name, key, {"why": "stolen", **denied_at}))
    assert aws.revocations.allow_thumbprint(thumbprint)
    assert aws.dynamo._tables.get(name, key) is None


def test_a_user_is_written_over_marks_of_another_type(aws, one):
    """Of them only that they are there can be compared."""
    name = aws.settings.users_table
    odd = {"left_at": "later", "username": 5}
    aws.dynamo._tables.write(Write("Put", name, known_by(one.sub), odd))
    aws.users.put(one)
    assert aws.users.standing(one.sub) == "known"


@pytest.mark.parametrize("by", ["thumbprint", "serial"])
def test_a_denial_outlives_the_late_copy_of_what_ended_an_earlier_one(aws, network, by):
    revocations, names = aws.revocations, CertificateNames(token_value(), token_value(), "02")
    named = (names.thumbprint,) if by == "thumbprint" else (names.issuer, names.serial)
    deny, allow = getattr(revocations, f"deny_{by}"), getattr(revocations, f"allow_{by}")

    def denied():
        reading = revocations.reading(names, crls=False)
        revocations.read(reading)
        return reading.status.denied

    deny(*named, why="stolen", now=NOW)
    copies = network.copies(allow, *named)
    network.late(copies)
    assert not denied()
    assert not allow(*named)
    deny(*named, why="stolen again", now=NOW + 5)
    network.late(copies)
    assert denied()


def test_a_denial_of_the_same_second_outlives_the_late_copy_of_what_ended_the_first(aws, network):
    names, revocations = CertificateNames(token_value(), token_value(), "02"), aws.revocations
    revocations.deny_thumbprint(names.thumbprint, why="stolen", now=NOW)
    copies = network.copies(revocations.allow_thumbprint, names.thumbprint)
    revocations.deny_thumbprint(names.thumbprint, why="stolen", now=NOW)
    network.late(copies)
    reading = revocations.reading(names, crls=False)
    revocations.read(reading)
    assert reading.status.denied


def test_a_denial_that_an_earlier_release_wrote_outlives_the_late_copy_of_what_ended_one_before_it(aws, network):
    """That release gave it no name."""
    thumbprint, name = token_value(), aws.settings.revocations_table
    key = f"denied.thumbprint.{thumbprint}"
    denial = lambda at: Write("Put", name, key, {"v": 1, "why": "stolen", "denied_at": at})  # noqa: E731
    network.write(denial(NOW))
    copies = network.copies(aws.revocations.allow_thumbprint, thumbprint)
    network.write(denial(NOW + 5))
    network.late(copies)
    assert aws.dynamo._tables.get(name, key)["denied_at"] == NOW + 5


def test_a_denial_that_comes_while_one_is_ended_is_said_and_the_answer_may_be_lost(aws, network, monkeypatch):
    thumbprint, tables = token_value(), aws.dynamo._tables
    aws.revocations.deny_thumbprint(thumbprint, why="stolen", now=NOW)

    def overtaken(write):
        network.write(Write("Put", write.table, write.key, {"v": 1, "why": "again", "denied_at": NOW + 5}))
        network.write(write)

    with monkeypatch.context() as another:
        another.setattr(tables, "write", overtaken)
        with pytest.raises(NotOpen, match="denied again"):
            aws.revocations.allow_thumbprint(thumbprint)
        another.setattr(tables, "write", lambda write: (network.write(write), network.write(write)))
        assert aws.revocations.allow_thumbprint(thumbprint)
    assert not aws.revocations.allow_thumbprint(thumbprint)


@pytest.mark.parametrize("end", ["stopped", "completed", "another app", "suspended", "reset"])
def test_a_recovery_that_ended_does_not_run_again_by_a_late_copy_of_its_beginning(aws, network, one, end):
    """Its wait is over, or nearly: whoever began it would be let in at once."""
    factors, users, found = aws.second_factors, aws.dynamo.operated_users, lambda: aws.users.find(one.username)
    copies = network.copies(factors.begin_recovery, one, ready_at=NOW + 5, now=NOW)
    network.late(copies)
    begun = found()
    assert begun.recovery_from == NOW + 5
    assert factors.begin_recovery(one, ready_at=NOW + 6, now=NOW) == NOW + 5  # Of another tab, or the same write again.
    if end == "stopped":
        factors.cancel_recovery(begun)
    elif end == "completed":
        factors.complete_recovery(begun, "sealed", step=3, ready_at=NOW + 5)
    elif end == "another app":
        factors.set_app(begun, "sealed", step=3)
    elif end == "suspended":
        users.suspend(begun, now=NOW)
        users.resume(users.find(one.username))
    else:
        aws.users.put(replace(begun, passkeys=()))
    network.late(copies)
    with pytest.raises(NotOpen, match="ended meanwhile"):
        factors.begin_recovery(begun, ready_at=NOW + 6, now=NOW)
    assert found().recovery_from == 0
    assert factors.begin_recovery(found(), ready_at=NOW + 7, now=NOW) == NOW + 7


@pytest.mark.parametrize("then", ["reset", "passkeys forgotten", "used", "exchanged", "another"])
def test_an_invitation_that_ended_is_not_brought_back_by_a_late_copy(aws, network, one, then):
    users, name = aws.dynamo.operated_users, one.username
    copies = network.copies(aws.users.invite, name, invitation="i", until=NOW + 100)
    network.late(copies)
    before = aws.users.find(name)
    assert before.invitation == digest("i")
    if then == "reset":
        users.change(users.find(name), replace(one, password="p2"))
    elif then == "passkeys forgotten":
        users.change(users.find(name), one, forget_passkeys=True)
    elif then == "used":
        added = {"id": token_value(), "key": "a2V5", "handle": token_value(), "created_at": NOW}
        aws.passkeys.add(one, added, sign_count=0, limit=10, enrolment_token="i", now=NOW)
    elif then == "exchanged":
        aws.users.exchange(name, invitation="i", enrolment_token="t", until=NOW + 100, now=NOW)
    else:
        aws.users.invite(name, invitation="j", until=NOW + 200)
    after = aws.users.find(name)
    assert after.invitation != before.invitation
    network.late(copies)
    assert aws.users.find(name) == after


def test_an_invitation_that_no_copy_brought_before_a_reset_comes_no_more(aws, network, one, monkeypatch):
    users, copies = aws.dynamo.operated_users, []
    with monkeypatch.context() as lost:
        lost.setattr(aws.dynamo._tables, "write", copies.append)
        aws.users.invite(one.username, invitation="i", until=NOW + 100)
    users.change(users.find(one.username), replace(one, totp="b3RoZXI="))
    network.late(copies)
    assert not aws.users.find(one.username).invitation


def test_an_invitation_may_be_sent_twice_and_one_that_another_overtakes_is_refused(aws, network, one, monkeypatch):
    tables, name = aws.dynamo._tables, one.username
    with monkeypatch.context() as twice:  # The first answer was lost.
        twice.setattr(tables, "write", lambda write: (network.write(write), network.write(write)))
        aws.users.invite(name, invitation="i", until=NOW + 100)
    assert aws.users.find(name).invitation == digest("i")
    read = tables.get(aws.settings.users_table, name)
    aws.users.invite(name, invitation="j", until=NOW + 200)
    with monkeypatch.context() as stale:
        stale.setattr(tables, "get", lambda *_, **__: read)
        with pytest.raises(NotOpen, match="meanwhile"):
            aws.users.invite(name, invitation="k", until=NOW + 300)
    assert aws.users.find(name).invitation == digest("j")


@pytest.mark.parametrize("then", ["removed", "reset"])
def test_a_late_copy_of_the_writes_of_a_user_undoes_no_removal_and_no_reset(aws, network, one, then):
    changed = replace(one, claims={"name": "Alice Married"})
    copies = network.copies(aws.users.put, changed)
    network.again(copies)
    assert aws.users.find(one.username).claims == changed.claims
    if then == "removed":
        aws.users.remove(one.username, now=NOW)
    else:
        users = aws.dynamo.operated_users
        users.change(users.find(one.username), replace(changed, password="p2"))
    after = aws.users.find(one.username), aws.users.standing(one.sub)
    network.late(copies)
    assert (aws.users.find(one.username), aws.users.standing(one.sub)) == after


def test_a_late_copy_of_a_removal_removes_nobody_who_was_added_again(aws, network, one, monkeypatch):
    copies = network.copies(aws.users.remove, one.username, now=NOW)
    again = replace(one, claims={"name": "Alice Again"})
    aws.users.put(again)
    network.late(copies)
    assert (aws.users.find(one.username), aws.users.standing(one.sub)) == (again, "known")
    with monkeypatch.context() as twice:  # The first answer was lost.
        twice.setattr(aws.dynamo._tables, "write", network.write)
        aws.users.remove(one.username, now=NOW)
    assert (aws.users.find(one.username), aws.users.standing(one.sub)) == (None, "unknown")


def test_a_late_copy_of_an_erasure_deletes_nobody_who_was_added_again(aws, network, one, monkeypatch):
    users = aws.dynamo.operated_users
    aws.users.forget_sub(one.sub, one.username, now=NOW)
    copies = [*network.copies(users.delete_sub, one.sub), *network.copies(users.delete, one.username)]
    users.delete(one.username)  # Again.
    again = replace(one, claims={"name": "Alice Again"})
    aws.users.put(again)
    network.late(copies)
    assert (aws.users.find(one.username), aws.users.standing(one.sub)) == (again, "known")

    def overtaken(write):
        monkeypatch.undo()
        aws.users.put(one)
        return network.write(write)

    monkeypatch.setattr(aws.dynamo._tables, "write", overtaken)
    with pytest.raises(NotOpen, match="meanwhile"):
        users.delete(one.username)
    assert aws.users.find(one.username) == one


def test_a_suspension_is_of_the_sub_that_the_name_has_by_then(aws, network, one, monkeypatch):
    """Another operator enrolled the name anew, between what was read and the write."""
    other, users = replace(one, sub=token_value()), aws.dynamo.operated_users

    def overtaken(write):
        monkeypatch.undo()
        aws.users.put(other)
        return network.write(write)

    monkeypatch.setattr(aws.dynamo._tables, "write", overtaken)
    users.suspend(one, now=NOW)
    assert (aws.users.standing(one.sub), aws.users.standing(other.sub)) == ("unknown", "suspended")
    users.resume(users.find(one.username))
    users.suspend(one, now=NOW)
    assert (aws.users.standing(one.sub), aws.users.standing(other.sub)) == ("unknown", "suspended")


def test_a_new_user_who_was_removed_at_once_is_not_brought_back_by_a_late_copy(aws, network):
    users, new = aws.dynamo.operated_users, user()
    copies = network.copies(aws.users.put, new)
    assert aws.users.find(new.username) == new
    aws.users.remove(new.username, now=NOW)
    for copy in copies[::-1]:
        network.late([copy])
        assert (aws.users.find(new.username), users.find(new.username)) == (None, None)
    assert aws.users.standing(new.sub) == "unknown"
    assert aws.users.admit(new.username, attempt="a", free=5, locks=(60,), now=NOW)[0] is None
    again = replace(new, sub=token_value(), claims={})
    aws.users.put(again)
    network.late(copies)
    assert aws.users.find(new.username) == again


def test_of_a_new_user_whose_copies_are_all_late_the_sub_stays_unknown(aws, network):
    """Two writes, each sent after the other was answered, would both have to be late. Nobody has the secrets of codes yet."""
    new = user()
    copies = network.copies(aws.users.put, new)
    aws.users.remove(new.username, now=NOW)
    network.late(copies)
    assert (aws.users.standing(new.sub), aws.users.named(digest(new.sub))) == ("unknown", None)
    aws.users.remove(new.username, now=NOW)  # `ducat user list` shows them, and they are ended again.
    assert aws.users.find(new.username) is None


def test_an_interrupted_addition_is_made_again(aws, monkeypatch):
    new, tables = user(), aws.dynamo._tables
    write, sent = tables.write, []

    def dies(one):
        sent.append(one)
        if len(sent) == 3:
            raise ConnectionError
        return write(one)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(tables, "write", dies)
        with pytest.raises(ConnectionError):
            aws.users.put(new)
    assert (aws.users.find(new.username), aws.users.find_profile(new.username)) == (None, None)
    aws.users.put(new)
    assert aws.users.find(new.username) == new


def test_a_late_copy_makes_no_sub_known_that_left_or_is_another_names(aws, network):
    new, other = user(), user()
    copies = network.copies(aws.users.put, new)
    aws.users.remove(new.username, now=NOW)
    network.late(copies[:1])
    assert aws.users.standing(new.sub) == "unknown"
    returned = network.copies(aws.users.put, new)
    assert aws.users.standing(new.sub) == "known"
    aws.users.put(replace(other, sub=new.sub))
    network.late((copies[0], returned[0]))
    assert aws.users.named(digest(new.sub)) == other.username


def test_a_late_copy_makes_no_sub_known_that_left_a_second_time(aws, network, one):
    """Both times it left by another sub of the same name, at no time that is known."""
    other = replace(one, sub=token_value())
    left = network.copies(aws.users.put, other)
    returned = network.copies(aws.users.put, one)
    network.again(returned)
    network.late(left)
    assert (aws.users.find(one.username).sub, aws.users.standing(one.sub)) == (one.sub, "known")
    aws.users.put(other)
    network.late((*left, *returned))
    assert aws.users.find(one.username).sub == other.sub
    assert (aws.users.standing(one.sub), aws.users.standing(other.sub)) == ("unknown", "known")


def test_a_sub_that_another_change_overtakes_leaves_all_the_same(aws, network, one, monkeypatch):
    def overtaken(write):
        monkeypatch.undo()
        aws.users.put(one)
        return network.write(write)

    monkeypatch.setattr(aws.dynamo._tables, "write", overtaken)
    aws.users.forget_sub(one.sub, one.username, now=NOW)
    assert aws.users.standing(one.sub) == "unknown"


def test_an_earlier_record_that_was_written_again_is_not_replaced_by_a_late_copy(aws, network, one):
    users, married = aws.dynamo.operated_users, replace(one, claims={"name": "Alice Married"})
    put = network.copies(aws.users.put, married)
    aws.users.put(one)
    network.late(put)
    assert aws.users.find(one.username).claims == one.claims
    changed = network.copies(users.change, users.find(one.username), married)
    network.again(changed)
    users.change(users.find(one.username), one)
    network.late(changed)
    assert aws.users.find(one.username).claims == one.claims


def test_a_late_copy_of_a_reset_takes_nothing_that_came_after_it(aws, network, one):
    users, factors, found = aws.dynamo.operated_users, aws.dynamo.second_factors, lambda: aws.users.find(one.username)
    fail(aws, one, 1)
    reset = network.copies(users.change, users.find(one.username), replace(one, totp="t2"))
    network.again(reset)
    for happens in (
        lambda: fail(aws, one, 3),
        lambda: factors.begin_recovery(found(), ready_at=NOW, now=NOW),
        lambda: factors.make_codes(found(), ["c"], attempt="a"),
        lambda: factors.set_app(found(), "own", step=1),
    ):
        happens()
        after = found()
        network.late(reset)
        assert found() == after
    assert (after.own_totp, after.recovery_codes, after.failures) == ("own", ("c",), 3)


def test_a_late_copy_of_an_addition_takes_nothing_that_came_after_it(aws, network, one):
    """Also where it replaced somebody of that name, as an import does."""
    factors, found = aws.dynamo.second_factors, lambda: aws.users.find(one.username)
    made = {"id": token_value(), "key": "a2V5", "handle": token_value(), "created_at": NOW}
    fail(aws, one, 1)
    put = network.copies(aws.users.put, replace(one, password="p3"))
    network.again(put)
    for happens in (
        lambda: fail(aws, one, 3),
        lambda: aws.users.invite(one.username, invitation="i", until=NOW + 9),
        lambda: factors.begin_recovery(found(), ready_at=NOW, now=NOW),
        lambda: factors.make_codes(found(), ["c"], attempt="a"),
        lambda: factors.set_app(found(), "own", step=1),
        lambda: aws.passkeys.add_own(found(), made, sign_count=0, limit=4),
    ):
        happens()
        after = found()
        network.late(put)
        assert found() == after
    assert (after.own_totp, after.recovery_codes, after.failures, after.invitation) == ("own", ("c",), 3, digest("i"))
    assert len(after.passkey_keys) == 1


def test_a_user_is_not_written_over_a_change_that_was_not_read(aws, network, one, monkeypatch):
    tables, users = aws.dynamo._tables, aws.dynamo.operated_users
    read = tables.get_all(*((aws.settings.users_table, key) for key in (known_by(one.sub), one.username)))
    users.change(users.find(one.username), replace(one, password="p2"))
    monkeypatch.setattr(tables, "get_all", lambda *_: read)
    with pytest.raises(NotOpen, match="meanwhile"):
        aws.users.put(replace(one, password="p3"))
    assert aws.users.find(one.username).password == "p2"
