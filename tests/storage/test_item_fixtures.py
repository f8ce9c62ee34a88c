"""What each release wrote is read by this one; also with a member more, or with an optional one less."""

import json
from dataclasses import MISSING, fields

import pytest

from chalicelib.storage import grant_records, records, signing_keys
from tests.aws_in_process import aws as standin
from tests.storage.item_fixtures import FIXTURES, READ, VERSION, provider

RELEASES = sorted(path.name for path in FIXTURES.iterdir())
RECORDS = {
    "clients_table": records.Client,
    "users_table": records.User,
    "grants_table": records.AuthorizationRequest,
    "sessions_table": records.Session,
    "access_tokens_table": grant_records.AccessToken,
    "signing_keys_table": signing_keys.SigningKey,
}
"""What the JSON of a table's items is a record of."""

BEARING = {"grant", "passkeys"}
"""Optional, and yet without it there is another thing: a token of no grant, a person without a passkey."""


@pytest.fixture(scope="module")
def running():
    with standin.running("eu-west-2") as (_, made):
        yield provider(made)


def read_all(running, release, change):
    """Which kinds are not read, once each item of the release was changed."""
    for path in (FIXTURES / release).glob("*_table.json"):
        for item in json.loads(path.read_text()):
            changed = change(path.stem, json.loads(json.dumps(item)))
            body = {"TableName": getattr(running.settings, path.stem), "Item": changed}
            running.dynamo._tables._connection.dispatch("PutItem", body)
    for store in ("clients", "signing_keys"):
        vars(running.dynamo).pop(store, None)
        vars(running).pop(store, None)
    keys = json.loads((FIXTURES / release / "items.json").read_text())
    assert keys.keys() <= READ.keys()
    return [kind for kind, key in keys.items() if READ[kind](running, key) is None]


def test_this_release_has_its_fixture_of_each_kind():
    assert VERSION in RELEASES, "python -m tests.storage.item_fixtures"
    assert json.loads((FIXTURES / VERSION / "items.json").read_text()).keys() == READ.keys()


@pytest.mark.fault("3b")
@pytest.mark.parametrize("release", RELEASES)
def test_what_a_release_wrote_is_read(running, release):
    assert read_all(running, release, lambda table, item: item) == []


@pytest.mark.fault("3b")
@pytest.mark.parametrize("release", RELEASES)
def test_a_member_that_is_not_known_is_left_alone(running, release):
    """A later release adds one, and runs beside this one: it was a TypeError, and an outage."""

    def change(table, item):
        if "record" in item:
            item["record"] = {"S": json.dumps(json.loads(item["record"]["S"]) | {"of_a_later_release": [{"a": 1}]})}
        return item | {"of_a_later_release": {"S": "x"}, "another_kind": {"BOOL": True}, "list": {"L": []}}

    assert read_all(running, release, change) == []


@pytest.mark.fault("3b")
@pytest.mark.parametrize("release", RELEASES)
def test_an_optional_member_may_be_missing(running, release):
    """An earlier release did not write it."""

    def change(table, item):
        kind = RECORDS.get(table)
        if kind is not None and "record" in item:
            needed = BEARING | {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
            stored = json.loads(item["record"]["S"])
            item["record"] = {"S": json.dumps({name: value for name, value in stored.items() if name in needed})}
        if table != "bonds_table":
            item.pop("v", None)
        item.pop("ttl", None)
        return item

    assert read_all(running, release, change) == []


FOREIGN = {"M": {"of": {"S": "a later release"}}}

KEYS = {("grants_table", name) for name in ("person", "given_at", "listed_until")}
"""Of an index: DynamoDB itself holds their types."""

GONE = {
    "v": READ.keys() - {"sub", "bond"},
    "record": READ.keys() - {"sub", "bond"},
    "left_at": {"sub"},
    "suspended_at": {"client", "user", "passkey", "sub"},
    "signed_out_at": {"session"},
    "replaced_at": {"session"},
    "revoked_at": {"own token", "refreshed token", "pushed grant", "opened grant", "authenticated grant"}
    | {"approved grant", "redeemed grant"},
    "epoch": {"authenticated grant", "approved grant", "redeemed grant", "refreshed token"},
    "sign_count": {"passkey"},
    "consumed_0": {"approved grant", "redeemed grant", "refreshed token"},
    "failures": {"user", "passkey"},
}
"""What counts as missing at least, where an attribute has a type that this release does not read."""


def test_an_attribute_of_another_type_fails_nothing_and_a_mark_of_another_type_counts(running):
    """A revocation, a suspension or an end was none if a later release wrote it in another form; others were a 500."""

    def change(name):
        return lambda table, item: item if (table, name) in KEYS else item | {name: FOREIGN}

    items = [item for path in (FIXTURES / VERSION).glob("*_table.json") for item in json.loads(path.read_text())]
    for name in sorted({*(name for item in items for name in item), *GONE} - {"pk", "ring", "kid"}):
        missing = read_all(running, VERSION, change(name))
        assert GONE.get(name, set()) <= set(missing), name
    assert read_all(running, VERSION, lambda table, item: item) == []


def test_a_record_of_a_later_release_counts_as_missing(running):
    """Its number says that a member means something else."""
    missing = read_all(running, VERSION, lambda table, item: item | {"v": {"N": "2"}})
    assert set(missing) == GONE["v"]
