"""FAPI 2.0 Message Signing (Final): the Security Profile, and signatures for non-repudiation.

Each client's record says what is signed, because ecosystems use different parts.
"""

from chalicelib.profiles.fapi2_security import FAPI2_SECURITY

FAPI2_MESSAGE_SIGNING = FAPI2_SECURITY._replace(
    name="fapi2-message-signing",
    responses=(("code", ("query", "query.jwt", "jwt")),),  # FAPI2-MS-ID1-5.4.1-1
    request_object_signing_algs=("PS256", "ES256", "EdDSA", "Ed25519"),  # FAPI2-MS-ID1-5.3.1-1
    authorization_signing_algs=("PS256", "ES256", "EdDSA", "Ed25519"),
    introspection_signing_algs=("PS256", "ES256", "EdDSA", "Ed25519"),  # FAPI2-MS-ID1-5.5.1-1
)
