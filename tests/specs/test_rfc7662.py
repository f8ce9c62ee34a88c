"""RFC 7662: a client or a resource asks what a token is worth."""

import pytest

from chalicelib.errors import InvalidClientMetadata
from tests.actors import ASSERTION_TYPE, ISSUER, NOW, Fintech, certificate, x5t_s256
from tests.conftest import CLIENTS
from tests.each import each

ALICE = "c4d0a1ce-0001-4000-8000-000000000001"
NOTHING = {"active": False}


def disclosed(answer):
    assert answer.status == 200, answer.text
    assert answer.header("cache-control") == "no-store"
    return answer.json()


@pytest.fixture
def payments(bank):
    """A protected resource that serves a scope which no token here carries."""
    bank.register(
        client_id="payments",
        client_name="Payments API",
        profile="fapi2-security",
        grant_types=[],
        protected_resources=["https://api.bank.example"],
        scope="phone",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=payments,O=Fintech\\, Inc.,C=DE",
    )
    return Fintech(bank, "payments", "tls_client_auth", None, "", certificate("payments"))


# 2, 2.1: the request.


@pytest.mark.clause("RFC7662-2")
def test_2_the_endpoint_is_an_https_url_of_the_metadata(bank):
    """The endpoint is protected by TLS; its address and ways of authentication are in the metadata (RFC 8414)."""
    metadata = bank.metadata()
    assert metadata["introspection_endpoint"] == f"{ISSUER}/introspect"
    assert "private_key_jwt" in metadata["introspection_endpoint_auth_methods_supported"]


@pytest.mark.clause("RFC7662-2.1")
@each("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_2_1_it_takes_post_alone(bank, fintech, method):
    """The request is a POST with form parameters, so that no token gets into a log of addresses (RFC 7662 4)."""
    request_parameters = fintech.authenticated({"token": fintech.tokens()["access_token"]})
    answer = bank.send(method, "/introspect", query=request_parameters, certificate=fintech.certificate)
    assert (answer.status, answer.header("allow")) == (405, "POST")


@pytest.mark.clause("RFC7662-2.1")
def test_2_1_a_body_of_another_type_is_refused(bank, tls_client_auth_client):
    """The parameters are application/x-www-form-urlencoded."""
    body = '{"client_id":"tls-client-auth","token":"x"}'
    answer = bank.send(
        "POST",
        "/introspect",
        form=body,
        content_type="application/json",
        certificate=tls_client_auth_client.certificate,
    )
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.fault("1f")
@pytest.mark.clause("RFC7662-2.1")
def test_2_1_a_client_without_grant_types_is_no_protected_resource(bank, tls_client_auth_client, fintech):
    """A client that was suspended by an empty grant_types could introspect others' tokens: a role is named, not inferred."""
    token = fintech.tokens()["access_token"]
    suspended = CLIENTS["tls-client-auth"]() | {"grant_types": [], "redirect_uris": []}
    bank.register(**suspended)
    bank.now += 60
    assert disclosed(tls_client_auth_client.introspect(token)) == NOTHING
    bank.register(**suspended | {"protected_resources": ["https://api.bank.example"]})
    bank.now += 60
    assert disclosed(tls_client_auth_client.introspect(token))["active"]


@pytest.mark.fault("1f")
@pytest.mark.clause("RFC8707-2")
@pytest.mark.parametrize("wrong", ["http://api", "https://api.example/#a", "api", "https://", 7, "https://a b"])
def test_2_1_what_names_the_role_is_resource_identifiers_of_a_client_that_authenticates(bank, wrong):
    """RFC 8707 2: an absolute URI without fragment."""
    with pytest.raises(InvalidClientMetadata, match="protected_resources"):
        bank.register(**CLIENTS["resource-server"]() | {"protected_resources": [wrong]})
    with pytest.raises(InvalidClientMetadata, match="protected_resources"):
        bank.register(**CLIENTS["public"]() | {"protected_resources": ["https://api.bank.example"]})


@pytest.mark.clause("RFC7662-2.1")
@pytest.mark.parametrize("token", [None, ""])
def test_2_1_token_is_required(each_client, token):
    """A request without a token is malformed."""
    answer = each_client.post("/introspect", token=token)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("RFC7662-2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@each("hint", ["access_token", "refresh_token", "id_token", "of-no-registry", ""])
def test_2_1_a_hint_is_no_more_than_a_hint(fintech, kind, hint):
    """token_type_hint may be wrong or unknown: the search goes on over all types."""
    assert disclosed(fintech.introspect(fintech.tokens()[kind], token_type_hint=hint))["active"] is True


@pytest.mark.clause("RFC7662-2.1")
def test_2_1_nobody_asks_without_authentication(bank, fintech, tls_client_auth_client, rival):
    """The endpoint requires authorization, against token scanning: no client, a wrong proof and a mere token get 401."""
    tokens = fintech.tokens()
    form = {"token": tokens["access_token"]}
    bearer = (("Authorization", f"Bearer {tokens['access_token']}"),)
    for answer in (
        bank.send("POST", "/introspect", form=form),
        bank.send("POST", "/introspect", form=form, headers=bearer, certificate=fintech.certificate),
        bank.send("POST", "/introspect", form={**form, "client_id": "fintech"}, certificate=fintech.certificate),
        tls_client_auth_client.introspect(tokens["access_token"], certificate=rival.certificate),
        tls_client_auth_client.introspect(tokens["access_token"], certificate=None),
    ):
        assert (answer.status, answer.error) == (401, "invalid_client")
        assert "active" not in answer.json()


@pytest.mark.clause("RFC7662-2.1")
def test_2_1_an_assertion_is_good_for_one_question(fintech):
    """The authorization of a question is used up by it."""
    token = fintech.tokens()["access_token"]
    used = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": fintech.assertion()}
    assert disclosed(fintech.introspect(token, **used))["active"] is True
    answer = fintech.introspect(token, **used)
    assert (answer.status, answer.error) == (401, "invalid_client")


# 2.2: the answer.


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_an_active_access_token_is_described(bank, each_client):
    """active, scope, client_id, token_type, exp, iat, sub and iss, each of the type and meaning that 2.2 gives it."""
    tokens = each_client.tokens()
    bank.now += 60
    assert disclosed(each_client.introspect(tokens["access_token"])) == {
        "active": True,
        "iss": ISSUER,
        "client_id": each_client.client_id,
        "sub": ALICE,
        "scope": "openid profile accounts",
        "token_type": "Bearer",
        "iat": NOW,
        "exp": NOW + tokens["expires_in"],
        "cnf": {"x5t#S256": x5t_s256(each_client.certificate)},
        "acr": "urn:ducat:loa:2",
        "auth_time": NOW,
    }


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_an_active_refresh_token_is_described_without_a_token_type(each_client):
    """A refresh token is active as long as its grant is; it is of no type that a resource would take."""
    answer = disclosed(each_client.introspect(each_client.tokens()["refresh_token"]))
    assert (answer["active"], answer["sub"], answer["scope"]) == (True, ALICE, "openid profile accounts")
    assert answer["exp"] == NOW + 90 * 86_400
    assert "token_type" not in answer


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_a_clients_own_token_has_no_subject(each_client):
    """sub is who authorized the token; nobody did."""
    token = each_client.post("/token", grant_type="client_credentials").json()["access_token"]
    answer = disclosed(each_client.introspect(token))
    assert (answer["active"], answer["scope"]) == (True, "accounts")
    assert not {"sub", "acr", "auth_time"} & answer.keys()


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_a_narrowed_token_is_described_by_its_own_scope(fintech):
    """scope is the token's, not the grant's."""
    answer = fintech.refresh(fintech.tokens()["refresh_token"], scope="accounts")
    assert disclosed(fintech.introspect(answer.json()["access_token"]))["scope"] == "accounts"


@pytest.mark.clause("RFC7662-2.2")
@each("token", ["x", ".", "..", "a.b", "a.b.c", " ", "\x00", "\N{SNOWMAN}", "x" * 5000, "eyJhbGciOiJub25lIn0.e30."])
def test_2_2_what_is_no_token_is_inactive_and_nothing_else_is_said(each_client, token):
    """An unknown token is no error; the answer holds active, false, and no more (RFC 7662 2.2, 4)."""
    assert disclosed(each_client.introspect(token)) == NOTHING


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_a_code_a_request_uri_and_an_id_token_are_no_tokens(fintech):
    """active says that it is an access or refresh token in force; other things that we hand out are not."""
    request_uri = fintech.pushed()
    code = fintech.code()
    for token in (code, request_uri, request_uri.rpartition(":")[2]):
        assert disclosed(fintech.introspect(token)) == NOTHING
    assert disclosed(fintech.introspect(fintech.redeem(code).json()["id_token"])) == NOTHING


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_a_resource_learns_only_of_the_scope_that_it_serves(fintech, resource_server):
    """The answer may be limited by who asks: a resource learns nothing of scopes that are meant for others."""
    answer = disclosed(resource_server.introspect(fintech.tokens()["access_token"]))
    assert (answer["active"], answer["scope"], answer["client_id"], answer["sub"]) == (
        True,
        "accounts",
        "fintech",
        ALICE,
    )


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_a_resource_that_serves_none_of_its_scopes_learns_nothing(fintech, resource_server, payments):
    """A token that is not to be used at the resource is inactive there."""
    assert disclosed(payments.introspect(fintech.tokens()["access_token"])) == NOTHING
    assert disclosed(resource_server.introspect(fintech.tokens(scope="openid profile")["access_token"])) == NOTHING


@pytest.mark.clause("RFC7662-2.2")
def test_2_2_a_refresh_token_is_not_for_resources(fintech, resource_server):
    """A refresh token opens no resource."""
    assert disclosed(resource_server.introspect(fintech.tokens()["refresh_token"])) == NOTHING


@pytest.mark.clause("RFC7662-4")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_4_a_client_learns_nothing_of_another_clients_token(fintech, rival, tls_client_auth_client, kind):
    """Who might have found a token is not told that it is one."""
    token = fintech.tokens()[kind]
    assert disclosed(rival.introspect(token)) == NOTHING
    assert disclosed(tls_client_auth_client.introspect(token)) == NOTHING


# 2.3, 4: what makes a token inactive.


@pytest.mark.clause("RFC7662-4")
def test_4_an_expired_token_is_inactive(bank, fintech):
    """If the token can expire, the server MUST determine whether it has: from that second on."""
    tokens = fintech.tokens()
    bank.now = NOW + tokens["expires_in"] - 1
    assert disclosed(fintech.introspect(tokens["access_token"]))["active"] is True
    bank.now += 1
    assert disclosed(fintech.introspect(tokens["access_token"])) == NOTHING
    bank.now = NOW + 90 * 86_400
    assert disclosed(fintech.introspect(tokens["refresh_token"])) == NOTHING


@pytest.mark.clause("RFC7662-4")
def test_4_a_revoked_token_is_inactive(fintech, resource_server):
    """If the token can be revoked after it was issued, the server MUST determine whether it was."""
    tokens = fintech.tokens()
    other = fintech.refresh(tokens["refresh_token"]).json()["access_token"]
    fintech.revoke(other)
    assert disclosed(fintech.introspect(other)) == NOTHING
    assert disclosed(resource_server.introspect(other)) == NOTHING
    fintech.revoke(tokens["refresh_token"])
    for token in (tokens["refresh_token"], tokens["access_token"]):
        assert disclosed(fintech.introspect(token)) == NOTHING
        assert disclosed(resource_server.introspect(token)) == NOTHING


@pytest.mark.clause("RFC7662-4")
def test_4_a_token_that_was_tampered_with_is_inactive(fintech):
    """The server MUST perform every check on its own state: a token value that is nearly a token is none."""
    one, other = fintech.tokens()["access_token"], fintech.tokens()["access_token"]
    secret, _, key = one.partition(".")
    for token in (
        secret,
        key,
        f".{key}",
        f"{secret}.",
        f"{secret}.{other.partition('.')[2]}",
        f"{one}.",
        f" {one}",
        f"{one}\n",
        one.swapcase(),
        one[:-1],
        one[1:],
    ):
        assert disclosed(fintech.introspect(token)) == NOTHING, token
    assert disclosed(fintech.introspect(one))["active"] is True


@pytest.mark.clause("RFC7662-2.3")
def test_2_3_a_question_about_a_token_that_is_not_valid_is_no_error(fintech):
    """A properly formed and authorized question for an inactive token gets 200, not an error."""
    tokens = fintech.tokens()
    fintech.revoke(tokens["refresh_token"])
    assert fintech.introspect(tokens["refresh_token"]).status == 200


@pytest.mark.clause("RFC7662-2.3")
@pytest.mark.parametrize("again", ["token", "token_type_hint"])
def test_2_3_a_malformed_question_is_an_error(bank, tls_client_auth_client, again):
    """A parameter that comes twice makes the request invalid (RFC 6749 3.2)."""
    form = [("client_id", "tls-client-auth"), ("token", "x"), ("token_type_hint", "y"), (again, "x")]
    answer = bank.send("POST", "/introspect", form=form, certificate=tls_client_auth_client.certificate)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("RFC7662-5")
def test_5_nothing_is_disclosed_about_the_person_beyond_who_authorized_it(fintech, resource_server):
    """Privacy: no name, no address, no claim of the person goes to whoever asks about a token."""
    answer = fintech.introspect(fintech.tokens(scope="openid profile email accounts")["access_token"])
    introspected_by_resource = resource_server.introspect(
        fintech.tokens(scope="openid profile email accounts")["access_token"]
    )
    for text in (answer.text, introspected_by_resource.text):
        assert not any(word in text.lower() for word in ("alice", "sandbox", "example.com", "1987"))
