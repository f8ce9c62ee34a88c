"""`ducat user import`, as its user runs it."""

import csv
import json
import stat
from base64 import b32encode, b64encode

import pyotp
import pytest

from chalicelib.users import password
from tests.operator.command import KILLED

PASSWORD = "correct horse battery staple"


def hashed(n):
    """A hash in the right form. No password leads to it."""
    start = password.DUMMY_HASH.split("$")[:-2]
    parts = (bytes([n]) * password.ARGON2.salt_len, bytes([n]) * password.ARGON2.hash_len)
    return "$".join([*start, *(b64encode(part).rstrip(b"=").decode() for part in parts)])


def records(prefix, count):
    return [
        {
            "username": f"{prefix}{n}",
            "sub": f"s-{prefix}{n}",
            "password_hash": hashed(n),
            "totp": b32encode(bytes([n]) * 20).decode(),
            "claims": {"name": f"Person {n}"},
        }
        for n in range(count)
    ]


def written(ducat, name, found):
    (ducat.folder / name).write_text("\n".join(json.dumps(one) for one in found) + "\n")
    return name


def test_people_are_imported_by_csv_and_sign_in(ducat):
    columns = ("username", "sub", "password", "password_hash", "totp", "accounts", "name", "email_verified")
    rows = [
        (
            "Kai",
            "s-kai",
            PASSWORD,
            "",
            b32encode(b"k" * 20).decode(),
            '[{"name": "Main", "iban": "DE1"}]',
            "Kai, Q",
            "true",
        ),
        ("lea", "s-lea", "", hashed(1), "", "", "", ""),
    ]
    with (ducat.folder / "people.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    assert ducat.json("user", "import", "people.csv", "--dry-run") == {"imported": 0, "skipped": 0}
    assert ducat.aws.users.find("kai") is None
    assert ducat.json("user", "import", "people.csv", "--otpauth", "codes.jsonl") == {"imported": 2, "skipped": 0}
    kai = ducat.aws.users.find("kai")
    assert (kai.claims, kai.accounts) == (
        {"name": "Kai, Q", "email_verified": True},
        ({"name": "Main", "iban": "DE1"},),
    )
    now = ducat.aws.now()
    code = pyotp.TOTP(b32encode(b"k" * 20).decode()).at(now)
    signed_in = ducat.aws.user_directory.sign_in(
        "kai", password=PASSWORD, one_time_code=code, scope=("openid",), now=now, attempt="a"
    )
    assert signed_in.login.sub == "s-kai"
    assert ducat.aws.users.find("lea").password == hashed(1)
    assert stat.S_IMODE((ducat.folder / "codes.jsonl").stat().st_mode) == 0o600
    lines = [json.loads(line) for line in (ducat.folder / "codes.jsonl").read_text().splitlines()]
    assert sorted(line["username"] for line in lines) == ["kai", "lea"]
    assert ducat.json("user", "import", "people.csv") == {"imported": 0, "skipped": 2}


def test_all_that_is_wrong_is_said_first_by_its_line_and_nothing_is_imported(ducat):
    good, other, *rest = records("bad", 6)
    ducat.run("user", "import", written(ducat, "there.jsonl", [other]))
    lines = [
        json.dumps(good),
        json.dumps(other | {"claims": {"name": "Another"}}),
        json.dumps(rest[0] | {"sub": other["sub"]}),
        json.dumps(rest[1] | {"password_hash": hashed(1).replace("m=47104", "m=4096")}),
        json.dumps(rest[2] | {"claims": {"emial": "x"}, "password": PASSWORD}),
        json.dumps(rest[3] | {"username": good["username"].upper()}),
        '{"username": "a", "username": "b"}',
        "[" * 30_000,
        '{"username": "\\ud800", "sub": "\\u001b[31m", "password_hash": 7, "more": NaN}',
    ]
    (ducat.folder / "bad.jsonl").write_text("\n".join(lines))
    *problems, last = ducat.run("user", "import", "bad.jsonl", status=1).splitlines()
    assert last == "Error: nothing is imported: 9 problems in 9 records"
    said = [
        "line 2: bad1 is enrolled already, with other data",
        "line 3: sub: on an earlier line too",
        "line 3: the sub is that of bad1",
        "line 4: password_hash must be argon2id with v=19$m=47104,t=1,p=1",
        "line 5: emial: no claim of that name; is it email?; one of password and password_hash is needed",
        "line 6: username: on an earlier line too",
        "line 7: not JSON: a member stands twice",
        "line 8: not JSON",
        "line 9: not JSON: NaN is no number",
    ]
    assert len(problems) == len(said)
    assert all(problem.startswith(wanted) for problem, wanted in zip(problems, said, strict=True)), problems
    assert ducat.aws.users.find(good["username"]) is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"username,sub,emial\n", "line 1: column emial: no claim of that name; is it email?"),
        ("b.csv", b"username,password\n", "line 1: columns username and sub are needed"),
        ("c.csv", b'username,sub\n"a,b\n', "line 2: unexpected end of data"),
        ("d.jsonl", b"{" * 70_000, "line 1: longer than 65536 characters"),
        ("e.jsonl", b"\xff\xfe", "e.jsonl is not UTF-8"),
    ],
)
def test_a_file_that_can_not_be_read_is_one_line(ducat, name, content, said):
    (ducat.folder / name).write_bytes(content)
    assert ducat.run("user", "import", name, status=1) == f"Error: {said}\n"


def test_what_is_half_imported_goes_on(ducat):
    """It was killed, and it met a failure of AWS, which says the line."""
    file = written(ducat, "half.jsonl", records("half", 8))
    status, _ = ducat.outcome("user", "import", file, "--parallel", "1", fault=9)
    assert status == KILLED
    there = [n for n in range(8) if ducat.aws.users.find(f"half{n}")]
    assert there
    assert len(there) < 8
    printed = ducat.run("user", "import", file, "--parallel", "1", refused=8, status=1)
    line = int(printed.partition("go on by --from-line ")[2].split()[0].rstrip("."))
    assert line <= 8
    assert all(ducat.aws.users.find(f"half{n}") for n in range(line - 1))
    done = ducat.json("user", "import", file, "--from-line", str(line))
    assert done["imported"] + done["skipped"] == 8 - line + 1
    assert ducat.json("user", "import", file) == {"imported": 0, "skipped": 8}


def test_addresses_are_not_appended_to_a_file_that_others_can_read(ducat):
    file = written(ducat, "open.jsonl", records("open", 1))
    (ducat.folder / "codes").write_text("")
    (ducat.folder / "codes").chmod(0o644)
    printed = ducat.run("user", "import", file, "--otpauth", "codes", status=1)
    assert "codes can be read by others: chmod 600 codes" in printed
    assert (ducat.folder / "codes").read_text() == ""
    assert ducat.aws.users.find("open0") is None
