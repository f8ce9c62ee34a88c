"""A profile is a value: it answers every question that a rule depends on. No code asks which profile it is."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.key_sizes import KeySizes
from chalicelib.protocol_types import (
    AssertionAudience,
    CodeChallengeMethod,
    EncryptionAlg,
    EncryptionEnc,
    GrantType,
    MacAlg,
    RequestedResponseMode,
    ResponseType,
    SenderConstraint,
    SigningAlg,
    TokenEndpointAuthMethod,
)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The rules for one client. No field has a default, so that each profile answers each question.

    Lifetimes are seconds. `*_algs` are JWS or JWE algorithm names, the only ones accepted; where they are empty,
    nothing of the kind is taken or made, and what we make needs a key of the deployment besides (Settings.signing_keys).

    `responses`: each response_type and its response_modes. `nonce_or_state_required`: a request
    for openid has a nonce, any other a state. `assertion_audiences` names what the `aud` of
    a client assertion may be: "issuer", "token_endpoint", "par_endpoint", "endpoint" for the one that is called.
    `assertion_audience_may_be_array`: whether the issuer may stand beside other values. A client's record may ask for the
    issuer alone.
    `sender_constraints`: "mtls", "dpop"; where a request shows both, the first one binds. `unbound_tokens`: whether an access
    token that can only read may be bound to nothing.
    `max_request_object_lifetime`: from its nbf to its exp, and from its nbf to now. `session_lifetime`: how long ago a person may
    have signed in to be recognised without a page, 0 for never. `consent_remembered`: whether what a person agreed to before is
    not asked again. `public_*`: for clients that have nothing to authenticate with; the access
    token's for any that is bound to nothing.
    """

    name: str

    # The authorization request.
    responses: tuple[tuple[ResponseType, tuple[RequestedResponseMode, ...]], ...]
    pushed_requests_only: bool
    signed_requests_only: bool
    nonce_or_state_required: bool
    code_challenge_required: bool
    code_challenge_required_when_pushed: bool
    code_challenge_methods: tuple[CodeChallengeMethod, ...]
    request_object_signing_algs: tuple[SigningAlg, ...]
    request_object_encryption_algs: tuple[EncryptionAlg, ...]
    max_request_object_lifetime: int

    # Who the client is.
    token_endpoint_auth_methods: tuple[TokenEndpointAuthMethod, ...]
    client_signing_algs: tuple[SigningAlg, ...]
    client_secret_algs: tuple[MacAlg, ...]
    assertion_audiences: tuple[AssertionAudience, ...]
    assertion_audience_may_be_array: bool
    max_assertion_lifetime: int
    rsa_key_bits: int
    ec_key_bits: int

    # What is handed out.
    grant_types: tuple[GrantType, ...]
    sender_constraints: tuple[SenderConstraint, ...]
    unbound_tokens: bool
    dpop_signing_algs: tuple[SigningAlg, ...]
    id_token_signing_algs: tuple[SigningAlg, ...]
    userinfo_signing_algs: tuple[SigningAlg, ...]
    authorization_signing_algs: tuple[SigningAlg, ...]
    introspection_signing_algs: tuple[SigningAlg, ...]
    encryption_algs: tuple[EncryptionAlg, ...]
    encryption_encs: tuple[EncryptionEnc, ...]

    # For how long.
    request_uri_lifetime: int
    interaction_lifetime: int
    code_lifetime: int
    access_token_lifetime: int
    id_token_lifetime: int
    consent_lifetime: int
    public_access_token_lifetime: int
    public_consent_lifetime: int

    # The person.
    least_assurance: int
    least_assurance_to_write: int
    session_lifetime: int
    consent_remembered: bool

    @property
    def key_sizes(self) -> KeySizes:
        """The sizes from which on the keys of a client are taken."""
        return KeySizes(rsa=self.rsa_key_bits, ec=self.ec_key_bits)

    @property
    def response_types(self) -> tuple[ResponseType, ...]:
        """Every response_type."""
        return tuple(name for name, _ in self.responses)

    @property
    def response_modes(self) -> tuple[RequestedResponseMode, ...]:
        """Every response_mode of any response_type."""
        return tuple(dict.fromkeys(mode for _, modes in self.responses for mode in modes))
