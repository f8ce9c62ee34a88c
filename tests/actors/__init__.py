"""Who takes part in a login: the bank (the provider, in this process), a fintech (a client), a person's browser.

Everything goes through `gateway.serve` as API Gateway's events do; only the clock is ours, and the sockets are closed.
"""

from tests.actors.answer import Answer, elements
from tests.actors.bank import Bank
from tests.actors.browser import Browser
from tests.actors.client import SERIAL, Fintech
from tests.actors.material import (
    alg_of,
    b64url,
    certificate,
    der,
    ec_key,
    ed_key,
    hash_of,
    jwk,
    jws,
    public,
    rsa_key,
    secret_octets,
    secret_of,
    x5t_s256,
)
from tests.actors.parameters import (
    ASSERTION_TYPE,
    AUTHORITY,
    CHALLENGE,
    ISSUER,
    MTLS,
    NOW,
    REQUEST_URI,
    VERIFIER,
    known,
)

__all__ = [
    "ASSERTION_TYPE",
    "AUTHORITY",
    "CHALLENGE",
    "ISSUER",
    "MTLS",
    "NOW",
    "REQUEST_URI",
    "SERIAL",
    "VERIFIER",
    "Answer",
    "Bank",
    "Browser",
    "Fintech",
    "alg_of",
    "b64url",
    "certificate",
    "der",
    "ec_key",
    "ed_key",
    "elements",
    "hash_of",
    "jwk",
    "jws",
    "known",
    "public",
    "rsa_key",
    "secret_octets",
    "secret_of",
    "x5t_s256",
]
