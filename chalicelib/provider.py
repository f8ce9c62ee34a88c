"""The Provider: all ports that a request may use. `assembly.py` makes the real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:  # Every endpoint imports this file, and most endpoints use one or two ports.
    from chalicelib.approval_app import ApprovalApp
    from chalicelib.clients.client_secret import ClientSecrets
    from chalicelib.clients.jwks_uri import ClientJwksCache
    from chalicelib.clients.sent_certificate import ClientCertificates
    from chalicelib.fetch.documents import DocumentFetcher
    from chalicelib.keys.key_ring import KeyManagement, KeyRing
    from chalicelib.keys.rotation import KeyLifecycle
    from chalicelib.one_time_code_secrets import OneTimeCodeSecrets
    from chalicelib.settings import Settings
    from chalicelib.storage import (
        audit_stores,
        notice_stores,
        passkey_stores,
        revocation_stores,
        second_factor_stores,
        session_stores,
        stores,
        sweeping_stores,
    )
    from chalicelib.storage.signing_keys import SigningKeys
    from chalicelib.tokens.dpop_nonce import Nonces
    from chalicelib.user_directory import UserDirectory

A = TypeVar("A")
B = TypeVar("B")


class Truststore(Protocol):
    """The authorities whose client certificates API Gateway lets in."""

    def warnings(self) -> list[str]:
        """What API Gateway warns of in it."""


class Provider(Protocol):
    """The ports of an endpoint. Each port is made at its first use, so an endpoint does not pay for the ports of others."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clients(self) -> stores.Clients: ...
    @property
    def grants(self) -> stores.Grants: ...
    @property
    def bonds(self) -> stores.Bonds: ...
    @property
    def sessions(self) -> session_stores.Sessions: ...
    @property
    def tokens(self) -> stores.Tokens: ...
    @property
    def replay_cache(self) -> stores.ReplayCache: ...
    @property
    def sweeping(self) -> sweeping_stores.Sweeping: ...
    @property
    def users(self) -> stores.Users: ...
    @property
    def passkeys(self) -> passkey_stores.Passkeys: ...
    @property
    def second_factors(self) -> second_factor_stores.SecondFactors: ...
    @property
    def signing_keys(self) -> SigningKeys: ...
    @property
    def revocations(self) -> revocation_stores.Revocations: ...
    @property
    def certificate_files(self) -> revocation_stores.CertificateFiles: ...
    @property
    def signed_documents(self) -> DocumentFetcher: ...
    @property
    def client_certificates(self) -> ClientCertificates: ...
    @property
    def kms(self) -> KeyManagement: ...
    @property
    def key_lifecycle(self) -> KeyLifecycle: ...
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
    def approval_app(self) -> ApprovalApp | None: ...
    @property
    def documents(self) -> DocumentFetcher: ...
    @property
    def published_keys(self) -> ClientJwksCache: ...
    @property
    def truststore(self) -> Truststore: ...
    @property
    def audit_keys(self) -> audit_stores.AuditKeys: ...
    @property
    def audit_files(self) -> audit_stores.AuditFiles: ...
    @property
    def audit_bus(self) -> audit_stores.AuditBus | None: ...
    @property
    def notices(self) -> notice_stores.Notices: ...

    def now(self) -> int:
        """The current time, in seconds since the epoch. A request calls it once."""
        ...

    def new_token_value(self) -> str:
        """256 random bits, base64url without padding."""
        ...

    def new_uuid(self) -> str:
        """A random UUID (RFC 9562 5.4)."""
        ...

    def alongside(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        """The results of both calls, which run at the same time. Raises the exception of either call after both have ended."""
        ...
