"""FAPI 1.0 Part 1 (Baseline), which began as the Read-Only profile: clients, and what the token endpoint gives them.

R1 to R16 are the lines of that profile.
"""

import pytest

from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri
from chalicelib.profiles import PROFILES
from tests.actors import (
    ASSERTION_TYPE,
    NOW,
    certificate,
    rsa_key,
)
from tests.conftest import BASELINE

PROFILE = PROFILES["fapi1-baseline"]


def refused(answer, error="invalid_client", status=None):
    expected = (status or (401 if error == "invalid_client" else 400), error)
    assert (answer.status, answer.error) == expected, answer.text
    return not {"access_token", "refresh_token", "id_token", "request_uri"} & answer.json().keys()


@pytest.fixture(params=["by_key", "secretive", "app_client"])
def each(request):
    """A confidential client by a key, one by a secret, and a public one."""
    return request.getfixturevalue(request.param)


# 5.2.2-1: confidential and public clients (R1).


@pytest.mark.clause("FAPI1-BASE-5.2.2-1")
def test_5_2_2_1_confidential_and_public_clients_log_people_in(each):
    """The authorization server supports confidential clients, and may support public ones; here it does."""
    tokens = each.tokens(scope="openid accounts")
    assert tokens["token_type"] == "Bearer"
    assert each.userinfo(tokens["access_token"]).status == 200
    assert each.accounts(tokens["access_token"])["context"]["client_id"] == each.client_id
    assert each.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.clause("FAPI1-BASE-5.2.2-1")
def test_5_2_2_1_a_public_client_lives_shorter(bank, app_client, by_key):
    """Whose word is all there is gets shorter tokens and consents than who proves itself."""
    assert PROFILE.public_access_token_lifetime < PROFILE.access_token_lifetime
    assert PROFILE.public_consent_lifetime < PROFILE.consent_lifetime
    public, confidential = app_client.tokens(), by_key.tokens()
    assert public["expires_in"] == PROFILE.public_access_token_lifetime
    assert confidential["expires_in"] == PROFILE.access_token_lifetime
    bank.now += PROFILE.public_access_token_lifetime
    assert app_client.userinfo(public["access_token"]).status == 401
    assert by_key.userinfo(confidential["access_token"]).status == 200
    bank.now = NOW + PROFILE.public_consent_lifetime
    assert refused(app_client.refresh(public["refresh_token"]), "invalid_grant")
    assert by_key.refresh(confidential["refresh_token"]).status == 200


@pytest.mark.clause("RFC6749-3.2.1")
@pytest.mark.parametrize("tried", ["assertion", "a confidential client's", "client_secret", "basic"])
def test_5_2_2_1_who_tries_to_prove_something_and_fails_is_not_taken_for_public(app_client, by_key, tried):
    """A failed authentication is a failure, and never falls back on a client_id alone."""
    form, headers = {}, ()
    if tried == "assertion":
        sent = app_client.with_(key=rsa_key("nobody"), alg="PS256").assertion()
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": sent}
    elif tried == "a confidential client's":
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": by_key.assertion()}
    elif tried == "client_secret":
        form = {"client_secret": "secret"}
    else:
        headers = (("Authorization", "Basic YXBwOg=="),)
    assert refused(app_client.post("/par", headers=headers, **app_client.asking(**form)))


@pytest.mark.clause("RFC6749-3.2.1")
@pytest.mark.parametrize("client", ["by_key", "secretive", "named"])
def test_5_2_2_1_a_confidential_client_is_not_known_by_its_name(request, client):
    """Its client_id alone, with or without a stranger's certificate, is no authentication."""
    one = request.getfixturevalue(client).with_(auth="none")
    for shown in (None, certificate("stranger")):
        assert refused(one.post("/par", certificate=shown, **one.asking()))
        assert refused(one.post("/token", certificate=shown, grant_type="client_credentials"))
        assert refused(one.introspect("x", certificate=shown))
        assert refused(one.revoke("x", certificate=shown))


@pytest.mark.clause("RFC6749-4.4")
def test_5_2_2_1_a_public_client_has_no_token_of_its_own(bank, app_client):
    """The client credentials grant is for confidential clients alone, at registration and at the token endpoint."""
    assert refused(app_client.post("/token", grant_type="client_credentials"), "unauthorized_client")
    public = {**BASELINE, "client_id": "x", "token_endpoint_auth_method": "none", "scope": "openid"}
    for grants in (["authorization_code", "client_credentials"], ["client_credentials"], []):
        with pytest.raises((InvalidClientMetadata, InvalidRedirectUri)):
            bank.register(**public | {"grant_types": grants})


@pytest.mark.clause("RFC7662-2.1")
def test_5_2_2_1_a_public_client_asks_about_no_token(app_client):
    """Introspection needs authorization, which a name is not: not even about its own token."""
    token = app_client.tokens()["access_token"]
    assert refused(app_client.introspect(token))
