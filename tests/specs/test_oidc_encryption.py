"""Encryption in OpenID Connect (Core 5.3.2, 10.2, 16.14; Registration 2) and in JARM, read by an outside library."""

import json

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from chalicelib.profiles import PROFILES
from tests.actors import ISSUER, Browser, jwk, rsa_key
from tests.conftest import FAPI1
from tests.each import each
from tests.encryption import ALGS, ENC, opened, private, public, sealed


@pytest.fixture
def registered(bank, fapi1_advanced_client):
    """A function: metadata to a client of FAPI 1.0 Advanced that registered them beside a key for each algorithm."""

    def register(**more):
        keys = [
            jwk(rsa_key("advanced")),
            public(private("reads"), kid="e1"),
            public(private("reads", "P-384"), kid="e2"),
        ]
        bank.register(**FAPI1 | {"client_id": "reads", "profile": "fapi1-advanced", "jwks": {"keys": keys}} | more)
        return fapi1_advanced_client.with_(client_id="reads")

    return register


def key_of(alg):
    return private("reads") if alg.startswith("RSA") else private("reads", "P-384")


def verified(bank, token):
    return bank.verified(token, "reads")


@each("alg", ALGS)
@pytest.mark.clause("OIDCC-16.14")
@pytest.mark.clause("OIDCC-10.2")
@pytest.mark.clause("FAPI1-ADV-5.2.2.1-3")
def test_16_14_an_id_token_is_signed_and_then_encrypted(registered, alg):
    """In order to ensure that the JWT is signed first, the result is a Nested JWT; with it, personal data may pass a browser."""
    client = registered(id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=ENC)
    back = client.agreed(
        response_type="code id_token", claims=json.dumps({"id_token": {"name": {"essential": True}}})
    ).fragment
    header, inside = opened(back["id_token"], key_of(alg), alg=alg)
    assert (header["cty"], header["enc"]) == ("JWT", ENC)
    front = verified(client.bank, inside)
    assert front["name"]
    answer = client.redeem(back["code"], code_verifier=None)
    answer = answer if answer.status == 200 else client.redeem(back["code"])
    _, inside = opened(answer.json()["id_token"], key_of(alg), alg=alg)
    assert verified(client.bank, inside)["sub"] == front["sub"]


@pytest.mark.clause("OIDCC-5.3.2")
def test_5_3_2_userinfo_is_signed(registered):
    """If the UserInfo Response is signed, the Claims are in a JWT with iss and aud, and its type is application/jwt."""
    client = registered(userinfo_signed_response_alg="ES256")
    answer = _userinfo(client)
    assert answer.header("content-type") == "application/jwt"
    claims = verified(client.bank, answer.text)
    assert (claims["iss"], claims["aud"]) == (ISSUER, "reads")
    assert claims["sub"]
    assert jwt.get_unverified_header(answer.text)["alg"] == "ES256"


@pytest.mark.clause("OIDCC-5.3.2")
@pytest.mark.parametrize("signed", [True, False])
def test_5_3_2_userinfo_is_encrypted(registered, signed):
    """The response MAY be encrypted without also being signed; if both are requested, it is signed and then encrypted."""
    client = registered(
        userinfo_signed_response_alg="PS256" if signed else None,
        userinfo_encrypted_response_alg="ECDH-ES",
        userinfo_encrypted_response_enc=ENC,
    )
    answer = _userinfo(client)
    assert answer.header("content-type") == "application/jwt"
    header, inside = opened(answer.text, key_of("ECDH-ES"), alg="ECDH-ES")
    assert header.get("cty") == ("JWT" if signed else None)
    claims = verified(client.bank, inside) if signed else json.loads(inside)
    assert claims["sub"]


def _userinfo(client):
    back = client.agreed(response_type="code id_token").fragment
    tokens = client.redeem(back["code"]).json()
    answer = client.userinfo(tokens["access_token"])
    assert answer.status == 200, answer.text
    return answer


@pytest.mark.clause("JARM-2.2")
def test_jarm_2_2_a_response_is_signed_and_then_encrypted(registered):
    """The JWT is encrypted if the client registered that; a refusal too."""
    client = registered(authorization_encrypted_response_alg="RSA-OAEP-256", authorization_encrypted_response_enc=ENC)
    back = client.agreed(response_type="code", response_mode="jwt").parameters
    assert back.keys() == {"response"}
    _, inside = opened(back["response"], private("reads"), alg="RSA-OAEP-256")
    claims = verified(client.bank, inside)
    assert claims["code"]
    assert claims["state"] == "a-state"
    refused = client.bank.send(
        "GET", "/authorize", query=client.direct(response_type="code", response_mode="jwt", scope="unknown")
    ).parameters
    _, inside = opened(refused["response"], private("reads"), alg="RSA-OAEP-256")
    assert verified(client.bank, inside)["error"] == "invalid_scope"


WRONG = {
    "enc-alone": {"id_token_encrypted_response_enc": ENC},
    "alg-alone": {"id_token_encrypted_response_alg": "RSA-OAEP-256"},
    "RSA1_5": {"id_token_encrypted_response_alg": "RSA1_5", "id_token_encrypted_response_enc": ENC},
    "dir": {"userinfo_encrypted_response_alg": "dir", "userinfo_encrypted_response_enc": ENC},
    "CBC": {"id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A128CBC-HS256"},
    "request-by-RSA-OAEP": {"request_object_encryption_alg": "RSA-OAEP", "request_object_encryption_enc": ENC},
    "response-that-is-not-signed": {
        "authorization_encrypted_response_alg": "RSA-OAEP-256",
        "authorization_encrypted_response_enc": ENC,
        "profile": "fapi1-baseline",
    },
    "userinfo-by-RS256": {"userinfo_signed_response_alg": "RS256"},
    "no-key": {
        "id_token_encrypted_response_alg": "RSA-OAEP-256",
        "id_token_encrypted_response_enc": ENC,
        "jwks": {"keys": [jwk(rsa_key("advanced"))]},
    },
}


@pytest.mark.clause("FAPI1-ADV-8.6.1-1")
@each("wrong", WRONG.values())
def test_what_can_not_be_kept_is_not_registered(registered, wrong):
    """OpenID Connect Registration 2: each is one of the values that the metadata name; here, with a key for it."""
    with pytest.raises(InvalidClientMetadata, match=f"{next(iter(wrong))[:18]}|belong together"):
        registered(**wrong)


@pytest.mark.clause("JARM-3")
def test_the_metadata_name_what_is_taken(bank):
    """OpenID Connect Discovery 3, JARM 4: neither RSA1_5 nor anything symmetric; RSA-OAEP of one ecosystem."""
    disclosed = bank.metadata()
    for what in ("id_token", "userinfo", "authorization"):
        assert disclosed[f"{what}_encryption_alg_values_supported"] == [*ALGS, "RSA-OAEP"]
        assert disclosed[f"{what}_encryption_enc_values_supported"] == [ENC]
    assert disclosed["request_object_encryption_alg_values_supported"] == ["RSA-OAEP-256", "RSA-OAEP"]
    assert disclosed["request_object_encryption_enc_values_supported"] == [ENC]
    assert disclosed["userinfo_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "Ed25519"]


CONTENTS = (
    "oauth-authz-req+jwt",
    "application/oauth-authz-req+jwt",
    "OAUTH-AUTHZ-REQ+JWT",
    "jwt",
    "application/JWT",
    None,
)


@pytest.mark.fault("4c")
@pytest.mark.clause("RFC7515-4.1.10")
@each("cty", CONTENTS)
def test_jar_6_1_what_is_inside_is_named_as_libraries_name_it(fapi1_advanced_client, cty):
    """openid-client 5 says what RFC 9101 10.8.1 registers; a media type has no case and may have its whole name."""
    bank = fapi1_advanced_client.bank
    inside = fapi1_advanced_client.request_object(response_mode="jwt")
    assert fapi1_advanced_client.post("/par", request=sealed(bank, inside, cty=cty)).status == 201


@pytest.mark.fault("4c")
@each("cty", ["application/json", "jwt2", "application/application/jwt", "dpop+jwt", "token-introspection+jwt"])
def test_jar_6_1_what_is_something_else_is_refused(fapi1_advanced_client, cty):
    """Only a request object is expected."""
    sent = sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object(response_mode="jwt"), cty=cty)
    assert fapi1_advanced_client.post("/par", request=sent).error == "invalid_request_object"


@pytest.mark.fault("4c")
@pytest.mark.clause("FAPI1-ADV-8.6.1-1")
def test_rsa_oaep_is_of_the_profile_that_names_it(registered):
    """Open Finance Brazil encrypts by RSA-OAEP, both ways; a client of another profile can't, and is refused by the name."""
    by = {"request_object_encryption_alg": "RSA-OAEP", "request_object_encryption_enc": ENC}
    back = {"id_token_encrypted_response_alg": "RSA-OAEP", "id_token_encrypted_response_enc": ENC}
    client = registered(profile="open-finance-brazil", **by, **back)
    inside = client.request_object(response_type="code id_token", scope="openid accounts")
    sent = sealed(client.bank, inside, alg="RSA-OAEP")
    browser = Browser(client.bank)
    page = browser.get(browser.get("/authorize", client.direct(request=sent)).location)
    page = browser.get(browser.sign_in(page).location)
    answered = browser.submit(page, "approve").fragment
    _, token = opened(answered["id_token"], private("reads"), alg="RSA-OAEP")
    assert verified(client.bank, token)["sub"]
    sent = sealed(client.bank, client.request_object(response_type="code id_token"), alg="RSA-OAEP-256")
    assert client.post("/par", request=sent).error == "invalid_request_object"  # it registered the other one
    for members in (by, back):
        for profile in PROFILES.keys() - {"open-finance-brazil"}:
            with pytest.raises(InvalidClientMetadata, match="_alg: the profile does not allow this algorithm"):
                registered(**{"profile": profile, **members})
