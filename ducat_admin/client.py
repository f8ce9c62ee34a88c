"""`ducat client`: the clients of a deployment."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ducat_admin import output
from ducat_admin.command import Operator
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operation import OperatedClient
    from chalicelib.storage.records import Client

COLUMNS = ("client_id", "client_name", "profile", "authentication", "state")
PROFILE, METHOD = "fapi2-security", "private_key_jwt"


@click.group("client")
def group() -> None:
    """Clients: register, list, show, suspend and end."""


@group.command("list")
@click.option("--suspended", is_flag=True, help="Only those that are suspended.")
@click.pass_obj
def list_(operator: Operator, suspended: bool) -> None:
    """Every client, by its id."""
    found = sorted(operator.provider.dynamo.operated_clients.all(), key=lambda one: one.client_id)
    shown = [_row(one) for one in found if one.suspended_at or not suspended]
    output.rows(shown, COLUMNS, as_json=operator.as_json, none="no client; register one: ducat client add --help")


@group.command()
@click.argument("client_id")
@click.pass_obj
def show(operator: Operator, client_id: str) -> None:
    """One client, with all its metadata. No secret is among them."""
    one = _known(operator, client_id)
    metadata = {} if one.client is None else _metadata(one.client)
    output.one(_row(one) | metadata, as_json=operator.as_json)


@group.command()
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option("--id", "client_id", help="The client_id.")
@click.option("--name", help="What people read on the consent page. [default: the client_id]")
@click.option("--profile", help=f"The rules that it is held to. [default: {PROFILE}]")
@click.option("--auth", help=f"Its token_endpoint_auth_method. [default: {METHOD}]")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where people are sent back to; may be repeated.")
@click.option("--scope", help='What it may ask for, such as "openid accounts". [default: openid]')
@click.option("--jwks-uri", help="Where it publishes its keys.")
@click.option("--dpop", is_flag=True, help="Bind its tokens to a DPoP key, in place of its certificate.")
@click.option(
    "--make-key",
    "new_key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Make its key: the private JWK goes to this new file, which only you can read; the public one is registered.",
)
@click.option(
    "--key", type=click.File(encoding="utf-8"), help="Register the public half of the private JWK in this file."
)
@click.pass_obj
def add(operator: Operator, /, file: Any, new_key: Path | None, key: Any, **flags: Any) -> None:
    """Register a client: from FILE (JSON, - for standard input), from flags, or from a file that flags change.

    The metadata are those of RFC 7591 and RFC 8705, and profile. A client that is there already is not changed:
    ducat client update does that.
    """
    from chalicelib.client_registration import register
    from chalicelib.clients.metadata import left_out
    from chalicelib.errors import OAuthError

    metadata = _read(file) | _said(flags) if file is not None else _usual(flags)
    wanted = str(metadata.get("client_id", ""))
    if not wanted:
        raise click.UsageError("the client has no id: give --id, or a FILE with client_id")
    if operator.provider.dynamo.operated_clients.find(wanted) is not None:
        raise Problem(f"{wanted} is registered already; to change it: ducat client update {wanted}")
    if new_key is not None and key is not None:
        raise click.UsageError("--make-key and --key are two keys: give one of them")
    if new_key is not None or key is not None:
        metadata["jwks"] = _public(_made_key(new_key) if new_key is not None else _read(key))
    try:
        ignored = left_out(metadata)
        client, secret = register(metadata, operator.provider, secrets.token_bytes)
    except OAuthError as refused:
        if new_key is not None:
            new_key.unlink()
        raise Problem(f"{wanted} can't be registered: {refused.description}") from None
    lines = [f"Registered {client.client_id} under {client.profile}."]
    lines += [f"Its private key is in {new_key}."] if new_key else []
    lines += [f"Left out, since nothing here reads them: {', '.join(ignored)}."] if ignored else []
    lines += [f"Its secret, which is shown this once: {secret}"] if secret else []
    output.done(
        "\n".join(lines),
        as_json=operator.as_json,
        client_id=client.client_id,
        profile=client.profile,
        left_out=list(ignored),
        key_file=None if new_key is None else str(new_key),
        client_secret=secret,
    )


@group.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def suspend(operator: Operator, client_id: str, yes: bool) -> None:
    """Refuse all that the client asks for, within a minute, until it is resumed. What it was granted stays."""
    from chalicelib.storage.stores import NotOpen

    _known(operator, client_id)
    _sure(f"Refuse everything of {client_id}?", yes)
    try:
        operator.provider.dynamo.operated_clients.suspend(client_id, now=operator.provider.now())
    except NotOpen as problem:
        raise Problem(f"{client_id}: {problem}") from None
    output.done(f"Suspended {client_id}.", as_json=operator.as_json, client_id=client_id, state="suspended")


@group.command()
@click.argument("client_id")
@click.pass_obj
def resume(operator: Operator, client_id: str) -> None:
    """Take a suspension back. What the client was granted is good again, if it has not expired."""
    from chalicelib.storage.stores import NotOpen

    try:
        operator.provider.dynamo.operated_clients.resume(client_id)
    except NotOpen as problem:
        raise Problem(f"{client_id}: {problem}") from None
    output.done(f"Resumed {client_id}.", as_json=operator.as_json, client_id=client_id, state="active")


@group.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def end(operator: Operator, client_id: str, yes: bool) -> None:
    """Delete the client, and with it all that lives from it: codes, tokens, refresh tokens and consents.

    A client that is registered under its id later inherits nothing.
    """
    from chalicelib.storage.stores import NotOpen

    _known(operator, client_id)
    _sure(f"End {client_id} for good, with all that people granted it?", yes)
    try:
        operator.provider.dynamo.operated_clients.end(client_id)
    except NotOpen as problem:
        raise Problem(f"{client_id}: {problem}") from None
    output.done(f"Ended {client_id}.", as_json=operator.as_json, client_id=client_id, state="ended")


def _known(operator: Operator, client_id: str) -> OperatedClient:
    found = operator.provider.dynamo.operated_clients.find(client_id) if client_id else None
    if found is None:
        raise Problem(f"no client has the id {client_id}; ducat client list shows all")
    return found


def _row(one: OperatedClient) -> dict[str, Any]:
    client = one.client
    return {
        "client_id": one.client_id,
        "client_name": client and client.client_name,
        "profile": client and client.profile,
        "authentication": client and client.token_endpoint_auth_method,
        "state": "unreadable" if client is None else "suspended" if one.suspended_at else "active",
        "suspended_at": output.moment(one.suspended_at),
        "registered_at": client and output.moment(client.registered_at),
    }


def _metadata(client: Client) -> dict[str, Any]:
    """What was registered, less the secret and what is at its default."""
    from dataclasses import MISSING, fields

    left_out = {"client_secret", "registered_at", "client_id", "client_name", "profile"}
    values = {field.name: (getattr(client, field.name), field.default) for field in fields(client)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if name not in left_out and (default is MISSING or value != default)
    }


def _read(file: Iterable[str]) -> dict[str, Any]:
    name = getattr(file, "name", "the file")
    try:
        found = json.loads("".join(file), object_pairs_hook=_each_once)
    except (ValueError, OSError) as problem:
        raise Problem(f"{name} is no JSON of a client: {problem}") from None
    if not isinstance(found, dict):
        raise Problem(f"{name} is no JSON object")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = sorted({name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: given twice")
    return dict(pairs)


def _said(flags: dict[str, Any]) -> dict[str, Any]:
    """The metadata that flags give, and no other."""
    names = {
        "client_id": "client_id",
        "name": "client_name",
        "profile": "profile",
        "auth": "token_endpoint_auth_method",
    }
    said = {member: flags[flag] for flag, member in names.items() if flags[flag]}
    said |= {name: flags[name] for name in ("scope", "jwks_uri") if flags[name]}
    if flags["redirect_uris"]:
        said["redirect_uris"] = list(flags["redirect_uris"])
    if flags["dpop"]:
        said |= {"dpop_bound_access_tokens": True, "tls_client_certificate_bound_access_tokens": False}
    return said


def _usual(flags: dict[str, Any]) -> dict[str, Any]:
    """A whole client out of flags."""
    usual = {
        "client_name": flags["client_id"],
        "profile": PROFILE,
        "token_endpoint_auth_method": METHOD,
        "scope": "openid",
        "grant_types": ["authorization_code", "refresh_token"] if flags["redirect_uris"] else ["client_credentials"],
        "tls_client_certificate_bound_access_tokens": not flags["dpop"],
    }
    return usual | _said(flags)


def _made_key(file: Path) -> dict[str, Any]:
    """A private JWK, which is in the new file already when anything is registered."""
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
    private = {**key.as_dict(private=True), "kid": key.thumbprint()}
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Problem(f"{file} is there already; to register the key in it: --key {file}") from None
    except OSError as problem:
        raise Problem(f"{file} can't be written: {problem.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(private, opened, indent=2)
        opened.write("\n")
    return private


def _public(private: dict[str, Any]) -> dict[str, Any]:
    """The JWK Set of a private JWK's public half. Raises Problem."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    try:
        key = import_key(private)
        if not key.is_private:
            raise ValueError("it has no private half")
        public = key.as_dict(private=False)
    except (JoseError, ValueError, KeyError, TypeError) as problem:
        raise Problem(f"the key can't be used: {problem}") from None
    return {"keys": [{**public, "kid": private.get("kid") or key.thumbprint()}]}


def _sure(question: str, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True, err=True)
