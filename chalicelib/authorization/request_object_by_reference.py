"""Request objects by reference (RFC 9101 5.2; OpenID Connect Core 6.2), fetched from a registered address."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from chalicelib.errors import InvalidRequest, InvalidRequestUri
from chalicelib.fetch.documents import DocumentFetcher, FetchError
from chalicelib.profiles import Profile
from chalicelib.storage.records import Client

MAX_BYTES = 32 * 1024
"""Bytes of a request object, signed and encrypted."""
COMPACT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){2,4}")


def follow(
    parameters: Mapping[str, str], client: Client, profile: Profile, documents: DocumentFetcher
) -> Mapping[str, str]:
    """The parameters with the fetched request object in place of its address; unchanged if there is no address.

    The request_uri is not one of ours. Raises InvalidRequestUri, and InvalidRequest if there is also a request object.
    """
    uri = parameters.get("request_uri")
    if uri is None or profile.pushed_requests_only:
        return parameters
    if "request" in parameters:
        raise InvalidRequest("request and request_uri can't be used together")  # JAR-5
    rest = {name: value for name, value in parameters.items() if name != "request_uri"}
    return {**rest, "request": fetched(uri, client, documents)}


def fetched(uri: str, client: Client, documents: DocumentFetcher) -> str:
    """The request object at a registered address: a compact JWS or JWE, not yet verified. Raises InvalidRequestUri."""
    address, has_digest, digest = _require_registered(uri, client).partition("#")
    try:
        content = documents.get(address, max_bytes=MAX_BYTES)
    except FetchError as problem:
        raise InvalidRequestUri(
            "request_uri: the document can't be fetched", detail=f"request_uri: {problem}"
        ) from None
    if has_digest and urlsafe_b64encode(sha256(content).digest()).rstrip(b"=") != digest.encode():
        raise InvalidRequestUri("request_uri: the document does not match the hash in the fragment")  # OIDCC-6.2
    found = content.decode("ascii", "replace").strip()
    if not COMPACT.fullmatch(found):
        raise InvalidRequestUri("request_uri: the document is not a compact JWS or JWE")
    return found


def _require_registered(uri: str, client: Client) -> str:
    """The request_uri, if the client registered it. JAR-10.4.1: no other address is fetched."""
    if uri not in client.request_uris and uri.partition("#")[0] not in client.request_uris:
        raise InvalidRequestUri("request_uri is not registered for this client")
    return uri
