"""`ducat client check`: everything for which a client would be refused, with the clause, and what will be soon."""

from __future__ import annotations

import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

import click

from ducat_admin import output
from ducat_admin.client_metadata import known, read, whole
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verb

if TYPE_CHECKING:
    from chalicelib.protocol_types import Jwk
    from chalicelib.storage.dynamodb.operation import OperatedClient
    from chalicelib.storage.records import Client

COLUMNS = ("client_id", "level", "clause", "finding")
SOON_DAYS = 30
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Level = Literal["problem", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing of a client that is wrong, or will be. `clause`: the tag of the clause that it breaks, if it breaks one."""

    client_id: str
    level: Level
    finding: str
    clause: str = ""


@click.command(cls=Verb)
@click.argument("client", metavar="[ID|FILE]", required=False)
@click.pass_obj
def check(operator: Operator, client: str | None) -> None:
    """Everything for which a client is refused, with the clause.

    It warns of keys that can't be used, and of certificates that end soon.

    Of the client ID, of the metadata in FILE (- for standard input), which need not be registered, or of every client.
    A name with a slash or .json is a FILE. The status is 1 where there is a problem; a warning alone leaves it 0.
    """
    found = list(_chosen(operator, client))
    output.rows([vars(one) for one in found], COLUMNS, as_json=operator.as_json, none="nothing to find fault with")
    if any(one.level == "problem" for one in found):
        sys.exit(1)


def _chosen(operator: Operator, client: str | None) -> Iterator[Finding]:
    if client is None:
        yield from of_all(operator)
    elif client == "-" or client.endswith(".json") or "/" in client:
        shown = read(_opened(client))  # What client show printed has the date of registration, which update keeps.
        yield from _of_metadata(operator, {name: value for name, value in shown.items() if name != "registered_at"})
    else:
        yield from _of_client(operator, known(operator, client))


def _opened(file: str) -> IO[str]:
    try:
        return cast(IO[str], click.open_file(file, encoding="utf-8"))
    except OSError as problem:
        raise Problem(f"{file} can't be read: {problem.strerror}") from None


def of_all(operator: Operator) -> Iterator[Finding]:
    """What is to be said of every client, by its id."""
    for one in sorted(operator.provider.dynamo.operated_clients.all(), key=lambda one: one.client_id):
        yield from _of_client(operator, one)


def _of_client(operator: Operator, one: OperatedClient) -> Iterator[Finding]:
    if one.client is None:
        yield Finding(one.client_id, "problem", "its record can't be read by this release")
        return
    yield from _of_metadata(operator, whole(one.client))
    if one.client.token_endpoint_auth_method == "client_secret_jwt" and one.client.client_secret is None:
        yield Finding(one.client_id, "problem", f"it has no secret: ducat client rotate-secret {one.client_id}")


def _of_metadata(operator: Operator, metadata: dict[str, Any]) -> Iterator[Finding]:
    from chalicelib.client_registration import inspected
    from chalicelib.clients.metadata import unusable_keys

    client_id = str(metadata.get("client_id", "-"))
    found = inspected(metadata, operator.provider)
    yield from (Finding(client_id, "problem", one.error.description, one.clause) for one in found.faults)
    if found.client is None:  # What is looked at below is as it would be registered.
        return
    client = found.client
    yield from (Finding(client_id, "warning", f"jwks: {one}") for one in unusable_keys(metadata))
    keys = client.jwk_set["keys"]
    if client.jwks_uri is not None:
        keys, problem = _published(operator, client)
        if problem:
            yield Finding(client_id, "warning", problem)
    yield from _of_keys(client, keys, operator.provider.now())
    if not operator.deployment.on_laptop:
        yield from _of_addresses(client)


def _published(operator: Operator, client: Client) -> tuple[list[Jwk], str]:
    """The keys at its jwks_uri, and why they can't be had from here."""
    from chalicelib.clients.jwks_uri import ClientJwksCache
    from chalicelib.fetch.documents import FetchError

    try:
        found = ClientJwksCache(operator.provider.documents).of(client, now=operator.provider.now())
    except FetchError as problem:
        return [], str(problem)
    return found.jwk_set["keys"], ""


def _of_keys(client: Client, keys: Iterable[Jwk], now: int) -> Iterator[Finding]:
    """Its keys and their certificates. A certificate that ended is a problem where the client authenticates by it."""
    from cryptography import x509

    from chalicelib.clients.jwk_set import certificates
    from chalicelib.keys import jose

    keys = list(keys)
    method = client.token_endpoint_auth_method
    if method == "private_key_jwt" and keys and all(jose.is_encryption_only(key) for key in keys):
        yield Finding(client.client_id, "problem", "private_key_jwt: none of its keys signs", "RFC7523-3")
    kids = [kid for key in keys if (kid := key.get("kid")) is not None]
    for kid in sorted({kid for kid in kids if kids.count(kid) > 1}):
        yield Finding(client.client_id, "warning", f"jwks: several keys have the kid {kid}")
    by_certificate: Level = "problem" if method == "self_signed_tls_client_auth" else "warning"
    instant = datetime.fromtimestamp(now, UTC)
    for key in keys:
        for der in certificates(key)[:1]:
            one = x509.load_der_x509_certificate(b64decode(der))
            name = f"the certificate of key {key.get('kid') or '-'} ({one.subject.rfc4514_string()})"
            yield from _of_time(client.client_id, name, one, instant, by_certificate)


def _of_time(client_id: str, name: str, certificate: Any, instant: datetime, ended: Level) -> Iterator[Finding]:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if instant > ends:
        yield Finding(client_id, ended, f"{name} ended on {ends:%Y-%m-%d}")
    elif instant < begins:
        yield Finding(client_id, ended, f"{name} begins on {begins:%Y-%m-%d}")
    elif (days := (ends - instant).days) < SOON_DAYS:
        yield Finding(client_id, "warning", f"{name} ends in {days} days, on {ends:%Y-%m-%d}")


def _of_addresses(client: Client) -> Iterator[Finding]:
    """Redirect URIs that lead to nobody in particular."""
    for uri in client.redirect_uris:
        if urlsplit(uri).hostname in LOOPBACK:
            yield Finding(client.client_id, "warning", f"redirect_uris: {uri} is the device of whoever signs in")
