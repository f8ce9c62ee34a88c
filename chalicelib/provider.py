"""Provider: all that a request may ask for, as ports. `assembly.py` makes the real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:  # every endpoint imports this file, and few use more than one or two of the ports
    from chalicelib.clients.client_secret import ClientSecrets
    from chalicelib.clients.jwks_uri import ClientJwksCache
    from chalicelib.fetch.documents import DocumentFetcher
    from chalicelib.keys.key_ring import KeyManagement, KeyRing
    from chalicelib.keys.one_time_code_secrets import OneTimeCodeSecrets
    from chalicelib.settings import Settings
    from chalicelib.storage import stores
    from chalicelib.tokens.dpop_nonce import Nonces
    from chalicelib.user_directory import UserDirectory

A = TypeVar("A")
B = TypeVar("B")


class Provider(Protocol):
    """What an endpoint is given. Every port is made at its first use, so no endpoint pays for another's."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clients(self) -> stores.Clients: ...
    @property
    def grants(self) -> stores.Grants: ...
    @property
    def bonds(self) -> stores.Bonds: ...
    @property
    def sessions(self) -> stores.Sessions: ...
    @property
    def tokens(self) -> stores.Tokens: ...
    @property
    def replay_cache(self) -> stores.ReplayCache: ...
    @property
    def sweeping(self) -> stores.Sweeping: ...
    @property
    def users(self) -> stores.Users: ...
    @property
    def signing_keys(self) -> stores.SigningKeys: ...
    @property
    def kms(self) -> KeyManagement: ...
    @property
    def client_secrets(self) -> ClientSecrets: ...
    @property
    def one_time_code_secrets(self) -> OneTimeCodeSecrets: ...
    @property
    def ring(self) -> KeyRing: ...
    @property
    def nonces(self) -> Nonces: ...
    @property
    def user_directory(self) -> UserDirectory: ...
    @property
    def documents(self) -> DocumentFetcher: ...
    @property
    def published_keys(self) -> ClientJwksCache: ...

    def now(self) -> int:
        """This instant, in seconds since the epoch. One request asks once."""
        ...

    def new_token_value(self) -> str:
        """256 random bits, base64url without padding."""
        ...

    def new_uuid(self) -> str:
        """A random UUID (RFC 9562 5.4)."""
        ...

    def alongside(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        """Both results; the calls run at the same time. Raises what either raised, once both have ended."""
        ...
