"""Keys that a client publishes at its jwks_uri (OpenID Connect Registration 2): fetched, checked, and kept for a while.

A set is fresh for five minutes. An unknown key sends us back for it sooner (OpenID Connect Core 10.1.1), but for one client never
more often than each half a minute, whoever asks: an assertion with an invented `kid` is free. While the set can't be had, or
can't be used, the last good one serves for an hour; then the client is shut out until it can.
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
"""Seconds. All three count in each warm function for itself."""
MAX_BYTES = 64 * 1024
MAX_CLIENTS = 1000


@dataclass(frozen=True)
class _Copy:
    """What the last attempt left. `jwks`: the last good set, fetched at `fetched_at`; None if there was none yet.

    `left`: the keys of that set that are left alone.
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
    """The keys of clients, remembered in the warm function."""

    def __init__(self, documents: DocumentFetcher) -> None:
        self._documents = documents
        self._copies: dict[tuple[str, str, str], _Copy] = {}

    def of(self, client: Client, *, now: int, kid: str | None = None, x5c: str | None = None) -> Client:
        """The client with its keys in `jwks`; as it is where it registered them. It is not to be stored.

        `kid`, `x5c`: what is looked for, a key's name or a certificate in base64; a set without it is fetched again. It may be
        missing all the same. Raises FetchError, with words for the log alone.
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
        """The client with the keys that its request object is verified by. Raises InvalidRequestObject.

        `sent`: the object, where there is one.
        """
        if sent is None:
            return client
        try:
            return self.of(client, kid=sent.kid, now=now)
        except FetchError as problem:
            raise InvalidRequestObject("jwks_uri: the client's keys can't be fetched", detail=str(problem)) from None

    def for_encryption(self, client: Client, *, now: int) -> Client:
        """The client with the keys that answers to it are encrypted to. Raises InvalidRequest: it can't be answered."""
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
        except (ValueError, RecursionError) as problem:  # no JSON
            why = f"it can't be read ({type(problem).__name__})"
        else:
            if before is None or before.left != found.left:  # once, and not at each fetch
                report(client.client_id, found.left)
            return _Copy(now, now, {"keys": found.keys}, left=found.left)
        return replace(before, tried_at=now, problem=why) if before else _Copy(now, now, None, why)


def _is_due(copy: _Copy, kid: str | None, x5c: str | None, *, now: int) -> bool:
    """Whether another attempt is to be made, and may be."""
    if 0 <= now - copy.tried_at < RETRY_INTERVAL:
        return False
    return copy.jwks is None or not 0 <= now - copy.fetched_at < CACHE_LIFETIME or not copy.holds(kid, x5c)
