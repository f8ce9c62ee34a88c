"""OpenID Connect Discovery 1.0: what the provider's metadata say of people, claims and ID tokens is what is done.

What OAuth's metadata say as well is held against the provider in test_rfc8414.py.
"""

import json
from urllib.parse import urlsplit

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from local.sandbox_users import ALICE
from tests.actors import ISSUER, Browser, jwk, rsa_key
from tests.authenticator import Authenticator, passkey_options, put
from tests.conftest import STANDARD
from tests.each import each

PATH = "/.well-known/openid-configuration"
ALGS = (
    "none",
    "HS256",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
PROMPTS = ("none", "login", "consent", "select_account", "create", "admin_consent")
ACRS = ("urn:ducat:loa:1", "urn:ducat:loa:2", "urn:ducat:loa:3", "urn:mace:incommon:iap:silver", "0", "phr", "phrh")

CLAIMS = {
    "sub": "id_token",
    "auth_time": "id_token",
    "acr": "id_token",
    "amr": "id_token",
    **dict.fromkeys(ALICE.claims, "userinfo"),
}
"""Where each claim that is told can be had."""

UNHEARD = ("iban", "accounts", "password", "totp", "username", "nationalities", "birth_family_name", "txn", "sid")

REGISTERED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "registration_endpoint",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "ui_locales_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "request_object_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "claims_supported",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "userinfo_signing_alg_values_supported",
    *(
        f"{what}_encryption_{kind}_values_supported"
        for what in ("id_token", "userinfo", "request_object", "authorization")
        for kind in ("alg", "enc")
    ),
    # OAuth's own, and its extensions' (the registry "OAuth Authorization Server Metadata").
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "introspection_signing_alg_values_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "mtls_endpoint_aliases",
    "protected_resources",
    "tls_client_certificate_bound_access_tokens",
    "dpop_signing_alg_values_supported",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "authorization_signing_alg_values_supported",
    "authorization_details_types_supported",
    "prompt_values_supported",
}


@pytest.fixture
def disclosed(bank):
    """The provider's metadata."""
    return bank.send("GET", PATH).json()


def registered(bank, fintech, client_id, **changes):
    standard = {
        "client_id": client_id,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [jwk(rsa_key("fintech"))]},
    }
    bank.register(**STANDARD | standard | changes)
    return fintech.with_(client_id=client_id)


def working(values, works):
    return {value for value in values if works(value)}


# 3: the members, one by one.


@pytest.mark.clause("OIDCD-3")
def test_3_what_is_required_is_there(disclosed):
    """issuer, authorization_endpoint, token_endpoint, jwks_uri, and which responses, subjects and signatures there are."""
    assert disclosed["issuer"] == ISSUER
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        url = urlsplit(disclosed[name])
        assert f"{url.scheme}://{url.netloc}" == ISSUER
        assert (url.query, url.fragment) == ("", "")
    for name in ("response_types", "subject_types", "id_token_signing_alg_values"):
        assert disclosed[f"{name}_supported"]


@pytest.mark.clause("OIDCD-3")
def test_3_each_member_is_a_registered_one(disclosed):
    """Members are OpenID Connect's, or those of the registry of authorization server metadata: none is made up."""
    assert disclosed.keys() <= REGISTERED, disclosed.keys() - REGISTERED


@pytest.mark.clause("OIDCD-3")
def test_3_scopes_supported_holds_openid(disclosed):
    """The server MUST support the openid scope value."""
    assert "openid" in disclosed["scopes_supported"]


@pytest.mark.clause("OIDCD-3")
def test_3_id_token_signing_alg_values_supported(bank, fintech, disclosed):
    """Each algorithm that is told signs the ID token of a client that registered it; none else can be registered."""

    def works(alg):
        try:
            client = registered(bank, fintech, f"id-token-{alg}", id_token_signed_response_alg=alg)
        except InvalidClientMetadata:
            return False
        id_token = client.tokens()["id_token"]
        assert jwt.get_unverified_header(id_token)["alg"] == alg
        return bank.verified(id_token, client.client_id)["sub"] == ALICE.sub

    assert working(ALGS, works) == set(disclosed["id_token_signing_alg_values_supported"])


@pytest.mark.clause("OIDCD-3")
def test_3_subject_types_supported(bank, fintech, tls_client_auth_client, disclosed):
    """public: each client is given the same sub; pairwise: each sector another (test_oidc_pairwise.py)."""
    assert disclosed["subject_types_supported"] == ["public", "pairwise"]
    assert (
        len(
            {
                client.userinfo(client.tokens()["access_token"]).json()["sub"]
                for client in (fintech, tls_client_auth_client)
            }
        )
        == 1
    )
    with pytest.raises(InvalidClientMetadata):
        registered(bank, fintech, "pairwise", subject_type="another")


@pytest.mark.clause("OIDCD-3")
def test_3_acr_values_supported(tls_client_auth_client, disclosed):
    """Each acr that is told is reached where it is demanded; a demand for any other is refused."""

    def works(acr):
        claims = json.dumps({"id_token": {"acr": {"essential": True, "value": acr}}})
        browser = Browser(tls_client_auth_client.bank)
        back = browser.open(tls_client_auth_client.client_id, tls_client_auth_client.pushed(claims=claims))
        if "error" in back.location:
            return False
        page = browser.get(back.location)
        if acr.endswith("3"):  # what a password does not reach, a passkey does
            passkey = put(tls_client_auth_client.bank, ALICE, Authenticator()).get(passkey_options(page.text))
            signed_in = browser.submit(page, "login", passkey=passkey)
        else:
            signed_in = browser.sign_in(page)
        code = browser.submit(browser.get(signed_in.location), "approve").parameters["code"]
        return (
            tls_client_auth_client.bank.verified(
                tls_client_auth_client.redeem(code).json()["id_token"], tls_client_auth_client.client_id
            )["acr"]
            == acr
        )

    assert working(ACRS, works) == set(disclosed["acr_values_supported"])


@pytest.mark.clause("OIDCD-3")
def test_3_prompt_values_supported(tls_client_auth_client, disclosed):
    """Each prompt that is told is taken (Initiating User Registration 1.0, 4.1); any other is refused."""
    assert working(PROMPTS, lambda prompt: tls_client_auth_client.push(prompt=prompt).status == 201) == set(
        disclosed["prompt_values_supported"]
    )


@pytest.mark.clause("OIDCD-3")
def test_3_claims_supported(tls_client_auth_client, disclosed):
    """Each claim that is told can be had, by its name; a claim that is not told is not given."""
    assert tls_client_auth_client.bank.metadata()["claims_parameter_supported"] is True
    wishes = dict.fromkeys((*CLAIMS, *UNHEARD))
    tokens = tls_client_auth_client.tokens(scope="openid", claims=json.dumps({"id_token": wishes, "userinfo": wishes}))
    given = {
        "id_token": tls_client_auth_client.bank.verified(tokens["id_token"], tls_client_auth_client.client_id),
        "userinfo": tls_client_auth_client.userinfo(tokens["access_token"]).json(),
    }
    assert {name for name, destination in CLAIMS.items() if name in given[destination]} == set(
        disclosed["claims_supported"]
    )
    assert not set(UNHEARD) & (given["id_token"].keys() | given["userinfo"].keys())


@pytest.mark.clause("OIDCD-3")
def test_3_request_parameter_supported(bank, fintech, fapi1_advanced_client, disclosed):
    """true: a client whose profile has it may send its request as an object. request_uri, one that it registered."""
    assert disclosed["request_parameter_supported"] is True
    client = registered(bank, fintech, "objects", profile="fapi2-message-signing")
    claims = {"iss": "objects", "aud": ISSUER, "nbf": bank.now, "exp": bank.now + 60, "client_id": "objects"}
    sent = jwt.encode(client.request_arguments() | claims, client.key, algorithm="PS256", headers={"kid": "k1"})
    assert client.post("/par", request=sent).status == 201
    assert disclosed["request_uri_parameter_supported"] is True
    assert disclosed["require_request_uri_registration"] is True
    request_parameters = {"client_id": "advanced", "request_uri": "https://fintech.example/request.jwt"}
    assert Browser(bank).get("/authorize", request_parameters).page_error == "invalid_request_uri"


@pytest.mark.clause("OIDCD-3")
@each(
    "member",
    [
        "registration_endpoint",
        "check_session_iframe",
        "end_session_endpoint",
        "display_values_supported",
        "claims_locales_supported",
    ],
)
def test_3_what_is_not_supported_is_not_advertised(disclosed, member):
    """An optional member that is absent says that there is nothing of the kind."""
    assert member not in disclosed


@pytest.mark.clause("OIDCD-3")
@each(
    "wish",
    [
        {"userinfo_signed_response_alg": "RS256"},
        {"id_token_encrypted_response_alg": "RSA1_5", "id_token_encrypted_response_enc": "A256GCM"},
        {"request_object_encryption_alg": "RSA-OAEP-256"},
        {"backchannel_logout_uri": "https://fintech.example/logout"},
    ],
)
def test_3_what_is_not_advertised_can_not_be_registered(bank, fintech, wish):
    """A client that counts on what is not offered learns it when it registers, not when it fails."""
    with pytest.raises(InvalidClientMetadata):
        registered(bank, fintech, "hopeful", **wish)


@pytest.mark.clause("OIDCD-3")
def test_3_userinfo_is_json_whatever_is_requested(bank, tls_client_auth_client):
    """A client that registered no signed answer gets none, whatever it says it accepts."""
    token = tls_client_auth_client.tokens()["access_token"]
    headers = (*tls_client_auth_client.presenting(token, "GET", "/userinfo"), ("Accept", "application/jwt"))
    answer = bank.send("GET", "/userinfo", headers=headers, certificate=tls_client_auth_client.certificate)
    assert answer.json()["sub"] == ALICE.sub


# 4: how it is had.


@pytest.mark.clause("OIDCD-4")
def test_4_it_stands_at_the_well_known_path_after_the_issuer(bank):
    """The path is /.well-known/openid-configuration, appended to the issuer."""
    assert not ISSUER.endswith("/")
    assert bank.send("GET", PATH).status == 200


@pytest.mark.clause("OIDCD-4.1")
@each("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_4_1_it_is_requested_by_get(bank, method):
    """The document MUST be queried using GET."""
    answer = bank.send(method, PATH)
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD")


@pytest.mark.clause("OIDCD-4.2")
def test_4_2_it_is_a_json_object_without_empty_lists(bank):
    """200, application/json; several values are arrays; claims with zero elements MUST be omitted."""
    answer = bank.send("GET", PATH)
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    lists = [value for value in answer.json().values() if isinstance(value, list)]
    assert len(lists) > 15
    assert all(value and all(isinstance(one, str) for one in value) for value in lists)


@pytest.mark.clause("FAPI1-BASE-5.2.2-22")
@pytest.mark.clause("FAPI1-BASE-5.2.2-23")
@pytest.mark.clause("OIDCD-4.2")
def test_4_2_it_is_the_document_of_oauth(bank):
    """A client of either kind learns the same."""
    assert bank.send("GET", PATH).text == bank.send("GET", "/.well-known/oauth-authorization-server").text


@pytest.mark.clause("OIDCD-4.3")
def test_4_3_the_issuer_is_the_configured_one_and_that_of_id_tokens(bank, tls_client_auth_client, disclosed):
    """issuer MUST be identical to the URL before the well-known path, and to the iss of ID tokens."""
    assert bank.send("GET", PATH, headers=(("Host", "evil.example"),)).json()["issuer"] == ISSUER
    id_token = tls_client_auth_client.tokens()["id_token"]
    assert jwt.decode(id_token, options={"verify_signature": False})["iss"] == disclosed["issuer"] == ISSUER
