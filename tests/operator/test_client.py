"""`ducat client`, as its user runs it."""

import json
import stat
import time
from base64 import b64encode
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from chalicelib.storage.dynamodb.attributes import Write
from chalicelib.storage.dynamodb.operation import ClientChanged, OperatedClients
from ducat_admin import client as client_verbs
from ducat_admin import client_registration
from tests.actors import certificate, der, ec_key, jwk
from tests.storage import sample_records

FILE = {
    "client_id": "ledger",
    "client_name": "Pocket Ledger",
    "profile": "fapi2-security",
    "token_endpoint_auth_method": "private_key_jwt",
    "tls_client_certificate_bound_access_tokens": True,
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://ledger.example/back"],
    "scope": "openid accounts",
    "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "k", "x": "", "y": ""}]},
}


@pytest.fixture
def registered(ducat, request):
    """A client of the test's own, by flags."""
    name = f"c-{abs(hash(request.node.name))}"
    ducat.run("client", "add", "--id", name, "--make-key", f"{name}.json", "--redirect-uri", "https://c.example/back")
    return name


def test_a_client_is_added_by_flags_with_a_key_that_only_its_owner_reads(ducat):
    printed = ducat.run(
        "client", "add", "--id", "flags", "--make-key", "flags.json", "--redirect-uri", "https://f.example/back"
    )
    assert "Registered flags under fapi2-security." in printed
    private = json.loads((ducat.folder / "flags.json").read_text())
    assert stat.S_IMODE((ducat.folder / "flags.json").stat().st_mode) == 0o600
    shown = ducat.json("client", "show", "flags")
    (public,) = shown["jwks"]["keys"]
    assert (public["kid"], public["x"]) == (private["kid"], private["x"])
    assert "d" not in public
    assert private["d"] not in printed
    assert (shown["state"], shown["token_endpoint_auth_method"]) == ("active", "private_key_jwt")


@pytest.mark.parametrize("by", ["file", "standard input"])
def test_a_client_is_added_by_its_metadata(ducat, registered, by):
    keys = ducat.json("client", "show", registered)["jwks"]
    metadata = FILE | {"client_id": f"by-{by.split()[0]}", "jwks": keys, "contacts": ["a@ledger.example"]}
    (ducat.folder / "ledger.json").write_text(json.dumps(metadata))
    file, said = ("ledger.json", "") if by == "file" else ("-", json.dumps(metadata))
    assert "Left out, since nothing here reads them: contacts." in ducat.run("client", "add", file, said=said)
    assert ducat.json("client", "show", metadata["client_id"])["scope"] == ["openid", "accounts"]


def test_a_secret_is_shown_once(ducat):
    arguments = ("client", "add", "--id", "secretive", "--auth", "client_secret_jwt", "--profile", "fapi1-baseline")
    made = ducat.json(*arguments, "--redirect-uri", "https://s.example/back")
    assert len(made["client_secret"]) > 30
    assert made["client_secret"] not in ducat.run("client", "show", "secretive")
    assert "client_secret" not in ducat.json("client", "show", "secretive")


def test_clients_are_listed_with_their_state(ducat, registered):
    ducat.run("client", "suspend", registered, "--yes")
    rows = {row["client_id"]: row for row in ducat.json("client", "list")}
    assert rows[registered]["state"] == "suspended"
    assert rows[registered]["suspended_at"].endswith("Z")
    table = ducat.run("client", "list")
    assert table.splitlines()[0].split()[:2] == ["client", "id"]
    assert any(line.startswith(registered) and line.rstrip().endswith("suspended") for line in table.splitlines())
    assert registered in {row["client_id"] for row in ducat.json("client", "list", "--suspended")}


def test_a_suspended_client_is_as_one_that_is_not_registered_until_it_is_resumed(ducat, registered):
    find = ducat.aws.dynamo.clients.find
    assert find(registered, now=ducat.aws.now()).client_id == registered
    ducat.run("client", "suspend", registered, "--yes")
    later = ducat.aws.now() + 61  # a function caches a client for a minute
    assert find(registered, now=later) is None
    ducat.run("client", "suspend", registered, "--yes")  # again
    ducat.run("client", "resume", registered)
    assert find(registered, now=later).client_id == registered


def test_registering_anew_does_not_lift_a_suspension(ducat, registered):
    client = ducat.aws.dynamo.operated_clients.find(registered).client
    ducat.run("client", "suspend", registered, "--yes")
    ducat.aws.clients.put(client)
    assert ducat.json("client", "show", registered)["state"] == "suspended"


def test_what_was_ended_is_not_there(ducat, registered):
    ducat.run("client", "end", registered, "--yes")
    assert f"no client has the id {registered}" in ducat.run("client", "show", registered, status=1)


def test_the_id_of_an_ended_client_is_free_once_no_function_accepts_it_any_more(ducat, registered):
    """What the ended one is granted in that minute would be the new one's."""
    clients, table, now = ducat.aws.dynamo.operated_clients, ducat.aws.settings.clients_table, ducat.aws.now()
    before = ducat.aws.clients.find(registered, now=now)
    ducat.run("client", "end", registered, "--yes")
    assert ducat.aws.clients.find(registered, now=now + 59) == before
    printed = ducat.run("client", "add", "--id", registered, "--make-key", "again.json", status=1)
    assert "add it in " in printed
    assert not (ducat.folder / "again.json").exists()
    item = ducat.aws.dynamo._tables.get(table, registered)
    assert clients.open_in(registered, now=item["ended_at"] + 59) == 1
    ducat.aws.dynamo._tables.write(Write("Put", table, registered, item | {"ended_at": item["ended_at"] - 60}))
    ducat.run("client", "add", "--id", registered, "--make-key", "again.json")
    assert clients.find(registered).client.registered_at >= item["ended_at"]


@pytest.mark.parametrize("verb", ["suspend", "end"])
def test_what_is_dangerous_asks(ducat, registered, verb):
    assert registered in ducat.run("client", verb, registered, said="n\n", status=1)
    assert ducat.json("client", "show", registered)["state"] == "active"


@pytest.mark.parametrize("verb", ["show", "suspend", "resume", "end"])
def test_an_id_that_nobody_has_is_an_error_of_one_line(ducat, verb):
    yes = ("--yes",) if verb in ("suspend", "end") else ()
    printed = ducat.run("client", verb, "nobody", *yes, status=1)
    assert printed.startswith("Error: ")
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON of a client"),
        ("[]", "is no JSON object"),
        ('{"client_id": "a", "client_id": "b"}', "client_id: given twice"),
        ('{"client_id": "a", "profile": "fapi9"}', "a can't be registered: profile must be one of"),
    ],
)
def test_metadata_that_can_not_be_used_are_refused_in_one_line(ducat, text, said):
    printed = ducat.run("client", "add", "-", said=text, status=1)
    assert said in printed
    assert len(printed.splitlines()) == 1


def test_a_refused_client_leaves_no_key_behind(ducat):
    ducat.run("client", "add", "--id", "x", "--make-key", "x.json", "--scope", "nonsense", status=1)
    assert not (ducat.folder / "x.json").exists()


def test_a_key_is_never_written_over_another_file(ducat, registered):
    before = (ducat.folder / f"{registered}.json").read_text()
    said = ducat.run("client", "add", "--id", "y", "--make-key", f"{registered}.json", status=1)
    assert f"--key {registered}.json" in said
    assert (ducat.folder / f"{registered}.json").read_text() == before
    again = ducat.run(
        "client", "add", "--id", "y", "--key", f"{registered}.json", "--redirect-uri", "https://y.example/b"
    )
    assert "Registered y" in again


def test_a_client_that_is_there_is_not_replaced(ducat, registered):
    assert "is registered already" in ducat.run("client", "add", "--id", registered, status=1)


def test_an_update_changes_what_is_given_and_leaves_the_rest(ducat, registered):
    before = ducat.json("client", "show", registered)
    ducat.run("client", "suspend", registered, "--yes")
    said = ducat.run("client", "update", registered, "--name", "Another Name", "--scope", "openid accounts")
    assert said == f"Changed {registered}: client_name, scope.\n"
    after = ducat.json("client", "show", registered)
    assert after | {"suspended_at": None, "state": "active"} == before | {
        "client_name": "Another Name",
        "scope": ["openid", "accounts"],
    }
    assert after["state"] == "suspended"
    assert "as that already" in ducat.run("client", "update", registered, "--name", "Another Name")


def test_what_show_prints_can_be_changed_and_handed_back(ducat, registered):
    shown = ducat.json("client", "show", registered)
    changed = shown | {
        "redirect_uris": ["https://c.example/one", "https://c.example/two"],
        "require_issuer_audience": True,
    }
    done = json.loads(ducat.run("--json", "client", "update", registered, "-", said=json.dumps(changed)))
    assert done["changed"] == ["redirect_uris", "require_issuer_audience"]
    assert done["left_out"] == []
    ducat.run("client", "update", registered, "-", said='{"require_issuer_audience": null}')
    assert "require_issuer_audience" not in ducat.json("client", "show", registered)


def test_a_key_is_added_to_those_that_are_there(ducat, registered):
    ducat.run("client", "update", registered, "--make-key", f"{registered}-2.json")
    added = json.loads((ducat.folder / f"{registered}-2.json").read_text())
    keys = ducat.json("client", "show", registered)["jwks"]["keys"]
    assert [key["kid"] for key in keys][1:] == [added["kid"]]
    ducat.run("client", "update", registered, "--jwks-uri", "https://c.example/jwks")
    shown = ducat.json("client", "show", registered)
    assert (shown["jwks_uri"], "jwks" in shown) == ("https://c.example/jwks", False)


@pytest.mark.parametrize(
    ("arguments", "said", "words"),
    [
        (("--scope", "nonsense"), "", "stays as it is: scope: unknown nonsense"),
        (("-",), '{"client_id": "another"}', "an id can't be changed"),
        (("-",), '{"registered_at": 5}', "registered_at: the server sets it"),
        (("-",), '{"redirect_uris": null}', "must be registered together"),
        (("--scope", "nonsense", "--make-key", "left.json"), "", "unknown nonsense"),
    ],
)
def test_a_change_that_can_not_be_registered_changes_nothing(ducat, registered, arguments, said, words):
    before = ducat.json("client", "show", registered)
    printed = ducat.run("client", "update", registered, *arguments, said=said, status=1)
    assert words in printed
    assert len(printed.splitlines()) == 1
    assert ducat.json("client", "show", registered) == before
    assert not (ducat.folder / "left.json").exists()


def test_two_operators_do_not_overwrite_each_other_unseen(ducat, registered):
    clients = ducat.aws.dynamo.operated_clients
    one = clients.find(registered)
    ducat.run("client", "update", registered, "--name", "First")
    with pytest.raises(ClientChanged):
        clients.replace(one, replace(one.client, client_name="Second"))
    again = clients.find(registered)
    clients.replace(again, replace(again.client, client_name="Third"))
    clients.replace(again, replace(again.client, client_name="Third"))  # what botocore repeats
    ducat.run("client", "end", registered, "--yes")
    with pytest.raises(ClientChanged):
        clients.replace(again, one.client)
    assert clients.find(registered) is None


def test_another_secret_is_shown_once_and_the_first_one_is_worth_nothing(ducat):
    arguments = ("client", "add", "--id", "rotated", "--auth", "client_secret_jwt", "--profile", "fapi1-baseline")
    first = ducat.json(*arguments, "--redirect-uri", "https://s.example/back")["client_secret"]
    assert "rotated" in ducat.run("client", "rotate-secret", "rotated", said="n\n", status=1)
    ducat.run("client", "update", "rotated", "--name", "It keeps its secret")
    assert (
        ducat.aws.client_secrets.of(ducat.aws.dynamo.operated_clients.find("rotated").client, now=0) == first.encode()
    )
    second = ducat.run("client", "rotate-secret", "rotated", "--yes")
    assert "The old one is refused a minute from now" in second
    kept = ducat.aws.client_secrets.of(ducat.aws.dynamo.operated_clients.find("rotated").client, now=0)
    assert kept != first.encode()
    assert kept.decode() in second


def in_process(ducat, verb, *arguments):
    """A run of the verb in this process, where a test replaces functions. click remembers a verb's help from its first run."""
    one, help_options = SimpleNamespace(provider=ducat.aws, as_json=False), ["-h", "--help"]
    return CliRunner().invoke(verb, arguments, obj=one, help_option_names=help_options)


def test_of_two_operators_at_once_one_is_told_that_the_client_was_changed(ducat, monkeypatch):
    arguments = ("client", "add", "--id", "raced", "--auth", "client_secret_jwt", "--profile", "fapi1-baseline")
    ducat.run(*arguments, "--redirect-uri", "https://s.example/back")
    clients = ducat.aws.dynamo.operated_clients

    def another(*_):
        one = clients.find("raced")
        clients.replace(one, replace(one.client, client_secret="another's"))

    for module, command in ((client_registration, client_registration.rotate_secret), (client_verbs, client_verbs.end)):
        monkeypatch.setattr(module, "sure", another)
        run = in_process(ducat, command, "raced")
        assert (run.exit_code, run.output.splitlines()) == (
            1,
            ["Error: raced was changed by another operator meanwhile: look at it and try again"],
        )
    assert clients.find("raced").client.client_secret == "another's"


def test_of_two_operators_who_add_a_client_at_once_one_is_told_that_it_is_there(ducat, registered, monkeypatch):
    before = ducat.aws.dynamo.operated_clients.find(registered).client
    key, unseen = ducat.folder / "raced.json", lambda *_: None
    with monkeypatch.context() as overtaken:
        overtaken.setattr(OperatedClients, "find", unseen)
        arguments = ["--id", registered, "--redirect-uri", "https://y.example/b", "--make-key", str(key)]
        run = in_process(ducat, client_registration.add, *arguments)
    assert run.exit_code == 1
    assert f"{registered} can't be registered: a client of that id is registered already" in run.output
    assert not key.exists()
    assert ducat.aws.dynamo.operated_clients.find(registered).client == before


def test_a_client_without_secret_gets_none(ducat, registered):
    assert "has no secret" in ducat.run("client", "rotate-secret", registered, "--yes", status=1)


def test_a_check_names_every_fault_with_its_clause(ducat):
    metadata = FILE | {
        "token_endpoint_auth_method": "client_secret_jwt",
        "redirect_uris": ["http://ledger.example/back", "https://ledger.example/back?code=1"],
        "scope": "openid nonsense",
        "tls_client_certificate_bound_access_tokens": False,
        "id_token_signed_response_alg": "RS256",
        "client_name": "bad\u202ename",
        "client_secret": "x",
    }
    found = json.loads(ducat.run("--json", "client", "check", "-", said=json.dumps(metadata), status=1))
    assert {one["level"] for one in found} == {"problem"}
    assert {(one["clause"], one["finding"].split(":")[0].split(" must")[0]) for one in found} == {
        ("RFC7591-2", "client_secret"),
        ("RFC7591-2", "client_name has control, invisible or bidirectional characters"),
        ("RFC7591-2", "scope"),
        ("FAPI2-SP-FINAL-5.3.2.2-8", "redirect_uris"),
        ("RFC6749-3.1", "redirect_uris"),
        ("FAPI2-SP-FINAL-5.4.1-2", "jwks"),
        ("FAPI2-SP-FINAL-5.3.2.1-6", "token_endpoint_auth_method"),
        ("FAPI2-SP-FINAL-5.3.2.1-4", "tls_client_certificate_bound_access_tokens or dpop_bound_access_tokens"),
        ("FAPI2-SP-FINAL-5.4.1-1", "id_token_signed_response_alg"),
    }
    of_types = FILE | {"scope": 5, "dpop_bound_access_tokens": "false", "jwks": [], "profile": "fapi9"}
    found = json.loads(ducat.run("--json", "client", "check", "-", said=json.dumps(of_types), status=1))
    assert len(found) == 4


def test_a_check_of_a_good_client_is_silent_and_of_an_unknown_one_an_error(ducat, registered):
    assert ducat.json("client", "check", registered) == []
    assert "no client has the id" in ducat.run("client", "check", "nobody", status=1)
    assert "nowhere.json" in ducat.run("client", "check", "nowhere.json", status=1)


def test_a_check_warns_of_what_ends_soon_or_can_not_be_used(ducat, registered):
    key = ec_key("checked")
    jwks = ducat.json("client", "show", registered)["jwks"]
    soon = certificate("soon", key=key, begins=int(time.time()) - 86_400 + 3600, days=10)
    jwks["keys"] += [{**jwk(key), "x5c": [b64encode(der(soon)).decode()]}, {"kty": "oct"}]
    metadata = ducat.json("client", "show", registered) | {"jwks": jwks}
    for member in ("state", "suspended_at", "registered_at", "authentication"):
        metadata.pop(member)
    found = json.loads(ducat.run("--json", "client", "check", "-", said=json.dumps(metadata)))
    assert [one["level"] for one in found] == ["warning", "warning"]
    assert "key 3" in found[0]["finding"]
    assert "ends in 9 days" in found[1]["finding"]


@pytest.mark.parametrize(
    "verb", [("client", "add"), ("client", "check"), ("client", "update", "nested"), ("user", "add", "--file")]
)
def test_json_that_is_nested_without_end_is_one_line(ducat, verb):
    """The parser gives up by an exception that is not one of JSON's."""
    ducat.aws.clients.put(sample_records.client(client_id="nested", registered_at=1))
    printed = ducat.run(*verb, "-", said="[" * 100_000, status=1)
    assert "is no JSON of a" in printed
    assert len(printed.splitlines()) == 1
