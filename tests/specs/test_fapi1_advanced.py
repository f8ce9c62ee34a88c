"""FAPI 1.0 Part 2: Advanced (Final), clause by clause: what is asked for and how it is answered; and W1 to W5 of its draft."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from chalicelib.profiles import PROFILES
from tests.actors import ASSERTION_TYPE, ISSUER, MTLS, Browser, certificate, ec_key, jwk, rsa_key
from tests.conftest import FAPI1
from tests.each import each

PROFILE = PROFILES["fapi1-advanced"]
HYBRID = {"response_type": "code id_token"}
HOUR = 3600
BY = pytest.mark.parametrize("by", ["value", "push"])


def half(value):
    return urlsafe_b64encode(sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def disclosed(answer):
    """The parameters that an answer gives the client, wherever they stand."""
    where = urlsplit(answer.location)
    return dict(parse_qsl(where.fragment or where.query))


def send_request(client, by, *, signed=None, beside=None, extra=None, **claims):
    """The answer to an authorization request, by value or pushed."""
    signed = signed or client.request_object(extra=extra, **HYBRID | claims)
    if by == "push":
        return client.post("/par", request=signed, **(beside or {}))
    return Browser(client.bank).get("/authorize", client.direct(request=signed, beside=beside))


def refused(client, by, error="invalid_request_object", **request_parameters):
    """The request is refused: JSON where it was pushed, a page where not; nothing goes anywhere, and nothing is kept."""
    answer = send_request(client, by, **request_parameters)
    found = answer.error if by == "push" else answer.page_error
    assert (answer.status, found) == (400, error), answer.text
    assert answer.header("location") is None
    assert not answer.all("set-cookie")
    return answer


def accepted(client, by, **request_parameters):
    answer = send_request(client, by, **request_parameters)
    assert answer.status == (201 if by == "push" else 303), answer.text
    if by == "value":
        assert answer.location.startswith("/login?")
    return answer


def response(client, by="value", **claims):
    """The parameters of a whole login's authorization response."""
    browser = Browser(client.bank)
    if by == "value":
        page = browser.get("/authorize", client.direct(**HYBRID | claims))
    else:
        pushed = send_request(client, "push", **claims).json()["request_uri"]
        page = browser.open(client.client_id, pushed)
    page = browser.get(browser.sign_in(browser.get(page.location)).location)
    return disclosed(page if page.leads_on else browser.submit(page, "approve"))


# 5.2.2: the authorization server.


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-1")
def test_5_2_2_1_a_request_without_request_object_is_refused(fapi1_advanced_client, by):
    """Shall require a JWS signed JWT request object passed by value with request or by reference with request_uri."""
    plain = {
        name: value for name, value in fapi1_advanced_client.request_arguments(**HYBRID).items() if value is not None
    }
    if by == "push":
        answer = fapi1_advanced_client.push(**HYBRID)
        assert (answer.status, answer.error) == (400, "invalid_request")
    else:
        answer = Browser(fapi1_advanced_client.bank).get("/authorize", plain | {"client_id": "advanced"})
        assert (answer.status, answer.page_error) == (400, "invalid_request")
    accepted(fapi1_advanced_client, by)


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-1")
@pytest.mark.clause("FAPI1-ADV-8.6-1")
@pytest.mark.clause("FAPI1-ADV-8.6-2")
@pytest.mark.clause("FAPI1-ADV-8.6-3")
@each("alg", ["none", "RS256", "HS256", "PS384", "another's key", "broken"])
def test_5_2_2_1_a_request_object_is_signed_by_the_client_as_ps256_or_es256(fapi1_advanced_client, by, alg):
    """JWS algorithms shall be PS256 or ES256 and shall not be none; the signature is the client's."""
    good = fapi1_advanced_client.request_object(**HYBRID)
    claims = jwt.decode(good, options={"verify_signature": False})
    keys = {
        "none": None,
        "HS256": b"a secret that is long enough for the algorithm",
        "RS256": fapi1_advanced_client.key,
        "PS384": fapi1_advanced_client.key,
    }
    if alg in keys:
        bad = jwt.encode(claims, keys[alg], algorithm=alg, headers={"kid": "k1"})
    else:
        bad = good[:-6] + ("AAAAAA" if not good.endswith("AAAAAA") else "BBBBBB")
        if alg == "another's key":
            bad = jwt.encode(claims, rsa_key("somebody"), algorithm="PS256", headers={"kid": "k1"})
    refused(fapi1_advanced_client, by, signed=bad)


@pytest.mark.clause("FAPI1-ADV-5.2.2-1")
@pytest.mark.clause("FAPI1-ADV-8.6-1")
def test_5_2_2_1_es256_will_do(bank, fapi1_advanced_client):
    """PS256 or ES256."""
    bank.register(
        **FAPI1 | {"client_id": "elliptic", "profile": "fapi1-advanced", "jwks": {"keys": [jwk(ec_key("elliptic"))]}}
    )
    client = fapi1_advanced_client.with_(client_id="elliptic", key=ec_key("elliptic"), alg="ES256")
    assert client.redeem(response(client)["code"]).status == 200


@pytest.mark.clause("FAPI1-ADV-5.2.2-2")
def test_5_2_2_2_a_the_response_type_is_code_id_token(fapi1_advanced_client):
    """Shall require the response_type value code id_token, or code in conjunction with the response_mode jwt."""
    assert response(fapi1_advanced_client).keys() == {"code", "id_token", "state", "iss"}
    assert PROFILE.response_types == ("code id_token", "code")


@pytest.mark.clause("FAPI1-ADV-5.2.2-2")
@each("mode", [None, "query", "fragment", "form_post"])
def test_5_2_2_2_b_a_code_alone_is_not_given_unsigned(fapi1_advanced_client, mode):
    """code without JARM is refused, and no code is in the answer."""
    answer = send_request(fapi1_advanced_client, "value", response_type="code", response_mode=mode)
    assert disclosed(answer)["error"] == "invalid_request"
    assert "code" not in disclosed(answer)
    assert (
        send_request(fapi1_advanced_client, "push", response_type="code", response_mode=mode).error == "invalid_request"
    )


@pytest.mark.clause("FAPI1-ADV-5.2.2-2")
@each("response_type", ["token", "id_token", "code token", "id_token token", "code id_token token", "none"])
def test_5_2_2_2_no_other_response_type_is_offered(fapi1_advanced_client, response_type):
    """No other value."""
    answer = send_request(fapi1_advanced_client, "value", response_type=response_type)
    assert disclosed(answer)["error"] == "unsupported_response_type"
    assert send_request(fapi1_advanced_client, "push", response_type=response_type).error == "unsupported_response_type"


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-5")
@pytest.mark.clause("FAPI1-ADV-5.2.2-6")
def test_5_2_2_5_access_tokens_are_bound_to_their_sender(fapi1_advanced_client, by):
    """Shall only issue sender-constrained access tokens; shall support MTLS as a mechanism for that."""
    tokens = fapi1_advanced_client.redeem(response(fapi1_advanced_client, by)["code"]).json()
    assert fapi1_advanced_client.accounts(tokens["access_token"])["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    for shown in (None, certificate("somebody")):
        decision = fapi1_advanced_client.accounts(tokens["access_token"], certificate=shown)
        assert decision["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    refusal = fapi1_advanced_client.redeem(response(fapi1_advanced_client, by)["code"], certificate=None)
    assert (refusal.status, refusal.error) == (400, "invalid_request")
    unbound = {"client_id": "unbound", "profile": "fapi1-advanced", "tls_client_certificate_bound_access_tokens": False}
    with pytest.raises(InvalidClientMetadata):
        fapi1_advanced_client.bank.register(**FAPI1 | unbound | {"jwks": {"keys": [jwk(fapi1_advanced_client.key)]}})


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-10")
@each("name", ["redirect_uri", "scope", "nonce", "response_type"])
def test_5_2_2_10_only_what_is_inside_the_request_object_is_used(fapi1_advanced_client, by, name):
    """Shall only use the parameters included in the signed request object: one that stands outside alone is missing."""
    value = fapi1_advanced_client.request_arguments(**HYBRID)[name]
    answer = send_request(fapi1_advanced_client, by, **{name: None}, beside={name: value})
    if by == "push":
        assert answer.error in ("invalid_request", "invalid_scope"), answer.text
    elif name == "redirect_uri":
        assert answer.page_error == "invalid_request"
    else:
        assert disclosed(answer)["error"] in ("invalid_request", "invalid_scope")
        assert answer.location.startswith(fapi1_advanced_client.redirect_uri)


@pytest.mark.clause("FAPI1-ADV-5.2.2-10")
def test_5_2_2_10_what_stands_outside_beside_is_not_looked_at(fapi1_advanced_client):
    """What differs outside changes nothing: state, nonce, redirect_uri, scope."""
    outside = {"state": "evil", "nonce": "evil", "redirect_uri": "https://evil.example/", "scope": "openid payments"}
    browser = Browser(fapi1_advanced_client.bank)
    page = browser.get("/authorize", fapi1_advanced_client.direct(**HYBRID, beside=outside | HYBRID))
    back = disclosed(browser.submit(browser.get(browser.sign_in(browser.get(page.location)).location), "approve"))
    assert back["state"] == "a-state"
    assert fapi1_advanced_client.bank.verified(back["id_token"], "advanced")["nonce"] == "a-nonce"
    assert fapi1_advanced_client.redeem(back["code"]).json()["scope"] == "openid profile accounts"


@pytest.mark.clause("FAPI1-ADV-5.2.2-10")
def test_5_2_2_10_a_state_outside_alone_is_no_state(fapi1_advanced_client):
    """No state comes back, and no s_hash."""
    browser = Browser(fapi1_advanced_client.bank)
    page = browser.get("/authorize", fapi1_advanced_client.direct(**HYBRID, state=None, beside={"state": "outside"}))
    back = disclosed(browser.submit(browser.get(browser.sign_in(browser.get(page.location)).location), "approve"))
    assert "state" not in back
    assert "s_hash" not in fapi1_advanced_client.bank.verified(back["id_token"], "advanced")


@pytest.mark.clause("FAPI1-ADV-5.2.2-11")
def test_5_2_2_11_a_request_may_be_pushed(fapi1_advanced_client):
    """May support the pushed authorization request endpoint; here it does, and asks nobody for it."""
    assert fapi1_advanced_client.redeem(response(fapi1_advanced_client, "push")["code"]).status == 200
    assert fapi1_advanced_client.bank.metadata()["require_pushed_authorization_requests"] is False


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-13")
def test_5_2_2_13_a_request_object_lasts_an_hour_at_most(fapi1_advanced_client, by):
    """Shall require the request object to contain an exp claim that has a lifetime of no longer than 60 minutes after nbf."""
    now = fapi1_advanced_client.bank.now
    refused(fapi1_advanced_client, by, exp=None)
    refused(fapi1_advanced_client, by, exp=now - HOUR, nbf=now - HOUR - 10)
    refused(fapi1_advanced_client, by, exp=now + HOUR + 1)
    accepted(fapi1_advanced_client, by, exp=now + HOUR)


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-17")
def test_5_2_2_17_a_request_object_was_made_within_the_hour(fapi1_advanced_client, by):
    """Shall require the request object to contain an nbf claim that is no longer than 60 minutes in the past."""
    now = fapi1_advanced_client.bank.now
    refused(fapi1_advanced_client, by, nbf=None)
    refused(fapi1_advanced_client, by, nbf=now - HOUR - 11, exp=now - HOUR + 3000)
    refused(fapi1_advanced_client, by, nbf=now - HOUR - 11, exp=now + 5)
    refused(fapi1_advanced_client, by, nbf=now + 60)
    accepted(fapi1_advanced_client, by, nbf=now + 8)
    accepted(fapi1_advanced_client, by, nbf=now - HOUR + 10, exp=now + 5)


@pytest.mark.clause("FAPI1-ADV-5.2.2-14")
def test_5_2_2_14_clients_authenticate_by_certificate_or_private_key(bank, fapi1_advanced_client):
    """Shall authenticate the confidential client by tls_client_auth or self_signed_tls_client_auth, or private_key_jwt."""
    assert PROFILE.token_endpoint_auth_methods == ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
    name = {"tls_client_auth_subject_dn": "CN=by-name,O=Fintech\\, Inc.,C=DE"}
    known = {"client_id": "by-name", "profile": "fapi1-advanced", "token_endpoint_auth_method": "tls_client_auth"}
    bank.register(**FAPI1 | known | name | {"jwks": {"keys": [jwk(fapi1_advanced_client.key)]}})
    client = fapi1_advanced_client.with_(
        client_id="by-name", auth="tls_client_auth", certificate=certificate("by-name")
    )
    assert client.redeem(response(client)["code"]).status == 200


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-15")
@each("aud", [[ISSUER], [ISSUER, "https://other.example"], ISSUER])
def test_5_2_2_15_the_audience_is_the_issuer_or_an_array_with_it(fapi1_advanced_client, by, aud):
    """Shall require the aud claim in the request object to be, or to be an array containing, the OP's Issuer Identifier URL."""
    accepted(fapi1_advanced_client, by, aud=aud)


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2-15")
@each("aud", [None, "", [], "https://other.example", ISSUER + "/", ISSUER + "/par", MTLS, f"{ISSUER}/token"])
def test_5_2_2_15_no_other_audience_will_do(fapi1_advanced_client, by, aud):
    """Not even an endpoint of ours."""
    refused(fapi1_advanced_client, by, aud=aud)


@pytest.mark.clause("FAPI1-ADV-5.2.2-16")
@each("method", ["none", "client_secret_jwt", "client_secret_basic", "client_secret_post"])
def test_5_2_2_16_public_clients_and_shared_secrets_are_not_for_this_profile(bank, method):
    """Shall not support public clients."""
    grants = ["authorization_code", "refresh_token"]
    request_parameters = {
        "client_id": "p",
        "profile": "fapi1-advanced",
        "grant_types": grants,
        "token_endpoint_auth_method": method,
    }
    with pytest.raises(InvalidClientMetadata, match="token_endpoint_auth_method"):
        bank.register(**FAPI1 | request_parameters)


@pytest.mark.clause("FAPI1-ADV-5.2.2-18")
@pytest.mark.parametrize(
    "wrong", [{"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"}]
)
def test_5_2_2_18_a_pushed_request_uses_pkce_with_s256(fapi1_advanced_client, wrong):
    """Shall require PAR requests, if supported, to use PKCE (RFC 7636) with S256 as the code challenge method."""
    answer = send_request(fapi1_advanced_client, "push", **wrong)
    assert (answer.status, answer.error) == (400, "invalid_request")
    code = response(fapi1_advanced_client, "push")["code"]
    assert fapi1_advanced_client.redeem(code, code_verifier=None).error == "invalid_grant"


@pytest.mark.clause("FAPI1-ADV-5.2.2-18")
def test_5_2_2_18_a_request_by_value_may_do_without_and_is_held_to_what_it_uses(fapi1_advanced_client):
    """FAPI 1.0 Baseline's clause 7 is not required here; a challenge that is sent is honoured."""
    without = {"code_challenge": None, "code_challenge_method": None}
    code = response(fapi1_advanced_client, **without)["code"]
    assert fapi1_advanced_client.redeem(code, code_verifier="v" * 43).error == "invalid_grant"
    assert (
        fapi1_advanced_client.redeem(response(fapi1_advanced_client, **without)["code"], code_verifier=None).status
        == 200
    )
    assert (
        fapi1_advanced_client.redeem(response(fapi1_advanced_client)["code"], code_verifier="w" * 43).error
        == "invalid_grant"
    )
    assert (
        disclosed(send_request(fapi1_advanced_client, "value", code_challenge_method="plain"))["error"]
        == "invalid_request"
    )


# 5.2.2.1: the ID token as detached signature.


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2.1-4")
@pytest.mark.clause("FAPI1-ADV-5.2.2.1-2")
@pytest.mark.clause("FAPI1-ADV-5.2.2.1-1")
def test_5_2_2_1_4_the_id_token_signs_the_response(fapi1_advanced_client, by):
    """Shall support OpenID Connect and signed ID Tokens; shall return an ID Token as a detached signature to the response."""
    back = response(fapi1_advanced_client, by)
    claims = fapi1_advanced_client.bank.verified(back["id_token"], "advanced")
    assert claims["c_hash"] == half(back["code"])
    assert jwt.get_unverified_header(back["id_token"])["alg"] == "PS256"
    assert (claims["iss"], claims["aud"]) == (ISSUER, "advanced")


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2.1-5")
@each("state", ["a-state", "s" * 1000, "\u00e9t\u00e9 & = #"])
def test_5_2_2_1_5_the_id_token_has_the_hash_of_the_state(fapi1_advanced_client, by, state):
    """Shall include the state hash, s_hash, in the ID Token to protect the state value if the client supplied one."""
    back = response(fapi1_advanced_client, by, state=state)
    assert back["state"] == state
    assert fapi1_advanced_client.bank.verified(back["id_token"], "advanced")["s_hash"] == half(state)


@pytest.mark.clause("FAPI1-ADV-5.2.2.1-6")
def test_5_2_2_1_6_no_personal_data_is_in_the_front_channel(fapi1_advanced_client):
    """Should not return sensitive PII in the ID Token in the authorization response; if it needs to, it encrypts it."""
    wishes = json.dumps({"id_token": {"email": {"essential": True}, "birthdate": None}})
    back = response(fapi1_advanced_client, claims=wishes)
    assert not {"email", "birthdate"} & fapi1_advanced_client.bank.verified(back["id_token"], "advanced").keys()


# 5.2.2.2: JARM.


@BY
@pytest.mark.clause("FAPI1-ADV-5.2.2.2-1")
@each("mode", ["jwt", "query.jwt", "fragment.jwt"])
def test_5_2_2_2_1_a_response_is_signed_as_a_whole(fapi1_advanced_client, by, mode):
    """Shall create JWT-secured authorization responses as specified in JARM 4.3: all parameters inside, for this client."""
    back = response(fapi1_advanced_client, by, response_type="code", response_mode=mode)
    assert back.keys() == {"response"}
    inside = fapi1_advanced_client.bank.verified(back["response"], "advanced")
    assert inside.keys() == {"iss", "aud", "exp", "iat", "code", "state"}
    assert inside["exp"] - inside["iat"] <= 600
    assert fapi1_advanced_client.redeem(inside["code"]).status == 200


@pytest.mark.clause("JARM-2.3.4")
def test_jarm_2_3_the_modes_go_where_their_names_say(fapi1_advanced_client):
    """query.jwt, fragment.jwt and form_post.jwt; jwt is the response type's own."""
    for mode, part in (("jwt", "query"), ("query.jwt", "query"), ("fragment.jwt", "fragment")):
        back = fapi1_advanced_client.agreed(response_type="code", response_mode=mode)
        assert "response=" in getattr(urlsplit(back.location), part)
    posted = fapi1_advanced_client.agreed(response_type="code", response_mode="form_post.jwt")
    assert posted.posted.keys() == {"response"}
    assert posted.form_action == fapi1_advanced_client.redirect_uri


@pytest.mark.clause("JARM-2.1")
def test_jarm_2_1_a_refusal_is_signed_too(fapi1_advanced_client):
    """Error responses are JWTs as well."""
    browser = Browser(fapi1_advanced_client.bank)
    request_parameters = fapi1_advanced_client.direct(response_type="code", response_mode="jwt")
    back = browser.submit(browser.get(browser.get("/authorize", request_parameters).location), "cancel")
    inside = fapi1_advanced_client.bank.verified(disclosed(back)["response"], "advanced")
    assert (inside["error"], inside["state"]) == ("access_denied", "a-state")


# What the request object is of, and what none gets.


@BY
@pytest.mark.clause("JAR-4")
@pytest.mark.parametrize("inner", ["request", "request_uri"])
def test_a_request_object_holds_no_other(fapi1_advanced_client, by, inner):
    """request and request_uri parameters MUST NOT be included in Request Objects."""
    refused(fapi1_advanced_client, by, extra={inner: fapi1_advanced_client.request_object(**HYBRID)})


@BY
@pytest.mark.clause("FAPI1-BASE-5.2.2-8")
@pytest.mark.clause("FAPI1-BASE-5.2.2-9")
@pytest.mark.clause("FAPI1-BASE-5.2.2-10")
@each(
    "uri", [None, "https://evil.example/", "https://fintech.example/callback/", "https://fintech.example/callback?x=1"]
)
def test_the_redirect_uri_is_there_registered_and_the_same_to_the_letter(fapi1_advanced_client, by, uri):
    """Shall require redirect URIs to be pre-registered, to be in the request, and to match exactly (R6, R7, R8)."""
    refused(fapi1_advanced_client, by, "invalid_request", redirect_uri=uri)


@BY
@pytest.mark.clause("JAR-6.1")
def test_iss_and_client_id_are_the_clients(fapi1_advanced_client, by):
    """Whoever signs speaks for itself."""
    refused(fapi1_advanced_client, by, client_id="rival")
    refused(fapi1_advanced_client, by, iss="rival")
    refused(fapi1_advanced_client, by, client_id=None)


def test_two_profiles_stand_side_by_side_and_neither_softens_the_other(bank, fintech, fapi1_advanced_client):
    """A FAPI 2.0 client may do nothing that a FAPI 1.0 client may, and the other way round."""
    assert send_request(fintech, "value").page_error == "invalid_request"
    assert fintech.push(response_type="code id_token").error == "unsupported_response_type"
    assert fintech.push(response_mode="jwt").error == "invalid_request"
    array = {"client_assertion": fintech.assertion(aud=[ISSUER]), "client_assertion_type": ASSERTION_TYPE}
    assert fintech.post("/par", **fintech.request_arguments(), **array).error == "invalid_client"
    array["client_assertion"] = fapi1_advanced_client.assertion(aud=[ISSUER])
    assert (
        fapi1_advanced_client.post("/par", request=fapi1_advanced_client.request_object(**HYBRID), **array).status
        == 201
    )
    assert fapi1_advanced_client.push(response_type="code").error == "invalid_request"
    assert fintech.tokens()["access_token"]
    assert fapi1_advanced_client.redeem(response(fapi1_advanced_client)["code"]).status == 200
