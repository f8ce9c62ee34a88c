"""Keys at a client's jwks_uri (OpenID Connect Registration 2): fetched, checked and cached.

A JWK Set is fresh for five minutes. An unknown key causes an earlier fetch (OpenID Connect Core 10.1.1), at most every 30
seconds per client, because anyone can invent a `kid`. If a fetch fails or the set is unusable, the last good set is used for an
hour. After that the client is refused until a fetch succeeds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from chalicelib.clients.jwk_set import KeysError, certificates, members_of, report, usable
from chalicelib.errors import InvalidRequest, InvalidRequestObject
from chalicelib.fetch.documents import DocumentFetcher, FetchError
from chalicelib.keys import jose
from chalicelib.keys.jose import UnverifiedJwt
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import JwkSet
from chalicelib.storage.records import Client

CACHE_LIFETIME = 300
MAX_CACHE_AGE = 3600
RETRY_INTERVAL = 30
"""Seconds, counted in each warm function separately."""
MAX_BYTES = 64 * 1024
MAX_CLIENTS = 1000


@dataclass(frozen=True)
class _Copy:
    """The cache entry of a client.

    `jwks`: the last good set, fetched at `fetched_at`; None if there was none.
    `left`: the ignored keys of that set.
    """

    tried_at: int
    fetched_at: int
    jwks: JwkSet | None
    problem: str = ""
    left: tuple[str, ...] = ()

    def holds(self, kid: str | None, x5c: str | None) -> bool:
        keys = [] if self.jwks is None else self.jwks["keys"]
        return (kid is None or any(key.get("kid") == kid for key in keys)) and (
            x5c is None or any(x5c in certificates(key)[:1] for key in keys)
        )


class ClientJwksCache:
    """The cache of clients' keys in a warm function."""

    def __init__(self, documents: DocumentFetcher) -> None:
        self._documents = documents
        self._copies: dict[tuple[str, str, str], _Copy] = {}

    def of(self, client: Client, *, now: int, kid: str | None = None, x5c: str | None = None) -> Client:
        """The client with its keys in `jwks`; unchanged if it registered its keys. The result must not be stored.

        `kid`, `x5c`: the key or the base64 certificate that is needed. A set without it is fetched again, and may still lack
        it.
        Raises FetchError, whose message is for the log only.
        """
        if client.jwks_uri is None:
            return client
        cache_key = (client.client_id, client.jwks_uri, client.profile)
        copy = self._copies.get(cache_key)
        if copy is None or _is_due(copy, kid, x5c, now=now):
            copy = self._attempt(client, client.jwks_uri, copy, now=now)
            if len(self._copies) >= MAX_CLIENTS:
                self._copies.clear()
            self._copies[cache_key] = copy
        if copy.jwks is None or not 0 <= now - copy.fetched_at < MAX_CACHE_AGE:
            raise FetchError(f"jwks_uri: {copy.problem}")
        return replace(client, jwks=copy.jwks)

    def for_request_object(self, client: Client, sent: UnverifiedJwt | None, *, now: int) -> Client:
        """The client with the keys for its request object. Raises InvalidRequestObject.

        `sent`: the request object, or None.
        """
        if sent is None:
            return client
        try:
            return self.of(client, kid=sent.kid, now=now)
        except FetchError as problem:
            raise InvalidRequestObject("jwks_uri: the client's keys can't be fetched", detail=str(problem)) from None

    def for_encryption(self, client: Client, *, now: int) -> Client:
        """The client with the keys for encrypted responses. Raises InvalidRequest if the keys can't be fetched."""
        try:
            return self.of(client, now=now)
        except FetchError as problem:
            raise InvalidRequest("jwks_uri: the client's keys can't be fetched", detail=str(problem)) from None

    def _attempt(self, client: Client, url: str, before: _Copy | None, *, now: int) -> _Copy:
        try:
            jwks = json.loads(
                self._documents.get(url, max_bytes=MAX_BYTES), object_pairs_hook=jose.reject_duplicate_members
            )
            found = usable(members_of(jwks), PROFILES[client.profile])
        except (FetchError, KeysError, jose.JoseError) as problem:
            why = str(problem)
        except (ValueError, RecursionError) as problem:  # Not JSON.
            why = f"it can't be read ({type(problem).__name__})"
        else:
            if before is None or before.left != found.left:  # Once, not after each fetch.
                report(client.client_id, found.left)
            return _Copy(now, now, {"keys": found.keys}, left=found.left)
        return replace(before, tried_at=now, problem=why) if before else _Copy(now, now, None, why)


def _is_due(copy: _Copy, kid: str | None, x5c: str | None, *, now: int) -> bool:
    """Whether another fetch is needed and allowed now."""
    if 0 <= now - copy.tried_at < RETRY_INTERVAL:
        return False
    return copy.jwks is None or not 0 <= now - copy.fetched_at < CACHE_LIFETIME or not copy.holds(kid, x5c)
