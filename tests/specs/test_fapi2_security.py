"""FAPI 2.0 Security Profile (Final): each clause for an authorization server, and for a resource that stands behind it."""

import re
from math import log2
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import RSAAlgorithm

from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri
from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose
from chalicelib.keys.thumbprint import thumbprint
from tests.actors import (
    ASSERTION_TYPE,
    ISSUER,
    REQUEST_URI,
    VERIFIER,
    Browser,
    certificate,
    ec_key,
    ed_key,
    jwk,
    public,
    rsa_key,
)
from tests.conftest import STANDARD
from tests.each import each

ALICE = "c4d0a1ce-0001-4000-8000-000000000001"
ENDPOINTS = ("/par", "/token", "/introspect", "/revoke")


@pytest.fixture(params=["assertion and certificate", "certificate", "assertion and proof"])
def client(request, fintech, tls_client_auth_client, dpop_client):
    """A client of each kind, one after the other: by how it is known, and by what its tokens are bound to."""
    kinds = {
        "assertion and certificate": fintech,
        "certificate": tls_client_auth_client,
        "assertion and proof": dpop_client,
    }
    return kinds[request.param]


@pytest.fixture(params=["private_key_jwt", "dpop"])
def asserting(request, fintech, dpop_client):
    """A client that is known by its assertion, whatever its tokens are bound to."""
    return dpop_client if request.param == "dpop" else fintech


def registered(bank, fintech, client_id, **changes):
    """A client that is known by its assertion, registered so."""
    own = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(rsa_key("fintech"))]}}
    bank.register(**STANDARD | own | {"client_id": client_id} | changes)
    return fintech.with_(client_id=client_id)


def refused(answer, *errors):
    assert answer.status in (400, 401), answer.text
    assert answer.error in errors
    return answer


def bits(value):
    """Shannon entropy, as the conformance suite counts it."""
    shares = [value.count(character) / len(value) for character in set(value)]
    return -sum(share * log2(share) for share in shares) * len(value)


# 5.2.3: endpoints that browsers use. What else TLS must be is shown over real sockets, in tests/local.


@pytest.mark.clause("FAPI2-SP-FINAL-5.2.3-1")
@pytest.mark.parametrize("path", ["/authorize", "/login", "/consent", "/token", "/jwks"])
def test_5_2_3_1_no_connection_can_be_downgraded(bank, path):
    """Servers shall use methods to ensure that connections cannot be downgraded using TLS stripping attacks."""
    policy = bank.send("GET", path).header("strict-transport-security")
    assert int(re.match(r"max-age=(\d+)", policy)[1]) >= 31_536_000
    assert "includeSubDomains" in policy


@pytest.mark.clause("FAPI2-SP-FINAL-5.2.3-3")
@each("method", ["GET", "POST", "OPTIONS"])
def test_5_2_3_3_the_authorization_endpoint_is_no_scripts_to_call(bank, tls_client_auth_client, method):
    """Servers shall not support CORS for the authorization endpoint."""
    headers = (("Origin", "https://fintech.example"), ("Access-Control-Request-Method", "GET"))
    request_parameters = {"client_id": tls_client_auth_client.client_id, "request_uri": tls_client_auth_client.pushed()}
    where = {"form" if method == "POST" else "query": request_parameters}
    answer = bank.send(method, "/authorize", headers=headers, **where)
    assert not [name for name, _ in answer.headers if name.startswith("access-control-")]
    assert method != "OPTIONS" or answer.status == 405


# 5.3.2.1: general requirements.


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-1")
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
def test_5_3_2_1_1_discovery_metadata_are_distributed(bank, path):
    """Shall distribute discovery metadata via the metadata document of OpenID Connect Discovery and RFC 8414."""
    disclosed = bank.send("GET", path).json()
    assert disclosed["issuer"] == ISSUER
    for name in ("authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint", "jwks_uri"):
        assert disclosed[name].startswith("https://")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-2")
def test_5_3_2_1_2_no_password_is_a_grant(client):
    """Shall reject requests using the resource owner password credentials grant."""
    answer = client.post("/token", grant_type="password", username="alice", password="wonderland", scope="openid")
    refused(answer, "unsupported_grant_type")
    assert "password" not in client.bank.metadata()["grant_types_supported"]


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-3")
def test_5_3_2_1_3_a_client_that_keeps_no_secret_can_not_be_registered(bank):
    """Shall only support confidential clients."""
    with pytest.raises(InvalidClientMetadata):
        bank.register(
            **STANDARD | {"grant_types": ["authorization_code"]}, client_id="p", token_endpoint_auth_method="none"
        )
    assert bank.aws.clients.find("p", now=bank.now) is None


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-3")
@pytest.mark.parametrize("path", ENDPOINTS)
def test_5_3_2_1_3_a_client_that_does_not_prove_itself_gets_nothing(bank, client, path):
    """Shall only support confidential clients: naming oneself is no proof."""
    form = client.request_arguments(client_id=client.client_id) | {"grant_type": "client_credentials", "token": "x"}
    refused(bank.send("POST", path, form=form), "invalid_client")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-4")
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "client_credentials"])
def test_5_3_2_1_4_no_grant_gives_a_token_that_is_bound_to_nothing(client, grant):
    """Shall only issue sender-constrained access tokens."""
    if grant == "authorization_code":
        tokens = client.tokens()
    elif grant == "refresh_token":
        tokens = client.refresh(client.tokens()["refresh_token"]).json()
    else:
        tokens = client.post("/token", grant_type=grant).json()
    assert tokens["token_type"] == ("DPoP" if client.proof_key else "Bearer")
    disclosed = client.introspect(tokens["access_token"]).json()
    assert disclosed["cnf"].keys() == {"jkt" if client.proof_key else "x5t#S256"}


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-4")
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "client_credentials"])
def test_5_3_2_1_4_who_shows_nothing_to_bind_to_gets_no_token(asserting, grant):
    """Shall only issue sender-constrained access tokens: without certificate and proof there is none."""
    nothing = {"certificate": None, "proof": None}
    if grant == "authorization_code":
        answer = asserting.redeem(asserting.code(), **nothing)
    elif grant == "refresh_token":
        answer = asserting.refresh(asserting.tokens()["refresh_token"], **nothing)
    else:
        answer = asserting.post("/token", grant_type=grant, **nothing)
    refused(answer, "invalid_request", "invalid_grant")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-5")
def test_5_3_2_1_5_a_token_is_bound_to_a_certificate_or_to_a_dpop_key(bank, fintech, dpop_client):
    """Shall use MTLS (RFC 8705) or DPoP (RFC 9449)."""
    disclosed = bank.metadata()
    assert disclosed["tls_client_certificate_bound_access_tokens"] is True
    assert "PS256" in disclosed["dpop_signing_alg_values_supported"]
    for one in (fintech, dpop_client):
        assert one.accounts(one.tokens()["access_token"])["context"]["client_id"] == one.client_id
    with pytest.raises(InvalidClientMetadata):
        registered(bank, fintech, "unbound", tls_client_certificate_bound_access_tokens=False)


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-6")
def test_5_3_2_1_6_clients_authenticate_by_certificate_or_by_private_key(each_client):
    """Shall authenticate clients using MTLS or private_key_jwt."""
    assert each_client.push().status == 201
    assert each_client.post("/token", grant_type="client_credentials").status == 200


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-6")
@each("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"])
def test_5_3_2_1_6_clients_authenticate_by_nothing_else(bank, fintech, method):
    """Shall authenticate clients using MTLS or private_key_jwt: no other method can be registered."""
    with pytest.raises(InvalidClientMetadata):
        registered(bank, fintech, "another-way", token_endpoint_auth_method=method)
    assert bank.aws.clients.find("another-way", now=bank.now) is None


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-7")
@pytest.mark.parametrize("path", ["/authorize", "/login", "/consent"])
@each("name", ["redirect_uri", "url", "next", "return_to", "continue", "target", "RelayState", "request_uri"])
def test_5_3_2_1_7_no_address_in_a_request_is_gone_to(bank, tls_client_auth_client, path, name):
    """Shall not expose open redirectors."""
    request_parameters = {
        "client_id": tls_client_auth_client.client_id,
        "request_uri": tls_client_auth_client.pushed(),
        "interaction": "x",
    }
    answer = bank.send("GET", path, query=request_parameters | {name: "https://evil.example/"})
    assert (answer.header("location") or "/").startswith("/")
    assert "evil.example" not in answer.text + (answer.header("location") or "")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-8")
@pytest.mark.parametrize("path", ["/par", "/token"])
@each(
    "aud",
    [
        [ISSUER],
        [ISSUER, "https://other.example"],
        f"{ISSUER}/",
        f"{ISSUER}/token",
        f"{ISSUER}/par",
        [f"{ISSUER}/token"],
        "https://mtls.bank.example",
        "https://evil.example",
        "login.bank.example",
        None,
    ],
)
def test_5_3_2_1_8_an_assertion_is_for_the_issuer_as_a_string(asserting, path, aud):
    """Shall only accept its issuer identifier value as a string in the aud claim of client authentication assertions."""
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": asserting.assertion(aud=aud)}
    refused(
        asserting.post(path, **asserting.request_arguments(**form), grant_type="client_credentials", token="x"),
        "invalid_client",
    )


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-9")
def test_5_3_2_1_9_a_refresh_token_stays_what_it_is(client):
    """Shall not use refresh token rotation."""
    refresh_token = client.tokens()["refresh_token"]
    for _ in range(3):
        answer = client.refresh(refresh_token)
        assert answer.status == 200
        assert answer.json().get("refresh_token", refresh_token) == refresh_token


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-10")
def test_5_3_2_1_10_a_client_may_be_made_to_use_nonces(dpop_nonce_client):
    """If using DPoP, may use the server-provided nonce mechanism."""
    bare = dpop_nonce_client.proof("POST", "/token")
    request_parameters = dpop_nonce_client.post("/token", proof=bare, grant_type="client_credentials")
    refused(request_parameters, "use_dpop_nonce")
    again = dpop_nonce_client.proof("POST", "/token", nonce=request_parameters.header("dpop-nonce"))
    assert dpop_nonce_client.post("/token", proof=again, grant_type="client_credentials").status == 200


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-11")
def test_5_3_2_1_11_a_code_lives_for_a_minute(client):
    """Shall issue authorization codes with a maximum lifetime of 60 seconds."""
    early, late = client.code(), client.code()
    client.bank.now += 59
    assert client.redeem(early).status == 200
    client.bank.now += 1
    refused(client.redeem(late), "invalid_grant")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-12")
@pytest.mark.parametrize("how", ["dpop_jkt", "proof"])
def test_5_3_2_1_12_a_code_can_be_bound_to_a_dpop_key(dpop_client, how):
    """If using DPoP, shall support Authorization Code Binding to DPoP Key (RFC 9449 10.1), by parameter and by proof."""
    request_parameters = (
        {"dpop_jkt": thumbprint(public(dpop_client.proof_key)), "proof": None} if how == "dpop_jkt" else {}
    )
    code = dpop_client.code(**request_parameters)
    thief = dpop_client.with_(proof_key=ec_key("thief"))
    refused(thief.redeem(code), "invalid_grant")
    code = dpop_client.code(**request_parameters)
    assert dpop_client.redeem(code).status == 200


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-13")
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_5_3_2_1_13_clocks_may_differ_a_little(asserting, claim):
    """Shall accept JWTs with an iat or nbf between 0 and 10 seconds in the future, and reject those of over 60."""
    for ahead, status in ((0, 201), (1, 201), (8, 201), (10, 201), (61, 401), (3600, 401)):
        assertion = asserting.assertion(**{claim: asserting.bank.now + ahead})
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        assert asserting.push(**form).status == status, ahead


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-13")
def test_5_3_2_1_13_so_may_the_clock_of_a_proof(dpop_client):
    """A DPoP proof is a JWT too."""
    for ahead, status in ((0, 200), (10, 200), (61, 400), (3600, 400)):
        proof = dpop_client.proof("POST", "/token", iat=dpop_client.bank.now + ahead)
        assert dpop_client.post("/token", proof=proof, grant_type="client_credentials").status == status, ahead


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-14")
def test_5_3_2_1_14_a_token_can_be_had_for_less(client):
    """Should restrict the privileges associated with an access token to the minimum required."""
    tokens = client.tokens(scope="openid profile accounts")
    assert tokens["scope"] == "openid profile accounts"
    less = client.refresh(tokens["refresh_token"], scope="openid").json()["access_token"]
    assert client.userinfo(less).json() == {"sub": ALICE}
    assert client.accounts(less)["policyDocument"]["Statement"][0]["Effect"] == "Deny"


# 5.3.2.2: flows that use the authorization endpoint.


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-1")
@each("response_type", ["token", "id_token", "code id_token", "code token", "none", "CODE", "code "])
def test_5_3_2_2_1_the_response_type_is_code(client, response_type):
    """Shall require the value of response_type to be code."""
    refused(client.push(response_type=response_type), "unsupported_response_type")
    assert client.push(response_type="code").status == 201
    assert "code" in client.bank.metadata()["response_types_supported"]


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-2")
def test_5_3_2_2_2_a_client_that_authenticates_may_push_its_request(client):
    """Shall support client-authenticated pushed authorization requests (RFC 9126)."""
    answer = client.push()
    assert answer.status == 201
    request_uri = answer.json()["request_uri"]
    assert request_uri.startswith(REQUEST_URI)
    back = Browser(client.bank).login(client.client_id, request_uri)
    assert client.redeem(back.parameters["code"]).status == 200


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-3")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_5_3_2_2_3_a_request_that_was_not_pushed_is_refused(client, method):
    """Shall reject authorization requests sent without RFC 9126."""
    where = {"form" if method == "POST" else "query": client.request_arguments(client_id=client.client_id)}
    answer = client.bank.send(method, "/authorize", **where)
    assert (answer.status, answer.page_error, answer.header("location")) == (400, "invalid_request", None)
    # Other clients of this deployment need not push, and only one answer can stand in the metadata.
    assert client.bank.metadata()["require_pushed_authorization_requests"] is False


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-4")
def test_5_3_2_2_4_a_request_is_not_pushed_without_authentication(bank, client):
    """Shall reject pushed authorization requests without client authentication."""
    refused(bank.send("POST", "/par", form=client.request_arguments(client_id=client.client_id)), "invalid_client")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-5")
@each(
    "wrong",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
    ],
)
def test_5_3_2_2_5_pkce_with_s256_is_required(client, wrong):
    """Shall require PKCE with S256 as the code challenge method."""
    refused(client.push(**wrong), "invalid_request")
    assert client.bank.metadata()["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-5")
@pytest.mark.parametrize("verifier", [None, "x" * 43])
def test_5_3_2_2_5_no_code_is_redeemed_without_its_verifier(client, verifier):
    """Shall require PKCE: the challenge that was required is also held against the verifier."""
    refused(client.redeem(client.code(), code_verifier=verifier), "invalid_grant")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-6")
def test_5_3_2_2_6_a_pushed_request_names_its_redirect_uri(client):
    """Shall require the redirect_uri parameter in pushed authorization requests, though one alone be registered."""
    refused(client.push(redirect_uri=None), "invalid_request")
    refused(client.push(redirect_uri="https://evil.example/callback"), "invalid_request")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-7")
def test_5_3_2_2_7_a_response_names_its_issuer(client):
    """Shall return an iss parameter in the authorization response according to RFC 9207; in a refusal too."""
    assert client.approved().parameters["iss"] == ISSUER
    refusal = Browser(client.bank).open(client.client_id, client.pushed(prompt="none"))
    assert refusal.parameters["iss"] == ISSUER
    assert client.bank.metadata()["authorization_response_iss_parameter_supported"] is True


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-8")
@each(
    "uri",
    [
        "http://fintech.example/callback",
        "http://localhost.fintech.example/",
        "http://10.0.0.1/",
        "ws://fintech.example/",
    ],
)
def test_5_3_2_2_8_no_response_goes_over_an_open_connection(bank, fintech, uri):
    """Shall not allow redirect URIs that use the http scheme, except for native clients on a loopback interface."""
    with pytest.raises(InvalidRedirectUri):
        registered(bank, fintech, "open", redirect_uris=[uri])
    refused(fintech.push(redirect_uri=uri), "invalid_request")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-9")
def test_5_3_2_2_9_a_code_is_used_once(client):
    """Shall reject an authorization code if it has been previously used."""
    code = client.code()
    assert client.redeem(code).status == 200
    refused(client.redeem(code), "invalid_grant")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-10")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-11")
@pytest.mark.parametrize("end", ["approve", "cancel"])
def test_5_3_2_2_10_each_redirect_is_a_303(tls_client_auth_client, end):
    """Shall not use 307 where a request holds credentials; should use 303 when redirecting the user agent.

    What a person decides on a page goes to the client by a page, which is a redirect of no status.
    """
    browser = Browser(tls_client_auth_client.bank)
    begun = browser.open(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    signed_in = browser.sign_in(browser.get(begun.location))
    decided = browser.submit(browser.get(signed_in.location), end)
    refusal = browser.open(tls_client_auth_client.client_id, tls_client_auth_client.pushed(prompt="none"))
    assert [answer.status for answer in (begun, signed_in, refusal)] == [303] * 3
    assert decided.onward.startswith(tls_client_auth_client.redirect_uri)


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-12")
def test_5_3_2_2_12_a_request_uri_lives_for_less_than_ten_minutes(client):
    """Shall issue pushed authorization requests request_uri with expires_in values of less than 600 seconds."""
    pushed = client.push().json()
    assert 5 <= pushed["expires_in"] < 600
    client.bank.now += pushed["expires_in"]
    assert Browser(client.bank).open(client.client_id, pushed["request_uri"]).page_error == "invalid_request_uri"


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-13")
def test_5_3_2_2_13_the_page_shows_who_requests_what_and_until_when(bank, fintech):
    """Should provide end-users with all necessary information to make an informed decision."""
    client = registered(bank, fintech, "told", client_name="Penny & Sons")
    page = Browser(bank).consent_page("told", client.pushed(scope="openid accounts"))
    assert "Penny &amp; Sons" in page.text
    assert "See your accounts and their balances" in page.text
    assert "See your email address" not in page.text
    assert "fintech.example" in page.text
    assert re.search(r'<time datetime="2027-04-15T', page.text)


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-14")
@each("length", [1, 43, 64, 384, 1000])
def test_5_3_2_2_14_nonces_of_64_characters_and_more_work(tls_client_auth_client, length):
    """Shall support nonce parameter values up to 64 characters in length, may reject longer ones; never cuts one."""
    tokens = tls_client_auth_client.tokens(nonce="n" * length)
    assert (
        tls_client_auth_client.bank.verified(tokens["id_token"], tls_client_auth_client.client_id)["nonce"]
        == "n" * length
    )


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2")
def test_5_3_2_2_a_page_that_is_loaded_ahead_uses_nothing_up(tls_client_auth_client):
    """NOTE 3: one-time use is enforced at the point of authorization, not of loading the page."""
    request_uri = tls_client_auth_client.pushed()
    Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, request_uri)
    back = Browser(tls_client_auth_client.bank).login(tls_client_auth_client.client_id, request_uri)
    assert "code" in back.parameters
    assert (
        Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, request_uri).page_error
        == "invalid_request_uri"
    )


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2")
def test_5_3_2_2_a_long_state_comes_back_whole(tls_client_auth_client):
    """NOTE 4: clients may keep their own state in it, at length."""
    state = "".join(chr(33 + n % 94) for n in range(1000))
    assert tls_client_auth_client.approved(state=state).parameters["state"] == state


# 5.3.2.3: who the person is.


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.3")
def test_5_3_2_3_who_the_person_is_comes_by_openid_connect(client):
    """To provide the user's identifier in the token response, the server shall support OpenID Connect."""
    tokens = client.tokens(scope="openid")
    assert client.bank.verified(tokens["id_token"], client.client_id)["sub"] == ALICE
    assert ALICE not in str(client.tokens(scope="accounts"))


# 5.3.4: a resource: the bank's API behind the authorizer, and userinfo.


def decided(client, token, **shown):
    return client.accounts(token, **shown)["policyDocument"]["Statement"][0]["Effect"]


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.4-1")
def test_5_3_4_1_a_token_comes_in_the_header(client):
    """Shall accept access tokens in the HTTP header as in RFC 6750 2.1 or RFC 9449 7.1."""
    token = client.tokens()["access_token"]
    assert decided(client, token) == "Allow"
    assert client.userinfo(token).status == 200


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.4-2")
def test_5_3_4_2_a_token_does_not_come_in_the_query(bank, tls_client_auth_client):
    """Shall not accept access tokens in the query parameters of RFC 6750 2.3."""
    query = {"access_token": tls_client_auth_client.tokens()["access_token"]}
    assert bank.send("GET", "/userinfo", query=query, certificate=tls_client_auth_client.certificate).status in (
        400,
        401,
    )
    policy = bank.authorize("GET", "/accounts", query=query, certificate=tls_client_auth_client.certificate)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.4-3")
@pytest.mark.parametrize("how", ["expired", "revoked", "consent ended", "changed"])
def test_5_3_4_3_a_token_that_is_no_longer_good_opens_nothing(client, how):
    """Shall verify the validity, integrity, expiration and revocation status of access tokens."""
    tokens = client.tokens()
    token = tokens["access_token"]
    assert decided(client, token) == "Allow"
    if how == "expired":
        client.bank.now += tokens["expires_in"]
    elif how == "revoked":
        client.revoke(token)
    elif how == "consent ended":
        client.revoke(tokens["refresh_token"])
    else:
        token = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert decided(client, token) == "Deny"
    assert client.userinfo(token).status == 401


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.4-4")
def test_5_3_4_4_a_token_of_another_scope_opens_nothing(client):
    """Shall verify that the authorization represented by the token is sufficient, and return errors as in RFC 6750 3.1."""
    refusal = client.accounts(client.tokens(scope="openid")["access_token"])
    assert refusal["context"]["error"] == "insufficient_scope"
    answer = client.userinfo(client.tokens(scope="accounts")["access_token"])
    assert (answer.status, answer.error) == (403, "insufficient_scope")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.4-5")
def test_5_3_4_5_a_token_opens_nothing_for_who_it_is_not_bound_to(client, rival):
    """Shall support and verify sender-constrained access tokens, by MTLS or by DPoP."""
    token = client.tokens()["access_token"]
    thief = client.with_(certificate=rival.certificate, proof_key=client.proof_key and ec_key("thief"))
    assert decided(client, token) == "Allow"
    assert decided(thief, token) == "Deny"
    assert decided(client, token, certificate=None, proof=None) == "Deny"
    assert thief.userinfo(token).status == 401


# 5.4: cryptography and secrets.


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each(("alg", "make"), [("PS256", rsa_key), ("ES256", ec_key), ("EdDSA", ed_key)])
def test_5_4_1_1_ps256_es256_and_ed25519_are_taken(bank, fintech, alg, make):
    """JWTs use PS256, ES256 or EdDSA with Ed25519."""
    key = make("fapi2")
    client = registered(bank, fintech, "signing", jwks={"keys": [jwk(key)]})
    assert client.with_(key=key, alg=alg).push().status == 201


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each("alg", ["RS256", "PS384", "PS512", "HS256", "none"])
def test_5_4_1_1_no_other_algorithm_and_no_none_is_taken(fintech, alg):
    """JWTs use PS256, ES256 or EdDSA, and never none."""
    claims = jwt.decode(fintech.assertion(), options={"verify_signature": False})
    key = {"HS256": "a secret that nobody should ever take", "none": None}.get(alg, fintech.key)
    assertion = jwt.encode(claims, key, algorithm=alg, headers={"kid": "k1"})
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    refused(fintech.push(**form), "invalid_client")


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_5_4_1_1_what_we_sign_is_signed_so(bank, fintech, rival):
    """ID tokens use PS256, ES256 or EdDSA; metadata tell of no other algorithm, for anything."""
    assert [jwt.get_unverified_header(c.tokens()["id_token"])["alg"] for c in (fintech, rival)] == ["PS256", "ES256"]
    disclosed = {name: values for name, values in bank.metadata().items() if name.endswith("_alg_values_supported")}
    assert len(disclosed) >= 5
    encrypts = {name for name in disclosed if "encryption" in name}
    shared_secrets = {"HS256", "HS384", "HS512"}  # of clients of another profile; these are refused theirs, above
    good = {"PS256", "ES256", "EdDSA", "Ed25519"} | shared_secrets
    assert all(set(values) <= good for name, values in disclosed.items() if name not in encrypts)


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-2")
def test_5_4_1_2_rsa_keys_have_2048_bits(bank, fintech, tls_client_auth_client):
    """RSA keys shall have a minimum length of 2048 bits: the clients', their certificates', and ours."""
    short = rsa_key("fapi2-short", 1024)
    with pytest.raises(InvalidClientMetadata):
        registered(bank, fintech, "short", jwks={"keys": [jwk(short)]})
    refused(
        tls_client_auth_client.with_(certificate=certificate("tls-client-auth", key=short)).push(), "invalid_client"
    )
    own = [RSAAlgorithm.from_jwk(key) for key in bank.jwks()["keys"] if key["kty"] == "RSA"]
    assert own
    assert min(key.key_size for key in own) >= 2048


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-2")
def test_5_4_1_2_so_have_those_of_proofs(bank, dpop_client):
    """RSA keys shall have a minimum length of 2048 bits: a DPoP key is no exception."""
    short = dpop_client.proof("POST", "/token", key=rsa_key("fapi2-short", 1024))
    refused(dpop_client.post("/token", proof=short, grant_type="client_credentials"), "invalid_dpop_proof")


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-3")
def test_5_4_1_3_elliptic_curve_keys_have_224_bits(bank, fintech, tls_client_auth_client):
    """Elliptic curve keys shall have a minimum length of 224 bits: the clients', their certificates', and ours."""
    small = ec.generate_private_key(ec.SECP192R1())
    refused(
        tls_client_auth_client.with_(certificate=certificate("tls-client-auth", key=small)).push(), "invalid_client"
    )
    numbers = {"crv": "P-192", "x": "A" * 32, "y": "A" * 32}
    with pytest.raises(InvalidClientMetadata):
        registered(bank, fintech, "small", jwks={"keys": [jwk(ec_key("fapi2"), **numbers)]})
    own = [jwt.PyJWK(key).key for key in bank.jwks()["keys"] if key["kty"] == "EC"]
    assert own
    assert min(key.curve.key_size for key in own) >= 224


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-4")
def test_5_4_1_4_what_is_handed_out_can_not_be_guessed(client):
    """Credentials not intended for handling by end-users shall be created with at least 128 bits of entropy."""
    given = []
    for _ in range(3):
        back = Browser(client.bank).login(client.client_id, request_uri := client.pushed())
        tokens = client.redeem(back.parameters["code"]).json()
        given.append(
            [
                request_uri.removeprefix(REQUEST_URI),
                back.parameters["code"],
                tokens["access_token"],
                tokens["refresh_token"],
            ]
        )
    assert all(len(value) * 6 >= 256 and bits(value) > 128 for values in given for value in values)
    assert len({value for values in given for value in values}) == 12


@pytest.mark.clause("FAPI1-ADV-8.9-1")
@pytest.mark.clause("FAPI2-SP-FINAL-5.4.2-1")
def test_5_4_2_1_jwks_uri_is_https(bank):
    """Shall only serve the jwks_uri endpoint over TLS."""
    assert urlsplit(bank.metadata()["jwks_uri"]).scheme == "https"


@pytest.mark.clause("FAPI1-ADV-8.9-2")
@pytest.mark.clause("FAPI2-SP-FINAL-5.4.2-2")
def test_5_4_2_2_no_signature_points_to_a_key_elsewhere(fintech):
    """Should not use the JOSE headers x5u and jku: not in what we sign, and not in what we verify."""
    assert not {"x5u", "jku"} & jwt.get_unverified_header(fintech.tokens()["id_token"]).keys()
    for header in ("x5u", "jku"):
        assertion = fintech.assertion(key=rsa_key("thief"), headers={header: "https://evil.example/keys"})
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        refused(fintech.push(**form), "invalid_client")


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.2-3")
def test_5_4_2_3_no_two_keys_of_ours_have_one_kid(bank):
    """Should not serve a JWK set with multiple keys with the same kid."""
    kids = [key["kid"] for key in bank.jwks()["keys"]]
    assert len(kids) == len(set(kids)) >= 2


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.3")
def test_5_4_3_of_two_keys_with_one_kid_the_one_that_fits_is_used():
    """The verifier shall consider kty, use and alg when selecting among keys of the same kid."""
    right = jwk(rsa_key("fapi2"), alg="PS256")
    decoys = [
        jwk(ec_key("fapi2")),
        jwk(rsa_key("thief"), alg="RS256"),
        jwk(rsa_key("thief"), use="enc"),
        jwk(ed_key("fapi2")),
    ]
    token = jwt.encode({"a": 1}, rsa_key("fapi2"), algorithm="PS256", headers={"kid": "k1"})
    limits = {"algs": ("PS256",), "sizes": KeySizes(rsa=2048, ec=224)}
    for keys in ([*decoys, right], [right, *decoys]):
        assert jose.verify(jose.parse(token), {"keys": keys}, **limits)[1] == {"a": 1}
    with pytest.raises(jose.JoseError):
        jose.verify(jose.parse(token), {"keys": decoys}, **limits)
