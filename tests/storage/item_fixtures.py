"""A fixture of each kind of item as this release writes it, which every later release must read.

`python -m tests.storage.item_fixtures` writes them, once a release, into `fixtures/<version>/`; none is overwritten.
A kind that is new gets its fixture with the next release.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalicelib.assembly import Aws
from chalicelib.settings import Settings, variable
from chalicelib.storage.grant_records import Bond, RememberedConsent
from chalicelib.storage.signing_keys import SigningKey
from chalicelib.storage.token_values import digest, of_grant
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

FIXTURES = Path(__file__).parent / "fixtures"
VERSION = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["version"]

DETAIL = {"type": "payment_initiation", "instructedAmount": {"currency": "EUR", "amount": "1.00"}}

READ: Mapping[str, Callable[[Aws, str], Any]] = {
    "client": lambda aws, key: aws.clients.find(key, now=NOW),
    "user": lambda aws, key: aws.users.find(key),
    "passkey": lambda aws, key: aws.passkeys.find(key),
    "sub": lambda aws, key: aws.users.standing(key) == "known" or None,
    "signing key": lambda aws, key: next((one for one in aws.signing_keys.all(now=NOW) if one.kid == key), None),
    "session": lambda aws, key: aws.sessions.find(key, now=NOW),
    "own token": lambda aws, key: aws.tokens.find(key, now=NOW),
    "refreshed token": lambda aws, key: aws.tokens.find(key, now=NOW),
    "pushed grant": lambda aws, key: aws.grants.find(key, now=NOW),
    "opened grant": lambda aws, key: aws.grants.find(key, now=NOW),
    "authenticated grant": lambda aws, key: aws.grants.find(key, now=NOW),
    "approved grant": lambda aws, key: aws.grants.find_code(_grant_handle(key)),
    "redeemed grant": lambda aws, key: aws.tokens.find(key, now=NOW),
    "bond": lambda aws, key: aws.bonds.find(key, now=NOW).remembered or None,
}
"""How each kind is read, by what names it."""


def _grant_handle(value: str) -> Any:
    return of_grant(value)


def provider(made: Mapping[str, str]) -> Aws:
    """A provider over the stand-in."""
    unused = {variable(name): "unused" for name in Settings._fields if name not in Settings._field_defaults}
    hosts = {variable(name): "https://bank.example" for name in ("issuer", "mtls_url", "resource_url")}
    return Aws(Settings.read(unused | hosts | made))


def written(aws: Aws) -> dict[str, str]:
    """Write one item of each kind, as full as it gets; gives what names each."""
    person, credential, invitation = user(username="alice"), token_value(), token_value()
    passkey = {"id": credential, "key": "k", "handle": token_value(), "created_at": NOW}
    aws.users.put(person)
    aws.users.invite("alice", invitation=invitation, until=NOW + 900)
    aws.passkeys.add(person, passkey, limit=10, enrolment_token=invitation, sign_count=3, now=NOW)
    aws.users.use_code("alice", NOW // 30, attempt="x")
    aws.users.admit("alice", attempt="x", free=5, locks=(30,), now=NOW)
    fintech = client(
        jwks={"keys": [{"kty": "RSA"}]}, redirect_uris=("https://fintech.example/back",), registered_at=NOW
    )
    aws.clients.put(fintech)
    aws.signing_keys.put(SigningKey("a-kid", "PS256", "key-id", {"kty": "RSA"}, NOW, NOW + 9))
    own, browser = own_handle(), session_handle()
    aws.tokens.put(own, token())
    aws.sessions.begin(browser, session())
    aws.replay_cache.consume(once(), now=NOW)
    pushed, opened, authenticated = flow().pushed(aws), flow().opened(aws), flow().authenticated(aws)
    approved = flow().authenticated(aws)
    approved.approve(aws, granted=[DETAIL], front=(approved.another_access(), approved.token))
    redeemed = flow(family=token_value()).authenticated(aws)
    redeemed.approve(aws, granted=[DETAIL])
    redeemed.redeem(aws)
    found = redeemed.found(aws)
    assert found is not None
    aws.grants.rotate(found, digest(token_value()), now=NOW)
    aws.grants.consume(found, 0, by=digest("a key"), now=NOW)
    refreshed = redeemed.refreshed_access()
    aws.tokens.put(refreshed, replace(token(redeemed.key), dpop_nonce_required=True))
    bond = digest(token_value())
    more = RememberedConsent(("accounts",), ("email",), NOW + 9000, redeemed.key)
    aws.bonds.remember(bond, Bond(0), more, keep=NOW + 9000)
    return {
        "client": fintech.client_id,
        "user": "alice",
        "passkey": credential,
        "sub": person.sub,
        "signing key": "a-kid",
        "session": browser,
        "own token": own,
        "refreshed token": refreshed,
        "pushed grant": pushed.key,
        "opened grant": opened.key,
        "authenticated grant": authenticated.key,
        "approved grant": approved.code.value,
        "redeemed grant": redeemed.access,
        "bond": bond,
    }


def tables(aws: Aws) -> dict[str, list[dict[str, Any]]]:
    """Every raw item, by the name of its table in the settings."""
    names = [name for name in Settings._fields if name.endswith("_table")]
    scan = aws.dynamo._tables._connection.scan
    return {name: sorted(scan(getattr(aws.settings, name))["Items"], key=str) for name in names}


def main() -> None:
    """Write what is not there yet."""
    folder = FIXTURES / VERSION
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "items.json").exists():
        raise SystemExit(f"{folder} is there: what a release wrote is never overwritten")
    with standin.running("eu-west-2") as (_, made):
        aws = provider(made)
        keys = written(aws)
        for name, items in tables(aws).items():
            (folder / f"{name}.json").write_text(json.dumps(items, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    (folder / "items.json").write_text(json.dumps(keys, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
