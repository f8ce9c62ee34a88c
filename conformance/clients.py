"""The two clients that a plan plays: keys and certificates made for the run, and what each registers here.

They differ in all that a plan leaves open, so that each run tries it: algorithms, how a certificate is known, nonces in proofs.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from jwskate import Jwk

from chalicelib.authorization_details.detail_types import TYPES
from conformance.matrix import Cell
from local.certificates import RSA_BITS, Certificates, Pair

CALLBACKS = ("callback", "callback?dummy1=lorem&dummy2=ipsum")
"""The first client's, and the second's: a registered query must survive (RFC 6749 3.1.2)."""


NAMES = ("conformance-1", "conformance-2")


@dataclass(frozen=True)
class Identity:
    """What a client is known by: a private key with its `alg` and `kid`, and a certificate.

    `by_itself`: the certificate is self-signed. `answers_alg`: what the provider is to sign with for it. `dpop_alg`: what its
    proofs are signed with. `nonces`: whether each proof must carry a nonce.
    """

    key: Jwk
    certificate: Pair
    by_itself: bool
    answers_alg: str
    dpop_alg: str
    nonces: bool

    @property
    def private_jwks(self) -> dict[str, Any]:
        """For the suite alone."""
        return {"keys": [dict(self.key, use="sig")]}

    @property
    def jwks(self) -> dict[str, Any]:
        """For the provider."""
        return {"keys": [dict(self.key.public_jwk(), use="sig")]}

    @property
    def authentication(self) -> dict[str, Any]:
        """The metadata of one that the provider knows by its certificate (RFC 8705 2.1.2, 2.2.2)."""
        if not self.by_itself:
            return {
                "token_endpoint_auth_method": "tls_client_auth",
                "tls_client_auth_subject_dn": self.certificate.subject_dn,
                "jwks": self.jwks,
            }
        shown = dict(Jwk.from_cryptography_key(self.certificate.certificate.public_key()).with_kid_thumbprint())
        der = self.certificate.certificate.public_bytes(serialization.Encoding.DER)
        shown["x5c"] = [b64encode(der).decode()]
        return {
            "token_endpoint_auth_method": "self_signed_tls_client_auth",
            "jwks": {"keys": [*self.jwks["keys"], shown]},
        }

    @property
    def pem(self) -> dict[str, str]:
        """Certificate and private key as the suite's configuration has them."""
        key = self.certificate.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {"cert": self.certificate.pem, "key": key.decode()}


@dataclass(frozen=True)
class SuiteClient:
    """One of a plan's two clients: what it registers and what it is known by."""

    metadata: Mapping[str, Any]
    identity: Identity

    @property
    def client_id(self) -> str:
        return str(self.metadata["client_id"])

    @property
    def scope(self) -> str:
        return str(self.metadata["scope"])


def identities(certificates: Certificates) -> tuple[Identity, Identity]:
    """Two, with different algorithms. The first key is RSA, without which the suite skips what it tries with RS256."""
    return (
        Identity(_rsa_key("PS256"), certificates.client(NAMES[0]), False, "PS256", "ES256", nonces=False),
        Identity(_ec_key("ES256"), certificates.self_signed(NAMES[1]), True, "ES256", "PS256", nonces=True),
    )


def truststore(certificates: Certificates) -> str:
    """What a gateway that verifies chains must trust: the clients' authority, and the certificate that is its own."""
    return certificates.clients_authority.pem + certificates.self_signed(NAMES[1]).pem


def pair(
    cell: Cell, alias: str, base: str, who: tuple[Identity, Identity], *, scope: str
) -> tuple[SuiteClient, SuiteClient]:
    """The cell's two clients. `base`: where the suite takes the alias's answers. `scope`: what the bank's API asks for."""
    first, second = (
        SuiteClient(_metadata(cell, f"{alias}-{n}", f"{base}/{callback}", identity, scope), identity)
        for n, (callback, identity) in enumerate(zip(CALLBACKS, who, strict=True), start=1)
    )
    return first, second


def _metadata(cell: Cell, client_id: str, redirect_uri: str, identity: Identity, scope: str) -> dict[str, Any]:
    by_itself = cell["fapi_profile"] == "fapi_client_credentials_grant"
    metadata: dict[str, Any] = {
        "client_id": client_id,
        "client_name": f"Conformance suite {client_id[-1]}",
        "profile": cell.profile,
        "grant_types": ["client_credentials"] if by_itself else ["authorization_code", "refresh_token"],
        "scope": scope if cell["openid"] == "plain_oauth" else f"openid {scope}",
        "id_token_signed_response_alg": identity.answers_alg,
        **_authentication(cell, identity),
        **_constraint(cell, identity),
    }
    if not by_itself:
        metadata["redirect_uris"] = [redirect_uri]
    if cell["authorization_request_type"] == "rar":
        metadata["authorization_details_types"] = list(TYPES)
    if cell["fapi_request_method"] == "signed_non_repudiation":
        metadata["require_signed_request_object"] = True
    if cell["fapi_auth_request_method"] is not None:
        metadata["response_types"] = ["code" if cell["fapi_response_mode"] == "jarm" else "code id_token"]
    if cell["fapi_response_mode"] == "jarm":
        metadata["authorization_signed_response_alg"] = identity.answers_alg
    return metadata


def _authentication(cell: Cell, identity: Identity) -> dict[str, Any]:
    if cell["client_auth_type"] == "mtls":
        return identity.authentication
    return {"token_endpoint_auth_method": "private_key_jwt", "jwks": identity.jwks}


def _constraint(cell: Cell, identity: Identity) -> dict[str, Any]:
    if cell["sender_constrain"] == "dpop":
        return {"dpop_bound_access_tokens": True, "dpop_nonce_required": identity.nonces}
    return {"tls_client_certificate_bound_access_tokens": True}


def _rsa_key(alg: str) -> Jwk:
    return Jwk.generate(alg=alg, key_size=RSA_BITS).with_kid_thumbprint()


def _ec_key(alg: str) -> Jwk:
    return Jwk.generate(alg=alg).with_kid_thumbprint()
