"""FAPI 1.0 Part 2: Advanced (Final, March 2021)."""

from chalicelib.profiles.fapi1_baseline import FAPI1_BASELINE
from chalicelib.protocol_types import RequestedResponseMode

SIGNED_RESPONSES: tuple[RequestedResponseMode, ...] = ("jwt", "query.jwt", "fragment.jwt", "form_post.jwt")

FAPI1_ADVANCED = FAPI1_BASELINE._replace(
    name="fapi1-advanced",
    responses=(("code id_token", ("fragment", "form_post")), ("code", SIGNED_RESPONSES)),  # FAPI1-ADV-5.2.2-2
    signed_requests_only=True,  # FAPI1-ADV-5.2.2-1
    code_challenge_required=False,  # FAPI1-ADV-5.2.2 takes back FAPI1-BASE-5.2.2-7
    code_challenge_required_when_pushed=True,  # FAPI1-ADV-5.2.2-18
    token_endpoint_auth_methods=(  # FAPI1-ADV-5.2.2-14, FAPI1-ADV-5.2.2-16
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ),
    client_secret_algs=(),
    # OpenID Connect Core 9, PAR-2: of before RFC 10070; the suite's plan for this profile wants it still.
    assertion_audiences=("issuer", "token_endpoint", "par_endpoint", "endpoint"),
    assertion_audience_may_be_array=True,  # RFC7523-3
    unbound_tokens=False,  # FAPI1-ADV-5.2.2-5
    authorization_signing_algs=("PS256", "ES256"),  # FAPI1-ADV-5.2.2.2-1
    grant_types=(
        *FAPI1_BASELINE.grant_types,
        "implicit",
    ),  # what the ID token of a hybrid response counts as (RFC7591-2.1)
)
