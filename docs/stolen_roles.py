"""What whoever has a function's role could do on AWS, in words, from the rows that the roles are made of.

Code has no say here: a stolen role makes any request that its statements allow, with any content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from chalicelib.protocol_types import KeyUse
from ducat_cdk.function_rows import FileName, Function, Table
from ducat_cdk.keys import SIGNING_ALGORITHMS

WRITES = frozenset({"PutItem", "UpdateItem"})
READS = frozenset({"GetItem", "BatchGetItem", "UpdateItem"})
"""An update may give the whole item back."""

Held = Callable[[Function], bool]


@dataclass(frozen=True)
class Power:
    """`words`: after "could". `held`: whether a function's role allows it. `grave`: said of who could not, too."""

    words: str
    held: Held
    grave: bool = False


def could(function: Function) -> list[str]:
    """What the role allows."""
    return [power.words for power in POWERS if power.held(function)]


def could_not(function: Function) -> list[str]:
    """What is grave and not allowed."""
    return [power.words for power in POWERS if power.grave and not power.held(function)]


def _tables(function: Function, name: str, verbs: Iterable[str]) -> list[Table]:
    return [table for table in function.tables if table.name == name and set(verbs) & set(table.verbs)]


def _names(table: Table, attribute: str) -> bool:
    return not table.attributes or any(fnmatchcase(attribute, pattern) for pattern in table.attributes)


def _of_kind(table: Table, key: str) -> bool:
    """Whether it reaches items with such a key."""
    allowed = not table.keys or any(fnmatchcase(key, pattern) for pattern in table.keys)
    return allowed and not any(fnmatchcase(key, pattern) for pattern in table.not_keys)


def _does(table: str, *verbs: str) -> Held:
    return lambda function: bool(_tables(function, table, verbs))


def _writes(table: str, *attributes: str, key: str = "alice", verbs: Iterable[str] = WRITES) -> Held:
    def held(function: Function) -> bool:
        able = [one for one in _tables(function, table, verbs) if _of_kind(one, key)]
        return any(all(_names(one, attribute) for attribute in attributes) for one in able)

    return held


def _reads(table: str, attribute: str, *, key: str = "alice") -> Held:
    def held(function: Function) -> bool:
        able = [one for one in _tables(function, table, READS) if _of_kind(one, key)]
        return any("UpdateItem" in one.verbs or _names(one, attribute) for one in able)

    return held


def _signs(use: KeyUse) -> Held:
    return lambda function: any(made.verbs == ("Sign",) and use in made.uses for made in function.made_keys)


def _signs_by_the_template(function: Function) -> bool:
    return any(key.verb == "Sign" and key.name in SIGNING_ALGORITHMS for key in function.keys)


def _uses(key: str, verb: str, context: str | None = None) -> Held:
    def held(function: Function) -> bool:
        return any((one.name, one.verb, one.context) == (key, verb, context) for one in function.keys)

    return held


def _with_made_keys(*verbs: str) -> Held:
    return lambda function: any(set(verbs) & set(made.verbs) for made in function.made_keys)


def _has_file(name: FileName) -> Held:
    return lambda function: any(one.name == name for one in function.files)


def _stops_keys(function: Function) -> bool:
    return any(key.verb == "DisableKey" for key in function.keys) or _with_made_keys("DisableKey")(function)


NEW, OLD = ("PutItem",), ("UpdateItem",)

POWERS = (
    Power("sign ID tokens for anyone, by the keys that the job makes", _signs("id_token"), grave=True),
    Power(
        "sign anything, ID tokens too, by the template's keys, while the template has such keys", _signs_by_the_template
    ),
    Power("sign authorization responses", _signs("authorization_response")),
    Power("sign what userinfo and introspection answer", _signs("api_response")),
    Power("publish keys of their own, by which clients then verify", _does("signing_keys", "PutItem"), grave=True),
    Power("take keys out of the registry", _does("signing_keys", "DeleteItem")),
    Power("say who takes a key out of the registry", _does("signing_keys", "UpdateItem")),
    Power("make signing keys", _with_made_keys("CreateKey")),
    Power("tag a key of the account that has no tag of the deployment", _with_made_keys("TagResource")),
    Power("stop the deployment's signing keys, and have KMS delete those that the job made", _stops_keys),
    Power("list the account's keys", _with_made_keys("ListKeys")),
    Power("read the public keys and tags of the keys that the job made", _with_made_keys("GetPublicKey")),
    Power("read public keys", lambda function: any(key.verb == "GetPublicKey" for key in function.keys)),
    Power("put an access token of any client's own", _writes("access_tokens", "record", verbs=NEW), grave=True),
    Power(
        "give any grant an access token and a refresh token",
        _writes("grants", "token_hash", "refresh_hash", verbs=OLD),
        grave=True,
    ),
    Power(
        "give any request a code", _writes("grants", "decision", "code_hash", "code_expires_at", verbs=OLD), grave=True
    ),
    Power("say who signed in to any request, and with which claims", _writes("grants", "login", verbs=OLD), grave=True),
    Power(
        "decide any request, without a code",
        lambda f: _writes("grants", "decision", verbs=OLD)(f) and not _writes("grants", "code_hash", verbs=OLD)(f),
    ),
    Power("give a request any access token of an authorization response", _writes("grants", "front_hash", verbs=OLD)),
    Power("put a request of any client, not yet signed in to", _writes("grants", "record", verbs=NEW)),
    Power("end any grant, or have it last", _writes("grants", "revoked_at", verbs=OLD)),
    Power("end any access token of an item, or have it last", _writes("access_tokens", "revoked_at", verbs=OLD)),
    Power("use up what may be done once, or have it done again", _writes("grants", "consumed_0", verbs=OLD)),
    Power("read any grant whose key they know, with the person's claims and accounts", _reads("grants", "record")),
    Power("find the grants of any person whose sub they know", lambda f: any(t.index for t in f.tables)),
    Power("read all grants and bonds, and delete them", _does("grants", "Scan")),
    Power("read any bond whose key they know", _reads("bonds", "epoch")),
    Power(
        "have any consent remembered, and the access of a client end or last",
        _writes("bonds", "scope a", "epoch", verbs=OLD),
    ),
    Power("end all access of any client for a person", _writes("bonds", "epoch", verbs=NEW)),
    Power("delete any bond", _does("bonds", "DeleteItem")),
    Power("read any access token's item whose key they know", _reads("access_tokens", "record")),
    Power("read which certificates are revoked or denied", _does("revocations", "BatchGetItem")),
    Power(
        "have any certificate count as revoked, or a revoked one as good",
        lambda function: any(_of_kind(one, "crl.x") for one in _tables(function, "revocations", NEW)),
        grave=True,
    ),
    Power("read any user's password hash and passkeys", _reads("users", "record"), grave=True),
    Power("read the public key and the name of any passkey", _does("users", "BatchGetItem")),
    Power("read any user's name, claims and accounts", _reads("users", "profile")),
    Power(
        "read whether the person of a sub that they know has left or is suspended",
        _reads("users", "left_at", key="sub x"),
    ),
    Power("add a passkey to any user, and take any away", _writes("users", "passkey_keys", verbs=OLD), grave=True),
    Power(
        "give any user another authenticator app and other recovery codes",
        _writes("users", "own_totp", "recovery_codes", verbs=OLD),
        grave=True,
    ),
    Power(
        "have any user's recovery count as ready, where the bank has it, and end any recovery",
        _writes("users", "recovery_from", "recovery_secrets", verbs=OLD),
        grave=True,
    ),
    Power("seal secrets of one-time codes", _uses("secrets", "Encrypt", "user")),
    Power("delete the item of any passkey", _does("users", "DeleteItem")),
    Power("lock any user out, and allow any number of guesses", _writes("users", "failures", verbs=OLD)),
    Power(
        "change the claims and accounts with which a user is recognised later", _writes("users", "profile", verbs=OLD)
    ),
    Power("set the counter of any passkey", _writes("users", "sign_count", key="passkey x", verbs=OLD)),
    Power(
        "write an item that leads from any passkey to any user, which counts once it is added to that user",
        _writes("users", "username", key="passkey x", verbs=OLD),
    ),
    Power("open the secrets of one-time codes", _uses("secrets", "Decrypt", "user"), grave=True),
    Power("open the secrets of clients", _uses("secrets", "Decrypt", "client"), grave=True),
    Power("decrypt what clients encrypted to the provider", _uses("decryption", "Decrypt")),
    Power("begin a session for anyone in a browser of their own", _writes("sessions", "record", verbs=NEW), grave=True),
    Power("read any session whose key they know", _reads("sessions", "record")),
    Power("end any session whose key they know", _writes("sessions", "replaced_at", verbs=OLD)),
    Power("read any client's record", _reads("clients", "record")),
    Power("read the registry of public keys", _does("signing_keys", "Query")),
    Power("use up any assertion or proof that they see, or have it used again", _writes("replay_cache", "attempt")),
    Power("read the key by which the record names any person whose sub they know", _does("audit_keys", "GetItem")),
    Power(
        "give any person another key, so that the record no longer knows who its events are about",
        _does("audit_keys", "PutItem"),
    ),
    Power(
        "add events to the record, of anything and anyone, and change or delete none of those that are there",
        _has_file("record"),
    ),
    Power("read the truststore", _has_file("truststore")),
    Power("replace the CRLs that are kept, which no function reads", _has_file("crls")),
    Power("know a person's subject in any sector", _uses("subjects", "GenerateMac")),
    Power("make nonces of DPoP proofs", _uses("nonces", "GenerateMac")),
    Power("read what API Gateway says of the host for client certificates", lambda function: bool(function.domain)),
    Power("make and drop the tables of weeks", _does("access_tokens", "CreateTable")),
    Power("make and drop the tables of weeks of sessions", _does("sessions", "CreateTable")),
    Power("make and drop the tables of weeks of used values", _does("replay_cache", "CreateTable")),
    Power("encrypt new tables by the tables' key", lambda function: any(key.name == "tables" for key in function.keys)),
)
"""The gravest first, as far as one is graver than another."""
