"""The Provider on AWS. Each port is made at its first use.

Only this file and `settings.py` read the clock, random bytes and the environment.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeVar

from chalicelib import init_phase, log_lines, vocabulary
from chalicelib.settings import Settings

if TYPE_CHECKING:  # A function loads a port's module at its first use.
    from chalicelib.approval_app import ApprovalApp
    from chalicelib.clients.client_secret import ClientSecrets
    from chalicelib.clients.jwks_uri import ClientJwksCache
    from chalicelib.clients.sent_certificate import ClientCertificates
    from chalicelib.fetch.documents import DocumentFetcher
    from chalicelib.keys.key_ring import KeyRing
    from chalicelib.keys.kms import Kms
    from chalicelib.keys.rotation import KeyLifecycle
    from chalicelib.one_time_code_secrets import OneTimeCodeSecrets
    from chalicelib.provider import Provider, Truststore
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
    from chalicelib.storage.dynamodb import Dynamo
    from chalicelib.storage.signing_keys import SigningKeys
    from chalicelib.tokens.dpop_nonce import Nonces
    from chalicelib.user_directory import UserDirectory

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C", "Dynamo", "Kms")

# botocore would load urllib3's TLS by pyOpenSSL, which webauthn installs, and cryptography with it; it uses Python's own.
if "_HANDLER" in os.environ:  # In a Lambda function only. Other programs on a laptop may use it.
    sys.modules.setdefault("urllib3.contrib.pyopenssl", None)  # type: ignore[arg-type]
    log_lines.use(logging.getLogger("ducat"), log_lines.namespace(os.environ.get("DUCAT_ISSUER", "")))

Warmed = Literal["clients", "grants", "kms", "ring", "sessions", "tokens", "user_directory"]

WARMED: Mapping[str, tuple[Warmed, ...]] = {
    "openid_configuration": (),
    "oauth_authorization_server": (),
    "oauth_protected_resource": (),
    "jwks": ("ring",),
    "par": ("clients", "grants"),
    "authorize": ("clients", "grants", "sessions"),
    "login": ("clients", "grants", "sessions", "user_directory"),
    "consent": ("clients", "grants", "sessions"),
    "passkey": ("user_directory",),
    "grants": ("clients", "sessions", "grants", "user_directory"),
    "security": ("sessions", "user_directory"),
    "token": ("clients", "tokens", "ring", "kms"),
    "userinfo": ("clients", "tokens"),
    "introspect": ("clients", "tokens"),
    "revoke": ("clients", "tokens"),
    "authorizer": ("tokens",),
}
"""The ports that each function makes in its init phase, which Lambda runs at full speed."""


class Aws:
    """The Provider on AWS, or on the endpoint of AWS_ENDPOINT_URL."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        vocabulary.use(self._vocabulary())

    def _vocabulary(self) -> vocabulary.Vocabulary:
        if self.settings.vocabulary in (None, "{}"):  # The second is the template's, of a bank without own words.
            return vocabulary.Vocabulary()
        from chalicelib import vocabulary_file

        return vocabulary_file.load(self.settings.vocabulary)

    @cached_property
    def dynamo(self) -> Dynamo:
        from chalicelib.storage.dynamodb import Dynamo

        return _connected(Dynamo(self.settings, pause=time.sleep, new_token_value=self.new_token_value))

    @cached_property
    def kms(self) -> Kms:
        from chalicelib.keys.kms import Kms

        s = self.settings
        session = self.dynamo.session
        return _connected(Kms(session, secrets_key=s.secrets_key, nonces_key=s.nonces_key, subjects_key=s.subjects_key))

    @cached_property
    def key_lifecycle(self) -> KeyLifecycle:
        from chalicelib.keys.kms_lifecycle import KmsLifecycle

        s = self.settings
        regions, days = s.multi_region_keys == "yes", int(s.key_deletion_days)
        return KmsLifecycle(self.dynamo.session, stack=s.stack_name, multi_region=regions, waiting_days=days)

    @cached_property
    def clients(self) -> stores.Clients:
        return self.dynamo.clients

    @cached_property
    def users(self) -> stores.Users:
        return self.dynamo.users

    @cached_property
    def passkeys(self) -> passkey_stores.Passkeys:
        return self.dynamo.passkeys

    @cached_property
    def second_factors(self) -> second_factor_stores.SecondFactors:
        return self.dynamo.second_factors

    @cached_property
    def grants(self) -> stores.Grants:
        return self.dynamo.grants

    @cached_property
    def bonds(self) -> stores.Bonds:
        return self.dynamo.bonds

    @cached_property
    def sessions(self) -> session_stores.Sessions:
        return self.dynamo.sessions

    @cached_property
    def tokens(self) -> stores.Tokens:
        return self.dynamo.tokens

    @cached_property
    def sweeping(self) -> sweeping_stores.Sweeping:
        return self.dynamo.sweeping

    @cached_property
    def replay_cache(self) -> stores.ReplayCache:
        return self.dynamo.replay_cache

    @cached_property
    def revocations(self) -> revocation_stores.Revocations:
        return self.dynamo.revocations

    @cached_property
    def certificate_files(self) -> revocation_stores.CertificateFiles:
        from chalicelib.storage.certificate_files import CertificateFiles

        return CertificateFiles(self.dynamo.session, self.settings)

    @cached_property
    def signed_documents(self) -> DocumentFetcher:
        from chalicelib.fetch.https import SECONDS_OF_A_JOB, Https

        return Https(seconds=SECONDS_OF_A_JOB, plain=True)

    @cached_property
    def client_certificates(self) -> ClientCertificates:
        from chalicelib.clients.sent_certificate import ClientCertificates

        return ClientCertificates(self.revocations, self.settings)

    @cached_property
    def signing_keys(self) -> SigningKeys:
        return self.dynamo.signing_keys

    @cached_property
    def client_secrets(self) -> ClientSecrets:
        from chalicelib.clients.client_secret import ClientSecrets

        return ClientSecrets(lambda sealed, context: self.kms.unseal(sealed, context))

    @cached_property
    def one_time_code_secrets(self) -> OneTimeCodeSecrets:
        from chalicelib.one_time_code_secrets import OneTimeCodeSecrets

        by_data_key = self.settings.data_keys == "yes"
        return OneTimeCodeSecrets(self.dynamo.data_keys, self.kms, self.new_token_value, by_data_key=by_data_key)

    @cached_property
    def ring(self) -> KeyRing:
        from chalicelib.keys.key_ring import KeyRing

        return KeyRing(self.signing_keys, lambda key: self.kms.signer(key), lambda key: self.kms.unwrapper(key))

    @cached_property
    def nonces(self) -> Nonces:
        from chalicelib.tokens.dpop_nonce import Nonces

        return Nonces(lambda data: self.kms.mac(data))

    @cached_property
    def user_directory(self) -> UserDirectory:
        module, _, function = self.settings.user_directory.partition(":")
        directory: UserDirectory = getattr(import_module(module), function)(self)
        return directory

    @cached_property
    def approval_app(self) -> ApprovalApp | None:
        module, _, function = (self.settings.approval_app or "").partition(":")
        app: ApprovalApp | None = getattr(import_module(module), function)(self) if module else None
        return app

    @cached_property
    def documents(self) -> DocumentFetcher:
        from chalicelib.fetch.https import Https

        return Https()

    @cached_property
    def published_keys(self) -> ClientJwksCache:
        from chalicelib.clients.jwks_uri import ClientJwksCache

        return ClientJwksCache(self.documents)

    @cached_property
    def truststore(self) -> Truststore:
        from chalicelib.truststore import ApiGatewayTruststore

        return ApiGatewayTruststore(self.dynamo.session, url=self.settings.mtls_url)

    @cached_property
    def audit_keys(self) -> audit_stores.AuditKeys:
        return self.dynamo.audit_keys

    @cached_property
    def audit_files(self) -> audit_stores.AuditFiles:
        from chalicelib.storage.audit_files import AuditFiles

        return AuditFiles(self.dynamo.session, self.settings.audit_bucket or "")

    @cached_property
    def audit_bus(self) -> audit_stores.AuditBus | None:
        from chalicelib.storage.audit_files import AuditBus

        return AuditBus(self.dynamo.session, self.settings.audit_bus) if self.settings.audit_bus else None

    @cached_property
    def notices(self) -> notice_stores.Notices:
        from chalicelib.storage.notice_ways import notices_of

        return notices_of(self.dynamo.session, self.settings, self.audit_bus)

    def now(self) -> int:
        return int(self._clock())

    def new_token_value(self) -> str:
        # Equal to secrets.token_urlsafe, without the 6 ms of its import.
        return urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()

    def new_uuid(self) -> str:
        from uuid import uuid4

        return str(uuid4())

    def alongside(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        from chalicelib import alongside

        return alongside.both(first, second)


def _connected(port: C) -> C:
    """The port. In a Lambda function its client sends through connections of its own."""
    if "_HANDLER" in os.environ:
        from chalicelib import aws_connections

        aws_connections.use(port.session, port.client, bundle=os.environ.get("REQUESTS_CA_BUNDLE"))
    return port


@cache
def provider() -> Provider:
    """The Provider of this process. Raises SettingsError, which lists everything that is missing."""
    return Aws(Settings.read(os.environ))


def warm() -> None:
    """Import the endpoint's module and make its ports in a Lambda function's init phase. Do nothing elsewhere."""
    name = os.environ.get("_HANDLER", "").removeprefix("app.")
    if name in WARMED:
        import_module(f"chalicelib.endpoints.{name}")
        for port in WARMED[name]:
            getattr(provider(), port)
    init_phase.done()
