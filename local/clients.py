"""The demo's two clients, as a fintech would register them (RFC 7591, 8705, 9449): each authenticates in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from jwskate import Jwk

from chalicelib.clients.metadata import registered
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import ResponseType
from chalicelib.provider import Provider
from local.certificates import RSA_BITS, Certificates, Pair

SENDERS = {"mtls": "tls_client_certificate_bound_access_tokens", "dpop": "dpop_bound_access_tokens"}
"""What tokens may be bound to, and the metadata that asks for it."""

PROFILE, SENDER = next(iter(PROFILES)), "mtls"
"""Where nothing else is chosen."""


ABOUT = {
    "purpose": "To show your accounts in one place",
    "purpose#de": "Um Ihre Konten an einem Ort zu zeigen",
    "purpose#es": "Para mostrar sus cuentas en un solo lugar",
    "purpose#pt-BR": "Para mostrar suas contas em um só lugar",
    "purpose#fr": "Pour montrer vos comptes en un seul endroit",
    "purpose#ar": "لعرض حساباتك في مكان واحد",
    "policy_uri": "https://fintechs.example/privacy",
    "tos_uri": "https://fintechs.example/terms",
    "register_name": "Sandbox Authority",
    "register_number": "4711",
}
"""What the consent page says of both."""


@dataclass(frozen=True)
class DemoClient:
    """A client from its own side: what it registers, its certificate and, where it signs anything, its private key."""

    metadata: Mapping[str, Any]
    certificate: Pair
    key: Jwk | None = None

    @property
    def signs_requests(self) -> bool:
        return bool(self.metadata["require_signed_request_object"])

    @property
    def pushes_requests(self) -> bool:
        """Whether it asks by PAR; else through the browser."""
        return PROFILES[str(self.metadata["profile"])].pushed_requests_only

    @property
    def response_type(self) -> ResponseType:
        return cast(ResponseType, self.metadata["response_types"][0])

    @property
    def response_mode(self) -> str | None:
        """jwt, where the response is to be signed as a whole: as the client wants it, or as its profile does."""
        modes = dict(PROFILES[str(self.metadata["profile"])].responses)[self.response_type]
        return "jwt" if "jwt" in modes and (self.signs_requests or "query" not in modes) else None

    @property
    def signed_by_key(self) -> bool:
        """Whether an assertion says who it is; else its certificate does."""
        return str(self.metadata["token_endpoint_auth_method"]) == "private_key_jwt"

    @property
    def client_id(self) -> str:
        return str(self.metadata["client_id"])

    @property
    def name(self) -> str:
        return str(self.metadata["client_name"])

    @property
    def redirect_uri(self) -> str:
        return str(self.metadata["redirect_uris"][0])

    @property
    def proves(self) -> bool:
        """Whether it sends DPoP proofs."""
        return SENDERS["dpop"] in self.metadata

    @property
    def shows_certificate(self) -> bool:
        """Whether it needs mutual TLS: to be known, or to have its tokens bound."""
        return not self.signed_by_key or not self.proves


def two(
    certificates: Certificates, home: str, *, profile: str = PROFILE, sender: str = SENDER
) -> tuple[DemoClient, DemoClient]:
    """One that signs, one that is known by its certificate. `home`: the https URL of their web server.

    Where the profile has several response types, each uses another one.
    """
    rules = {"profile": profile, SENDERS[sender]: True}
    return _signing(certificates, home, rules), _certified(certificates, home, rules)


def register(provider: Provider, client: DemoClient) -> None:
    """Make the client known to the provider. Raises InvalidClientMetadata or InvalidRedirectUri."""
    register_record(provider, client.metadata)


def register_record(provider: Provider, metadata: Mapping[str, Any]) -> None:
    """Make the client of that record known to the provider. Raises InvalidClientMetadata or InvalidRedirectUri."""
    signs, documents = provider.settings.signs_with, provider.documents
    client = registered(metadata, signs=signs, documents=documents)
    before = provider.clients.find(client.client_id, now=provider.now())
    since = (
        provider.now() if before is None else before.registered_at
    )  # What a client of an earlier start has stays its own.
    provider.clients.put(replace(client, registered_at=since))


def _signing(certificates: Certificates, home: str, rules: Mapping[str, Any]) -> DemoClient:
    """It signs its assertions and, where the profile takes that, what it asks for."""
    key = Jwk.generate(alg="ES256").with_kid_thumbprint()
    profile = PROFILES[rules["profile"]]
    metadata = {
        **_common("pocket-ledger", "Pocket Ledger", home),
        **rules,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [dict(key.public_jwk(), use="sig")]},
        "id_token_signed_response_alg": "PS256",
        "response_types": [profile.response_types[0]],
        "require_signed_request_object": bool(profile.request_object_signing_algs),
    }
    return DemoClient(metadata, certificates.client("pocket-ledger"), key)


def _certified(certificates: Certificates, home: str, rules: Mapping[str, Any]) -> DemoClient:
    """It uses the bank's nonces in its proofs, if it sends any, and signs what it asks for where it must."""
    certificate = certificates.client("rent-scout", organization="Rent Scout Ltd")
    profile = PROFILES[rules["profile"]]
    metadata = {
        **_common("rent-scout", "Rent Scout", home),
        **rules,
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": certificate.subject_dn,
        "id_token_signed_response_alg": "ES256",
        "dpop_nonce_required": SENDERS["dpop"] in rules,
        "response_types": [profile.response_types[-1]],
        "require_signed_request_object": profile.signed_requests_only,
    }
    if not profile.signed_requests_only:
        return DemoClient(metadata, certificate)
    key = Jwk.generate(alg="PS256", key_size=RSA_BITS).with_kid_thumbprint()
    return DemoClient({**metadata, "jwks": {"keys": [dict(key.public_jwk(), use="sig")]}}, certificate, key)


def _common(client_id: str, client_name: str, home: str) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_name": client_name,
        "redirect_uris": [f"{home}/callback/{client_id}"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile email accounts",
        "authorization_details_types": ["account_information", "payment_initiation"],
        **ABOUT,
    }
