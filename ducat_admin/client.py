"""`ducat client`: the clients of a deployment."""

from __future__ import annotations

import click

from ducat_admin import client_check, client_registration, output
from ducat_admin.client_metadata import changed_meanwhile, known, metadata_of, row, sure
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verbs

COLUMNS = ("client_id", "client_name", "profile", "authentication", "state")


@click.group("client", cls=Verbs)
def group() -> None:
    """Clients: register, list, show, update, check, suspend and end."""


for command in (
    client_registration.add,
    client_registration.update,
    client_registration.rotate_secret,
    client_check.check,
):
    group.add_command(command)


@group.command("list")
@click.option("--suspended", is_flag=True, help="Only those that are suspended.")
@click.pass_obj
def list_(operator: Operator, suspended: bool) -> None:
    """Every client, by its id."""
    found = sorted(operator.provider.dynamo.operated_clients.all(), key=lambda one: one.client_id)
    shown = [row(one) for one in found if one.suspended_at or not suspended]
    output.rows(shown, COLUMNS, as_json=operator.as_json, none="no client; register one: ducat client add --help")


@group.command()
@click.argument("client_id")
@click.pass_obj
def show(operator: Operator, client_id: str) -> None:
    """One client, with all its metadata. No secret is among them."""
    one = known(operator, client_id)
    metadata = {} if one.client is None else metadata_of(one.client)
    output.one(row(one) | metadata, as_json=operator.as_json)


@group.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def suspend(operator: Operator, client_id: str, yes: bool) -> None:
    """Refuse all that the client asks for, within a minute, until it is resumed. What it was granted stays."""
    from chalicelib.storage.stores import NotOpen

    known(operator, client_id)
    sure(f"Refuse everything of {client_id}?", yes)
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

    one = known(operator, client_id)
    try:
        operator.provider.dynamo.operated_clients.resume(one)
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
    from chalicelib.storage.dynamodb.operation import ClientChanged

    one = known(operator, client_id)
    sure(f"End {client_id} for good, with all that people granted it?", yes)
    try:
        operator.provider.dynamo.operated_clients.end(one, now=operator.provider.now())
    except ClientChanged:
        raise changed_meanwhile(one) from None
    output.done(f"Ended {client_id}.", as_json=operator.as_json, client_id=client_id, state="ended")
