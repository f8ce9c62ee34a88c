"""FAPI Part 2: Read and Write, to the letter of its draft: W1 to W8, each a row of the profile, and who may be signed in (R9)."""

import json

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from chalicelib.profiles import PROFILES
from tests.actors import Browser, Fintech, certificate, jwk, rsa_key
from tests.conftest import FAPI1
from tests.specs.test_fapi1_advanced import disclosed, half

PROFILE = PROFILES["fapi1-read-write"]
STRONGER = "needs a stronger way to sign in"
HYBRID = {"response_type": "code id_token"}


def signed_in(client, **request_parameters):
    """What follows the password and the one-time code: a page, or the answer to the client."""
    browser = Browser(client.bank)
    opened = browser.get("/authorize", client.direct(**HYBRID | request_parameters))
    return browser, browser.sign_in(browser.get(opened.location))


def allowed(decision):
    return decision["policyDocument"]["Statement"][0]["Effect"] == "Allow"


@pytest.mark.clause("FAPI1-ADV-5.2.2-1")
def test_w1_a_request_is_a_signed_object(fapi1_read_write_loa3_client):
    """Shall require the request or request_uri parameter to be passed as a JWS signed JWT."""
    answer = Browser(fapi1_read_write_loa3_client.bank).get(
        "/authorize", fapi1_read_write_loa3_client.request_arguments(**HYBRID) | {"client_id": "read-write"}
    )
    assert (answer.status, answer.page_error) == (400, "invalid_request")
    assert fapi1_read_write_loa3_client.push(**HYBRID).error == "invalid_request"
    assert (
        fapi1_read_write_loa3_client.post("/par", request=fapi1_read_write_loa3_client.request_object(**HYBRID)).status
        == 201
    )


@pytest.mark.clause("FAPI1-ADV-5.2.2-2")
@pytest.mark.parametrize("response_type", ["code id_token", "code id_token token"])
def test_w2_the_response_types_are_the_two_hybrid_ones(fapi1_read_write_loa3_client, response_type):
    """Shall require the response_type values code id_token or code id_token token."""
    back = fapi1_read_write_loa3_client.agreed(response_type=response_type).fragment
    assert ("access_token" in back) == response_type.endswith(" token")
    assert PROFILE.response_types == ("code id_token", "code id_token token")
    for other in ("code", "token", "id_token", "id_token token", "code token"):
        answer = Browser(fapi1_read_write_loa3_client.bank).get(
            "/authorize", fapi1_read_write_loa3_client.direct(response_type=other)
        )
        assert disclosed(answer)["error"] == "unsupported_response_type"


@pytest.mark.clause("FAPI1-ADV-5.2.2.1-4")
@pytest.mark.clause("FAPI1-ADV-5.2.2.1-5")
def test_w3_w4_the_id_token_is_the_responses_detached_signature(fapi1_read_write_loa3_client):
    """Shall return an ID Token as a detached signature, and shall include s_hash."""
    back = fapi1_read_write_loa3_client.agreed(response_type="code id_token token").fragment
    claims = fapi1_read_write_loa3_client.bank.verified(back["id_token"], "read-write")
    hashes = {
        name: half(back[of]) for name, of in (("c_hash", "code"), ("s_hash", "state"), ("at_hash", "access_token"))
    }
    assert hashes.items() <= claims.items()


@pytest.mark.clause("FAPI1-ADV-5.2.2-5")
@pytest.mark.clause("FAPI1-ADV-5.2.2-6")
def test_w5_w6_what_writes_is_bound_to_its_holder(bank, fapi1_read_write_loa3_client):
    """Shall only issue holder of key codes, access tokens and refresh tokens for write operations; by mutual TLS."""
    back = fapi1_read_write_loa3_client.agreed(scope="openid accounts payments", **HYBRID).fragment
    assert fapi1_read_write_loa3_client.redeem(back["code"], certificate=None).error == "invalid_request"
    thief = Fintech(bank, "thief", "none", None, "", certificate("thief"))
    back = fapi1_read_write_loa3_client.agreed(scope="openid accounts payments", **HYBRID).fragment
    tokens = fapi1_read_write_loa3_client.redeem(back["code"]).json()
    assert tokens["scope"] == "openid accounts payments"
    assert allowed(fapi1_read_write_loa3_client.accounts(tokens["access_token"]))
    assert not allowed(thief.accounts(tokens["access_token"]))
    assert fapi1_read_write_loa3_client.refresh(tokens["refresh_token"], certificate=None).error == "invalid_request"
    unbound = {"client_id": "w5", "profile": "fapi1-read-write", "tls_client_certificate_bound_access_tokens": False}
    with pytest.raises(InvalidClientMetadata):
        bank.register(**FAPI1 | unbound | {"jwks": {"keys": [jwk(rsa_key("w5"))]}})


@pytest.mark.clause("FAPI1-BASE-5.2.2-11")
def test_w7_a_sign_in_at_level_2_is_not_enough(fapi1_read_write_client):
    """Shall authenticate the user at level of assurance 3 or more: who did less is asked for more, and nothing is given."""
    browser, page = signed_in(fapi1_read_write_client)
    assert page.status == 200
    assert STRONGER in page.text
    assert not [name for name in browser.cookies if "session" in name]


@pytest.mark.clause("FAPI1-BASE-5.2.2-11")
def test_w7_a_sign_in_at_level_3_is(fapi1_read_write_loa3_client):
    """What was done stands in acr."""
    back = fapi1_read_write_loa3_client.agreed(**HYBRID).fragment
    assert fapi1_read_write_loa3_client.bank.verified(back["id_token"], "read-write")["acr"] == "urn:ducat:loa:3"


@pytest.mark.clause("FAPI1-BASE-5.2.2-11")
def test_r9_level_2_is_enough_to_read(fapi1_baseline_client):
    """R9: shall authenticate the user at level of assurance 2 or more; a password alone reaches none."""
    assert PROFILES["fapi1-baseline"].least_assurance == 2
    tokens = fapi1_baseline_client.tokens()
    assert fapi1_baseline_client.bank.verified(tokens["id_token"], "baseline")["acr"] == "urn:ducat:loa:2"
    browser = Browser(fapi1_baseline_client.bank)
    page = browser.page("baseline", fapi1_baseline_client.pushed())
    assert "did not match" in browser.sign_in(page, one_time_code="000000").text


@pytest.mark.clause("FAPI1-BASE-5.2.2-11")
def test_the_scopes_decide_what_level_is_needed(fapi1_baseline_client, monkeypatch):
    """A profile may ask for more of who writes: the same client and person then read at level 2, and do not write."""
    stricter = PROFILES["fapi1-baseline"]._replace(least_assurance_to_write=3)
    monkeypatch.setitem(PROFILES, "fapi1-baseline", stricter)
    browser = Browser(fapi1_baseline_client.bank)
    for scope, enough in (("openid accounts", True), ("openid payments", False)):
        page = browser.sign_in(browser.page("baseline", fapi1_baseline_client.pushed(scope=scope, prompt="login")))
        assert (page.status == 303) == enough
        assert enough or STRONGER in page.text


@pytest.mark.clause("OIDCC-5.5.1.1")
@pytest.mark.parametrize("wish", [{"value": "urn:ducat:loa:3"}, {"values": ["urn:ducat:loa:3", "urn:other"]}])
def test_an_essential_acr_that_is_not_reached_gives_no_weaker_token(fapi1_baseline_client, wish):
    """If an essential acr can't be met, that is a failed authentication attempt."""
    claims = json.dumps({"id_token": {"acr": {"essential": True, **wish}}})
    browser = Browser(fapi1_baseline_client.bank)
    answer = browser.sign_in(browser.page("baseline", fapi1_baseline_client.pushed(claims=claims)))
    assert answer.parameters["error"] == "unmet_authentication_requirements"
    assert "code" not in answer.parameters


@pytest.mark.clause("OIDCC-5.5.1.1")
def test_a_voluntary_acr_that_is_not_reached_gives_the_reached_one(fapi1_baseline_client):
    """A voluntary one is tried for; the ID token says what was done."""
    claims = json.dumps({"id_token": {"acr": {"value": "urn:ducat:loa:3"}}})
    assert jwt.decode(fapi1_baseline_client.tokens(claims=claims)["id_token"], options={"verify_signature": False})[
        "acr"
    ] == ("urn:ducat:loa:2")
