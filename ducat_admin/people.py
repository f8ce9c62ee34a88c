"""A person as an operator gives them, by flags or in a file: what it says is checked, and made into what is stored."""

from __future__ import annotations

import difflib
import json
import sys
from base64 import b32decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from ducat_admin.output import printable
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from ducat_admin.command import Operator

SANDBOX = "local.sandbox_users:build"
OURS = ("chalicelib.users.directory:build", SANDBOX)
"""The directories by which whoever is in the users table signs in; a laptop's has the two of the sandbox beside them."""

YES_OR_NO = ("email_verified", "phone_number_verified")
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 16, 64
"""Of a secret of one-time codes that is brought along (RFC 4226 4, R6)."""


@dataclass(frozen=True)
class Person:
    """A person who is to be enrolled. One of `password` and `password_hash` is there. `totp`: a secret brought along."""

    username: str
    sub: str
    password: str | None = None
    password_hash: str | None = None
    totp: bytes | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    accounts: tuple[dict[str, str], ...] = ()


def person(said: Mapping[str, Any]) -> Person:
    """The person of one record. Raises ValueError, which lists every problem and quotes no secret."""
    from chalicelib.users import password as passwords
    from chalicelib.users.enrolment import problems
    from chalicelib.users.username import normalize_username

    wrong = [f"{name}: unknown" for name in said.keys() - {*Person.__dataclass_fields__}]
    texts = {name: said.get(name) for name in ("username", "sub", "password", "password_hash", "totp")}
    wrong += [f"{name} must be a text" for name, one in texts.items() if one is not None and not isinstance(one, str)]
    claims, accounts = said.get("claims", {}), said.get("accounts", [])
    wrong += [] if isinstance(claims, dict) else ["claims must be an object"]
    good = isinstance(accounts, list) and all(isinstance(one, dict) and _all_texts(one) for one in accounts)
    wrong += [] if good else ["accounts must be a list of objects of texts"]
    if wrong:
        raise ValueError("; ".join(wrong))
    name, sub = normalize_username(texts["username"] or ""), texts["sub"] or ""
    wrong = [*problems(name, sub, texts["password"], claims, accounts), *_wrong_claims(claims)]
    if (texts["password"] is None) == (texts["password_hash"] is None):
        wrong.append("one of password and password_hash is needed")
    if texts["password_hash"] is not None and not passwords.is_hash(texts["password_hash"]):
        wrong.append("password_hash must be argon2id with " + "$".join(passwords.DUMMY_HASH.split("$")[2:4]))
    totp = None if texts["totp"] is None else _secret(texts["totp"])
    if totp is not None and not MIN_SECRET_BYTES <= len(totp) <= MAX_SECRET_BYTES:
        wrong.append(f"totp must be the base32 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes")
    wrong += _not_text(said)
    if wrong:
        raise ValueError("; ".join(wrong))
    return Person(name, sub, texts["password"], texts["password_hash"], totp, dict(claims), tuple(accounts))


def claim_of(name: str, value: str) -> Any:
    """A claim's value from its text (OpenID Connect Core 5.1). Raises ValueError."""
    if name in YES_OR_NO:
        if value not in ("true", "false"):
            raise ValueError(f"{name} must be true or false")
        return value == "true"
    if name == "updated_at":
        if not (value.isascii() and value.isdigit() and len(value) < 12):
            raise ValueError("updated_at must be seconds since 1970")
        return int(value)
    if name == "address":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("address must be a JSON object") from None
    return value


def known_claim(name: str) -> str:
    """The name of a claim that is disclosed to clients. Raises ValueError."""
    from chalicelib.users.claims import known

    if name in known():
        return name
    near = difflib.get_close_matches(name, known(), n=1)
    raise ValueError(f"{name}: no claim of that name" + (f"; is it {near[0]}?" if near else ""))


def of_another(operator: Operator, people: Sequence[Person]) -> list[str | None]:
    """For each of the people, the username of who has the same sub under another name; None for most."""
    holders = operator.provider.dynamo.operated_users.holders([one.sub for one in people])
    return [None if holders.get(one.sub, one.username) == one.username else holders[one.sub] for one in people]


def note_other_directory(operator: Operator) -> None:
    """Say that nobody signs in by what is written, where the deployment's people are elsewhere."""
    where = operator.provider.settings.user_directory
    if where not in OURS:
        click.echo(
            f"Note: people of this deployment sign in by {printable(where)}, which may read other records.", err=True
        )


def typed_password(from_stdin: bool) -> str:
    """A new password: typed twice, or the first line of standard input. It is never an argument. Raises Problem."""
    if from_stdin:
        return sys.stdin.readline(10_000).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Problem("no terminal to type the password in: give it on standard input, by --password-stdin")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _wrong_claims(claims: Mapping[str, Any]) -> Iterable[str]:
    for name, value in claims.items():
        if name == "sub":
            continue
        try:
            known_claim(name)
        except ValueError as unknown:
            yield str(unknown)
            continue
        kind: type = bool if name in YES_OR_NO else int if name == "updated_at" else dict if name == "address" else str
        if name in (*YES_OR_NO, "updated_at", "address") and type(value) is not kind:
            yield f"{name} must be {'true or false' if kind is bool else 'a number' if kind is int else 'an object'}"


def _not_text(said: Mapping[str, Any]) -> list[str]:
    """JSON can spell half a character, which can't be stored."""
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return ["it holds half a character"]
    return []


def _all_texts(account: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) for value in account.values())


def _secret(text: str) -> bytes:
    packed = "".join(text.split()).rstrip("=").upper()
    try:
        return b32decode(packed + "=" * (-len(packed) % 8))
    except ValueError:
        return b""
