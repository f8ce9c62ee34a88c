"""Authlib with its default lifetime, oauth4webapi with an Ed25519 key that is registered as EdDSA, openid-client 5 encrypting."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from jwskate import Jwk

from local.sandbox_users import ALICE
from tests.client_libraries.conftest import CALLBACK


def without_alg(key, **more):
    return {name: value for name, value in dict(key).items() if name != "alg"} | more


@pytest.mark.fault("4e")
def test_authlib_with_its_default_assertion_logs_in(stack, register, sign_in):
    """Its assertions last an hour, from its own clock to the second."""
    key = Jwk.generate(alg="PS256", key_size=2048).with_kid_thumbprint()
    record = register(client_id="authlib", profile="fapi1-baseline", jwks={"keys": [dict(key.public_jwk(), use="sig")]})
    session = OAuth2Session(
        record["client_id"],
        key.to_pem(),
        token_endpoint_auth_method=PrivateKeyJWT(stack.issuer, alg="PS256"),  # what it calls token_endpoint becomes aud
        redirect_uri=CALLBACK,
        scope="openid accounts",
        code_challenge_method="S256",
    )
    session.verify, session.trust_env = str(stack.certificates.trusted), False
    verifier = "v" * 64
    url, state = session.create_authorization_url(f"{stack.issuer}/authorize", code_verifier=verifier, nonce="n")
    back = sign_in(url)
    token = session.fetch_token(
        f"{stack.issuer}/token", authorization_response=back, code_verifier=verifier, state=state
    )
    assert session.get(f"{stack.issuer}/userinfo").json()["sub"] == ALICE.sub
    again = session.refresh_token(f"{stack.issuer}/token", refresh_token=token["refresh_token"])
    assert again["access_token"] != token["access_token"]


@pytest.mark.fault("4d")
@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_oauth4webapi_signs_by_an_ed25519_key_that_is_registered_as_eddsa(stack, register, sign_in, node, alg):
    """WebCrypto's name of the algorithm is Ed25519, the registered key's EdDSA; the ID token has the name that was registered."""
    key = Jwk.generate(alg="EdDSA").with_kid_thumbprint()
    record = register(
        client_id=f"oauth4webapi-{alg}",
        profile="fapi2-security",
        jwks={"keys": [dict(key.public_jwk(), use="sig", alg="EdDSA")]},
        token_endpoint_auth_signing_alg="EdDSA",
        dpop_bound_access_tokens=True,
        **({"id_token_signed_response_alg": alg} if alg in stack.provider.settings.signing_keys else {}),
    )
    disclosed = {
        "issuer": stack.issuer,
        "client_id": record["client_id"],
        "redirect_uri": CALLBACK,
        "key": without_alg(key),
        "alg": record.get("id_token_signed_response_alg", "PS256"),
    }
    _, got = node("oauth4webapi", "oauth4webapi.mjs", disclosed, lambda begun: {"url": sign_in(begun["url"])})
    assert (got["sub"], got["userinfo"]) == (ALICE.sub, ALICE.sub)
    assert (got["token_type"], got["alg"]) == ("dpop", disclosed["alg"])


@pytest.mark.fault("4c")
@pytest.mark.parametrize(("profile", "alg"), [("fapi1-advanced", "RSA-OAEP-256"), ("open-finance-brazil", "RSA-OAEP")])
def test_openid_client_5_encrypts_its_request(stack, register, sign_in, node, profile, alg):
    """It always says cty: oauth-authz-req+jwt; Open Finance Brazil encrypts by RSA-OAEP, there and back."""
    key = Jwk.generate(alg="PS256", key_size=2048).with_kid_thumbprint()
    opens = Jwk.generate(alg=alg, key_size=2048).with_kid_thumbprint()
    certificate = stack.certificates.client("foreign")
    record = register(
        client_id=f"openid-client-{alg}",
        profile=profile,
        response_types=["code id_token"],
        grant_types=["authorization_code", "refresh_token", "implicit"],
        jwks={"keys": [dict(key.public_jwk(), use="sig"), dict(opens.public_jwk(), use="enc")]},
        tls_client_certificate_bound_access_tokens=True,
        id_token_signed_response_alg="PS256",
        request_object_signing_alg="PS256",
        request_object_encryption_alg=alg,
        request_object_encryption_enc="A256GCM",
        id_token_encrypted_response_alg=alg,
        id_token_encrypted_response_enc="A256GCM",
    )
    client = {name: value for name, value in record.items() if name not in ("jwks", "profile", "scope", "client_name")}
    disclosed = {
        "issuer": stack.issuer,
        "client": client,
        "keys": [dict(key, use="sig"), dict(opens, use="enc")],
        "certificate": str(certificate.file),
    }
    begun, got = node("openid-client-5", "openid_client_5.cjs", disclosed, lambda begun: {"url": sign_in(begun["url"])})
    assert (begun["header"]["alg"], begun["header"]["cty"]) == (alg, "oauth-authz-req+jwt")
    assert got["sub"] == ALICE.sub
    query = dict(parse_qsl(urlsplit(begun["url"]).query))
    assert query["request"].count(".") == 4
