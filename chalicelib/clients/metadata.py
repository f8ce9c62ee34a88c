"""Client metadata (RFC 7591 2), checked at registration."""

from __future__ import annotations

from collections.abc import Collection, Generator
from dataclasses import MISSING, dataclass, fields, replace
from typing import cast

from chalicelib.clients import jwk_set, metadata_display
from chalicelib.clients import metadata_rules as rules
from chalicelib.clients.metadata_encryption import encryption
from chalicelib.clients.metadata_fault import Fault
from chalicelib.clients.metadata_urls import locations, sector, with_sector
from chalicelib.clients.unsupported_metadata import SERVER_ASSIGNED, harmless, is_localized, others
from chalicelib.errors import InvalidClientMetadata
from chalicelib.fetch.documents import DocumentFetcher
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import Claims, Json, JwkSet, Untyped
from chalicelib.storage.records import Client

ALWAYS_SIGNS = ("PS256", "ES256")
"""Algorithms for which every deployment has a key."""
MEMBERS = frozenset(f.name for f in fields(Client)) - SERVER_ASSIGNED.keys()
"""Members of the record that client metadata may contain."""
REQUIRED = tuple(f.name for f in fields(Client) if f.default is MISSING and f.default_factory is MISSING)

Checks = Generator[Fault, None, Client | None]
"""The faults of metadata, one by one, and then the client; None if so much is wrong that there is none."""


@dataclass(frozen=True)
class Inspected:
    """Client metadata that nobody registers. `client`: what would be registered; None if there are faults."""

    faults: tuple[Fault, ...]
    client: Client | None


def registered(
    metadata: Claims,
    *,
    signs: Collection[str] = ALWAYS_SIGNS,
    documents: DocumentFetcher | None = None,
) -> Client:
    """The client of the metadata. Member names are those of RFC 7591 and RFC 8705, and `profile`.

    `signs`: the algorithms of the deployment's signing keys (Settings.signing_keys).
    `documents`: fetches a sector_identifier_uri. Descriptive members are left out. Raises InvalidClientMetadata or
    InvalidRedirectUri for the first problem.
    """
    checks = _checks(metadata, signs, documents)
    try:
        fault = next(checks)
    except StopIteration as done:
        client: Client = done.value
        jwk_set.report(client.client_id, unusable_keys(metadata))
        return with_sector(client)
    raise fault.error


def inspected(
    metadata: Claims,
    *,
    signs: Collection[str] = ALWAYS_SIGNS,
    documents: DocumentFetcher | None = None,
) -> Inspected:
    """Everything for which `registered` would refuse the metadata, in its order.

    Where members are missing or of another type there may be more, once they are right.
    """
    checks, found = _checks(metadata, signs, documents), []
    while True:
        try:
            found.append(next(checks))
        except StopIteration as done:
            return Inspected(tuple(found), None if found else with_sector(done.value))


def left_out(metadata: Claims) -> tuple[str, ...]:
    """The names of the members that the record does not have. Raises InvalidClientMetadata."""
    for fault in harmless(metadata, MEMBERS):
        raise fault.error
    return others(metadata, MEMBERS)


def unusable_keys(metadata: Claims) -> tuple[str, ...]:
    """The keys of metadata without faults that are not stored, each with the reason."""
    jwks = metadata.get("jwks")
    return () if jwks is None else rules.usable_keys(cast(JwkSet, jwks), PROFILES[str(metadata["profile"])]).left


def _checks(metadata: Claims, signs: Collection[str], documents: DocumentFetcher | None) -> Checks:
    yield from harmless(metadata, MEMBERS)
    profile = PROFILES.get(str(metadata.get("profile")))
    if profile is None:
        yield Fault(InvalidClientMetadata(f"profile must be one of {', '.join(PROFILES)}"))
    missing = [name for name in REQUIRED if name not in metadata]
    if missing:
        yield Fault(InvalidClientMetadata(f"{', '.join(missing)}: required for every client"))
    members: dict[str, Untyped] = {k: _frozen(k, v) for k, v in metadata.items() if k in MEMBERS}
    localized = {name: value for name, value in metadata.items() if is_localized(name)}
    wrong = (*rules.types(members), *metadata_display.localized(localized))
    yield from wrong
    if profile is None or missing or wrong:
        return None  # The rules below read the type of each member.
    client = Client(**members, localized={name.lower(): str(value) for name, value in localized.items()})
    yield from rules.texts(client)
    yield from rules.known(client)
    yield from rules.grants(client, profile)
    bad_keys = tuple(rules.keys(client, profile))
    yield from bad_keys
    if client.jwks is not None and not bad_keys:
        client = replace(client, jwks={**client.jwks, "keys": rules.usable_keys(client.jwks, profile).keys})
    keys_known = client.jwks_uri is None and not bad_keys  # Published keys are checked when they are used.
    yield from rules.authentication(client, profile, keys_known=keys_known)
    yield from locations(client, profile)
    yield from rules.constraint(client, profile)
    yield from rules.signatures(client, profile, signs, keys_known=keys_known)
    yield from encryption(client, profile, keys_known=keys_known)
    yield from sector(client, documents)
    return client


def _frozen(name: str, value: Json) -> Json:
    if name == "scope" and isinstance(value, str):
        return tuple(value.split(" "))
    if name == "response_types" and value is None:
        return ()
    return tuple(value) if isinstance(value, list) else value
