"""Records: immutable stored values. Times are integer seconds since the epoch.

A token value (request_uri, code, access token, refresh token, browser cookie) is never in a record, only its hash.

Annotations are objects here and in grant_records.py, because the codec reads the types of the fields.
"""

from collections.abc import Collection, Mapping
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
    JwkSet,
    MacAlg,
    Passkey,
    Prompt,
    ResponseMode,
    ResponseType,
    SigningAlg,
    SubjectType,
    TokenEndpointAuthMethod,
)
from chalicelib.storage.token_values import digest


@dataclass(frozen=True)
class Client:
    """A registered client. Field names are those of the registered client metadata (RFC 7591, 8705, 9449).

    `profile`: name of its profile in `profiles/`. `scope`: scope values that it may request.
    `response_types`: those that it uses; if it names none, all of its profile.
    `dpop_nonce_required`: its DPoP proofs must have a nonce of ours.
    `client_secret`: sealed by KMS for this client, base64.
    `tls_client_auth_issuer_dn`: the only authority of its certificates, or None; our own member.
    `require_issuer_audience`: its assertions must have the issuer as audience, whatever the profile accepts; our own member.
    `protected_resources`: identifiers of the resources (RFC 8707) that it serves and may introspect for; our own member.
    `jwks_uri`: where it publishes its keys, if it has no `jwks`. `sector_identifier`: the host of its pairwise subjects.
    `*_encrypted_response_alg`, `*_enc`: encryption of its responses, None if they are not encrypted.
    `purpose`: what it wants access for, in its own words; our own member.
    `register_name`, `register_number`, `register_uri`: its entry in the register of an authority; our own members.
    `localized`: members in other languages, by name and language tag in lower case, such as client_name#pt-br.
    `registered_at`: when the client_id was registered, epoch seconds. A change of the record keeps it.
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
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    purpose: str | None = None
    register_name: str | None = None
    register_number: str | None = None
    register_uri: str | None = None
    registered_at: int = 0
    localized: Mapping[str, str] = field(default_factory=dict)

    def in_language(self, name: str, tag: str) -> str:
        """The member in a language, as far as it was registered (OpenID Connect Registration 2.1); empty without one."""
        for wanted in (tag.lower(), tag.lower().partition("-")[0]):
            if found := self.localized.get(f"{name}#{wanted}"):
                return found
        return str(getattr(self, name) or "")

    @property
    def public(self) -> bool:
        """Whether it is a public client (RFC 6749 2.1)."""
        return self.token_endpoint_auth_method == "none"

    @property
    def jwk_set(self) -> JwkSet:
        """Its `jwks`, or a set without keys."""
        return {"keys": []} if self.jwks is None else self.jwks


@dataclass(frozen=True)
class AuthorizationRequest:
    """A checked authorization request. Only `authorization/request.py` makes it.

    `response_alg`: the algorithm that signs the response (JARM), or None. `response_encrypted`: it is encrypted too.
    `claims`: of OpenID Connect Core 5.5, by "userinfo" and "id_token".
    `authorization_details`: the requested ones (RFC 9396). `hinted_sub`: the sub of the id_token_hint.
    `resource`: the protected resources that it names (RFC 8707); empty means all.
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
    """An authentication of a user.

    `sub`: the bank's own subject.
    `pairwise`: the client's subject, if it differs (OpenID Connect Core 8.1).
    `claims`: the requested claims at that time. `accounts`: the user's accounts, if the user can choose from them.
    `username`: as it was typed, for the consent page.
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
        """The subject of the user for the client."""
        return self.pairwise or self.sub


@dataclass(frozen=True)
class Session:
    """A session of a browser.

    `username`: the name in the user directory.
    `made_for`: the page that alone accepts it; empty for a session of single sign-on.
    `secrets`: of such a session, the user's `secrets_digest` at the sign-in.
    `passkey`: of such a session, the digest of the id of the passkey that signed in, which ends it when it is removed.
    All other data about the user are read again for each request.
    """

    sub: str
    username: str
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    expires_at: int
    made_for: str = ""
    secrets: str = ""
    passkey: str = ""


RECOVERY_OPEN = 7 * 24 * 3600  # Seconds after its wait in which a recovery can be completed.


@dataclass(frozen=True)
class User:
    """An end user.

    `password`: argon2id hash. `totp`: the sealed secret of one-time codes (one_time_code_secrets.py).
    `passkeys`: those that an earlier release put into the record. `own_totp`: a sealed secret in place of `totp`, or empty.
    `passkey_keys`: digests of the ids of the others, each of which has an item. `passkey_removals`: how often some were removed.
    `recovery_codes`: digests of the unused recovery codes. `recovery_made`: their page. `recovery_ends`: how often one ended.
    `recovery_from`: when the last begun recovery can be completed. `recovery_secrets`: the `secrets_digest` when it was begun.
    `invitation`: hash of the invitation to add a passkey. `has_profile`: whether its UserProfile is stored beside it.
    `suspended_at`: when an operator suspended the user; 0 if the user may sign in.
    """

    username: str
    sub: str
    password: str
    totp: str
    claims: JsonObject = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()
    passkeys: tuple[Passkey, ...] = ()
    passkey_keys: tuple[str, ...] = ()
    passkey_removals: int = field(default=0, compare=False)
    recovery_made: str = field(default="", compare=False)
    recovery_ends: int = field(default=0, compare=False)
    own_totp: str = ""
    recovery_codes: tuple[str, ...] = ()
    recovery_from: int = 0
    recovery_secrets: str = ""
    failures: int = 0
    last_failure: int = 0
    invitation: str | None = None
    invited_until: int = 0
    has_profile: bool = True
    suspended_at: int = 0

    @property
    def code_secret(self) -> str:
        """The sealed secret of one-time codes that is in force."""
        return self.own_totp or self.totp

    @property
    def secrets_digest(self) -> str:
        """Names the password and the second factor that an operator gave. Another of either ends what a person began before."""
        return digest(f"secrets {self.password} {self.totp}")

    def relied_on(self, methods: Collection[str]) -> str:
        """Names the operator's secrets, and the user's own by which these methods sign in. Another ends what they opened."""
        own = {"otp": (self.own_totp,), "recovery_code": tuple(sorted(self.recovery_codes))}
        return digest(" ".join([self.secrets_digest, *(one for method in methods for one in own.get(method, ()))]))

    def recovery_at(self, *, now: int) -> int:
        """From when the recovery that runs can be completed; 0 if none runs. It ends by itself, and by an operator's reset."""
        runs = self.recovery_secrets == self.secrets_digest and now < self.recovery_from + RECOVERY_OPEN
        return self.recovery_from if runs else 0

    @property
    def passkey_count(self) -> int:
        """How many passkeys the user has."""
        return len(self.passkeys) + len(self.passkey_keys)


@dataclass(frozen=True)
class UserProfile:
    """An end user without what proves who it is. The members are those of User."""

    username: str
    sub: str
    claims: JsonObject = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()


@dataclass(frozen=True)
class PasskeyHolder:
    """The user of a passkey. `sign_count`: the authenticator's counter at its last use. `attempt`: the login of that use."""

    user: User
    passkey: Passkey
    sign_count: int
    attempt: str = ""


UsedOnce = Literal["assertion", "DPoP proof", "passkey's challenge"]


@dataclass(frozen=True)
class SingleUse:
    """A value that may be used once until `expires_at`, such as an assertion's jti. `key` is a hash.

    `what`: the kind of value, for the error. `offered`: it may be used only if it was stored before.
    """

    key: str
    expires_at: int
    what: UsedOnce
    offered: bool = False
