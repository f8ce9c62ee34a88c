"""What the documents name is there, and what they show works."""

import ast
import json
import re
import subprocess
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

import app as lambda_app
from chalicelib import errors
from chalicelib.authorization_details import details
from chalicelib.authorization_details.detail_types import TYPES
from chalicelib.clients.metadata import registered
from chalicelib.profiles import PROFILES
from chalicelib.scopes import SCOPES
from chalicelib.settings import variables
from chalicelib.storage.records import Client
from chalicelib.users import sign_in_form
from tests.each import each
from tests.house.source import FENCE, ROOT, blocks, functions, text
from tests.infra.template import write_truststore

DOCS = ROOT / "docs"
PAGES = tuple(sorted(path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"))))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"`((?:chalicelib|ducat_admin|ducat_cdk|local|tests|docs|conformance|benchmarks|\.ci)/[\w./*-]*)")
URLS = frozenset(lambda_app.app.routes)
WRITTEN = tuple(
    path for path in PAGES if "reference" not in path.parts or path.name in ("compatibility.md", "glossary.md")
)
"""The pages that people write."""


def page(name):
    return (DOCS / name).relative_to(ROOT)


@cache
def anchors(path):
    """The addresses within a page, as GitHub makes them of its headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(name, heading=None):
    """The backticked words in the first column of a page's tables, or of those under one heading."""
    whole = text(page(name))
    if heading is not None:
        whole = whole.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [word for line in re.findall(r"^\|(.*?)\|", whole, re.MULTILINE) for word in re.findall(r"`([^`]+)`", line)]


EACH_PAGE = [pytest.param(path, id=str(path)) for path in WRITTEN]


@each("path", EACH_PAGE)
def test_each_page_leads_to_what_is_there(path):
    for link in LINK.findall(FENCE.sub("", text(path))):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / path).parent / file if file else ROOT / path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.resolve().relative_to(ROOT)), link


@each("path", EACH_PAGE)
def test_each_page_names_files_that_are_there(path):
    for name in FILE.findall(text(path)):
        assert list(ROOT.glob(name.rstrip("/."))), name


@each("path", EACH_PAGE)
def test_each_page_names_commands_that_make_has(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text(path), re.MULTILINE)) <= targets


@each("path", EACH_PAGE)
def test_each_page_names_settings_that_are_read(path):
    assert set(re.findall(r"\bDUCAT_[A-Z0-9_]+\b", text(path))) <= set(variables())


def test_every_endpoint_is_described_and_no_other():
    named = rows("integrate/endpoints.md")
    assert {path for path in named if path.startswith("/")} == URLS


def test_every_setting_of_the_deployment_is_described_and_no_other():
    from ducat_cdk.deployment import Deployment

    assert rows("operate/deploy.md", "The settings") == [f.name for f in fields(Deployment)]


def test_the_example_of_a_deployment_can_be_deployed(tmp_path, monkeypatch):
    from ducat_cdk.settings import deployment_of

    monkeypatch.chdir(tmp_path)
    write_truststore(tmp_path / "truststore.pem", "CN=Issuing CA,O=Example Trust,C=DE")
    (example,) = blocks(page("operate/deploy.md"), "json")
    assert deployment_of(json.loads(example)).left_as_examples() == []


def test_every_field_of_a_client_is_described_and_no_other():
    named = rows("integrate/clients.md", "Fields")
    assert sorted(named) == sorted(f.name for f in fields(Client))


@pytest.mark.parametrize(
    "record", blocks(page("integrate/clients.md"), "json"), ids=lambda r: json.loads(r)["client_id"]
)
def test_every_example_of_a_client_can_be_registered(record):
    assert registered(json.loads(record)).client_id == json.loads(record)["client_id"]


def test_every_scope_is_described_in_the_words_that_people_read():
    disclosed = re.findall(r"^\| `(\w+)` \| (.+?) \| (no|yes) \|$", text(page("integrate/clients.md")), re.MULTILINE)
    assert disclosed == [(s.name, s.words, "no" if s.about_a_person else "yes") for s in SCOPES.values()]


def test_every_profile_is_described_and_no_other():
    assert rows("integrate/README.md", "Which profile") == list(PROFILES)


def test_what_the_authorizer_hands_on_is_described():
    made = [
        f
        for file in (
            "endpoints/authorizer.py",
            "resource_server/detail_consumption.py",
            "resource_server/signed_request.py",
        )
        for f in functions(Path("chalicelib") / file)
        if f.name in ("decide", "_context", "consume", "check")
    ]
    keys = {node for f in made for node in ast.walk(f) if isinstance(node, ast.Dict) for node in node.keys}
    keys |= {node.slice for f in made for node in ast.walk(f) if isinstance(node, ast.Subscript)}
    handed_on = {node.value for node in keys if isinstance(node, ast.Constant)}
    named = re.findall(r"`(\w+)`", " ".join(_first_columns("integrate/protect-your-api.md", "What your function gets")))
    assert set(named) == handed_on


def _first_columns(name, heading):
    part = text(page(name)).split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\|(.*?)\|", part, re.MULTILINE)


def test_the_rules_that_are_shown_can_be_used():
    from chalicelib.resource_server import policy

    example, *_ = blocks(page("integrate/protect-your-api.md"), "json")
    assert policy.rules(example)
    assert set(rows("integrate/protect-your-api.md", "Say what each route asks for")) == policy.KINDS.keys()


def test_every_type_of_authorization_details_is_shown_by_one_that_may_be_requested():
    examples = [json.loads(block) for block in blocks(page("integrate/authorization-details.md"), "json")]
    assert {one["type"] for one in examples} == TYPES.keys()
    assert details.requested(json.dumps(examples), TYPES, now=0) == tuple(examples)


def test_the_errors_of_the_authorizer_are_registered_ones():
    codes = {kind.error for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "error")}
    disclosed = text(page("integrate/protect-your-api.md")).split("## What the caller gets", 1)[1].split("\n## ", 1)[0]
    named = {word for word in re.findall(r"^\| [^`]*? \| `(\w+)`", disclosed, re.MULTILINE)} - {"error"}
    assert len(named) > 5
    assert named <= codes


def test_the_directory_that_is_shown_signs_people_in():
    (example,) = blocks(page("integrate/users.md"), "python")
    made = {
        "ask_core_banking": lambda user, password, code: {
            "number": "4711",
            "claims": {"name": "C", "email": "c@d"},
            "accounts": (),
        },
        "still_a_customer": lambda sub: sub == "4711",
    }
    exec(compile(example, "core_banking.py", "exec"), made)
    people = made["build"](None)
    form = {"username": "carol", "password": "p", "one_time_code": "1"}
    signed_in = sign_in_form.sign_in(
        None, form, people, requested=None, scope=("openid", "profile"), claims=(), attempt="a", now=5
    )
    assert people.may_sign_in("4711", now=5)
    assert (signed_in.login.sub, signed_in.login.acr, signed_in.login.claims) == (
        "4711",
        "urn:ducat:loa:2",
        {"name": "C"},
    )


OPERATOR = """
import json, os, shlex, sys
from local import aws_stand_in
with aws_stand_in.in_process() as made:
    rest = {"DUCAT_ISSUER": "https://a.example", "DUCAT_MTLS_URL": "https://b.example", "DUCAT_BANK_NAME": "B",
            "DUCAT_USER_DIRECTORY": "chalicelib.users.directory:build", "DUCAT_RESOURCE_URL": "https://c.example",
            "DUCAT_OTP_LEVEL": "2", "DUCAT_WEEKLY_TABLES": "no", "DUCAT_DATA_KEYS": "yes",
            "DUCAT_SECURE_PAYMENT_CONFIRMATION": "no",
            "DUCAT_CLIENT_AUTHORITIES": '["CN=Issuing CA"]'}
    names = {name: "{}" for name in sys.argv[1].split()} | {"DUCAT_AUDIT_KEYS_TABLE": ""} | rest | made
    open("ducat-settings.json", "w").write(json.dumps(names))
    os.mkdir(".local")
    open(".local/run.json", "w").write(json.dumps({"process": os.getpid(), "environment": names}))
    from click.testing import CliRunner
    from ducat_admin import command, people
    people.typed_password = lambda from_stdin: "a long enough password"
    said = []
    for line in json.loads(sys.argv[2]):
        words, _, file = line.partition(" > ")
        done = CliRunner().invoke(command.ducat, shlex.split(words, comments=True)[1:], input="y\\n")
        if file:
            open(file.split()[0], "w").write(done.stdout)
        said.append([line, done.exit_code, done.output])
    print(json.dumps(said))
"""


def command_lines(name):
    """What the page has its reader type of the command `ducat`, in order."""
    joined = "\n".join(blocks(page(name), "sh")).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("ducat ")]


@pytest.mark.fault("6")
def test_what_the_operator_is_to_run_works_and_says_what_it_could_not_do(tmp_path):
    """The end of a consent that is not there was silent, with status 0."""
    examples = {json.loads(one)["client_id"]: one for one in blocks(page("integrate/clients.md"), "json")}
    records = {f"{name}.json": examples[name] for name in ("pocket-ledger", "coin-jar")}
    people = {"people.csv": "username,sub,password,name\ndora,customer-4712,a long enough password,Dora Example\n"}
    for name, content in (records | people).items():
        (tmp_path / name).write_text(content)
    lines = command_lines("operate/clients-and-users.md")
    after = command_lines("operate/incidents.md")
    command = [sys.executable, "-c", OPERATOR, " ".join(variables()), json.dumps(lines + after)]
    run = subprocess.run(command, cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    done = json.loads(run.stdout)
    assert [one for one in done[: len(lines)] if one[1] != 0] == []
    assert [status for _, status, _ in done[len(lines) :]] == [1] * len(after)  # carol has left, and was erased
    printed = {line: output for line, _, output in done}
    assert {line.split()[1] for line in lines} == {"client", "user", "consent", "--json"}
    assert "Registered pocket-ledger under fapi2-security." in printed["ducat client add pocket-ledger.json"]
    assert "otpauth://" in next(output for line, output in printed.items() if line.startswith("ducat user add carol"))
    assert printed["ducat user invite carol"].startswith("https://a.example/passkey?invitation=")
    assert printed[after[0]].endswith(
        "no consent has the id 4QyMRC1I4xPcdWdyqmW1yIz0AkFKwfWD06Q9pybP61Q. Ended 0 consents.\n"
    )
    assert (tmp_path / "own-key.json").exists()
    assert json.loads((tmp_path / "carol.json").read_text())["sub"] == "customer-4711"


def _environment():
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}
