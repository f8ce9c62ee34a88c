"""What a client is made of: keys, certificates, secrets, and what it signs."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256, sha512
from typing import Any, TypedDict, Unpack

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from chalicelib.keys.thumbprint import thumbprint
from tests.actors.parameters import AUTHORITY, NOW, known


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of that name; made once."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def secret_octets(client_id: str, octets: int) -> bytes:
    """The chance that a client's secret is made of."""
    return sha512(client_id.encode()).digest()[:octets]


def secret_of(client_id: str) -> str:
    """The secret that a client got when it was registered."""
    return b64url(secret_octets(client_id, 64)).decode()


def alg_of(key: Any) -> str:
    """What a private key signs with here."""
    kinds = {rsa.RSAPrivateKey: "PS256", ec.EllipticCurvePrivateKey: "ES256", ed25519.Ed25519PrivateKey: "EdDSA"}
    return next(alg for kind, alg in kinds.items() if isinstance(key, kind))


def public(key: Any) -> dict[str, Any]:
    """The public JWK of a private key: what makes it this key, and no more."""
    algorithm = jwt.get_algorithm_by_name(alg_of(key))
    members = algorithm.to_jwk(key.public_key(), as_dict=True)
    members = {name: value for name, value in members.items() if name in ("kty", "n", "e", "crv", "x", "y")}
    assert thumbprint(members)
    return members


class JwkMembers(TypedDict, total=False):
    """RFC 7517 4 and RFC 7518 6, RFC 8037 2: what a test may change in a JWK."""

    kid: Any
    use: Any
    key_ops: Any
    alg: Any
    x5c: Any
    kty: Any
    crv: Any
    x: Any
    y: Any
    n: Any
    e: Any
    d: Any


def jwk(key: Any, **more: Unpack[JwkMembers]) -> dict[str, Any]:
    """The public JWK of a private key, as a client registers it."""
    return {**public(key), "kid": "k1", "use": "sig", **known(more, JwkMembers)}


def jws(header: dict[str, Any], claims: dict[str, Any], key: Any, *, alg: str) -> str:
    """A JWS of just these members, signed as `alg` whatever they say; those that are None are left out."""
    parts = [json.dumps({k: v for k, v in part.items() if v is not None}).encode() for part in (header, claims)]
    signed = b".".join(b64url(part) for part in parts)
    return (signed + b"." + b64url(jwt.get_algorithm_by_name(alg).sign(signed, key))).decode()


def b64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def hash_of(access_token: str) -> str:
    """RFC 9449 4.2: the `ath` of a proof."""
    return b64url(sha256(access_token.encode()).digest()).decode()


@cache
def certificate(
    common_name: str,
    *,
    organization: str = "Fintech, Inc.",
    key: Any = None,
    days: int = 400,
    begins: int = NOW - 86_400,
    names: tuple[x509.GeneralName, ...] = (),
    subject: x509.Name | None = None,
    issuer: str | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> str:
    """A certificate (PEM), signed by its own key, whoever `issuer` it names; whether a chain is trusted is TLS's matter.

    `issuer`: left out, the authority; of a name that begins with "self-" itself.
    """
    key = key or ec_key(common_name)
    if subject is None:  # one without attributes is a name too
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
    if issuer is None:
        issuer = subject.rfc4514_string() if common_name.startswith("self-") else AUTHORITY
    start = datetime.fromtimestamp(begins, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name.from_rfc4514_string(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


def x5t_s256(pem: str) -> str:
    return urlsafe_b64encode(sha256(der(pem)).digest()).rstrip(b"=").decode()
