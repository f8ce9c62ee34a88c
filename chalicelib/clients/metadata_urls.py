"""The URLs of a client that we fetch: keys, request objects, and the redirect URIs of its sector.

Only registered addresses are fetched, and only addresses that `fetch/` accepts can be registered.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlsplit

from chalicelib.errors import InvalidClientMetadata
from chalicelib.fetch import https_url
from chalicelib.fetch.documents import DocumentFetcher, FetchError
from chalicelib.keys import jose
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Json, SubjectType
from chalicelib.storage.records import Client

MAX_REQUEST_URI_LENGTH = 512  # OIDCC-6.2
MAX_REQUEST_URIS = 20
DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_SECTOR_BYTES = 64 * 1024
SUBJECT_TYPES: tuple[SubjectType, ...] = ("public", "pairwise")


def require_locations(client: Client, profile: Profile) -> Client:
    """The client, if its jwks_uri and request_uris can be used. Raises InvalidClientMetadata."""
    if client.jwks_uri is not None:
        if client.jwks is not None:
            raise InvalidClientMetadata("jwks and jwks_uri can't be used together")  # RFC7591-2
        _require_https_url("jwks_uri", client.jwks_uri)  # FAPI1-ADV-8.9-1
    if client.request_uris and (profile.pushed_requests_only or not profile.request_object_signing_algs):
        raise InvalidClientMetadata("request_uris: the profile does not accept request objects by reference")
    if len(client.request_uris) > MAX_REQUEST_URIS:
        raise InvalidClientMetadata(f"request_uris: more than {MAX_REQUEST_URIS}")
    for uri in client.request_uris:
        _require_request_uri(uri)
    return client


def require_sector(client: Client, documents: DocumentFetcher | None) -> Client:
    """The client with its `sector_identifier`, from which its pairwise subjects are made (OIDCC-8.1).

    It is the host of the sector_identifier_uri, whose document must list each redirect_uri; otherwise the only host of the
    redirect_uris. Raises InvalidClientMetadata.
    """
    if client.subject_type not in SUBJECT_TYPES:
        raise InvalidClientMetadata(f"subject_type must be one of {', '.join(SUBJECT_TYPES)}")
    if client.sector_identifier_uri is not None:
        host = _require_sector(client.sector_identifier_uri, client.redirect_uris, documents)
        return replace(client, sector_identifier=host if client.subject_type == "pairwise" else None)
    if client.subject_type == "public":
        return replace(client, sector_identifier=None)
    hosts = {urlsplit(uri).hostname for uri in client.redirect_uris}
    if len(hosts) != 1:
        raise InvalidClientMetadata(
            "subject_type: pairwise needs redirect_uris of one host, or a sector_identifier_uri"
        )
    return replace(client, sector_identifier=hosts.pop())


def _require_https_url(name: str, url: Json) -> str:
    """The host of a URL, if the URL can be fetched."""
    try:
        return https_url.of(str(url)).host
    except FetchError as problem:
        raise InvalidClientMetadata(f"{name}: {problem}") from None


def _require_request_uri(uri: str) -> str:
    """OIDCC-6.2: https; a fragment is the base64url SHA-256 of the content."""
    url, has_digest, digest = uri.partition("#")
    _require_https_url("request_uris", url)
    if len(uri) > MAX_REQUEST_URI_LENGTH:
        raise InvalidClientMetadata(f"request_uris: one is longer than {MAX_REQUEST_URI_LENGTH} characters")
    if has_digest and not DIGEST.fullmatch(digest):
        raise InvalidClientMetadata("request_uris: a fragment must be the base64url SHA-256 of the content")
    return uri


def _require_sector(url: str, redirect_uris: tuple[str, ...], documents: DocumentFetcher | None) -> str:
    """The host of the sector_identifier_uri, if its document lists every redirect_uri."""
    host = _require_https_url("sector_identifier_uri", url)
    if documents is None:
        raise InvalidClientMetadata("sector_identifier_uri: this command can't fetch documents")
    try:
        listed = json.loads(
            documents.get(url, max_bytes=MAX_SECTOR_BYTES), object_pairs_hook=jose.reject_duplicate_members
        )
    except FetchError as problem:
        raise InvalidClientMetadata(
            "sector_identifier_uri: the document can't be fetched", detail=str(problem)
        ) from None
    except (ValueError, RecursionError, jose.JoseError):
        raise InvalidClientMetadata("sector_identifier_uri: the document is not JSON") from None
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        raise InvalidClientMetadata("sector_identifier_uri: the document is not an array of strings")
    if not set(redirect_uris) <= set(listed):
        raise InvalidClientMetadata("sector_identifier_uri: the document does not list every redirect_uri")  # OIDCC-8.1
    return host
