"""What clients send: the names of the parameters and claims that a test may change, and the values it begins with.

A name that is not here is an error, so that a misspelt one is not a parameter that the bank ignores. What a test sends
although no specification knows it goes into `extra`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypedDict

ISSUER = "https://login.bank.example"
MTLS = "https://mtls.bank.example"
AUTHORITY = "CN=Issuing CA,O=Example Trust,C=DE"
"""Who issues the certificates that may name clients."""
NOW = 1_800_000_000
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
VERIFIER = "a-code-verifier-of-forty-three-characters-or-more"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

Headers = tuple[tuple[str, str], ...]
Proof = bool | str | tuple[str, ...] | None
"""DPoP headers to send: True for a proof of the client's own, else just these."""


class Sending(TypedDict, total=False):
    """How a client sends a form.

    `certificate`: True for the client's own, None for none, or a PEM.
    `proof`: as `Proof` says.
    `headers`: beside the proof's.
    `extra`: parameters that no specification knows, or of another endpoint.
    """

    certificate: str | bool | None
    proof: Proof
    headers: Headers
    extra: Mapping[str, Any]


class Authenticating(TypedDict, total=False):
    """RFC 6749 2.3, RFC 7521 4.2: what a client may send about itself."""

    client_id: str | None
    client_secret: str | None
    client_assertion: str | None
    client_assertion_type: str | None


class AuthorizationRequest(Authenticating, total=False):
    """The parameters of RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1 and their extensions. None leaves one out."""

    response_type: str | None
    response_mode: str | None
    redirect_uri: str | None
    scope: str | None
    state: Any
    nonce: Any
    code_challenge: str | None
    code_challenge_method: str | None
    prompt: str | None
    display: str | None
    max_age: Any
    ui_locales: str | None
    claims_locales: str | None
    id_token_hint: str | None
    login_hint: Any
    acr_values: str | None
    claims: Any
    authorization_details: Any
    dpop_jkt: str | None


class PushedRequest(AuthorizationRequest, total=False):
    """RFC 9101 5 adds these, outside a request object alone."""

    request: str | None
    request_uri: str | None


class TokenRequest(Authenticating, total=False):
    """The parameters of RFC 6749 4.1.3, 4.3.2, 4.4.2 and 6, RFC 7636 4.5 and RFC 9396 6."""

    grant_type: str | None
    code: str | None
    redirect_uri: str | None
    code_verifier: str | None
    refresh_token: str | None
    username: str | None
    password: str | None
    scope: str | None
    authorization_details: Any


class TokenQuestion(Authenticating, total=False):
    """The parameters of introspection (RFC 7662 2.1) and of revocation (RFC 7009 2.1)."""

    token: str | None
    token_type_hint: str | None


class Form(PushedRequest, TokenRequest, TokenQuestion, total=False):
    """The parameters of any endpoint that a client posts to."""


class Pushing(PushedRequest, Sending, total=False):
    """An authorization request and how it is sent."""


class Redeeming(TokenRequest, Sending, total=False):
    """A token request and how it is sent."""


class Questioning(TokenQuestion, Sending, total=False):
    """A question about a token and how it is sent."""


class AssertionClaims(TypedDict, total=False):
    """The claims of a client assertion (RFC 7523 3). None leaves one out."""

    iss: Any
    sub: Any
    aud: Any
    jti: Any
    iat: Any
    nbf: Any
    exp: Any


class RequestObjectClaims(AssertionClaims, AuthorizationRequest, total=False):
    """The claims of a request object (RFC 9101 4). None leaves one out."""


class ProofClaims(TypedDict, total=False):
    """The claims of a DPoP proof (RFC 9449 4.2). None leaves one out."""

    jti: Any
    htm: Any
    htu: Any
    iat: Any
    ath: Any
    nonce: Any


def known(given: Mapping[str, Any], *kinds: Any) -> dict[str, Any]:
    """The parameters given. Raises TypeError where one is not of these kinds (TypedDicts)."""
    names = {name for kind in kinds for name in kind.__optional_keys__}
    if unknown := sorted(given.keys() - names):
        raise TypeError(f"{', '.join(unknown)}: misspelt? What is unknown on purpose goes into `extra`")
    return dict(given)
