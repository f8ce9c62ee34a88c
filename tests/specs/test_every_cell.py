"""Every cell of the FAPI plans as one flow of our own, so that nobody needs the suite to notice a break.

Who the client is x what binds its tokens x OpenID Connect or plain OAuth x simple or rich requests, for the Security
Profile; and for Message Signing all that x signed requests x signed responses. For FAPI 1.0 Advanced: who the client is x
requests by value or pushed x plain or signed responses, on the same deployment.
"""

import json
from itertools import product

import jwt
import pytest

from tests.actors import ISSUER, Browser, Fintech, certificate, ec_key, jwk, rsa_key
from tests.conftest import STANDARD

DETAILS = [{"type": "account_information", "actions": ["list_accounts", "read_balances"]}]

AUTH = ("private_key_jwt", "tls_client_auth")
SENDER = ("mtls", "dpop")
KIND = ("openid_connect", "plain_oauth")
REQUEST_TYPE = ("simple", "rar")
SECURITY = [
    ("fapi2-security", *cell, "unsigned", "plain_response") for cell in product(AUTH, SENDER, KIND, REQUEST_TYPE)
]
SIGNED = [
    ("fapi2-message-signing", *cell)
    for cell in product(
        AUTH, SENDER, KIND, REQUEST_TYPE, ("unsigned", "signed_non_repudiation"), ("plain_response", "jarm")
    )
]


def client_of(bank, profile, auth, sender, method="unsigned"):
    """A client of the cell, as it would be registered."""
    name = f"{profile}-{auth}-{sender}-{method.partition('_')[0]}".replace("_", "-")
    known = {"tls_client_auth_subject_dn": f"CN={name},O=Fintech\\, Inc.,C=DE"} if auth == "tls_client_auth" else {}
    bank.register(
        **STANDARD
        | {
            "client_id": name,
            "profile": profile,
            "token_endpoint_auth_method": auth,
            "jwks": {"keys": [jwk(rsa_key("cells"))]},
            "tls_client_certificate_bound_access_tokens": sender == "mtls",
            "dpop_bound_access_tokens": sender == "dpop",
            "require_signed_request_object": method == "signed_non_repudiation",
            "authorization_details_types": ["account_information"],
        }
        | known
    )
    shown = certificate(name) if auth == "tls_client_auth" or sender == "mtls" else None
    return Fintech(bank, name, auth, rsa_key("cells"), "PS256", shown, ec_key("proofs") if sender == "dpop" else None)


def pushed(client, request_parameters, method):
    """A request_uri, for a request that is signed or not."""
    if method == "unsigned":
        answer = client.post("/par", **request_parameters)
    else:
        now = client.bank.now
        about = {"iss": client.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300, "client_id": client.client_id}
        payload = {name: value for name, value in request_parameters.items() if value is not None} | about
        answer = client.post("/par", request=jwt.encode(payload, client.key, algorithm="PS256", headers={"kid": "k1"}))
    assert answer.status == 201, answer.text
    return answer.json()["request_uri"]


@pytest.mark.parametrize(("profile", "auth", "sender", "kind", "request_type", "method", "mode"), SECURITY + SIGNED)
def test_a_whole_flow_of_each_cell(bank, profile, auth, sender, kind, request_type, method, mode):
    client = client_of(bank, profile, auth, sender, method)
    request_parameters = client.request_arguments(
        scope="openid accounts" if kind == "openid_connect" else "accounts",
        nonce="a-nonce" if kind == "openid_connect" else None,
        response_mode="jwt" if mode == "jarm" else None,
        authorization_details=json.dumps(DETAILS) if request_type == "rar" else None,
    )

    back = Browser(bank).login(client.client_id, pushed(client, request_parameters, method)).parameters
    disclosed = bank.verified(back["response"], client.client_id) if mode == "jarm" else back
    assert (back.keys() == {"response"}) == (mode == "jarm")
    assert (disclosed["iss"], disclosed["state"]) == (ISSUER, "a-state")

    tokens = client.redeem(disclosed["code"]).json()
    assert tokens["token_type"] == ("DPoP" if sender == "dpop" else "Bearer")
    assert ("id_token" in tokens) == (kind == "openid_connect")
    assert ("authorization_details" in tokens) == (request_type == "rar")
    if kind == "openid_connect":
        assert bank.verified(tokens["id_token"], client.client_id)["nonce"] == "a-nonce"

    for access_token in (tokens["access_token"], client.refresh(tokens["refresh_token"]).json()["access_token"]):
        decision = client.accounts(access_token)
        assert decision["policyDocument"]["Statement"][0]["Effect"] == "Allow", decision
        assert ("authorization_details" in decision["context"]) == (request_type == "rar")
        if kind == "openid_connect":
            assert client.userinfo(access_token).json()["sub"] == decision["context"]["sub"]
    assert client.redeem(disclosed["code"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("profile", "auth", "sender"), list(product(("fapi2-security",), AUTH, SENDER)))
def test_a_clients_own_token_of_each_cell(bank, profile, auth, sender):
    client = client_of(bank, profile, auth, sender)
    bank.about_anyone()
    token = client.post("/token", grant_type="client_credentials", scope="accounts").json()
    assert "refresh_token" not in token
    decision = client.accounts(token["access_token"])
    assert decision["policyDocument"]["Statement"][0]["Effect"] == "Allow", decision
    assert "sub" not in decision["context"]


ADVANCED = list(product(AUTH, ("by_value", "pushed"), ("plain_response", "jarm")))


@pytest.mark.parametrize(("auth", "method", "mode"), ADVANCED)
def test_a_whole_flow_of_each_cell_of_fapi_1(bank, auth, method, mode):
    client = client_of(bank, "fapi1-advanced", auth, "mtls", "unsigned")
    request_parameters = (
        {"response_type": "code", "response_mode": "jwt"} if mode == "jarm" else {"response_type": "code id_token"}
    )
    signed = client.request_object(scope="openid accounts", **request_parameters)
    if method == "pushed":
        query = {
            "client_id": client.client_id,
            "request_uri": client.post("/par", request=signed).json()["request_uri"],
        }
    else:
        query = client.direct(request=signed)
    browser = Browser(bank)
    page = browser.get(browser.get("/authorize", query).location)
    back = browser.submit(browser.get(browser.sign_in(page).location), "approve")
    disclosed = bank.verified(back.parameters["response"], client.client_id) if mode == "jarm" else back.fragment
    assert (disclosed["iss"], disclosed["state"]) == (ISSUER, "a-state")
    assert ("id_token" in disclosed) == (mode == "plain_response")

    tokens = client.redeem(disclosed["code"]).json()
    assert bank.verified(tokens["id_token"], client.client_id)["nonce"] == "a-nonce"
    for access_token in (tokens["access_token"], client.refresh(tokens["refresh_token"]).json()["access_token"]):
        decision = client.accounts(access_token)
        assert decision["policyDocument"]["Statement"][0]["Effect"] == "Allow", decision
        assert client.accounts(access_token, certificate=None)["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert client.redeem(disclosed["code"]).json()["error"] == "invalid_grant"
