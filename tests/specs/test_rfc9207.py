"""RFC 9207, Authorization Server Issuer Identification: `iss` in every authorization response, against mix-up."""

import json
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from tests.actors import ISSUER, Browser, jwk, rsa_key
from tests.conftest import STANDARD


def denied(client, page):
    """The response after the user denied the request on the login page, or on the consent page."""
    browser, request_uri = Browser(client.bank), client.pushed()
    shown = browser.page(client.client_id, request_uri)
    if page == "consent":
        shown = browser.get(browser.sign_in(shown).location)
    return browser.submit(shown, "cancel")


def refused(client, **request_parameters):
    """The response of a request that is refused before any page."""
    return Browser(client.bank).open(client.client_id, client.pushed(**request_parameters))


UNREACHABLE = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:ducat:loa:4"}}})

RESPONSES = {
    "success": lambda client: client.approved(),
    "denied at the login": lambda client: denied(client, "login"),
    "denied at the consent": lambda client: denied(client, "consent"),
    "no page allowed": lambda client: refused(client, prompt="none"),
    "acr out of reach": lambda client: refused(client, claims=UNREACHABLE),
    "without openid": lambda client: client.approved(scope="accounts"),
}


@pytest.fixture(params=RESPONSES)
def response(request, tls_client_auth_client):
    """Each kind of authorization response, one after the other."""
    return RESPONSES[request.param](tls_client_auth_client)


@pytest.mark.clause("RFC9207-2")
def test_2_every_response_error_responses_included_names_the_issuer_once(bank, response):
    """In authorization responses, including error responses, the server MUST indicate its identity by iss."""
    pairs = parse_qsl(urlsplit(response.location).query, strict_parsing=True)
    assert [value for name, value in pairs if name == "iss"] == [ISSUER]
    assert ("code" in dict(pairs)) != ("error" in dict(pairs))
    assert dict(pairs)["state"] == "a-state"


@pytest.mark.clause("RFC9207-2")
def test_2_every_client_learns_it(each_client):
    """Whatever the client, the response tells it whom it came from."""
    assert each_client.approved().parameters["iss"] == ISSUER


@pytest.mark.clause("RFC9207-2")
def test_2_it_is_form_encoded_beside_a_query_of_the_redirect_uri(tls_client_auth_client):
    """iss is a parameter of the response, in the encoding of the others; the registered query stays."""
    back = tls_client_auth_client.approved(
        redirect_uri=f"{tls_client_auth_client.redirect_uri}?dummy1=lorem&dummy2=ipsum"
    )
    assert "iss=https%3A%2F%2Flogin.bank.example" in urlsplit(back.location).query
    assert back.parameters.keys() == {"dummy1", "dummy2", "code", "iss", "state"}


@pytest.mark.clause("RFC9207-2")
def test_2_it_is_an_https_url_without_query_or_fragment(response):
    """The issuer identifier is a URL that uses the https scheme without any query or fragment components."""
    issuer = urlsplit(response.parameters["iss"])
    assert (issuer.scheme, issuer.query, issuer.fragment) == ("https", "", "")
    assert issuer.netloc


@pytest.mark.clause("RFC9207-2.3")
@pytest.mark.clause("RFC9207-2.4")
def test_2_3_it_is_the_issuer_of_the_metadata_and_of_the_id_token(bank, tls_client_auth_client):
    """The value is the one in the metadata, which a client compares by simple string comparison."""
    back = tls_client_auth_client.approved().parameters
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        assert bank.send("GET", path).json()["issuer"] == back["iss"]
    id_token = tls_client_auth_client.redeem(back["code"]).json()["id_token"]
    assert jwt.decode(id_token, options={"verify_signature": False})["iss"] == back["iss"]


@pytest.mark.clause("RFC9207-2")
def test_2_nobody_else_says_what_it_is(bank, tls_client_auth_client):
    """Neither the client, nor who sends the person, nor the host that was called makes it another."""
    request_uri = tls_client_auth_client.pushed(extra={"iss": "https://evil.example"})
    request_parameters = {
        "client_id": tls_client_auth_client.client_id,
        "request_uri": request_uri,
        "iss": "https://evil.example",
    }
    hosts = (("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example"))
    begun = bank.send("GET", "/authorize", query=request_parameters, headers=hosts)
    assert "evil" not in begun.location
    assert Browser(bank).login(tls_client_auth_client.client_id, request_uri).parameters["iss"] == ISSUER
    refusal = bank.send(
        "GET",
        "/authorize",
        query=request_parameters
        | {"request_uri": tls_client_auth_client.pushed(prompt="none", extra={"iss": "https://evil.example"})},
        headers=hosts,
    )
    assert refusal.parameters["iss"] == ISSUER


@pytest.mark.clause("RFC9207-2")
@pytest.mark.parametrize("outcome", ["code", "error"])
def test_2_in_a_signed_response_it_is_a_claim_and_stands_nowhere_else(bank, fintech, outcome):
    """Where the response is a JWT (JARM), its iss claim says it, and no parameter outside is needed."""
    bank.register(
        **STANDARD
        | {
            "client_id": "jarm",
            "profile": "fapi2-message-signing",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [jwk(rsa_key("fintech"))]},
        }
    )
    client = fintech.with_(client_id="jarm")
    if outcome == "code":
        back = client.approved(response_mode="query.jwt")
    else:
        back = refused(client, response_mode="query.jwt", prompt="none")
    assert back.parameters.keys() == {"response"}
    claims = bank.verified(back.parameters["response"], "jarm")
    assert claims["iss"] == ISSUER
    assert outcome in claims


@pytest.mark.clause("RFC9207-2.3")
@pytest.mark.clause("RFC9207-3")
@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"])
def test_3_metadata_says_so(bank, path):
    """authorization_response_iss_parameter_supported: a boolean, true."""
    assert bank.send("GET", path).json()["authorization_response_iss_parameter_supported"] is True
