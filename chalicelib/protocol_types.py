"""Types of the specifications: closed sets of values, and JSON objects with known members.

A type proves nothing about external data. The check that gives the value does. Unchecked data are Json. Annotations are objects
here, because that is faster for types made of them.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

Json = object
"""An unchecked JSON value."""
JsonObject = dict[str, object]
Claims = Mapping[str, object]
"""Members of an external JSON object, such as claims of a JWT, claims about a user, or client metadata."""

Schema = Mapping[str, object]
"""A JSON schema (draft 7)."""

MemberKind = Literal["amount", "account", "iban", "day", "text", "number", "switch", "locations"]
"""Kinds of members that a bank's own type may name in place of a schema."""

Detail = dict[str, Any]  # type: ignore[explicit-any]
"""An authorization detail (RFC 9396 2). The schema of its type has checked it; banks declare types of their own."""
Untyped = Any  # type: ignore[explicit-any]
"""Values of libraries without types, and members of a record that is checked after it is made."""


GrantType = Literal["authorization_code", "refresh_token", "client_credentials", "implicit"]
"""RFC 7591 2. `implicit` stands for the ID token of a hybrid response."""
TokenEndpointAuthMethod = Literal[
    "private_key_jwt", "client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none"
]
"""OpenID Connect Core 9, RFC 8705 2, RFC 7591 2."""
ResponseType = Literal["code", "code id_token", "code id_token token"]
ResponseMode = Literal["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt"]
"""How a response reaches the client (Multiple Response Types 2.1, Form Post Response Mode, JARM 2.3)."""
RequestedResponseMode = ResponseMode | Literal["jwt"]
"""A requested response_mode. "jwt" is the default mode of the response_type, signed."""
CodeChallengeMethod = Literal["S256"]
Prompt = Literal["none", "login", "consent", "select_account"]
"""OpenID Connect Core 3.1.2.1."""
SubjectType = Literal["public", "pairwise"]
"""OpenID Connect Core 8."""
TokenType = Literal["Bearer", "DPoP"]
"""RFC 6749 7.1, RFC 9449 5."""
SenderConstraint = Literal["dpop", "mtls"]
"""The kinds of sender constraint: a DPoP key (RFC 9449), a certificate (RFC 8705 3)."""
AssertionAudience = Literal["issuer", "token_endpoint", "par_endpoint", "endpoint"]
"""The accepted audiences of a client assertion. "endpoint" is the called one."""
SigningAlg = Literal["PS256", "ES256", "EdDSA", "Ed25519"]
"""JWS algorithms of a key pair (RFC 7518 3.1, RFC 8037 3.1, RFC 9864)."""
MacAlg = Literal["HS256", "HS384", "HS512"]
EncryptionAlg = Literal["RSA-OAEP-256", "RSA-OAEP", "ECDH-ES", "ECDH-ES+A256KW"]
"""JWE algorithms that encrypt a key (RFC 7518 4.1)."""
EncryptionEnc = Literal["A256GCM"]
KeyAlg = SigningAlg | EncryptionAlg
"""The algorithm of one of our keys."""
KeyUse = Literal["id_token", "authorization_response", "api_response"]
"""Uses of our signing keys. The last one is for the responses of userinfo and introspection."""


class Jwk(TypedDict, total=False):
    """A public JSON Web Key (RFC 7517 4, RFC 7518 6, RFC 8037 2)."""

    kty: str
    crv: str
    n: str
    e: str
    x: str
    y: str
    kid: str | None
    alg: str | None
    use: str | None
    x5c: list[str] | None


class JwkSet(TypedDict):
    """A JWK Set (RFC 7517 5) of public keys."""

    keys: list[Jwk]


class Wish(TypedDict, total=False):
    """The request for one claim (OpenID Connect Core 5.5.1). It may be empty."""

    essential: bool
    value: Json
    values: list[Json]


class ClaimsRequest(TypedDict):
    """The requested claims by destination (OpenID Connect Core 5.5)."""

    userinfo: dict[str, Wish]
    id_token: dict[str, Wish]


ClaimsDestination = Literal["userinfo", "id_token"]


class PaymentTotal(TypedDict):
    """PaymentCurrencyAmount of Payment Request."""

    currency: str
    value: str


class PaymentInstrument(TypedDict):
    """PaymentCredentialInstrument (SPC-7.1)."""

    displayName: str
    icon: str


class ShownPayment(TypedDict):
    """What a browser shows of a payment, and signs (SPC-5.2)."""

    payeeName: str
    total: PaymentTotal
    instrument: PaymentInstrument


class Account(TypedDict):
    """An account of the user, from the bank's directory.

    `name`: the user's name for it.
    `iban`: without spaces.
    `bban`: the number in its country, where there is no IBAN.
    `sortCode`, `accountNumber`: of the United Kingdom, digits alone.
    `maskedPan`: of a card, such as 540912******1234.
    It has one of these or more. An account without any is not offered to clients.
    """

    name: NotRequired[str]
    iban: NotRequired[str]
    bban: NotRequired[str]
    sortCode: NotRequired[str]
    accountNumber: NotRequired[str]
    maskedPan: NotRequired[str]


Standing = Literal["known", "suspended", "unknown"]
"""What a sub is to the user directory."""


class Passkey(TypedDict):
    """A passkey. `id`: the credential's; `key`: its public key (COSE); `handle`: its user handle; all base64url.

    `created_at`: epoch seconds.
    """

    id: str
    key: str
    handle: str
    created_at: int
