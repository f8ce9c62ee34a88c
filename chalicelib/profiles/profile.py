"""Profiles as values: a profile has a field for each question of a rule. No code compares names of profiles.

Annotations are objects here, because that is faster for a type with many members.
"""

from typing import TYPE_CHECKING, NamedTuple

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

if TYPE_CHECKING:
    from chalicelib.key_sizes import KeySizes


class Profile(NamedTuple):
    """The rules for one client. No field has a default, so that each profile sets each field.

    Lifetimes are seconds. `*_algs` are the accepted names of JWS or JWE algorithms. If such a field is empty, the feature is
    not offered. An algorithm of ours also needs a key of the deployment (Settings.signing_keys).

    `responses`: each response_type and its response_modes.
    `nonce_or_state_required`: a request with openid must have a nonce, any other a state.
    `assertion_audiences`: accepted values of a client assertion's `aud`: "issuer", "token_endpoint", "par_endpoint", and
    "endpoint" for the called one. A client's record may require the issuer alone.
    `assertion_audience_may_be_array`: the issuer may be in an array with other values.
    `sender_constraints`: "mtls", "dpop". If a request presents both, the first one binds.
    `unbound_tokens`: an access token without write access may be unbound.
    `max_request_object_lifetime`: from its nbf to its exp, and from its nbf to now.
    `session_lifetime`: maximum age of a sign-in for single sign-on, 0 for never.
    `consent_remembered`: consent may be remembered.
    `public_*`: for public clients; the access token's also for any unbound token.
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

    # The client.
    token_endpoint_auth_methods: tuple[TokenEndpointAuthMethod, ...]
    client_signing_algs: tuple[SigningAlg, ...]
    client_secret_algs: tuple[MacAlg, ...]
    assertion_audiences: tuple[AssertionAudience, ...]
    assertion_audience_may_be_array: bool
    max_assertion_lifetime: int
    rsa_key_bits: int
    ec_key_bits: int

    # Tokens.
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

    # Lifetimes.
    request_uri_lifetime: int
    interaction_lifetime: int
    code_lifetime: int
    access_token_lifetime: int
    id_token_lifetime: int
    consent_lifetime: int
    public_access_token_lifetime: int
    public_consent_lifetime: int

    # The user.
    least_assurance: int
    least_assurance_to_write: int
    session_lifetime: int
    consent_remembered: bool

    @property
    def key_sizes(self) -> "KeySizes":
        """Minimum key sizes of clients."""
        from chalicelib.key_sizes import KeySizes  # For functions that verify with a client's keys.

        return KeySizes(rsa=self.rsa_key_bits, ec=self.ec_key_bits)

    @property
    def response_types(self) -> tuple[ResponseType, ...]:
        """All response_types."""
        return tuple(name for name, _ in self.responses)

    @property
    def response_modes(self) -> tuple[RequestedResponseMode, ...]:
        """All response_modes of any response_type."""
        return tuple(dict.fromkeys(mode for _, modes in self.responses for mode in modes))
