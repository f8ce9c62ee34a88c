"""`ducat client add`, `update` and `rotate-secret`: what is registered of a client."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ducat_admin import output
from ducat_admin.client_keys import made_key, public_set
from ducat_admin.client_metadata import (
    METHOD,
    PROFILE,
    changed_meanwhile,
    known,
    read,
    row,
    said_by_flags,
    sure,
    usual,
    whole,
)
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verb

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operation import OperatedClient
    from chalicelib.storage.records import Client

Command = Callable[..., None]
OLD_SECRET = "The old one is refused a minute from now: functions that have read it keep it so long."


def _flags(command: Command) -> Command:
    """The usual metadata as options."""
    for option in reversed(
        (
            click.option("--name", help="What people read on the consent page. [default when new: the client_id]"),
            click.option("--profile", help=f"The rules that it is held to. [default when new: {PROFILE}]"),
            click.option("--auth", help=f"Its token_endpoint_auth_method. [default when new: {METHOD}]"),
            click.option(
                "--redirect-uri", "redirect_uris", multiple=True, help="Where people are sent back to; may be repeated."
            ),
            click.option("--scope", help='What it may ask for, such as "openid accounts". [default when new: openid]'),
            click.option("--jwks-uri", help="Where it publishes its keys."),
            click.option("--dpop", is_flag=True, help="Bind its tokens to a DPoP key, in place of its certificate."),
            click.option(
                "--make-key",
                "new_key",
                type=click.Path(dir_okay=False, path_type=Path),
                help="Make a key: the private JWK goes to this new file, which only you can read; the public one is registered.",
            ),
            click.option(
                "--key",
                type=click.File(encoding="utf-8"),
                help="Register the public half of the private JWK in this file.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command(cls=Verb)
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option("--id", "client_id", help="The client_id.")
@_flags
@click.pass_obj
def add(operator: Operator, /, file: Any, new_key: Path | None, key: Any, **flags: Any) -> None:
    """Register a client: from FILE (JSON, - for standard input), from flags, or from a file that flags change.

    The metadata are those of RFC 7591 and RFC 8705, and profile. A client that is there already is not changed:
    ducat client update does that.
    """
    from chalicelib.client_registration import register
    from chalicelib.clients.metadata import left_out
    from chalicelib.errors import OAuthError
    from chalicelib.storage.stores import NotOpen

    metadata = read(file) | said_by_flags(flags) if file is not None else usual(flags)
    wanted = str(metadata.get("client_id", ""))
    if not wanted:
        raise click.UsageError("the client has no id: give --id, or a FILE with client_id")
    if operator.provider.dynamo.operated_clients.find(wanted) is not None:
        raise Problem(f"{wanted} is registered already; to change it: ducat client update {wanted}")
    if wait := operator.provider.dynamo.operated_clients.open_in(wanted, now=operator.provider.now()):
        raise Problem(
            f"{wanted} was ended a moment ago, and functions that have read it accept it: add it in {wait} seconds"
        )
    metadata |= _jwks(new_key, key, [])
    try:
        ignored = left_out(metadata)
        client, secret = register(metadata, operator.provider, secrets.token_bytes, new=True)
    except (OAuthError, NotOpen) as refused:
        if new_key is not None:
            new_key.unlink()
        why = refused.description if isinstance(refused, OAuthError) else refused
        raise Problem(f"{wanted} can't be registered: {why}") from None
    lines = [f"Registered {client.client_id} under {client.profile}."]
    lines += [f"Its private key is in {new_key}."] if new_key else []
    lines += _left(ignored, metadata)
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


@click.command(cls=Verb)
@click.argument("client_id")
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@_flags
@click.pass_obj
def update(operator: Operator, /, client_id: str, file: Any, new_key: Path | None, key: Any, **flags: Any) -> None:
    """Change a client: by the members of FILE (JSON, - for standard input), by flags, or both.

    What is not given stays, its secret and a suspension too. null in FILE takes a member away. A key by --make-key or
    --key is added to those that it has. What is registered then is checked as if it were new. Functions that have read
    the client go by the old record for up to a minute.
    """
    one = known(operator, client_id)
    before = _readable(one)
    changes = (_given(file, one) if file is not None else {}) | said_by_flags(flags | {"client_id": None})
    if flags["jwks_uri"] and "jwks" not in changes:
        changes["jwks"] = None  # A client has one of both.
    merged = whole(before) | changes
    own = merged.get("jwks") or {}
    changes |= _jwks(new_key, key, own.get("keys", []) if isinstance(own, dict) else [])
    if not changes:
        raise click.UsageError("nothing to change: give a FILE or a flag")
    merged = {name: value for name, value in (merged | changes).items() if value is not None}
    try:
        after, secret, ignored = _checked(operator, merged, before)
        _write(operator, one, after)
    except Problem:
        if new_key is not None:
            new_key.unlink()
        raise
    was, now = whole(before), whole(after)
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    lines = [f"Changed {client_id}: {', '.join(changed)}." if changed else f"{client_id} is as that already."]
    lines += [f"A private key of it is in {new_key}."] if new_key else []
    lines += _left(ignored, merged)
    lines += [f"Its secret, which is shown this once: {secret}"] if secret else []
    output.done(
        "\n".join(lines),
        as_json=operator.as_json,
        client_id=client_id,
        changed=changed,
        left_out=list(ignored),
        key_file=None if new_key is None else str(new_key),
        client_secret=secret,
    )


@click.command("rotate-secret", cls=Verb)
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rotate_secret(operator: Operator, client_id: str, yes: bool) -> None:
    """Make another secret of the client, which is shown once. The old one is refused within a minute."""
    from chalicelib.client_registration import with_secret

    one = known(operator, client_id)
    client = _readable(one)
    if client.token_endpoint_auth_method != "client_secret_jwt":
        raise Problem(
            f"{client_id} has no secret: its token_endpoint_auth_method is {client.token_endpoint_auth_method}"
        )
    sure(f"Give {client_id} another secret? The one it has is refused from a minute on.", yes)
    after, secret = with_secret(client, None, operator.provider, secrets.token_bytes)
    _write(operator, one, after)
    output.done(
        f"{client_id} has another secret, which is shown this once: {secret}\n{OLD_SECRET}",
        as_json=operator.as_json,
        client_id=client_id,
        client_secret=secret,
        old_secret_seconds=60,
    )


def _left(members: Sequence[str], metadata: dict[str, Any]) -> list[str]:
    """What of the metadata is not registered."""
    from chalicelib.clients.metadata import unusable_keys

    keys = unusable_keys(metadata)
    lines = [f"Left out, since nothing here reads them: {', '.join(members)}."] if members else []
    return lines + [f"Left out of jwks: {one}." for one in keys]


def _readable(one: OperatedClient) -> Client:
    if one.client is None:
        raise Problem(f"{one.client_id} has a record that this release can't read; end it and register it again")
    return one.client


def _given(file: Any, one: OperatedClient) -> dict[str, Any]:
    """The members of a file. Those that ducat client show adds to the metadata are passed over, as it shows them."""
    found = read(file)
    wanted = found.pop("client_id", one.client_id)
    if wanted != one.client_id:
        raise Problem(f"the file is of {wanted}, and not of {one.client_id}; an id can't be changed")
    shown = row(one) | {"sector_identifier": one.client and one.client.sector_identifier}
    for name in ("client_id", "client_name", "profile"):
        shown.pop(name, None)
    return {name: value for name, value in found.items() if name not in shown or value != shown[name]}


def _jwks(new_key: Path | None, key: Any, others: list[Any]) -> dict[str, Any]:
    """The member jwks, where a key is made or handed in."""
    if new_key is not None and key is not None:
        raise click.UsageError("--make-key and --key are two keys: give one of them")
    if new_key is None and key is None:
        return {}
    added = public_set(made_key(new_key) if new_key is not None else read(key))
    return {"jwks": {"keys": [*others, *added["keys"]]}}


def _checked(
    operator: Operator, metadata: dict[str, Any], before: Client
) -> tuple[Client, str | None, tuple[str, ...]]:
    """The changed client, its secret if it has one for the first time, and which members were left out. Raises Problem."""
    from chalicelib.client_registration import checked, with_secret
    from chalicelib.clients.metadata import left_out
    from chalicelib.errors import OAuthError

    try:
        ignored = left_out(metadata)
        client = replace(checked(metadata, operator.provider), registered_at=before.registered_at)
    except OAuthError as refused:
        raise Problem(f"{before.client_id} stays as it is: {refused.description}") from None
    return (*with_secret(client, before.client_secret, operator.provider, secrets.token_bytes), ignored)


def _write(operator: Operator, before: OperatedClient, after: Client) -> None:
    from chalicelib.storage.dynamodb.operation import ClientChanged

    try:
        operator.provider.dynamo.operated_clients.replace(before, after)
    except ClientChanged:
        raise changed_meanwhile(before) from None
