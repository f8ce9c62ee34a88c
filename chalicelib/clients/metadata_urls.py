"""The URLs of a client that we fetch: keys, request objects, and the redirect URIs of its sector.

Only registered addresses are fetched, and only addresses that `fetch/` accepts can be registered.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlsplit

from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata
from chalicelib.fetch import https_url
from chalicelib.fetch.documents import DocumentFetcher, FetchError
from chalicelib.keys import jose
from chalicelib.profiles import Profile
from chalicelib.profiles.clauses import clause_of
from chalicelib.protocol_types import Json, SubjectType
from chalicelib.storage.records import Client

MAX_REQUEST_URI_LENGTH = 512  # OIDCC-6.2
MAX_REQUEST_URIS = 20
DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_SECTOR_BYTES = 64 * 1024
SUBJECT_TYPES: tuple[SubjectType, ...] = ("public", "pairwise")


def locations(client: Client, profile: Profile) -> Faults:
    """Its jwks_uri and request_uris can be used."""
    if client.jwks_uri is not None:
        if client.jwks is not None:
            yield Fault(InvalidClientMetadata("jwks and jwks_uri can't be used together"))  # RFC7591-2
        yield from _https_url("jwks_uri", client.jwks_uri, "FAPI1-ADV-8.9-1")
    if client.request_uris and (profile.pushed_requests_only or not profile.request_object_signing_algs):
        yield Fault(
            InvalidClientMetadata("request_uris: the profile does not accept request objects by reference"),
            clause_of(profile, "pushed_requests_only"),
        )
    if len(client.request_uris) > MAX_REQUEST_URIS:
        yield Fault(InvalidClientMetadata(f"request_uris: more than {MAX_REQUEST_URIS}"))
    for uri in client.request_uris:
        yield from _request_uri(uri)


def sector(client: Client, documents: DocumentFetcher | None) -> Faults:
    """Its pairwise subjects are made from one host, whose document lists each redirect_uri (OIDCC-8.1)."""
    if client.subject_type not in SUBJECT_TYPES:
        yield Fault(InvalidClientMetadata(f"subject_type must be one of {', '.join(SUBJECT_TYPES)}"))
    elif client.sector_identifier_uri is not None:
        yield from _sector(client.sector_identifier_uri, client.redirect_uris, documents)
    elif client.subject_type == "pairwise" and len(_hosts(client)) != 1:
        yield Fault(
            InvalidClientMetadata("subject_type: pairwise needs redirect_uris of one host, or a sector_identifier_uri"),
            "OIDCC-8.1",
        )


def with_sector(client: Client) -> Client:
    """The client, which keeps the rules, with its `sector_identifier`, from which its pairwise subjects are made (OIDCC-8.1).

    It is the host of the sector_identifier_uri, otherwise the only host of the redirect_uris.
    """
    if client.subject_type != "pairwise":
        return replace(client, sector_identifier=None)
    if client.sector_identifier_uri is not None:
        return replace(client, sector_identifier=https_url.of(client.sector_identifier_uri).host)
    (host,) = _hosts(client)
    return replace(client, sector_identifier=host)


def _hosts(client: Client) -> set[str | None]:
    """The hosts of the redirect URIs; none where one can't be read, which is a fault of its own."""
    try:
        return {urlsplit(uri).hostname for uri in client.redirect_uris}
    except ValueError:
        return set()


def _https_url(name: str, url: Json, clause: str = "RFC7591-2") -> Faults:
    """The URL can be fetched."""
    try:
        https_url.of(str(url))
    except FetchError as problem:
        yield Fault(InvalidClientMetadata(f"{name}: {problem}"), clause)


def _request_uri(uri: str) -> Faults:
    """OIDCC-6.2: https; a fragment is the base64url SHA-256 of the content."""
    url, has_digest, digest = uri.partition("#")
    yield from _https_url("request_uris", url, "OIDCC-6.2")
    if len(uri) > MAX_REQUEST_URI_LENGTH:
        yield Fault(
            InvalidClientMetadata(f"request_uris: one is longer than {MAX_REQUEST_URI_LENGTH} characters"), "OIDCC-6.2"
        )
    if has_digest and not DIGEST.fullmatch(digest):
        yield Fault(
            InvalidClientMetadata("request_uris: a fragment must be the base64url SHA-256 of the content"), "OIDCC-6.2"
        )


def _sector(url: str, redirect_uris: tuple[str, ...], documents: DocumentFetcher | None) -> Faults:
    """OIDCC-8.1: the document of the sector_identifier_uri lists every redirect_uri."""
    wrong = tuple(_https_url("sector_identifier_uri", url, "OIDCC-8.1"))
    if wrong:
        yield from wrong
        return
    if documents is None:
        yield Fault(InvalidClientMetadata("sector_identifier_uri: this command can't fetch documents"))
        return
    try:
        listed = json.loads(
            documents.get(url, max_bytes=MAX_SECTOR_BYTES), object_pairs_hook=jose.reject_duplicate_members
        )
    except FetchError as problem:
        yield Fault(
            InvalidClientMetadata("sector_identifier_uri: the document can't be fetched", detail=str(problem)),
            "OIDCC-8.1",
        )
        return
    except (ValueError, RecursionError, jose.JoseError):
        yield Fault(InvalidClientMetadata("sector_identifier_uri: the document is not JSON"), "OIDCC-8.1")
        return
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        yield Fault(
            InvalidClientMetadata("sector_identifier_uri: the document is not an array of strings"), "OIDCC-8.1"
        )
    elif not set(redirect_uris) <= set(listed):
        yield Fault(
            InvalidClientMetadata("sector_identifier_uri: the document does not list every redirect_uri"), "OIDCC-8.1"
        )
