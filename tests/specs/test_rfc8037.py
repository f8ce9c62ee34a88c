"""RFC 8037, EdDSA in JOSE, and what OpenID Connect makes of it: what we sign by Ed25519, for clients that registered EdDSA."""

from base64 import urlsafe_b64decode
from hashlib import sha256, sha512

import jwt
import pytest
from joserfc import jwt as another_jwt
from joserfc.jwk import OKPKey

from chalicelib.clients import metadata
from chalicelib.errors import InvalidClientMetadata
from tests.actors import jwk, rsa_key
from tests.conftest import STANDARD
from tests.each import each

SIGNED = ("id_token_signed_response_alg", "authorization_signed_response_alg", "introspection_signed_response_alg")


@pytest.fixture
def client(bank, fintech):
    """A client that has everything signed as EdDSA."""
    bank.register(**record("eddsa", **dict.fromkeys(SIGNED, "EdDSA")))
    return fintech.with_(client_id="eddsa")


def record(client_id, **more):
    known = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(rsa_key("fintech"))]}}
    return {**STANDARD, **known, "client_id": client_id, "profile": "fapi2-message-signing", **more}


def published(bank):
    """The public key, of which there is one."""
    (key,) = [key for key in bank.jwks()["keys"] if key["kty"] == "OKP"]
    return key


def header_and_claims(bank, token):
    """Both of a JWT, verified by a library that we don't sign with."""
    decoded = another_jwt.decode(token, OKPKey.import_key(published(bank)), algorithms=["EdDSA"])
    return decoded.header, decoded.claims


def half(hashed):
    return hashed[: len(hashed) // 2]


@pytest.mark.clause("RFC8037-2")
def test_2_the_public_key_is_an_octet_key_pair_of_32_bytes(bank):
    """kty OKP, crv Ed25519, x: the public key, base64url without padding; d MUST NOT be present."""
    key = published(bank)
    assert key.keys() == {"kty", "crv", "x", "kid", "use"}  # no alg, since that has two names (RFC 9864)
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    assert len(key["x"]) == 43
    assert len(urlsafe_b64decode(key["x"] + "=")) == 32


@pytest.mark.clause("RFC8037-3.1")
def test_3_1_an_id_token_is_signed_as_eddsa(bank, client):
    """alg is EdDSA; the signature is of the signing input itself."""
    header, claims = header_and_claims(bank, client.tokens()["id_token"])
    assert (header["alg"], header["kid"]) == ("EdDSA", published(bank)["kid"])
    assert claims["aud"] == "eddsa"


@pytest.mark.clause("OIDCC-3.1.3.6")
def test_3_1_3_6_at_hash_is_the_left_half_of_the_hash_of_the_id_tokens_alg(client, fintech):
    """For EdDSA by Ed25519 the hash is SHA-512, so that at_hash has 32 bytes; for PS256 it is SHA-256, and 16."""
    for who, hashing, size in ((client, sha512, 32), (fintech, sha256, 16)):
        tokens = who.tokens()
        at_hash = jwt.decode(tokens["id_token"], options={"verify_signature": False})["at_hash"]
        disclosed = urlsafe_b64decode(at_hash + "=" * (-len(at_hash) % 4))
        assert disclosed == half(hashing(tokens["access_token"].encode()).digest())
        assert len(disclosed) == size


@pytest.mark.clause("RFC8037-3.1")
def test_3_1_an_authorization_response_is_signed_as_eddsa(bank, client):
    """JARM, by the algorithm that the client registered."""
    header, claims = header_and_claims(bank, client.approved(response_mode="jwt").parameters["response"])
    assert header["alg"] == "EdDSA"
    assert client.redeem(claims["code"]).status == 200


@pytest.mark.clause("RFC8037-3.1")
def test_3_1_an_introspection_response_is_signed_as_eddsa(bank, client):
    """RFC 9701, by the algorithm that the client registered."""
    token = client.tokens()["access_token"]
    answer = client.introspect(token, headers=(("Accept", "application/token-introspection+jwt"),))
    header, claims = header_and_claims(bank, answer.text)
    assert (header["alg"], header["typ"]) == ("EdDSA", "token-introspection+jwt")
    assert claims["token_introspection"]["active"] is True


@pytest.mark.clause("RFC7591-2")
@each("name", SIGNED)
def test_2_eddsa_is_registered_only_where_there_is_a_key_that_signs_so(bank, name):
    """What is not told in the metadata can not be registered either: a Region's KMS may have no such keys."""
    without = bank.settings._replace(eddsa_key=None)
    wished = record("hopeful", **{name: "EdDSA"})
    assert metadata.registered(wished, signs=bank.settings.signing_keys)
    for signs in (without.signing_keys, ("PS256",)):
        with pytest.raises(InvalidClientMetadata):
            metadata.registered(wished, signs=signs)
    with pytest.raises(InvalidClientMetadata, match="no key for this algorithm"):
        metadata.registered(wished)


@pytest.mark.clause("RFC7591-2")
def test_2_nobody_who_asks_for_nothing_is_signed_for_as_eddsa(bank):
    """PS256 is the default of everything that is signed."""
    client = metadata.registered(record("default"), signs=bank.settings.signing_keys)
    assert {getattr(client, name) for name in SIGNED} == {"PS256"}
