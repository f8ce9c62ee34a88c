"""The claims parameter (OpenID Connect Core 5.5): claims asked for one by one."""

import json

import pytest

from tests.actors import Browser
from tests.each import each

ALICE = "c4d0a1ce-0001-4000-8000-000000000001"
BOB = "c4d0a1ce-0002-4000-8000-000000000002"


def claims_parameter(claims):
    return claims if isinstance(claims, str) else json.dumps(claims)


def disclosed(client, claims, **more):
    """What the ID token and userinfo say of alice, who agreed to these claims."""
    tokens = client.tokens(claims=claims_parameter(claims), **{"scope": "openid"} | more)
    return client.bank.verified(tokens["id_token"], client.client_id), client.userinfo(tokens["access_token"]).json()


@pytest.mark.clause("OIDCC-5.5")
def test_5_5_claims_come_back_where_they_were_requested(tls_client_auth_client):
    """userinfo: claims from the UserInfo endpoint; id_token: claims in the ID token."""
    id_token, userinfo = disclosed(
        tls_client_auth_client, {"id_token": {"email": None}, "userinfo": {"given_name": None, "birthdate": {}}}
    )
    assert id_token["email"] == "alice@example.com"
    assert "given_name" not in id_token
    assert userinfo == {"sub": ALICE, "given_name": "Alice", "birthdate": "1987-03-21"}


@pytest.mark.clause("OIDCC-5.5")
def test_5_5_they_come_beside_those_of_the_scope(tls_client_auth_client):
    """The claims of the scope are returned as well."""
    _, userinfo = disclosed(tls_client_auth_client, {"userinfo": {"phone_number": None}}, scope="openid email")
    assert userinfo.keys() == {"sub", "email", "email_verified", "phone_number"}


@pytest.mark.clause("OIDCC-5.5")
def test_5_5_members_that_are_not_understood_are_ignored(tls_client_auth_client):
    """Any members used that are not understood MUST be ignored."""
    unknown = {
        "access_token": {"x": None},
        "userinfo": {"shoe_size": None, "email": {"purpose": "so"}},
        "id_token": None,
    }
    _, userinfo = disclosed(tls_client_auth_client, unknown)
    assert userinfo.keys() == {"sub", "email"}


@pytest.mark.clause("OIDCC-5.5")
def test_5_5_nothing_but_claims_about_the_person_is_disclosed(tls_client_auth_client):
    """No claim of ours can be asked away or replaced: a name that is none of the standard claims tells nothing."""
    ours = {
        name: {"value": "x"}
        for name in ("iss", "aud", "exp", "nonce", "at_hash", "amr", "password", "totp", "username")
    }
    id_token, userinfo = disclosed(tls_client_auth_client, {"id_token": ours, "userinfo": ours})
    assert (id_token["iss"], id_token["nonce"]) == (tls_client_auth_client.bank.settings.issuer, "a-nonce")
    assert userinfo == {"sub": ALICE}


@pytest.mark.clause("OIDCC-5.5")
def test_5_5_the_person_sees_what_is_requested(tls_client_auth_client):
    """The consent page says in words what the scope does not already say."""
    claims = claims_parameter(
        {"userinfo": {"birthdate": None, "email": None}, "id_token": {"phone_number": {"essential": True}}}
    )
    page = Browser(tls_client_auth_client.bank).consent_page(
        tls_client_auth_client.client_id, tls_client_auth_client.pushed(claims=claims, scope="openid email")
    )
    assert "See your date of birth" in page.text
    assert "See your phone number" in page.text
    assert page.text.count("email address") == 1


@pytest.mark.clause("OIDCC-5.5")
@each(
    "claims",
    [
        "{",
        "[]",
        '"email"',
        "7",
        "null",
        {"userinfo": []},
        {"id_token": "email"},
        {"id_token": {"email": True}},
        {"id_token": {"email": {"essential": "yes"}}},
        {"id_token": {"acr": {"values": "urn:ducat:loa:2"}}},
        "[" * 2000,
        json.dumps({"userinfo": {"x" * 5000: None}}),
    ],
)
def test_5_5_what_can_not_be_read_is_refused(tls_client_auth_client, claims):
    """invalid_request, when it is pushed."""
    answer = tls_client_auth_client.push(claims=claims_parameter(claims))
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.clause("OIDCC-5.5.1")
def test_5_5_1_a_claim_requested_by_value_comes_only_with_that_value(tls_client_auth_client):
    """value and values request that the claim be returned with a particular value."""
    wishes = {
        "given_name": {"value": "Alice"},
        "family_name": {"values": ["Smith", "Sandbox"]},
        "email": {"value": "someone@else.example"},
        "birthdate": {"values": []},
    }
    id_token, userinfo = disclosed(tls_client_auth_client, {"id_token": wishes, "userinfo": wishes})
    assert userinfo.keys() == {"sub", "given_name", "family_name", "birthdate"}
    assert "email" not in id_token
    assert id_token["given_name"] == "Alice"


@pytest.mark.clause("OIDCC-5.5.1")
def test_5_5_1_an_essential_claim_that_is_not_there_is_no_error(tls_client_auth_client):
    """Even when an essential claim is not available, the server MUST NOT generate an error for it."""
    _, userinfo = disclosed(
        tls_client_auth_client, {"userinfo": {"nickname_of_old": {"essential": True}, "name": {"essential": True}}}
    )
    assert userinfo.keys() == {"sub", "name"}


@pytest.mark.clause("OIDCC-5.5.1")
@pytest.mark.parametrize("destination", ["id_token", "userinfo"])
def test_5_5_1_a_sub_that_was_requested_is_the_only_one_who_may_sign_in(tls_client_auth_client, destination):
    """If a particular sub is requested, only this person's authentication gives a positive response."""
    claims = claims_parameter({destination: {"sub": {"value": BOB}}})
    browser = Browser(tls_client_auth_client.bank)
    page = browser.page(tls_client_auth_client.client_id, tls_client_auth_client.pushed(claims=claims))
    again = browser.sign_in(page, username="alice")
    assert again.status == 200
    assert "somebody else" in again.text
    assert browser.sign_in(again, username="bob").status == 303


@pytest.mark.clause("OIDCC-5.5.1.1")
@each("wish", [{"essential": True}, {"values": ["urn:ducat:loa:2"], "essential": True}, {"value": "x"}])
def test_5_5_1_1_an_acr_that_is_reached_is_in_the_id_token(tls_client_auth_client, wish):
    """The acr that was satisfied is in the ID token; one that is not essential is no condition."""
    id_token, _ = disclosed(tls_client_auth_client, {"id_token": {"acr": wish}})
    assert id_token["acr"] == "urn:ducat:loa:2"


@pytest.mark.clause("OIDCC-5.5.1.1")
@pytest.mark.parametrize("values", [["urn:ducat:loa:4"], ["urn:mace:incommon:iap:silver", "x"]])
def test_5_5_1_1_an_essential_acr_that_nobody_reaches_fails_the_request(tls_client_auth_client, values):
    """The request MUST be treated as a failed authentication attempt: unmet_authentication_requirements, before any page."""
    uri = tls_client_auth_client.pushed(
        claims=claims_parameter({"id_token": {"acr": {"essential": True, "values": values}}})
    )
    back = Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, uri)
    assert back.location.startswith(tls_client_auth_client.redirect_uri)
    assert back.parameters["error"] == "unmet_authentication_requirements"


@pytest.mark.clause("OIDCC-5.5.2")
def test_5_5_2_metadata_say_that_it_is_supported(bank):
    """claims_parameter_supported, and each claim that may be asked for."""
    metadata = bank.metadata()
    assert metadata["claims_parameter_supported"] is True
    assert {"email", "birthdate", "acr"} <= set(metadata["claims_supported"])
