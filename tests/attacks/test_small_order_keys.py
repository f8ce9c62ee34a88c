"""Keys and JWTs that prove nothing: Ed25519 points of small order, by which anybody signs; a JWT of another kind."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib.errors import InvalidClientMetadata
from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose
from chalicelib.keys.ed25519 import PRIME, SMALL_ORDER, is_weak
from chalicelib.user_directory import SignInRefused
from chalicelib.users import web_authentication
from tests.actors import b64url, ed_key
from tests.authenticator import cbor
from tests.conftest import CLIENTS

IDENTITY = (1).to_bytes(32, "little")
POINTS = sorted({y | sign << 255 for y in (*SMALL_ORDER, PRIME, PRIME + 1) for sign in (0, 1)})
WEAK = {"kty": "OKP", "crv": "Ed25519", "x": b64url(IDENTITY).decode(), "kid": "k1"}
SIGNATURE = IDENTITY + bytes(32)
"""R is the identity and S is 0: S*B = R + h*A for every message, where A is the identity."""


class Anybody:
    """Signs with nothing."""

    def __init__(self, alg="EdDSA", kid="k1"):
        self.alg, self.kid = alg, kid

    def sign(self, data):
        return SIGNATURE


def test_it_is_no_fancy():
    """The library that verifies takes this signature of any message."""
    Ed25519PublicKey.from_public_bytes(IDENTITY).verify(SIGNATURE, b"whatever")


@pytest.mark.fault("1h")
def test_every_point_of_small_order_is_known_in_every_form():
    """Eight points, each with either sign bit, and two in a form that is not theirs; an honest key is none."""
    for y in POINTS:
        assert is_weak(y.to_bytes(32, "little"))
    for n in range(16):
        assert not is_weak(ed_key(f"honest {n}").public_key().public_bytes_raw())


@pytest.mark.fault("1h")
@pytest.mark.clause("RFC8725-3.4")
def test_a_key_by_which_anybody_signs_is_taken_nowhere(bank, fintech, dpop_client):
    """Assertions and proofs by the Ed25519 key is a point of small order were taken: a signature that proves nothing."""
    with pytest.raises(InvalidClientMetadata, match="small order"):
        bank.register(**CLIENTS["fintech"]() | {"jwks": {"keys": [WEAK]}})
    forged = jose.sign({"sub": "anybody"}, Anybody())
    rules = {"algs": ["EdDSA"], "sizes": KeySizes(rsa=2048, ec=224)}
    with pytest.raises(jose.JoseError, match="small order"):  # assertions, request objects, hints
        jose.verify(jose.parse(forged), {"keys": [WEAK]}, **rules)
    with pytest.raises(jose.JoseError, match="small order"):  # signed requests
        jose.verify_bytes(b"whatever", SIGNATURE, {"keys": [WEAK]}, kid="k1", **rules)
    header = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": {k: WEAK[k] for k in ("kty", "crv", "x")}}
    signing = b".".join(b64url(jwt.utils.force_bytes(jose.json.dumps(part))) for part in (header, {"htm": "POST"}))
    with pytest.raises(jose.JoseError, match="small order"):  # proofs
        jose.verify_by_own_key(jose.parse((signing + b"." + b64url(SIGNATURE)).decode()), **rules)


@pytest.mark.fault("1h")
def test_a_passkey_has_no_such_key_either():
    key = cbor({1: 1, 3: -8, -1: 6, -2: IDENTITY})
    with pytest.raises(SignInRefused, match="small order"):
        web_authentication._require_key(key)


@pytest.mark.fault("1h")
@pytest.mark.clause("OIDCC-3.1.2.1")
def test_signed_userinfo_is_no_id_token(bank, fintech):
    """It is signed by the same key, for the same client and with the same sub, and passed as id_token_hint."""
    bank.register(**CLIENTS["fintech"]() | {"userinfo_signed_response_alg": "PS256"})
    bank.now += 60
    tokens = fintech.tokens()
    disclosed = fintech.userinfo(tokens["access_token"]).text
    assert jwt.decode(disclosed, options={"verify_signature": False})["aud"] == "fintech"
    assert fintech.push(id_token_hint=disclosed).error == "invalid_request"
    assert fintech.push(id_token_hint=tokens["id_token"]).status == 201
