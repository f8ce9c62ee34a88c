"""A client's secret (OpenID Connect Core 9): we make it, show it once and store it sealed.

It is a text. Its UTF-8 octets are the key (OpenID Connect Core 10.1).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

from chalicelib.storage.records import Client

OCTETS = 64
"""Random octets of a secret: as many as the longest hash, so that its text is long enough for every algorithm (RFC7518-3.2).

FAPI1-BASE-5.2.2-3.
"""

CACHE_SECONDS = 60
MAX_CACHED = 1000


def made(random_bytes: Callable[[int], bytes]) -> str:
    """A new secret. `random_bytes`: gives a number of random bytes."""
    return urlsafe_b64encode(random_bytes(OCTETS)).rstrip(b"=").decode()


def sealed_for(client_id: str) -> dict[str, str]:
    """The encryption context of a client's secret. It prevents the use of a secret for another client."""
    return {"client": client_id}


class ClientSecrets:
    """The secrets of clients. A warm function keeps an unsealed secret for a minute.

    `unseal`: of KeyManagement.
    """

    def __init__(self, unseal: Callable[[str, dict[str, str]], bytes]) -> None:
        self._unseal = unseal
        self._cache: dict[tuple[str, str], tuple[int, bytes]] = {}

    def of(self, client: Client, *, now: int) -> bytes | None:
        """The client's secret, None if it has none."""
        if client.client_secret is None:
            return None
        cache_key = (client.client_id, client.client_secret)
        read_at, cached = self._cache.get(cache_key, (0, None))
        if cached is not None and 0 <= now - read_at < CACHE_SECONDS:
            return cached
        secret = self._unseal(client.client_secret, sealed_for(client.client_id))
        if len(self._cache) >= MAX_CACHED:
            self._cache.clear()
        self._cache[cache_key] = (now, secret)
        return secret
