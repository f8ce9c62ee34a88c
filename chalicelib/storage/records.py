"""Records: frozen values that are remembered. All times are integer seconds since the epoch.

A handle (request_uri, code, access token, refresh token, browser cookie) never stands in a record; only its hash does.

Annotations are objects here and in permission.py, since the codec goes by the types of fields.
"""

from dataclasses import dataclass, field
from typing import Literal

from chalicelib.protocol_types import (
    Account,
    ClaimsRequest,
    Detail,
    EncryptionAlg,
    EncryptionEnc,
    GrantType,
    JsonObject,
    Jwk,
    JwkSet,
    KeyAlg,
    MacAlg,
    Passkey,
    Prompt,
    ResponseMode,
    ResponseType,
    SigningAlg,
    SubjectType,
    TokenEndpointAuthMethod,
)


@dataclass(frozen=True)
class Client:
    """A registered client; field names are those of the registered client metadata (RFC 7591, 8705, 9449).

    `profile`: name of the profile in `profiles/` whose rules apply to it. `scope`: the scope tokens it may ask for.
    `response_types`: those that it uses, all of the profile's where it names none.
    `dpop_nonce_required`: its proofs must carry a nonce of ours. `client_secret`: sealed by KMS for this client alone, base64.
    `tls_client_auth_issuer_dn`: of the authority that issues its certificates, where only one may; ours.
    `require_issuer_audience`: its assertions are for the issuer alone, whatever the profile takes; ours.
    `protected_resources`: identifiers of the protected resources (RFC 8707) that it is, which may introspect; ours.
    `jwks_uri`: where it publishes its keys, where it has no `jwks` here. `sector_identifier`: the host by which its pairwise
    subjects are made. `*_encrypted_response_alg`, `*_enc`: how what is meant for it is encrypted, None where it is not.
    `registered_at`: when this name was registered, epoch seconds; a change of the record leaves it as it is.
    """

    client_id: str
    client_name: str
    profile: str
    token_endpoint_auth_method: TokenEndpointAuthMethod
    grant_types: tuple[GrantType, ...]
    scope: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    response_types: tuple[ResponseType, ...] = ()
    jwks: JwkSet | None = None
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_auth_issuer_dn: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    dpop_nonce_required: bool = False
    id_token_signed_response_alg: SigningAlg = "PS256"
    require_signed_request_object: bool = False
    request_object_signing_alg: SigningAlg | None = None
    authorization_signed_response_alg: SigningAlg = "PS256"
    introspection_signed_response_alg: SigningAlg = "PS256"
    authorization_details_types: tuple[str, ...] = ()
    token_endpoint_auth_signing_alg: SigningAlg | MacAlg | None = None
    require_issuer_audience: bool = False
    protected_resources: tuple[str, ...] = ()
    client_secret: str | None = None
    jwks_uri: str | None = None
    request_uris: tuple[str, ...] = ()
    subject_type: SubjectType = "public"
    sector_identifier_uri: str | None = None
    sector_identifier: str | None = None
    request_object_encryption_alg: EncryptionAlg | None = None
    request_object_encryption_enc: EncryptionEnc | None = None
    id_token_encrypted_response_alg: EncryptionAlg | None = None
    id_token_encrypted_response_enc: EncryptionEnc | None = None
    userinfo_signed_response_alg: SigningAlg | None = None
    userinfo_encrypted_response_alg: EncryptionAlg | None = None
    userinfo_encrypted_response_enc: EncryptionEnc | None = None
    authorization_encrypted_response_alg: EncryptionAlg | None = None
    authorization_encrypted_response_enc: EncryptionEnc | None = None
    require_pushed_authorization_requests: bool = False
    registered_at: int = 0

    @property
    def public(self) -> bool:
        """Whether it has nothing to authenticate with (RFC 6749 2.1)."""
        return self.token_endpoint_auth_method == "none"

    @property
    def jwk_set(self) -> JwkSet:
        """Its `jwks`; a set without keys where it has none."""
        return {"keys": []} if self.jwks is None else self.jwks


@dataclass(frozen=True)
class AuthorizationRequest:
    """A checked authorization request. Made in `authorization/request.py` alone.

    `response_alg`: what the response is signed with, None where it is not (JARM); `response_encrypted`: and then encrypted.
    `claims`: of OpenID Connect Core 5.5, by "userinfo" and "id_token". `authorization_details`: as asked (RFC 9396).
    `hinted_sub`: of the id_token_hint. `resource`: the protected resources that it names (RFC 8707), none for whatever there is.
    """

    client_id: str
    redirect_uri: str
    response_type: ResponseType
    scope: tuple[str, ...]
    code_challenge: str | None
    state: str | None = None
    nonce: str | None = None
    prompt: tuple[Prompt, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str | None = None
    dpop_jkt: str | None = None
    response_mode: ResponseMode = "query"
    response_alg: SigningAlg | None = None
    response_encrypted: bool = False
    claims: ClaimsRequest | None = None
    authorization_details: tuple[Detail, ...] = ()
    hinted_sub: str | None = None
    ui_locales: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()


@dataclass(frozen=True)
class Authentication:
    """How and when a person proved who they are. `claims`: what the request asked for, as it was then.

    `accounts`: the person's, where there is a choice of them to make.
    `username`: as it was
    typed, for the page on which the person decides. `sub` is the bank's own; `pairwise`: the one that the client is told
    instead (OpenID Connect Core 8.1).
    """

    sub: str
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    claims: JsonObject = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()
    username: str = ""
    pairwise: str | None = None

    @property
    def client_sub(self) -> str:
        """The subject by which the client knows the person."""
        return self.pairwise or self.sub


@dataclass(frozen=True)
class Session:
    """A sign-in that a browser is recognised by for a while. `username`: as the directory knows the person by.

    What else there is to know about the person is read afresh each time.
    """

    sub: str
    username: str
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    expires_at: int


@dataclass(frozen=True)
class User:
    """An end user. `password`: argon2id hash. `totp`: the one-time code's secret, sealed
    (keys/one_time_code_secrets.py).

    `invitation`: hash of what allows to add a passkey.
    """

    username: str
    sub: str
    password: str
    totp: str
    claims: JsonObject = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()
    passkeys: tuple[Passkey, ...] = ()
    failures: int = 0
    last_failure: int = 0
    invitation: str | None = None
    invited_until: int = 0


@dataclass(frozen=True)
class PasskeyHolder:
    """Whose passkey it is. `passkey`: that one of the user's. `sign_count`: the authenticator's when it was used last.

    `attempt`: the login that it was used in last.
    """

    user: User
    passkey: Passkey
    sign_count: int
    attempt: str = ""


@dataclass(frozen=True)
class SigningKey:
    """A published key. `public_jwk` has kid, alg and use. `key_id`: KMS. `signs_from`, `published_until`: epoch seconds."""

    kid: str
    alg: KeyAlg
    key_id: str
    public_jwk: Jwk
    signs_from: int
    published_until: int | None = None


UsedOnce = Literal["assertion", "DPoP proof", "one-time code", "passkey's challenge"]


@dataclass(frozen=True)
class SingleUse:
    """A value that may be used once until `expires_at`, such as an assertion's jti. `key` is already a hash.

    `what` it is, for whoever must refuse its second use. `offered`: it may be used only if it is
    remembered that we gave it out.
    """

    key: str
    expires_at: int
    what: UsedOnce
    offered: bool = False
