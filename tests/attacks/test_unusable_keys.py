"""A key that can't be used stands among a client's keys: the others work, and the log says which one it is, once."""

from base64 import b64encode

import jwt
import pytest

from tests.actors import ASSERTION_TYPE, Fintech, certificate, der, ec_key, jwk, rsa_key
from tests.conftest import STANDARD

SMALL = jwk(rsa_key("small", 1024), kid="old")
OFF_CURVE = jwk(ec_key("off-curve"), kid="off") | {"x": jwk(ec_key("rival-key"))["y"]}
UNREADABLE = jwk(rsa_key("unreadable"), kid="unread", x5c=["bm90IGE="])
BAD = [SMALL, OFF_CURVE, UNREADABLE, "no object", None, {"kty": "new"}]
URL = "https://keys.example/jwks"


@pytest.fixture(params=["jwks", "jwks_uri"])
def publish(request, bank):
    """A function: keys to the metadata of a client that has them, by value or by reference."""

    def publish_keys(*keys):
        if request.param == "jwks":
            return {"jwks": {"keys": list(keys)}}
        bank.web.put(URL, {"keys": list(keys)})
        return {"jwks_uri": URL}

    return publish_keys


@pytest.mark.fault("3a")
@pytest.mark.clause("RFC7517-5")
def test_who_signs_by_another_key_is_not_locked_out(bank, publish, caplog):
    """Keys of a set that can't be used are ignored (RFC 7517 5), and each is logged once."""
    key = rsa_key("good")
    bank.register(
        **STANDARD | {"client_id": "mixed", "token_endpoint_auth_method": "private_key_jwt"},
        **publish(*BAD, jwk(key)),
    )
    client = Fintech(bank, "mixed", "private_key_jwt", key, "PS256", certificate("mixed"))
    for _ in range(2):
        assert client.push().status == 201
    disclosed = [line for line in caplog.messages if "key ignored" in line]
    assert len(disclosed) == len(BAD)
    assert "kid old: its RSA key is shorter than 2048 bits" in "".join(disclosed)


@pytest.mark.fault("3a")
def test_who_authenticates_by_its_certificate_is_not_locked_out(bank, publish):
    own = jwk(ec_key("self-mixed"), x5c=[b64encode(der(certificate("self-mixed"))).decode()])
    bank.register(
        **STANDARD | {"client_id": "self-mixed", "token_endpoint_auth_method": "self_signed_tls_client_auth"},
        **publish(*BAD, own),
    )
    client = Fintech(bank, "self-mixed", "self_signed_tls_client_auth", None, "", certificate("self-mixed"))
    assert client.push().status == 201


@pytest.mark.fault("3a")
@pytest.mark.clause("FAPI1-ADV-8.9-3")
@pytest.mark.parametrize("kid", [None, "k1"])
def test_of_keys_that_one_name_fits_each_is_tried(bank, publish, kid):
    """Two without a kid, or with the same: RFC 7517 4.5 makes them differ, and a client that did not is not locked out."""
    keys = [rsa_key("first"), rsa_key("second"), ec_key("third")]
    named = [{name: value for name, value in jwk(key, kid="k1").items() if name != "kid" or kid} for key in keys]
    bank.register(
        **STANDARD | {"client_id": "alike", "token_endpoint_auth_method": "private_key_jwt"}, **publish(*named)
    )
    for key, alg in zip(keys, ("PS256", "PS256", "ES256"), strict=True):
        client = Fintech(bank, "alike", "private_key_jwt", key, alg, certificate("alike"))
        claims = jwt.decode(client.assertion(), options={"verify_signature": False})
        assertion = jwt.encode(claims, key, algorithm=alg, headers={"kid": kid} if kid else None)
        assert client.push(client_assertion=assertion, client_assertion_type=ASSERTION_TYPE).status == 201
    outsider = Fintech(bank, "alike", "private_key_jwt", rsa_key("stranger"), "PS256", certificate("alike"))
    assert outsider.push().error == "invalid_client"


@pytest.mark.fault("3a")
def test_answers_are_encrypted_to_the_key_that_can_be_used(bank, publish):
    key, bad = rsa_key("opens"), OFF_CURVE | {"use": "enc"}
    enc = jwk(rsa_key("opens-enc"), kid="e1") | {"use": "enc"}
    bank.register(
        **STANDARD
        | {
            "client_id": "sealed",
            "token_endpoint_auth_method": "private_key_jwt",
            "id_token_encrypted_response_alg": "RSA-OAEP-256",
            "id_token_encrypted_response_enc": "A256GCM",
        },
        **publish(bad, SMALL | {"use": "enc"}, "no object", jwk(key) | {"use": "sig"}, enc),
    )
    client = Fintech(bank, "sealed", "private_key_jwt", key, "PS256", certificate("sealed"))
    assert client.tokens()["id_token"].count(".") == 4


@pytest.mark.fault("3a")
def test_a_private_key_is_never_stored(bank):
    given = STANDARD | {"client_id": "careless", "token_endpoint_auth_method": "private_key_jwt"}
    private = jwk(rsa_key("careless")) | {"d": "AQ"}
    with pytest.raises(Exception, match="it is a private key; replace it, and register the public key of the new one"):
        bank.register(**given, jwks={"keys": [jwk(rsa_key("fine"), kid="k2"), private]})
