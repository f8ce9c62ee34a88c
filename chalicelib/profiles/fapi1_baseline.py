"""FAPI 1.0 Part 1: Baseline (Final, March 2021), which began as the Read-Only profile."""

from chalicelib.profiles.profile import Profile

FAPI1_BASELINE = Profile(
    name="fapi1-baseline",
    responses=(("code", ("query", "form_post")),),
    pushed_requests_only=False,
    signed_requests_only=False,
    nonce_or_state_required=True,  # FAPI1-BASE-5.2.2.2-1, FAPI1-BASE-5.2.2.3-1
    code_challenge_required=True,  # FAPI1-BASE-5.2.2-7
    code_challenge_required_when_pushed=True,
    code_challenge_methods=("S256",),
    request_object_signing_algs=("PS256", "ES256"),
    request_object_encryption_algs=("RSA-OAEP-256",),
    max_request_object_lifetime=3600,
    token_endpoint_auth_methods=(  # FAPI1-BASE-5.2.2-1, FAPI1-BASE-5.2.2-4
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
        "client_secret_jwt",
        "none",  # FAPI1-BASE-5.2.2-2
    ),
    client_signing_algs=("PS256", "ES256"),  # FAPI1-ADV-8.6-1, FAPI1-ADV-8.6-2, FAPI1-ADV-8.6-3
    client_secret_algs=("HS256", "HS384", "HS512"),  # OpenID Connect Core 9
    assertion_audiences=("issuer",),  # RFC7523-3, as RFC 10070 has it
    assertion_audience_may_be_array=False,
    max_assertion_lifetime=3600,  # ours: a jti is remembered until its assertion expires
    rsa_key_bits=2048,  # FAPI1-BASE-5.2.2-5
    ec_key_bits=160,  # FAPI1-BASE-5.2.2-6
    grant_types=("authorization_code", "refresh_token", "client_credentials"),
    sender_constraints=("dpop", "mtls"),
    unbound_tokens=True,
    dpop_signing_algs=("PS256", "ES256"),
    id_token_signing_algs=("PS256", "ES256"),
    userinfo_signing_algs=("PS256", "ES256"),
    authorization_signing_algs=(),
    introspection_signing_algs=(),
    encryption_algs=("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"),  # FAPI1-ADV-8.6.1-1
    encryption_encs=("A256GCM",),
    request_uri_lifetime=90,
    interaction_lifetime=900,
    code_lifetime=60,
    access_token_lifetime=600,  # FAPI1-BASE-5.2.2-21
    id_token_lifetime=300,
    consent_lifetime=90 * 24 * 3600,
    public_access_token_lifetime=300,
    public_consent_lifetime=24 * 3600,
    least_assurance=2,  # FAPI1-BASE-5.2.2-11, R9 of the Read-Only profile
    least_assurance_to_write=2,
    session_lifetime=900,
    consent_remembered=True,  # FAPI1-BASE-5.2.2-12
)
