"""The metadata of a client, as an operator gives and sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ducat_admin import output
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operation import OperatedClient
    from chalicelib.storage.records import Client
    from ducat_admin.command import Operator

PROFILE, METHOD = "fapi2-security", "private_key_jwt"


def known(operator: Operator, client_id: str) -> OperatedClient:
    """The client of that id. Raises Problem."""
    found = operator.provider.dynamo.operated_clients.find(client_id) if client_id else None
    if found is None:
        raise Problem(f"no client has the id {client_id}; ducat client list shows all")
    return found


def changed_meanwhile(one: OperatedClient) -> Problem:
    """What is said where another operator was faster."""
    return Problem(f"{one.client_id} was changed by another operator meanwhile: look at it and try again")


def row(one: OperatedClient) -> dict[str, Any]:
    """What a list says of a client, and what is no metadata of it."""
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


def metadata_of(client: Client) -> dict[str, Any]:
    """What was registered, less the secret and what is at its default."""
    from dataclasses import MISSING, fields

    left_out = {"client_secret", "registered_at", "client_id", "client_name", "profile", "localized"}
    values = {field.name: (getattr(client, field.name), field.default) for field in fields(client)}
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if name not in left_out and (default is MISSING or value != default)
    }
    return plain | dict(client.localized)


def whole(client: Client) -> dict[str, Any]:
    """All that was registered, as it would be registered again. What the server assigns is not among it."""
    from chalicelib.clients.unsupported_metadata import SERVER_ASSIGNED

    named = {"client_id": client.client_id, "client_name": client.client_name, "profile": client.profile}
    return {name: value for name, value in (named | metadata_of(client)).items() if name not in SERVER_ASSIGNED}


def read(file: Iterable[str]) -> dict[str, Any]:
    """The members of a JSON file. Raises Problem."""
    name = getattr(file, "name", "the file")
    try:
        found = json.loads("".join(file), object_pairs_hook=_each_once)
    except (ValueError, OSError, RecursionError) as problem:
        raise Problem(f"{name} is no JSON of a client: {problem}") from None
    if not isinstance(found, dict):
        raise Problem(f"{name} is no JSON object")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = sorted({name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: given twice")
    return dict(pairs)


def said_by_flags(flags: dict[str, Any]) -> dict[str, Any]:
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


def usual(flags: dict[str, Any]) -> dict[str, Any]:
    """A whole client out of flags."""
    usual_ones = {
        "client_name": flags["client_id"],
        "profile": PROFILE,
        "token_endpoint_auth_method": METHOD,
        "scope": "openid",
        "grant_types": ["authorization_code", "refresh_token"] if flags["redirect_uris"] else ["client_credentials"],
        "tls_client_certificate_bound_access_tokens": not flags["dpop"],
    }
    return usual_ones | said_by_flags(flags)


def sure(question: str, yes: bool) -> None:
    """Ask, unless `yes`. Ends the command where the answer is no."""
    if not yes:
        click.confirm(question, abort=True, err=True)
