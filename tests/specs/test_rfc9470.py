"""OAuth 2.0 Step Up Authentication Challenge Protocol (RFC 9470): what the authorizer asks for beyond a token."""

import json
import re

import pytest

from chalicelib import gateway
from chalicelib.assembly import Aws
from chalicelib.endpoints import authorizer

ALLOWED = "Allow"


@pytest.fixture
def required(bank):
    """Decide about GET /accounts by a rule, for a client's token."""

    def decide(client, token, **rule):
        rules = json.dumps({"GET /accounts": {"scope": "accounts", **rule}})
        provider = Aws(bank.settings._replace(resource_rules=rules), clock=lambda: bank.now)
        event = bank.event(
            "GET", "/accounts", headers=(("Authorization", f"Bearer {token}"),), certificate=client.certificate
        )
        return authorizer.decide(gateway.from_event(event), "arn:aws:execute-api:x:1:a/live/GET/accounts", provider)

    return decide


def effect(decision):
    return decision["policyDocument"]["Statement"][0]["Effect"]


def challenge(decision):
    assert effect(decision) == "Deny"
    scheme, _, parameters = decision["context"]["www_authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'([a-z_]+)="([^"]*)"', parameters))


@pytest.mark.clause("RFC9470-3")
def test_3_a_sign_in_that_is_too_old_is_challenged(bank, tls_client_auth_client, required):
    """insufficient_user_authentication with max_age: how recent the authentication must be."""
    token = tls_client_auth_client.tokens()["access_token"]
    assert effect(required(tls_client_auth_client, token, max_age=300)) == ALLOWED
    bank.now += 301
    disclosed = challenge(required(tls_client_auth_client, token, max_age=300))
    assert disclosed["error"] == "insufficient_user_authentication"
    assert disclosed["max_age"] == "300"
    assert "acr_values" not in disclosed
    assert effect(required(tls_client_auth_client, token, max_age=301)) == ALLOWED


@pytest.mark.clause("RFC9470-3")
def test_3_a_level_that_was_not_reached_is_challenged(tls_client_auth_client, required):
    """acr_values: the authentication context class references, in order of preference, that would do."""
    token = tls_client_auth_client.tokens()["access_token"]
    assert effect(required(tls_client_auth_client, token, acr="urn:ducat:loa:2")) == ALLOWED
    disclosed = challenge(required(tls_client_auth_client, token, acr="urn:ducat:loa:3"))
    assert disclosed["error"] == "insufficient_user_authentication"
    assert disclosed["acr_values"] == "urn:ducat:loa:3"
    assert challenge(required(tls_client_auth_client, token, acr="urn:unheard:of"))["acr_values"] == "urn:unheard:of"


@pytest.mark.clause("RFC9470-3")
def test_3_both_are_named_where_both_are_requested(bank, tls_client_auth_client, required):
    """The challenge has acr_values and max_age where the resource asks for both."""
    token = tls_client_auth_client.tokens()["access_token"]
    bank.now += 61
    disclosed = challenge(required(tls_client_auth_client, token, acr="urn:ducat:loa:2", max_age=60))
    assert disclosed["acr_values"] == "urn:ducat:loa:2 urn:ducat:loa:3"
    assert disclosed["max_age"] == "60"


@pytest.mark.clause("RFC9470-3")
def test_3_a_token_without_a_person_can_not_step_up(tls_client_auth_client, required):
    """A client's own token has no authentication event."""
    token = tls_client_auth_client.post("/token", grant_type="client_credentials").json()["access_token"]
    assert effect(required(tls_client_auth_client, token, subject="any")) == ALLOWED
    challenged = challenge(required(tls_client_auth_client, token, subject="any", max_age=3600))
    assert challenged["error"] == "insufficient_user_authentication"


@pytest.mark.clause("RFC9470-3")
def test_3_what_the_token_lacks_otherwise_comes_first(tls_client_auth_client, required):
    """A stronger authentication would not help a token that is not good, or covers too little."""
    token = tls_client_auth_client.tokens(scope="openid")["access_token"]
    assert challenge(required(tls_client_auth_client, token, max_age=0))["error"] == "insufficient_scope"
    assert challenge(required(tls_client_auth_client, "nothing", max_age=0))["error"] == "invalid_token"


@pytest.mark.clause("RFC9470-5")
def test_5_the_authorization_endpoint_honours_what_comes_back(bank, tls_client_auth_client, required):
    """acr_values and max_age of the challenge go into a new request, whose token then suffices."""
    old = tls_client_auth_client.tokens()["access_token"]
    bank.now += 61
    disclosed = challenge(required(tls_client_auth_client, old, acr="urn:ducat:loa:2", max_age=60))
    stepped_up = tls_client_auth_client.tokens(acr_values=disclosed["acr_values"], max_age=disclosed["max_age"])
    assert (
        effect(required(tls_client_auth_client, stepped_up["access_token"], acr="urn:ducat:loa:2", max_age=60))
        == ALLOWED
    )
    claims = bank.verified(stepped_up["id_token"], "tls-client-auth")
    assert (claims["auth_time"], claims["acr"]) == (bank.now, "urn:ducat:loa:2")


@pytest.mark.clause("RFC9470-6.2")
def test_6_2_introspection_tells_acr_and_auth_time(bank, tls_client_auth_client):
    """A resource that asks by introspection learns what it needs to challenge."""
    disclosed = tls_client_auth_client.introspect(tls_client_auth_client.tokens()["access_token"]).json()
    assert (disclosed["acr"], disclosed["auth_time"]) == ("urn:ducat:loa:2", bank.now)


def test_the_context_tells_the_api_how_the_person_signed_in(bank, tls_client_auth_client, required):
    context = required(tls_client_auth_client, tls_client_auth_client.tokens()["access_token"])["context"]
    assert (context["acr"], context["auth_time"]) == ("urn:ducat:loa:2", str(bank.now))
