"""FAPI 2.0 Security Profile (Final, February 2025)."""

from chalicelib.profiles.profile import Profile

FAPI2_SECURITY = Profile(
    name="fapi2-security",
    responses=(("code", ("query",)),),  # FAPI2-SP-FINAL-5.3.2.2-1
    pushed_requests_only=True,  # FAPI2-SP-FINAL-5.3.2.2-3
    signed_requests_only=False,
    nonce_or_state_required=False,  # PKCE ties a code to its request: FAPI2-SP-FINAL-5.3.2.2-5
    code_challenge_required=True,  # FAPI2-SP-FINAL-5.3.2.2-5
    code_challenge_required_when_pushed=True,
    code_challenge_methods=("S256",),
    request_object_signing_algs=(),
    request_object_encryption_algs=(),
    max_request_object_lifetime=3600,
    token_endpoint_auth_methods=(  # FAPI2-SP-FINAL-5.3.2.1-6
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ),
    client_signing_algs=("PS256", "ES256", "EdDSA", "Ed25519"),  # FAPI2-SP-FINAL-5.4.1-1
    client_secret_algs=(),
    assertion_audiences=("issuer",),  # FAPI2-SP-FINAL-5.3.2.1-8
    assertion_audience_may_be_array=False,
    max_assertion_lifetime=3600,  # ours: a jti is remembered until its assertion expires
    rsa_key_bits=2048,  # FAPI2-SP-FINAL-5.4.1-2
    ec_key_bits=224,  # FAPI2-SP-FINAL-5.4.1-3
    grant_types=("authorization_code", "refresh_token", "client_credentials"),
    sender_constraints=("dpop", "mtls"),  # FAPI2-SP-FINAL-5.3.2.1-5; a proof is sent on purpose, a certificate by TLS
    unbound_tokens=False,  # FAPI2-SP-FINAL-5.3.2.1-4
    dpop_signing_algs=("PS256", "ES256", "EdDSA", "Ed25519"),
    id_token_signing_algs=("PS256", "ES256", "EdDSA", "Ed25519"),  # FAPI2-SP-FINAL-5.4.1-1
    userinfo_signing_algs=("PS256", "ES256", "EdDSA", "Ed25519"),
    authorization_signing_algs=(),
    introspection_signing_algs=(),
    encryption_algs=("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"),
    encryption_encs=("A256GCM",),
    request_uri_lifetime=90,  # under 600: FAPI2-SP-FINAL-5.3.2.2-12
    interaction_lifetime=900,
    code_lifetime=60,  # FAPI2-SP-FINAL-5.3.2.1-11
    access_token_lifetime=600,
    id_token_lifetime=300,
    consent_lifetime=90 * 24 * 3600,
    public_access_token_lifetime=0,
    public_consent_lifetime=0,
    least_assurance=2,
    least_assurance_to_write=2,
    session_lifetime=0,
    consent_remembered=False,
)
