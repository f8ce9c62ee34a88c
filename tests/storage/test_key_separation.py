"""No key or token value of one kind of item opens, changes or breaks one of another kind: caller-chosen keys at every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from chalicelib.assembly import Aws
from chalicelib.settings import Settings, variable
from chalicelib.storage.data_keys import DataKey
from chalicelib.storage.signing_keys import SigningKey
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, of_grant, passkey_key, read, session_of
from tests.aws_in_process import aws as standin
from tests.storage.sample_records import (
    NOW,
    client,
    flow,
    once,
    own_handle,
    session,
    session_handle,
    token,
    token_value,
    user,
)

LATER = NOW + 1


@dataclass(frozen=True)
class World:
    """Every kind of item. `keys`: what names it, by what it is. `kinds`: of each item (table, key) its kind.

    `written`: each table's items.
    """

    aws: Aws
    stand: standin.Stand
    keys: Mapping[str, str]
    kinds: Mapping[tuple[str, str], str]
    written: Mapping[str, Any]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    unused = {variable(f): "unused" for f in Settings._fields} | {
        variable("vocabulary"): "{}",
        variable("otp_level"): "2",
        variable("weekly_tables"): "no",
        variable("data_keys"): "yes",
        variable("secure_payment_confirmation"): "no",
    }
    hosts = {variable(name): "https://bank.example" for name in ("issuer", "mtls_url", "resource_url")}
    with standin.running("eu-west-3") as (stand, made):
        aws = Aws(Settings.read(unused | hosts | made))
        yield World(aws, stand, *_fill(aws), _everything(aws))


def _fill(aws: Aws) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Write one item of each kind. Gives what names each, and the kind of each item."""
    names = aws.settings
    person, credential, invitation = user(username="alice"), token_value(), token_value()
    passkey = {"id": credential, "key": "k", "handle": token_value(), "created_at": NOW}
    aws.users.put(person)
    aws.users.invite("alice", invitation=invitation, until=NOW + 900)
    aws.passkeys.add(person, passkey, limit=10, enrolment_token=invitation, sign_count=3, now=NOW)
    aws.users.put(user(username="bob"))
    aws.dynamo.data_keys.put(DataKey("a-data-key", "sealed"))
    ticket = token_value()
    aws.users.invite("bob", invitation=ticket, until=NOW + 900)
    fintech, used, own, browser_session = client(), once(), own_handle(), session_handle()
    aws.clients.put(fintech)
    aws.replay_cache.consume(used, now=NOW)
    aws.tokens.put(own, token())
    aws.sessions.begin(browser_session, session())
    aws.signing_keys.put(SigningKey("a-kid", "PS256", "key-id", {"kty": "RSA"}, NOW))
    one, coded, pushed = flow().redeemed(aws), flow().approved(aws), flow().pushed(aws)
    refreshed = one.refreshed_access()
    aws.tokens.put(refreshed, token(one.key))
    aws.bonds.end(one.bond, now=NOW - 10, keep=NOW + 9000)
    keys = {
        "client_id": fintech.client_id,
        "username": "alice",
        "credential id": credential,
        "data key's key": "data key a-data-key",
        "passkey key": passkey_key(credential),
        "invitation": ticket,
        "once key": used.key,
        "own token": own,
        "own token key": digest(own),
        "session": browser_session,
        "session key": digest(browser_session),
        "session of a grant": str(session_of(browser_session)),
        "signing keys' ring": "ring",
        "kid": "a-kid",
        "grant key": one.key,
        "pushed grant key": pushed.key,
        "bond key": one.bond,
        "code": coded.code.value,
        "redeemed code": one.code.value,
        "access token": one.access,
        "refreshed token": refreshed,
        "refreshed token key": digest(refreshed),
        "refresh token": one.refresh,
        "browser": one.browser,
    }
    kinds = {
        (names.clients_table, fintech.client_id): "client",
        (names.users_table, "alice"): "user",
        (names.users_table, "bob"): "user",
        (names.users_table, passkey_key(credential)): "passkey",
        (names.users_table, "data key"): "data key",
        (names.users_table, "data key a-data-key"): "data key",
        (names.replay_cache_table, used.key): "once",
        (names.access_tokens_table, digest(own)): "token",
        (names.access_tokens_table, digest(refreshed)): "token",
        (names.sessions_table, digest(browser_session)): "session",
        **{(names.grants_table, grant.key): "grant" for grant in (one, coded, pushed)},
        (names.bonds_table, one.bond): "bond",
    }
    return keys, kinds


@dataclass(frozen=True)
class Probe:
    """One store method that takes what a caller chose. `opens`: the names of `World.keys` that it is for. `kinds`: what it
    may read or change."""

    send_request: Callable[[Aws, str], Any]
    opens: frozenset[str]
    kinds: frozenset[str]


def _probe(send_request: Callable[[Aws, str], Any], opens: set[str], kinds: set[str]) -> Probe:
    return Probe(send_request, frozenset(opens), frozenset(kinds))


ISSUED = {"own token", "access token", "refreshed token"}
GRANT, PERSON = {"grant", "bond"}, {"username"}
PROBES: Mapping[str, Probe] = {
    "clients.find": _probe(lambda aws, key: aws.clients.find(key, now=NOW), {"client_id"}, {"client"}),
    "users.find": _probe(lambda aws, key: aws.users.find(key), PERSON, {"user"}),
    "users.admit": _probe(
        lambda aws, key: aws.users.admit(key, attempt="x", free=5, locks=(30,), now=NOW)[0], PERSON, {"user"}
    ),
    "users.use_code": _probe(lambda aws, key: aws.users.use_code(key, 1, attempt="x"), PERSON, {"user"}),
    "users.invite": _probe(lambda aws, key: aws.users.invite(key, invitation="i", until=NOW), PERSON, {"user"}),
    "users.exchange": _probe(
        lambda aws, key: aws.users.exchange("alice", invitation=key, enrolment_token="t", until=NOW, now=NOW),
        set(),
        {"user"},
    ),
    "users.exchange of": _probe(
        lambda aws, key: aws.users.exchange(key, invitation="i", enrolment_token="t", until=NOW, now=NOW),
        set(),
        {"user"},
    ),
    "data_keys.find": _probe(lambda aws, key: aws.dynamo.data_keys.find(key), set(), {"data key"}),
    "passkeys.find": _probe(lambda aws, key: aws.passkeys.find(key), {"credential id"}, {"passkey", "user"}),
    "passkeys.counted": _probe(
        lambda aws, key: aws.passkeys.counted(key, 9, attempt="a"), {"credential id"}, {"passkey"}
    ),
    "grants.open": _probe(
        lambda aws, key: aws.grants.open(key, "fintech", "b", now=NOW, expires_at=LATER, code_lifetime=60),
        {"pushed grant key"},
        {"grant"},
    ),
    "grants.find": _probe(lambda aws, key: aws.grants.find(key, now=NOW), {"grant key", "pushed grant key"}, {"grant"}),
    "grants.approve": _probe(
        lambda aws, key: aws.grants.approve(key, "b", person="p", secret="s", now=NOW), set(), {"grant"}
    ),
    "grants.deny": _probe(lambda aws, key: aws.grants.deny(key, "b", now=NOW), set(), {"grant"}),
    "grants.revoke": _probe(
        lambda aws, key: aws.grants.revoke(key, now=NOW) or None, {"grant key", "pushed grant key"}, {"grant"}
    ),
    "grants.revoke_own": _probe(lambda aws, key: aws.grants.revoke_own(key, "nobody", now=NOW), set(), {"grant"}),
    "grants.relied_on": _probe(
        lambda aws, key: aws.grants.relied_on(key, 0, now=NOW) or None, {"grant key"}, {"grant", "bond"}
    ),
    # These two give the grant that a token value names, of which the caller judges the secret: only what is read counts here.
    "grants.find_code": _probe(
        lambda aws, key: (code := of_grant(key)) and aws.grants.find_code(code) and None, set(), GRANT
    ),
    "grants.find_refreshable": _probe(
        lambda aws, key: (code := of_grant(key)) and aws.grants.find_refreshable(code, now=NOW) and None, set(), GRANT
    ),
    "grants.of_person": _probe(lambda aws, key: aws.grants.of_person(key, now=NOW)[0] or None, set(), GRANT),
    "grants.of_person after": _probe(
        lambda aws, key: aws.grants.of_person("nobody", now=NOW, after=key)[0] or None, set(), GRANT
    ),
    "tokens.find": _probe(lambda aws, key: aws.tokens.find(key, now=NOW), ISSUED, {"token", *GRANT}),
    "tokens.look_up": _probe(
        lambda aws, key: aws.tokens.look_up(key, now=NOW) != (None, None) or None,
        {*ISSUED, "refresh token"},
        {"token", *GRANT},
    ),
    "tokens.revoke": _probe(lambda aws, key: aws.tokens.revoke(key, None, now=NOW), ISSUED, {"token"}),
    "sessions.find": _probe(lambda aws, key: aws.sessions.find(key, now=NOW), {"session"}, {"session"}),
    "sessions.replace": _probe(lambda aws, key: aws.sessions.replace(key, now=NOW), {"session"}, {"session"}),
    "sessions.end": _probe(lambda aws, key: aws.sessions.end(key, now=NOW, keep=LATER), {"session"}, {"session"}),
}
FORMS: Mapping[str, Callable[[str, str], str]] = {
    "as it is": lambda key, other: key,
    "after a dot": lambda key, other: f"x.{key}",
    "as a handle's keys": lambda key, other: f"{'A' * 43}.{key}.{other}",
    "as a handle's secret": lambda key, other: f"{key}.{other}.{other}",
    "with another's keys": lambda key, other: f"{'A' * 43}.{other.partition('.')[2]}",
    "with a week": lambda key, other: f"{key}.r{NOW // 604800}",
    "of a family": lambda key, other: f"{key}~{other}",
    "as a passkey's": lambda key, other: f"passkey {key}",
    "with a space": lambda key, other: f" {key}",
    "after an instant": lambda key, other: f"{NOW}.{key}",
    "an old agreement's": lambda key, other: f"x.agreement {key} {other}",
}


def _looked_at(call: standin.Call, answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every item that an answer of DynamoDB tells anything of: table and key."""
    table = str(call.body.get("TableName"))
    named = call.body.get("Key") or call.body.get("Item") or {}
    if answer.get("Item") or answer.get("Attributes"):
        yield table, named["pk"]["S"]
    for item in answer.get("Items", ()):
        yield table, item["pk"]["S"]
    for of, items in answer.get("Responses", {}).items():
        yield from ((of, item["pk"]["S"]) for item in items)


def _everything(aws: Aws) -> dict[str, Any]:
    tables = {
        name: getattr(aws.settings, name)
        for name, value in aws.settings._asdict().items()
        if name.endswith("_table") and value != "unused"
    }
    connection = aws.dynamo._tables._connection
    return {name: sorted(connection.scan(table)["Items"], key=str) for name, table in tables.items()}


@pytest.mark.fault("1a")
@pytest.mark.clause("RFC6749-10.10")
@examples(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(another=st.sampled_from(["refresh token", "passkey key", "session", "bond key"]))
def test_no_store_takes_the_key_of_another_kind_of_item(world: World, another: str) -> None:
    """What a caller chose was read as a key of a table that held items of several kinds: a 500, and another's item read."""
    seen: list[tuple[str, str]] = []

    def watched(call: standin.Call, work: Callable[[], Mapping[str, Any]]) -> Any:
        answer = work()
        seen.extend(_looked_at(call, answer))
        return answer

    with world.stand.failing(watched):
        for (name, probe), of, form in product(PROBES.items(), world.keys, FORMS):
            value = FORMS[form](world.keys[of], world.keys[another])
            if value in {world.keys[one] for one in probe.opens}:
                continue
            seen.clear()
            try:
                opened = probe.send_request(world.aws, value)
            except NotOpen:
                opened = None
            assert opened in (None, False), (name, of, form)
            assert {world.kinds[item] for item in seen if item in world.kinds} <= probe.kinds, (name, of, form)
    after = _everything(world.aws)
    assert all(item in after[table] for table, items in world.written.items() for item in items)


@pytest.mark.fault("1a")
def test_each_probe_opens_what_it_is_for(world: World) -> None:
    """The property above would hold for methods that give nothing at all."""
    finding = ("clients.find", "users.find", "passkeys.find", "grants.find", "tokens.find", "sessions.find")
    for name in finding:
        for of in PROBES[name].opens - {"grant key", "access token", "refreshed token"}:
            assert PROBES[name].send_request(world.aws, world.keys[of]) is not None, (name, of)
    assert read(world.keys["code"]) is not None
