"""`ducat client`, as its user runs it."""

import json
import stat

import pytest

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
