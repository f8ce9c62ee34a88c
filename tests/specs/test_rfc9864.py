"""RFC 9864: Ed25519 and EdDSA name one algorithm, whoever uses which name, in keys, headers and records."""

from base64 import urlsafe_b64encode
from hashlib import sha512
from itertools import product

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose
from tests.actors import Fintech, alg_of, certificate, ed_key, jwk, jws
from tests.conftest import DPOP, STANDARD

NAMES = ("EdDSA", "Ed25519")
KEY = ed_key("rfc9864")


class Signing(Fintech):
    """A client that signs with KEY and calls that `alg`, whatever its library knows."""

    def _signed(self, claims, key, headers):
        payload = {name: value for name, value in claims.items() if value is not None}
        return jws({"kid": "k1", "alg": self.alg, **(headers or {})}, payload, key or self.key, alg=alg_of(KEY))


def client(bank, header, key_alg, **more):
    bank.register(
        **STANDARD | {"profile": "fapi2-message-signing"} | more,
        client_id="ed",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [jwk(KEY, alg=key_alg)]},
    )
    return Signing(bank, "ed", "private_key_jwt", KEY, header, certificate("ed"))


@pytest.mark.fault("4d")
@pytest.mark.clause("RFC8037-3.1")
@pytest.mark.parametrize(("header", "key_alg", "registered"), list(product(NAMES, NAMES, (None, *NAMES))))
def test_2_2_assertions_and_request_objects_by_either_name(bank, header, key_alg, registered):
    """A key's alg, a header's and the record's may each use either name."""
    made = client(
        bank, header, key_alg, token_endpoint_auth_signing_alg=registered, request_object_signing_alg=registered
    )
    assert made.push(request=made.request_object()).status == 201


@pytest.mark.fault("4d")
@pytest.mark.clause("RFC8037-3.1")
@pytest.mark.parametrize("header", NAMES)
def test_2_2_proofs_by_either_name(bank, header):
    """A proof's own key may name the algorithm otherwise than its header."""
    other = next(name for name in NAMES if name != header)
    bank.register(**DPOP, client_id="ed", jwks={"keys": [jwk(KEY, alg=other)]})
    made = Signing(bank, "ed", "private_key_jwt", KEY, header, None, KEY)
    public = {name: value for name, value in jwk(KEY, alg=other).items() if name not in ("kid", "use")}
    proof = made.proof("POST", "/token", headers={"alg": header, "jwk": public})
    assert made.post("/token", grant_type="client_credentials", scope="accounts", proof=proof).status == 200


@pytest.mark.fault("4d")
@pytest.mark.clause("RFC8037-3.1")
@pytest.mark.parametrize("registered", NAMES)
def test_2_2_what_is_signed_for_a_client_has_the_name_that_it_registered(bank, registered):
    """A client may look for just its own name in a header; no alg of the published key contradicts it."""
    signed = ("id_token", "userinfo")
    made = client(bank, "EdDSA", "EdDSA", **{f"{what}_signed_response_alg": registered for what in signed})
    tokens = made.tokens()
    userinfo = made.userinfo(tokens["access_token"]).text
    (published,) = [key for key in bank.jwks()["keys"] if key["kty"] == "OKP"]
    assert "alg" not in published
    for token in (tokens["id_token"], userinfo):
        assert jwt.get_unverified_header(token)["alg"] == registered
        jose.verify(jose.parse(token), {"keys": [published]}, algs=NAMES, sizes=KeySizes(rsa=2048, ec=224))
    claims = jose.parse(tokens["id_token"]).claims
    half = sha512(tokens["access_token"].encode()).digest()[:32]
    assert claims["at_hash"] == urlsafe_b64encode(half).rstrip(b"=").decode()


@pytest.mark.fault("4d")
@pytest.mark.clause("RFC9421-3.3.7")
@pytest.mark.parametrize("key_alg", NAMES)
def test_2_2_signatures_of_messages_by_either_name(key_alg):
    """The key of an HTTP message's signature may have either name."""
    keys = {"keys": [jwk(KEY, alg=key_alg)]}
    for algs in product(NAMES):
        assert jose.verify_bytes(b"m", KEY.sign(b"m"), keys, kid="k1", algs=algs, sizes=KeySizes(rsa=2048, ec=224))


@pytest.mark.fault("4d")
def test_2_2_another_algorithm_is_another_all_the_same(bank):
    """Ed448 is not meant by either name, and a name of no text is none."""
    for alg in ("Ed448", "ed25519", "RS256"):
        with pytest.raises(InvalidClientMetadata):
            client(bank, "EdDSA", "EdDSA", id_token_signed_response_alg=alg)
    for alg in ("Ed448", "ES256", ["EdDSA"], 1):
        token = jws({"kid": "k1", "alg": "EdDSA"}, {}, KEY, alg="EdDSA")
        with pytest.raises(jose.JoseError):
            jose.verify(
                jose.parse(token), {"keys": [{**jwk(KEY), "alg": alg}]}, algs=NAMES, sizes=KeySizes(rsa=2048, ec=224)
            )
