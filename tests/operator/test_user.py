"""`ducat user`, as its user runs it."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import segno

from chalicelib.storage.records import User
from chalicelib.user_directory import SignInRefused, Suspended
from local.sandbox_users import ALICE
from tests.operator.conftest import qr_code
from tests.storage import sample_records

PASSWORD = "correct horse battery staple"


@pytest.fixture
def carol(ducat, request):
    """A person of the test's own."""
    name = f"u{abs(hash(request.node.name))}"
    put(ducat, name)
    return name


def put(ducat, name):
    """Enrol without the cost of a password."""
    ducat.aws.users.put(User(name, f"s-{name}", "$argon2id$of-nobody", "c2VhbGVk", {"name": "Carol"}))


def enrol(ducat, name, *more, status=0):
    arguments = ("user", "add", name, "--sub", f"s-{name}", "--password-stdin", "--claim", "name=Carol", *more)
    return ducat.run(*arguments, said=f"{PASSWORD}\n", status=status)


def signs_in(ducat, name, uri, password=PASSWORD, *, later=0):
    """Whether the directory lets the person in by password and one-time code."""
    now = ducat.aws.now() + later
    try:
        ducat.aws.user_directory.sign_in(
            name,
            password=password,
            one_time_code=pyotp.parse_uri(uri).at(now),
            scope=("openid",),
            now=now,
            attempt=sample_records.token_value(),
        )
    except SignInRefused:
        return False
    return True


def uri_of(printed):
    return next(line for line in printed.splitlines() if line.startswith("otpauth://"))


def test_a_person_is_added_and_signs_in_by_what_was_printed(ducat):
    printed = enrol(ducat, "Dora", "--claim", "email_verified=true", "--account", "Current=DE89 3704 0044 0532 0130 00")
    uri = uri_of(printed)
    assert "Enrolled dora." in printed
    assert qr_code(printed) == segno.make(uri, error="l", micro=False)
    assert signs_in(ducat, "dora", uri)
    shown = ducat.json("user", "show", "dora")
    assert (shown["sub"], shown["claims"]) == ("s-Dora", {"name": "Carol", "email_verified": True})
    assert shown["accounts"] == [{"name": "Current", "iban": "DE89370400440532013000"}]
    assert "dora is enrolled already" in enrol(ducat, "dora", status=1)


def test_a_person_is_added_by_a_file_and_no_password_is_in_it(ducat):
    said = {"username": "emil", "sub": "s-emil", "claims": {"name": "Emil"}}
    (ducat.folder / "emil.json").write_text(json.dumps(said))
    made = json.loads(ducat.run("--json", "user", "add", "--file", "emil.json", "--password-stdin", said=PASSWORD))
    assert parse_qs(urlsplit(made["otpauth_uri"]).query)["issuer"] == ["Example Bank"]
    (ducat.folder / "emil.json").write_text(json.dumps(said | {"password": PASSWORD}))
    assert "no more than username" in ducat.run("user", "add", "--file", "emil.json", said=PASSWORD, status=1)


def test_a_password_is_typed_twice_and_not_shown(ducat):
    printed = ducat.run("user", "add", "fred", "--sub", "s-fred", typed=(PASSWORD, PASSWORD))
    assert "Enrolled fred." in printed
    assert PASSWORD not in printed
    assert "do not match" in ducat.run("user", "add", "g", "--sub", "s-g", typed=(PASSWORD, "x", "a", "a"), status=1)
    assert "give it on standard input" in ducat.run("user", "add", "g", "--sub", "s-g", said=PASSWORD, status=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--password-stdin",), "the password must be 15 to 256 characters"),
        (("--password-stdin", "--claim", "emial=x"), "emial: no claim of that name; is it email?"),
        (("--password-stdin", "--claim", "email_verified=1"), "email_verified must be true or false"),
        (("--password-stdin", "--account", "=DE1"), "an account has no name, or nothing but a name"),
    ],
)
def test_who_can_not_be_enrolled_is_refused_in_one_line(ducat, arguments, said):
    printed = ducat.run("user", "add", "hans", "--sub", "s-hans", *arguments, said="short", status=1)
    assert said in printed
    assert len(printed.splitlines()) == 1
    assert "short" not in printed


def test_who_is_added_beside_a_directory_that_reads_others_is_told_so(ducat, carol, tmp_path):
    """On a laptop whoever is in the users table signs in beside the sandbox people."""
    said = json.loads((ducat.folder / ".local" / "run.json").read_text())
    (tmp_path / ".local").mkdir()
    wrong = ("user", "add", "other", "--sub", f"s-{carol}", "--password-stdin")
    for directory, note in (("local.sandbox_users:build", False), ("bank.users:build", True)):
        said["environment"]["DUCAT_USER_DIRECTORY"] = directory
        (tmp_path / ".local" / "run.json").write_text(json.dumps(said))
        printed = replace(ducat, folder=tmp_path).run(*wrong, said=PASSWORD, status=1)
        assert (f"Note: people of this deployment sign in by {directory}" in printed) == note


def test_a_person_of_the_sandbox_is_not_changed_and_why_is_said(ducat, carol, tmp_path):
    """alice was suspended, and signed in all the same: she is a constant, and in the table for her passkeys alone."""
    said = json.loads((ducat.folder / ".local" / "run.json").read_text())
    said["environment"]["DUCAT_USER_DIRECTORY"] = "local.sandbox_users:build"
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "run.json").write_text(json.dumps(said))
    on_laptop = replace(ducat, folder=tmp_path)
    ducat.aws.users.put(ALICE)
    for verb in (["suspend", "--yes"], ["resume"], ["unlock"], ["reset", "--second-factor"], ["end", "--yes"]):
        refused = on_laptop.run("user", *verb, "alice", status=1)
        assert "alice is a person of the sandbox" in refused
        assert "ducat user add" in refused
    assert ducat.aws.users.find("alice") == ALICE
    assert f"Suspended {carol}." in on_laptop.run("user", "suspend", "--yes", carol)
    assert f"Resumed {carol}." in on_laptop.run("user", "resume", carol)
    assert "/passkey?invitation=" in on_laptop.run("user", "invite", "alice")


def test_a_sub_is_one_persons(ducat, carol):
    arguments = ("user", "add", "another", "--sub", f"s-{carol}", "--password-stdin")
    assert f"is that of {carol}" in ducat.run(*arguments, said=PASSWORD, status=1)


def test_people_are_listed_page_by_page(ducat, carol):
    put(ducat, f"{carol}b")
    seen, after, pages = [], (), 0
    while pages < 60:
        page = ducat.json("user", "list", "--limit", "3", *after)
        seen += [row["username"] for row in page["users"]]
        pages += 1
        if page["after"] is None:
            break
        after = ("--after", page["after"])
    assert len(seen) == len(set(seen))
    assert {carol, f"{carol}b"} <= set(seen)
    assert "There are more: --after" in ducat.run("user", "list", "--limit", "1")
    assert "--after: give what the page before says" in ducat.run("user", "list", "--after", " ", status=2)


def test_nothing_secret_is_shown(ducat, carol):
    user = ducat.aws.users.find(carol)
    for arguments in (("user", "show", carol), ("user", "list"), ("--json", "user", "export", carol)):
        printed = ducat.run(*arguments)
        assert carol in printed
        for secret in (user.password, user.password.rpartition("$")[2], user.totp):
            assert secret not in printed


def test_who_is_suspended_is_refused_until_they_are_resumed(ducat, carol):
    sub, people = f"s-{carol}", ducat.aws.user_directory
    ducat.run("user", "suspend", carol, "--yes")
    with pytest.raises(Suspended):
        people.may_sign_in(sub, now=ducat.aws.now())
    shown = ducat.json("user", "show", carol)
    assert (shown["state"], shown["suspended_at"][-1]) == ("suspended", "Z")
    assert [row["username"] for row in ducat.json("user", "list", "--suspended")["users"]] == [carol]
    assert "is suspended" in ducat.run("user", "invite", carol, status=1)
    ducat.run("user", "suspend", carol, "--yes")  # again
    ducat.run("user", "resume", carol)
    assert people.may_sign_in(sub, now=ducat.aws.now())
    assert ducat.json("user", "show", carol)["state"] == "active"


def test_a_link_for_a_passkey_is_printed_with_its_qr_code(ducat, carol):
    link, *code = ducat.run("user", "invite", carol).splitlines()
    assert link.startswith("https://")
    assert qr_code("\n".join(code)) == segno.make(link, error="l", micro=False)
    assert ducat.json("user", "show", carol)["invited_until"]


def passkey(ducat, name):
    """A passkey of the person."""
    users, made = ducat.aws.users, {"id": f"p-{name}", "key": "k", "handle": "h", "created_at": 1_700_000_000}
    token = sample_records.token_value()
    now = ducat.aws.now()
    users.invite(name, invitation=token, until=now + 60)
    ducat.aws.passkeys.add(users.find(name), made, limit=10, enrolment_token=token, sign_count=1, now=now)
    assert ducat.aws.passkeys.find(made["id"])
    return made["id"]


@pytest.mark.parametrize("what", ["password", "second factor", "both"])
def test_a_reset_keeps_accounts_passkeys_and_sub(ducat, what):
    name = f"reset-{what[0]}"
    uri = uri_of(enrol(ducat, name, "--account", "Current=DE1"))
    key = passkey(ducat, name)
    before = ducat.aws.users.find(name)
    flags = {"password": ("--password-stdin",), "second factor": ("--second-factor",)}
    arguments = flags.get(what, ("--password-stdin", "--second-factor"))
    printed = ducat.run("user", "reset", name, *arguments, said="another long password\n")
    after = ducat.aws.users.find(name)
    assert replace(after, password=before.password, totp=before.totp) == before
    assert (after.password == before.password, after.totp == before.totp) == (
        what == "second factor",
        what == "password",
    )
    new = uri_of(printed) if what != "password" else uri
    assert signs_in(ducat, name, new, PASSWORD if what == "second factor" else "another long password")
    assert not signs_in(ducat, name, uri if what != "password" else new, later=90)
    assert ducat.aws.passkeys.find(key)


def test_a_locked_person_is_unlocked(ducat, carol):
    for n in range(6):
        ducat.aws.users.admit(carol, attempt=str(n), free=5, locks=(900,), now=ducat.aws.now())
        ducat.aws.users.admit(carol, attempt=str(n), free=5, locks=(900,), now=ducat.aws.now(), browser="b")
    assert ducat.json("user", "show", carol)["state"] == "locked"
    ducat.run("user", "unlock", carol)
    assert ducat.json("user", "show", carol)["state"] == "active"
    assert ducat.aws.users.admit(carol, attempt="x", free=5, locks=(900,), now=ducat.aws.now(), browser="b")[1]


def test_passkeys_are_taken_away(ducat, carol):
    key = passkey(ducat, carol)
    ducat.run("user", "forget-passkeys", carol, "--yes")
    assert ducat.aws.passkeys.find(key) is None
    assert ducat.json("user", "show", carol)["passkeys"] == []


def test_who_leaves_is_gone(ducat, carol):
    key = passkey(ducat, carol)
    ducat.run("user", "end", carol, "--yes")
    assert ducat.aws.users.standing(f"s-{carol}") == "unknown"
    assert ducat.aws.passkeys.find(key) is None
    assert "nobody has the username" in ducat.run("user", "end", carol, "--yes", status=1)


def test_an_unknown_name_is_an_error_of_one_line_and_danger_asks(ducat, carol):
    for verb in ("show", "suspend", "resume", "invite", "reset", "export"):
        flag = {"suspend": ("--yes",), "reset": ("--second-factor",)}.get(verb, ())
        printed = ducat.run("user", verb, "no body", *flag, status=1)
        assert printed.startswith("Error: nobody has the username no body")
        assert len(printed.splitlines()) == 1
    for verb in ("suspend", "forget-passkeys", "end", "erase"):
        assert "[y/N]" in ducat.run("user", verb, carol, said="n\n", status=1)
    assert ducat.json("user", "show", carol)["state"] == "active"


HOSTILE = "\x1b]0;owned\x07\x9b31m\u202etxt.exe"


def test_no_escape_sequence_reaches_the_terminal(ducat, carol):
    """From a claim, an account or a name that is typed."""
    user = ducat.aws.users.find(carol)
    ducat.aws.users.put(replace(user, claims={"name": HOSTILE}, accounts=({"name": HOSTILE, "iban": "DE1"},)))
    for arguments in (("user", "show", carol), ("user", "list"), ("--json", "user", "show", carol)):
        printed = ducat.run(*arguments, styled=True)
        assert all(one.isprintable() or one == "\n" for one in printed), arguments
        assert "owned" in printed
    assert json.loads(ducat.run("--json", "user", "show", carol))["claims"]["name"] == HOSTILE
    printed = ducat.run("user", "show", HOSTILE, status=1, styled=True)
    assert all(one.isprintable() or one == "\n" for one in printed)
