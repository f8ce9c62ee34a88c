"""`ducat audit`, over a laptop's file and over a bucket."""

import csv
import gzip
import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chalicelib.assembly import Aws
from chalicelib.audit import sealing
from chalicelib.audit.event import Actor, Event, as_line, hour_of
from chalicelib.settings import Settings
from chalicelib.storage.records import User
from chalicelib.storage.token_values import digest
from ducat_admin import audit_story, audit_time
from ducat_admin.audit_time import Span
from ducat_admin.problem import Problem
from tests.operator.command import KILLED
from tests.storage.sample_records import token_value

JOURNEY, CALL, CONSENT = (
    "6f1c2a3e-0000-4000-8000-00000000000a",
    "6f1c2a3e-0000-4000-8000-00000000000b",
    digest("consent"),
)
DAY = 86_400
KEY = token_value()
ERIN = sealing.pseudonym(KEY)
WRITTEN = {"sub": "s-erin", "username": "erin", "authorization_details": [{"type": "payment_initiation", "to": "Jane"}]}


def login(at, journey=JOURNEY, name="e"):
    """What a login leaves that fails at the token endpoint: step by step, some seconds each."""
    known = Event("", at, "", Actor("unknown"), client="ledger", grant=CONSENT, journey=journey)
    of_erin = replace(known, person=ERIN, actor=Actor("person", ERIN))
    steps = [
        replace(
            known, what="grant.requested", actor=Actor("client", "ledger"), writer="par", details={"scope": ["openid"]}
        ),
        replace(known, what="grant.opened", writer="authorize"),
        replace(of_erin, what="sign_in.refused", writer="login", grant="", details={"reason": "wrong password"}),
        replace(of_erin, what="grant.authenticated", writer="login"),
        replace(of_erin, what="grant.approved", writer="consent", sealed=sealing.seal(KEY, f"{name}4", WRITTEN)),
        replace(
            known,
            what="request.refused",
            actor=Actor("client", "ledger"),
            writer="token",
            interaction=CALL,
            journey="" if name == "e" else journey,
            details={"error": "invalid_grant", "reason": "code_verifier does not match"},
        ),
    ]
    return [replace(step, id=f"{name}{n}", at=at + 2 * n, sequence=str(n)) for n, step in enumerate(steps)]


def other(at, name="other", **members):
    """An event of something else."""
    return Event(name, at, "client.added", Actor("operator", "arn:aws:iam::1:user/kim"), client="another", **members)


@pytest.fixture(scope="module")
def keeps(deployed):
    """The environment of a deployment that keeps a record, with a table of its own."""
    said = json.loads((deployed.folder / ".local" / "run.json").read_text())["environment"]
    own = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": said["AWS_REGION"]}
    boto3.client("dynamodb", endpoint_url=said["AWS_ENDPOINT_URL"], **own).create_table(
        TableName="audit-keys-of-a-test",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return said | {"DUCAT_AUDIT_KEYS_TABLE": "audit-keys-of-a-test"}


@pytest.fixture
def keys(keeps):
    """The keys of persons."""
    return Aws(Settings.read(keeps)).dynamo.audit_keys


@pytest.fixture
def now(ducat):
    return ducat.aws.now()


@contextmanager
def settings(ducat, **changed):
    file = ducat.folder / ".local" / "run.json"
    before = file.read_text()
    said = json.loads(before)
    said["environment"] |= {"DUCAT_AUDIT_KEYS_TABLE": "audit-keys-of-a-test"} | changed
    file.write_text(json.dumps(said))
    yield
    file.write_text(before)


@pytest.fixture
def erin(ducat, keys, now):
    """A person whose key the record has."""
    ducat.aws.users.put(User("erin", "s-erin", "$argon2id$", "c2VhbGVk", {"name": "Erin"}))
    assert keys.of_event(digest("s-erin"), at=now, new=KEY) == KEY


@pytest.fixture(scope="module")
def s3():
    """S3, of moto, and its address. The stand-in of the others has none."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    own = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-central-1"}
    yield address, boto3.client("s3", endpoint_url=address, **own)
    server.stop()


@pytest.fixture(params=["file", "bucket"])
def record(request, ducat, tmp_path, erin, s3):
    """A function: puts events into the record, as they come, with lines that are none."""
    name = f"record-{tmp_path.name.replace('_', '-')[:40]}"
    on_laptop = request.param == "file"
    address, client = s3
    made = (
        {"DUCAT_AUDIT_FILE": str(tmp_path / "audit.jsonl")}
        if on_laptop
        else {"DUCAT_AUDIT_BUCKET": name, "AWS_ENDPOINT_URL_S3": address}
    )
    if not on_laptop:
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    def put(*events, lines=""):
        if on_laptop:
            with (tmp_path / "audit.jsonl").open("a") as file:
                file.write("".join(map(as_line, events)) + lines)
            return
        for number, event in enumerate(events):
            body = gzip.compress((as_line(event) + lines).encode())
            client.put_object(Bucket=name, Key=f"audit/{hour_of(event)}/{event.id}-{number}.jsonl.gz", Body=body)

    with settings(ducat, **made):
        yield put


def test_a_login_is_told_by_any_of_its_identifiers(ducat, record, now, request):
    began = now - 100
    first, *rest = login(began)
    record(
        *reversed(rest), other(began, details={"claimed_client_id": "ledger"}), first, *rest
    )  # In no order, and some of it twice.
    printed = ducat.run("audit", "find", JOURNEY)
    steps = [line[24:] for line in printed.splitlines() if line.startswith("  20")]
    assert [step.partition(".")[0] for step in steps] == [
        "A client asked for access: an authorization request was pushed or sent",
        "A browser opened the authorization request",
        "An attempt to sign in was refused",
        "A person signed in for the request, or was recognised by a session",
        "A person agreed",
        "A request was refused",
    ]
    assert printed.splitlines()[0] == f"Login {JOURNEY}, client ledger"
    assert "It failed: invalid_grant: code_verifier does not match" in printed
    assert "another" not in printed
    when = f"{datetime.fromtimestamp(began, UTC):%Y-%m-%dT%H:%MZ}"
    by_person = ducat.run("audit", "find", "--user", "erin", "--at", when)
    assert '"to": "Jane"' in by_person
    assert "By person s-erin, in consent." in by_person
    assert by_person.count("  20") == 6
    ways = ((CALL,), (CONSENT,), ("--consent", CONSENT), ("--client", "ledger"), ("--sub", "s-erin"), ("e3",))
    for arguments in ways if request.node.callspec.params["record"] == "file" else ways[:1]:
        said = ducat.run("audit", "find", *arguments)
        assert said.count("  20") == 6, arguments
        assert "It failed: invalid_grant" in said
    only = ducat.json("audit", "find", CALL, "--only")
    assert [one["id"] for one in only] == ["e5"]
    only = ducat.json("audit", "find", "--client", "ledger", "--only")
    assert [one["id"] for one in only] == [f"e{n}" for n in range(6)]
    assert [one["what"] for one in ducat.json("audit", "find", JOURNEY)][-1] == "request.refused"
    assert "operator arn:aws:iam::1:user/kim" in ducat.run("audit", "find", "--client", "another")


def test_what_can_not_be_read_is_counted_and_the_rest_is_told(ducat, record, now):
    record(
        other(now - 9), lines='{"at":"' + f"{datetime.fromtimestamp(now - 9, UTC):%Y-%m-%dT%H:%M:%SZ}" + '", "id": 1}\n'
    )
    printed = ducat.run("audit", "find")
    assert "A client was registered." in printed
    assert "Note: 1 lines of the record can't be read by this release." in printed


def test_the_time_is_searched_that_is_said_or_that_the_reference_has(ducat, record, now):
    old = now - 60 * DAY
    made_then = f"{old * 1000:012x}"
    reference = f"{made_then[:8]}-{made_then[8:]}-7000-8000-00000000000c"
    record(*login(old, reference, "o"), *login(now - 20 * DAY, "6f1c2a3e-0000-4000-8000-00000000000d", "p"))
    assert ducat.run("audit", "find", reference).count("  20") == 6
    printed = ducat.run("audit", "find", "--client", "ledger", status=1)
    assert printed.startswith("Error: nothing of that in the record from ")
    assert printed.endswith("; --since looks further back\n")
    assert ducat.run("audit", "find", "--client", "ledger", "--since", "21d").count("  20") == 6
    page = ducat.run("audit", "find", "--client", "ledger", "--since", "90d", "--limit", "2", "--only")
    assert page.count("  20") == 2
    until = page.partition("There are more: --until ")[2].partition(",")[0]
    assert (
        ducat.run("audit", "find", "--client", "ledger", "--since", "90d", "--until", until, "--only").count("  20")
        == 11
    )


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_events_are_exported_with_their_digests(ducat, record, now, tmp_path, kind, request):
    """A command that is killed meanwhile leaves nothing under the folder's name, and is run again."""
    early, late = now - 3 * DAY, now - 100
    record(*login(late), other(early, "formula", key="=1+1"), other(late, "x"))
    more = ("--csv",) if kind == "csv" else ()
    out = tmp_path / "out"
    fault = 2 if request.node.callspec.params["record"] == "file" else 4
    killed, _ = ducat.outcome("audit", "export", str(out), "--user", "erin", *more, fault=fault)
    assert killed == KILLED
    assert not out.exists()
    said = ducat.json("audit", "export", str(out), *more, "--since", "4d")
    assert said["events"] == 8
    manifest = json.loads((out / "manifest.json").read_text())
    assert [one["name"] for one in manifest["files"]] == said["files"]
    assert len(said["files"]) in (2, 3)  # A login may go on after midnight.
    for one in manifest["files"]:
        assert one["sha256"] == hashlib.sha256((out / one["name"]).read_bytes()).hexdigest()
        assert (out / one["name"]).stat().st_mode & 0o077 == 0
    assert manifest["read"]
    contents = [(out / name).read_text() for name in said["files"]]
    if kind == "csv":
        rows = [row for content in contents for row in csv.DictReader(content.splitlines())]
        assert [row["key"] for row in rows if row["id"] == "formula"] == ["'=1+1"]
    else:
        rows = [json.loads(line) for content in contents for line in content.splitlines()]
        assert {"sealed"} <= {name for row in rows for name in row}
    assert rows[0]["id"] == "formula"
    assert [row["id"] for row in rows if row["id"].startswith("e")] == [f"e{n}" for n in range(6)]
    assert ducat.run("audit", "export", str(out), status=1) == f"Error: {out} is there already: give a new one\n"
    personal = ducat.json("audit", "export", str(tmp_path / "erin"), "--sub", "s-erin", "--since", "1d")
    assert personal["events"] == 3
    assert "Jane" in "".join((tmp_path / "erin" / name).read_text() for name in personal["files"])


def test_who_is_erased_is_found_by_nobody(ducat, record, keys, now):
    fay, key = digest(f"s-{token_value()}"), token_value()
    keys.of_event(fay, at=now, new=key)
    event = Event("f", now - 9, "user.claims_changed", Actor("unknown"), person=sealing.pseudonym(key))
    record(replace(event, sealed=sealing.seal(key, "f", {"name": "Fay"})))
    keys.erase(fay, now=now)
    assert "the record has no key for s-nobody" in ducat.run("audit", "find", "--sub", "s-nobody", status=1)
    said = ducat.run("audit", "find", sealing.pseudonym(key))
    assert "(sealed: the key of the person is not known here)" in said
    assert "Fay" not in said


def test_bad_input_is_one_line(ducat, erin, s3):
    assert "keeps no record" in ducat.run("audit", "find", "x", status=1)
    with settings(ducat, DUCAT_AUDIT_FILE=str(ducat.folder)):
        assert "can't be read" in ducat.run("audit", "find", "x", status=1)
    with settings(ducat, DUCAT_AUDIT_FILE=str(ducat.folder / "none.jsonl")):
        for arguments, said in (
            (("x",), "nothing of that in the record"),
            (("--since", "yesterday"), "yesterday is no time: give 90m"),
            (("--since", "1h", "--until", "2h"), "--since is after --until"),
            (("--at", "1h", "--since", "2h"), "--at is a time of its own"),
            (("--user", "nobody-here"), "nobody has the username"),
        ):
            printed = ducat.run("audit", "find", *arguments, status=1)
            assert said in printed
            assert len(printed.splitlines()) == 1
        assert "give one of them" in ducat.run("audit", "find", "--user", "a", "--sub", "b", status=2)
    with settings(ducat, DUCAT_AUDIT_BUCKET="no-such-bucket-of-anybody", AWS_ENDPOINT_URL_S3=s3[0]):
        assert "AWS refused ListObjectsV2: NoSuchBucket" in ducat.run("audit", "find", "x", status=1)


def test_times_are_read_as_people_write_them():
    now = 1_800_000_000
    said = {
        "90m": now - 5400,
        "3d": now - 3 * DAY,
        "2026-11-30": 1_795_996_800,
        "2026-11-30T11:15Z": 1_796_037_300,
        "2026-11-30T12:15+01:00": 1_796_037_300,
        "2026-11-30 11:15": 1_796_037_300,
    }
    assert {text: audit_time.instant(text, now=now) for text in said} == said
    assert audit_time.instant("2026-11-30", now=now, end=True) == said["2026-11-30"] + DAY - 1
    for wrong in ("", "7", "9999999h", "2026-13-01", "0001-01-01", "9999-01-01", "\x1b"):
        with pytest.raises(Problem, match="is no time"):
            audit_time.instant(wrong, now=now)
    assert list(Span(7199, 10_800).hours()) == [10_800, 7200, 3600]


def test_a_failure_that_was_made_good_is_none():
    at = 1_800_000_000
    story = audit_story.Story("t", login(at)[:5])
    assert story.failure is None
    assert audit_story.Story("t", login(at)[:3]).failure.details == {"reason": "wrong password"}
    assert audit_story.Story("t", [other(at)]).failure is None
    assert audit_story.sentence(replace(other(at), what="of.later")) == "of.later."
    assert audit_story._text("words", ["Pay", "5\u00a0€"]) == "Pay / 5 €"
