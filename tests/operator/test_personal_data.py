"""`ducat user export` and `erase`; and that what is interrupted at any call can be run again."""

import json

import pytest

from chalicelib.assembly import Aws
from chalicelib.storage.dynamodb.attributes import Write
from chalicelib.storage.dynamodb.weekly_tables import name_of
from chalicelib.storage.records import User
from chalicelib.storage.token_values import known_by, week_of, with_week
from tests.operator.command import KILLED
from tests.storage import sample_records
from tests.storage.sample_records import NOW, flow


@pytest.fixture
def erna(ducat, request):
    """A person of the test's own, with a consent, a request that is undecided, a session and two passkeys."""
    name = f"erna{abs(hash(request.node.name))}"
    person = User(name, f"s-{name}", "$argon2id$hash-of-erna", "c2VhbGVk", {"name": f"Name of {name}"})
    users, sub = ducat.aws.users, person.sub
    users.put(person)
    for n in range(2):
        made = {"id": f"{name}-{n}", "key": "k", "handle": "h", "created_at": 1}
        token = sample_records.token_value()
        users.invite(name, invitation=token, until=NOW)
        ducat.aws.passkeys.add(users.find(name), made, limit=10, enrolment_token=token, sign_count=1, now=1)
    ducat.aws.clients.put(sample_records.client(client_id="fintech", registered_at=1))
    flow(sub).redeemed(ducat.aws)
    flow(sub).authenticated(ducat.aws)
    session = sample_records.session(sub=sub, username=name)
    ducat.aws.sessions.begin(with_week(sample_records.token_value(), session.expires_at), session)
    return name


def everything(ducat):
    """All that is stored, as text."""
    tables, settings = ducat.aws.dynamo._tables, ducat.aws.settings
    names = {value for name, value in settings._asdict().items() if value and name.endswith("_table")} - {
        settings.signing_keys_table
    }
    return str([item for name in names for item in tables.scan(name)])


def test_everything_about_a_person_is_exported_and_no_secret(ducat, erna):
    found = ducat.json("user", "export", erna)
    assert (found["sub"], found["person"]["claims"]) == (f"s-{erna}", {"name": f"Name of {erna}"})
    assert len(found["person"]["passkeys"]) == 2
    assert [one["client_id"] for one in found["consents"]] == ["fintech"]
    assert [one["username"] for one in found["sessions"]] == [erna]
    assert "hash-of-erna" not in json.dumps(found)
    assert "nothing is stored" in ducat.run("user", "export", "--sub", "s-nobody", status=1)
    assert "name one person" in ducat.run("user", "export", status=2)


def interrupted(ducat, *arguments):
    """Run it again and again, killed at its first call, its second, and so on, until it ends by itself; gives how often."""
    for fault in range(1, 60):
        status, printed = ducat.outcome(*arguments, fault=fault)
        if status != KILLED:
            assert status == 0, printed
            return fault - 1
    raise AssertionError("it never ends")


def test_what_was_erased_is_nowhere_however_often_it_was_interrupted(ducat, erna):
    stored = everything(ducat)
    assert stored.count(erna) > 8
    assert sample_records.digest(f"s-{erna}") in stored
    others = {row["username"] for row in ducat.json("user", "list")["users"]} - {erna}
    assert interrupted(ducat, "user", "erase", erna, "--yes") > 10
    stored = everything(ducat)
    assert erna not in stored
    assert sample_records.digest(f"s-{erna}") not in stored
    assert {row["username"] for row in ducat.json("user", "list")["users"]} == others
    assert ducat.aws.users.standing(f"s-{erna}") == "unknown"
    assert "nothing is stored" in ducat.run("user", "erase", "--sub", f"s-{erna}", "--yes", status=1)


def test_an_erasure_that_can_not_suspend_says_so_and_goes_on_once_the_person_was_ended(ducat, erna):
    """The item of the sub does not say whose it is: refresh tokens would be good while consents are deleted."""
    tables, name = ducat.aws.dynamo._tables, ducat.aws.settings.users_table
    tables.write(Write("Put", name, known_by(f"s-{erna}"), {}))
    printed = ducat.run("user", "erase", erna, "--yes", status=1)
    assert printed.splitlines() == [f"Error: {erna}: was changed meanwhile; run the command again"]
    ducat.run("user", "end", erna, "--yes")
    ducat.run("user", "erase", "--sub", f"s-{erna}", "--yes")
    assert ducat.aws.users.standing(f"s-{erna}") == "unknown"
    assert not list(ducat.aws.dynamo.operated_grants.of_person(f"s-{erna}"))


def test_who_left_is_erased_by_the_sub(ducat, erna):
    ducat.run("user", "end", erna, "--yes")
    assert f"s-{erna}" in everything(ducat)
    printed = ducat.run("user", "erase", "--sub", f"s-{erna}", "--yes")
    assert "2 requests and consents, 1 sessions" in printed
    assert "What stays:" in printed
    assert f"s-{erna}" not in everything(ducat)


@pytest.mark.parametrize("verb", ["suspend", "end"])
def test_what_was_interrupted_can_be_run_again(ducat, erna, verb):
    assert interrupted(ducat, "user", verb, erna, "--yes") > 2
    assert ducat.aws.users.standing(f"s-{erna}") == {"suspend": "suspended", "end": "unknown"}[verb]
    if verb == "suspend":
        interrupted(ducat, "user", "resume", erna)
        assert ducat.aws.users.standing(f"s-{erna}") == "known"
        assert not ducat.aws.users.find(erna).suspended_at


def test_the_end_of_all_consents_can_be_interrupted(ducat, erna):
    assert interrupted(ducat, "consent", "end", "--user", erna, "--yes") > 4
    (row,) = ducat.json("consent", "list", "--user", erna)["consents"]
    assert row["state"] == "ended"


def test_sessions_are_found_in_the_tables_of_weeks_that_are_there(ducat, erna):
    settings = ducat.aws.settings._replace(weekly_tables="yes")
    weekly = Aws(settings)
    session = sample_records.session(sub=f"s-{erna}", username=erna)
    ducat.aws.dynamo._tables.create(name_of(settings.sessions_table, week_of(session.expires_at)), key=None)
    weekly.sessions.begin(with_week(sample_records.token_value(), session.expires_at), session)
    (found,) = weekly.dynamo.operated_users.sessions_of(f"s-{erna}", now=NOW)
    assert found.session == session


def test_what_aws_refuses_is_one_line(ducat, erna):
    for arguments in (
        ("user", "show", erna),
        ("user", "list"),
        ("user", "end", erna, "--yes"),
        ("consent", "list", "--sub", "s"),
    ):
        printed = ducat.run(*arguments, refused=1, status=1)
        assert "AccessDeniedException" in printed
        assert len(printed.splitlines()) == 1
