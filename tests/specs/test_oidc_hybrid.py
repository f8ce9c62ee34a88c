"""OpenID Connect Core 3.3, OAuth 2.0 Multiple Response Types and Form Post Response Mode: what comes with the code."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from tests.actors import ISSUER, Browser, jwk, rsa_key
from tests.conftest import FAPI1
from tests.each import each


def half(value):
    """The left half of its SHA-256, base64url."""
    return urlsafe_b64encode(sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


@pytest.mark.clause("OIDCC-3.3.2.5")
def test_3_3_2_5_the_response_is_in_the_fragment(fapi1_advanced_client):
    """When using the Hybrid Flow, all response parameters are added to the fragment component of the Redirection URI."""
    back = fapi1_advanced_client.agreed(response_type="code id_token")
    assert not urlsplit(back.location).query
    assert back.fragment.keys() == {"code", "id_token", "state", "iss"}
    assert (back.fragment["state"], back.fragment["iss"]) == ("a-state", ISSUER)
    assert back.location.startswith("https://fintech.example/callback#")


@pytest.mark.clause("OIDCC-3.3.2.5")
def test_3_3_2_5_a_query_of_the_redirect_uri_stays(fapi1_advanced_client):
    """The Redirection URI is used as it was registered, with its own query."""
    back = fapi1_advanced_client.agreed(
        response_type="code id_token", redirect_uri="https://fintech.example/callback?dummy1=lorem&dummy2=ipsum"
    )
    where = urlsplit(back.location)
    assert parse_qsl(where.query) == [("dummy1", "lorem"), ("dummy2", "ipsum")]
    assert {"code", "id_token", "state", "iss"} == dict(parse_qsl(where.fragment)).keys()


@pytest.mark.clause("OIDCC-3.3.2.11")
def test_3_3_2_11_the_id_token_has_nonce_and_the_hash_of_the_code(fapi1_advanced_client):
    """nonce and c_hash: REQUIRED in an ID Token that comes with a code from the Authorization Endpoint."""
    back = fapi1_advanced_client.agreed(response_type="code id_token").fragment
    claims = fapi1_advanced_client.bank.verified(back["id_token"], "advanced")
    assert claims["nonce"] == "a-nonce"
    assert claims["c_hash"] == half(back["code"])
    assert "at_hash" not in claims


@pytest.mark.clause("OIDCC-3.3.2.11")
@pytest.mark.clause("OIDCC-3.3.2.9")
def test_3_3_2_11_the_id_token_has_the_hash_of_the_access_token(fapi1_read_write_loa3_client):
    """at_hash: REQUIRED where the response type is code id_token token."""
    back = fapi1_read_write_loa3_client.agreed(response_type="code id_token token").fragment
    claims = fapi1_read_write_loa3_client.bank.verified(back["id_token"], "read-write")
    assert claims["at_hash"] == half(back["access_token"])
    assert claims["c_hash"] == half(back["code"])


@pytest.mark.clause("OIDCC-3.3.2.5")
@pytest.mark.clause("RFC6749-4.2.2")
def test_3_3_2_5_an_access_token_comes_with_its_type_life_and_scope(fapi1_read_write_loa3_client):
    """access_token and token_type; RFC 6749 4.2.2 says expires_in and scope beside."""
    back = fapi1_read_write_loa3_client.agreed(response_type="code id_token token", scope="openid accounts").fragment
    assert back.keys() == {"code", "id_token", "access_token", "token_type", "expires_in", "scope", "state", "iss"}
    assert back["token_type"] == "Bearer"
    assert 0 < int(back["expires_in"]) <= 300
    assert back["scope"] == "openid accounts"


@pytest.mark.clause("OIDCC-3.3.2.11")
def test_3_3_2_11_a_request_without_nonce_is_refused(fapi1_advanced_client):
    """nonce: use of it is REQUIRED for all requests where an ID Token is returned directly from the Authorization Endpoint."""
    answer = Browser(fapi1_advanced_client.bank).get(
        "/authorize", fapi1_advanced_client.direct(response_type="code id_token", nonce=None)
    )
    assert answer.fragment["error"] == "invalid_request"
    assert answer.fragment.keys() == {"error", "error_description", "state", "iss"}


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_a_request_without_scope_lacks_a_required_parameter(fapi1_advanced_client):
    """scope: REQUIRED in OpenID Connect, which a request for an ID token is."""
    answer = Browser(fapi1_advanced_client.bank).get(
        "/authorize", fapi1_advanced_client.direct(response_type="code id_token", scope=None)
    )
    assert answer.fragment["error"] == "invalid_request"


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_a_request_without_openid_gets_no_id_token(fapi1_advanced_client):
    """scope MUST contain openid: without it, an ID token can't be asked for."""
    answer = Browser(fapi1_advanced_client.bank).get(
        "/authorize", fapi1_advanced_client.direct(response_type="code id_token", scope="accounts")
    )
    assert answer.fragment["error"] == "invalid_scope"


@pytest.mark.clause("OIDCC-3.3.2.6")
def test_3_3_2_6_a_refusal_is_in_the_fragment_too(fapi1_advanced_client):
    """Error responses use the response_type's own mode; nothing in the query."""
    browser = Browser(fapi1_advanced_client.bank)
    page = browser.get(browser.get("/authorize", fapi1_advanced_client.direct(response_type="code id_token")).location)
    back = browser.submit(page, "cancel")
    assert back.fragment["error"] == "access_denied"
    assert back.fragment.keys() == {"error", "error_description", "state", "iss"}


@pytest.mark.clause("OIDCC-3.3.3.6")
def test_3_3_3_6_both_id_tokens_are_about_the_same_person(fapi1_advanced_client):
    """iss and sub MUST be identical in both ID Tokens; c_hash and s_hash may be left out of the second."""
    back = fapi1_advanced_client.agreed(response_type="code id_token").fragment
    tokens = fapi1_advanced_client.redeem(back["code"]).json()
    first, second = (
        fapi1_advanced_client.bank.verified(one, "advanced") for one in (back["id_token"], tokens["id_token"])
    )
    assert (first["iss"], first["sub"], first["nonce"]) == (second["iss"], second["sub"], second["nonce"])
    assert second["at_hash"] == half(tokens["access_token"])


@pytest.mark.clause("OIDCC-3.3.3.8")
def test_3_3_3_8_the_two_access_tokens_have_lives_of_their_own(fapi1_read_write_loa3_client):
    """If an Access Token is returned from both endpoints, their values may be different, and so their rights."""
    back = fapi1_read_write_loa3_client.agreed(response_type="code id_token token", scope="openid accounts").fragment
    tokens = fapi1_read_write_loa3_client.redeem(back["code"]).json()
    assert tokens["access_token"] != back["access_token"]
    unbound = fapi1_read_write_loa3_client.with_(certificate=None)
    assert unbound.userinfo(back["access_token"]).status == 200
    assert unbound.userinfo(tokens["access_token"]).status == 401
    assert fapi1_read_write_loa3_client.userinfo(tokens["access_token"]).status == 200


@pytest.mark.clause("OIDCC-3.3.3.8")
def test_3_3_3_8_a_code_that_comes_twice_ends_both(fapi1_read_write_loa3_client):
    """RFC 6749 4.1.2: what a replayed code gave dies, and so does what came with it."""
    back = fapi1_read_write_loa3_client.agreed(response_type="code id_token token").fragment
    assert fapi1_read_write_loa3_client.redeem(back["code"]).status == 200
    assert fapi1_read_write_loa3_client.redeem(back["code"]).error == "invalid_grant"
    assert fapi1_read_write_loa3_client.with_(certificate=None).userinfo(back["access_token"]).status == 401


@pytest.mark.clause("OIDCC-3.3.2.1")
def test_3_3_2_1_a_response_type_of_another_profile_or_of_no_registration_is_unsupported(bank, fapi1_advanced_client):
    """The values are those that are offered; a client that registered some of them gets no other."""
    for response_type in (
        "token",
        "id_token",
        "code token",
        "id_token token",
        "none",
        "code id_token token",
        "id_token code",
    ):
        answer = Browser(bank).get("/authorize", fapi1_advanced_client.direct(response_type=response_type))
        disclosed = dict(parse_qsl(urlsplit(answer.location).query or urlsplit(answer.location).fragment))
        assert disclosed["error"] == "unsupported_response_type", response_type
        assert ("token" in response_type) == bool(urlsplit(answer.location).fragment)


@pytest.mark.clause("OIDCC-3.3.2.1")
@pytest.mark.clause("FAPI1-ADV-5.2.2-2")
@pytest.mark.parametrize("registered", ["code", "code id_token"])
def test_3_3_2_1_a_response_type_that_was_not_registered_is_unsupported(bank, fapi1_advanced_client, registered):
    """Of those that its profile offers, a client that registered one gets no other."""
    metadata = {"client_id": "one-type", "profile": "fapi1-advanced", "jwks": {"keys": [jwk(rsa_key("advanced"))]}}
    bank.register(**FAPI1 | metadata, response_types=[registered])
    client = fapi1_advanced_client.with_(client_id="one-type")
    for request_parameters in (
        {"response_type": "code", "response_mode": "query.jwt"},
        {"response_type": "code id_token"},
    ):
        answer = Browser(bank).get("/authorize", client.direct(**request_parameters))
        assert answer.location.startswith("/login?") == (request_parameters["response_type"] == registered)
        if request_parameters["response_type"] == "code id_token" != registered:
            assert answer.fragment["error"] == "unsupported_response_type"


@pytest.mark.clause("RFC7591-2.1")
def test_a_client_may_register_the_grant_types_that_go_with_its_response_types(bank):
    """code id_token corresponds to authorization_code and implicit; of the two, the token endpoint takes the first."""
    hybrid = {"grant_types": ["authorization_code", "implicit"], "response_types": ["code id_token"]}
    known = {"client_id": "hybrid", "profile": "fapi1-advanced", "jwks": {"keys": [jwk(rsa_key("hybrid"))]}}
    assert bank.register(**FAPI1 | hybrid | known).grant_types == ("authorization_code", "implicit")
    with pytest.raises(InvalidClientMetadata):
        bank.register(**FAPI1 | hybrid | known | {"profile": "fapi1-baseline", "response_types": ["code"]})


# Multiple Response Types, Form Post.


@pytest.mark.clause("OAuth2-FP-2")
def test_form_post_2_the_response_is_a_form_that_posts_itself(fapi1_advanced_client):
    """Parameters are encoded as HTML form values that are auto-submitted, and so are posted to the client."""
    back = fapi1_advanced_client.agreed(response_type="code id_token", response_mode="form_post")
    assert back.status == 200
    assert back.form_action == fapi1_advanced_client.redirect_uri
    assert back.posted.keys() == {"code", "id_token", "state", "iss"}
    assert fapi1_advanced_client.bank.verified(back.posted["id_token"], "advanced")["c_hash"] == half(
        back.posted["code"]
    )
    assert fapi1_advanced_client.redeem(back.posted["code"]).status == 200
    assert back.header("location") is None


@pytest.mark.clause("OAuth2-FP-2")
def test_form_post_2_its_policy_lets_run_what_posts_it_and_nothing_else(fapi1_advanced_client):
    """The page runs one script, which the policy names by its hash; what is posted can't break out of its field."""
    state = "'\"><script>alert(1)</script>"
    back = fapi1_advanced_client.agreed(response_type="code id_token", response_mode="form_post", state=state)
    script = back.text.split("<script>")[1].split("</script>")[0]
    policy = back.header("content-security-policy")
    assert f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}';" in policy
    assert "unsafe" not in policy
    assert back.text.count("<script>") == 1
    assert back.posted["state"] == state
    assert back.header("cache-control") == "no-store"


@pytest.mark.clause("OAuth2-FP-2")
def test_form_post_2_a_refusal_is_posted_too(fapi1_advanced_client):
    """Error responses use the same mode."""
    browser = Browser(fapi1_advanced_client.bank)
    request_parameters = fapi1_advanced_client.direct(response_type="code id_token", response_mode="form_post")
    back = browser.submit(browser.get(browser.get("/authorize", request_parameters).location), "cancel")
    assert back.posted["error"] == "access_denied"


@pytest.mark.clause("OAuth2-RT-5")
@each("mode", ["query", "jwt", "query.jwt", "fragment.jwt", "web_message"])
def test_5_the_response_is_never_in_a_query(fapi1_advanced_client, mode):
    """For these response types the query encoding MUST NOT be used: refused, by the fragment."""
    answer = Browser(fapi1_advanced_client.bank).get(
        "/authorize", fapi1_advanced_client.direct(response_type="code id_token", response_mode=mode)
    )
    assert answer.fragment["error"] == "invalid_request"


@pytest.mark.clause("OIDCC-3.3.2.11")
def test_personal_claims_stay_out_of_the_front_channel(fapi1_advanced_client):
    """Whoever reads a browser's history learns no more than the subject, unless the ID token is encrypted."""
    wishes = '{"id_token": {"email": {"essential": true}, "name": null, "acr": null}}'
    back = fapi1_advanced_client.agreed(response_type="code id_token", claims=wishes).fragment
    disclosed = jwt.decode(back["id_token"], options={"verify_signature": False})
    assert not {"email", "name"} & disclosed.keys()
    assert disclosed["acr"] == "urn:ducat:loa:2"
    tokens = fapi1_advanced_client.redeem(back["code"]).json()
    assert fapi1_advanced_client.bank.verified(tokens["id_token"], "advanced")["email"]
