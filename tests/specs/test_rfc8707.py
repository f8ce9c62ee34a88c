"""RFC 8707: for which protected resources a token is; it is good there and nowhere else."""

import json

import pytest

from chalicelib.resource_server.policy import RulesError, rules
from chalicelib.storage.token_values import digest
from tests.actors import ISSUER, REQUEST_URI, VERIFIER, Browser
from tests.each import each

API, USERINFO, LOANS = "https://api.bank.example", f"{ISSUER}/userinfo", "https://loans.bank.example/v1"
RULES = {
    "GET /accounts": {"scope": "accounts"},
    "GET /userinfo": {"scope": "openid"},
    "GET /loans": {"scope": "accounts", "resource": LOANS},
    "GET /rates": {"scope": "accounts", "resource": LOANS, "subject": "any"},
}
UNKNOWN = [
    "https://nowhere.example",
    f"{API}/",
    f"{API}#x",
    "accounts",
    "/userinfo",
    "urn:x",
    '["https://api.bank.example"]',
]


@pytest.fixture(autouse=True)
def _two_apis(bank):
    """A bank with a second API, which has an identifier of its own."""
    bank.aws.settings = bank.settings._replace(resource_rules=json.dumps(RULES))


def post(client, path, resources, **form):
    pairs = [*client.authenticated(form).items(), *(("resource", one) for one in resources)]
    return client.bank.send("POST", path, form=pairs, certificate=client.certificate)


def code_of(client, *resources):
    """The code of a login whose pushed request names these."""
    pushed = post(client, "/par", resources, **client.request_arguments())
    assert pushed.status == 201, pushed.text
    return Browser(client.bank).login(client.client_id, pushed.json()["request_uri"]).parameters["code"]


def redeemed(client, code, *resources):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri}
    return post(client, "/token", resources, code_verifier=VERIFIER, **form)


def refreshed(client, refresh_token, *resources):
    return post(client, "/token", resources, grant_type="refresh_token", refresh_token=refresh_token)


def opens(client, token):
    """The resources that a token opens: each is tried."""
    own = client.certificate

    def allowed(path):
        decision = client.bank.authorize("GET", path, headers=client.presenting(token, "GET", path), certificate=own)
        refused = decision["context"].get("error")
        assert refused in (None, "invalid_token"), decision
        return refused is None

    answer = client.userinfo(token)
    assert answer.status == 200 or answer.error == "invalid_token"
    assert allowed("/userinfo") == (answer.status == 200)  # the authorizer stands before it too
    locations = {API: allowed("/accounts"), LOANS: allowed("/loans"), USERINFO: answer.status == 200}
    return {location for location, is_open in locations.items() if is_open}


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC8707-2")
@each("resources", [(API,), (USERINFO,), (LOANS,), (API, LOANS), (USERINFO, API, LOANS)])
def test_2_a_token_is_good_where_it_was_requested(fintech, resources):
    """A token that one API got opened userinfo and every other API: the parameter was left alone, and refused twice."""
    tokens = redeemed(fintech, code_of(fintech, *resources)).json()
    assert opens(fintech, tokens["access_token"]) == set(resources)
    assert opens(fintech, refreshed(fintech, tokens["refresh_token"]).json()["access_token"]) == set(resources)


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC8707-2.2")
def test_2_2_a_token_request_narrows_and_never_widens(fintech):
    """Of the resources that the grant is for, each token request may name some; any other is invalid_target."""
    code = code_of(fintech, API, LOANS)
    for beyond in ((USERINFO,), (API, USERINFO), ("https://nowhere.example",)):
        assert redeemed(fintech, code, *beyond).error == "invalid_target"
    tokens = redeemed(fintech, code, API).json()  # which those did not spend
    assert opens(fintech, tokens["access_token"]) == {API}
    assert refreshed(fintech, tokens["refresh_token"], USERINFO).error == "invalid_target"
    for narrow in ((LOANS,), (API,), (LOANS, API)):
        again = refreshed(fintech, tokens["refresh_token"], *narrow).json()
        assert opens(fintech, again["access_token"]) == set(narrow)


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC8707-2")
@each("unknown", UNKNOWN)
def test_2_what_is_no_resource_is_an_invalid_target(bank, fintech, fapi1_advanced_client, unknown):
    """The resource is invalid, unknown or malformed: at par, at the authorization endpoint by redirect, at the token endpoint."""
    assert post(fintech, "/par", (API, unknown), **fintech.request_arguments()).error == "invalid_target"
    assert post(fintech, "/token", (unknown,), grant_type="client_credentials").error == "invalid_target"
    resources = fapi1_advanced_client.direct(
        request=fapi1_advanced_client.request_object(response_type="code id_token", extra={"resource": [API, unknown]})
    )
    assert Browser(bank).get("/authorize", resources).fragment["error"] == "invalid_target"


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC8707-2.1")
@each("resource", [API, [API], [API, LOANS], [API, API]])
def test_2_1_a_request_object_has_one_or_an_array(bank, fapi1_advanced_client, resource):
    """In a signed request it is a claim, of one text or of several."""
    client = fapi1_advanced_client
    signed = client.request_object(response_type="code id_token", extra={"resource": resource})
    pushed = client.post("/par", request=signed).json()["request_uri"]
    grant = bank.aws.grants.find(digest(pushed.removeprefix(REQUEST_URI)), now=bank.now)
    assert grant.request.resource == tuple(dict.fromkeys([resource] if isinstance(resource, str) else resource))
    code = Browser(bank).login(client.client_id, pushed).fragment["code"]
    assert opens(client, redeemed(client, code).json()["access_token"]) == set(grant.request.resource)


@pytest.mark.clause("RFC6749-3.1")
@each("name", ["scope", "state", "resources", "audience", "client_id", "Resource"])
def test_no_other_parameter_may_come_twice(fintech, name):
    """RFC 8707 2 lets one parameter come more than once, and that one alone."""
    pairs = [*fintech.authenticated(fintech.request_arguments()).items(), (name, "x"), (name, "x")]
    answer = fintech.bank.send("POST", "/par", form=pairs, certificate=fintech.certificate)
    assert answer.error == "invalid_request"


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC9700-2.3")
def test_2_3_a_token_that_names_none_and_is_bound_to_nothing_goes_where_its_scope_leads(fapi1_bearer_client, fintech):
    """One that is bound is good everywhere, since a resource that sees it can't use it; an unbound one not at another API."""
    bearer = fapi1_bearer_client
    assert opens(bearer, redeemed(bearer, code_of(bearer)).json()["access_token"]) == {API, USERINFO}
    narrow = redeemed(bearer, code_of(bearer), API).json()
    assert opens(bearer, narrow["access_token"]) == {API}
    assert opens(bearer, redeemed(bearer, code_of(bearer, LOANS)).json()["access_token"]) == {LOANS}
    assert opens(fintech, redeemed(fintech, code_of(fintech)).json()["access_token"]) == {API, LOANS, USERINFO}


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC8707-2.2")
def test_2_2_a_clients_own_token_has_an_audience_too(fintech):
    """By client_credentials as well, the token is good at the resource that was named."""
    for resources, opened in ((LOANS, "Allow"), (API, "Deny")):
        token = post(fintech, "/token", (resources,), grant_type="client_credentials").json()["access_token"]
        headers = fintech.presenting(token, "GET", "/rates")
        decision = fintech.bank.authorize("GET", "/rates", headers=headers, certificate=fintech.certificate)
        assert decision["policyDocument"]["Statement"][0]["Effect"] == opened


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC7662-4")
def test_a_resource_that_introspects_sees_what_is_meant_for_it_alone(fintech, resource_server):
    """aud says so; of a token for another resource it learns nothing, and of other audiences neither."""
    other = redeemed(fintech, code_of(fintech, LOANS)).json()["access_token"]
    assert resource_server.introspect(other).json() == {"active": False}
    assert fintech.introspect(other).json()["aud"] == [LOANS]
    both = redeemed(fintech, code_of(fintech, LOANS, API)).json()["access_token"]
    assert resource_server.introspect(both).json()["aud"] == [API]
    any_of_all = redeemed(fintech, code_of(fintech)).json()["access_token"]
    assert resource_server.introspect(any_of_all).json()["aud"] == [API]
    assert "aud" not in fintech.introspect(any_of_all).json()


@pytest.mark.fault("1g")
@pytest.mark.clause("RFC9728-4")
def test_the_metadata_name_every_resource(bank):
    """protected_resources: the resource identifiers that this authorization server issues tokens for."""
    assert bank.metadata()["protected_resources"] == [USERINFO, API, LOANS]


@pytest.mark.clause("RFC8707-2")
@pytest.mark.parametrize("resource", ["http://api", "https://api#x", "api", "", 7])
def test_a_rule_names_an_absolute_uri_without_fragment(resource):
    """The resource identifier is an absolute URI, and MUST NOT include a fragment component."""
    with pytest.raises(RulesError, match="resource"):
        rules(json.dumps({"GET /loans": {"scope": "accounts", "resource": resource}}))
