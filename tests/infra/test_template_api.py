"""The front: two hosts, one API, and what API Gateway says by itself."""

import json

import pytest

from ducat_cdk.functions import FUNCTIONS


def test_the_default_address_is_turned_off_since_it_would_pass_by_mutual_tls(template):
    api = template.one("ApiGateway::RestApi")
    assert api["DisableExecuteApiEndpoint"] is True
    assert api["EndpointConfiguration"]["Types"] == ["REGIONAL"]


@pytest.mark.clause("FAPI1-ADV-8.5-1")
def test_browsers_get_the_enhanced_tls_policy_and_need_no_certificate(template):
    """Of TLS 1.2, only suites that are recommended; clients without certificates use this host too."""
    domain = domains(template)["login.bank.example"]
    assert domain["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
    assert domain["EndpointAccessMode"] == "STRICT"
    assert "MutualTlsAuthentication" not in domain


def test_the_other_host_asks_for_certificates_under_a_pinned_truststore(template):
    domain = domains(template)["mtls.bank.example"]
    assert domain["SecurityPolicy"] == "TLS_1_2"
    assert set(domain["MutualTlsAuthentication"]) == {"TruststoreUri", "TruststoreVersion"}


def test_the_settings_name_the_hosts_of_the_domains(template):
    environment = template.environment()
    urls = {environment["DUCAT_ISSUER"], environment["DUCAT_MTLS_URL"]}
    assert urls == {f"https://{host}" for host in domains(template)}


def test_both_hosts_lead_to_the_one_stage_at_their_root(template):
    (stage,) = template.of("ApiGateway::Stage")
    mappings = list(template.of("ApiGateway::BasePathMapping").values())
    assert {m["DomainName"]["Ref"] for m in mappings} == set(template.of("ApiGateway::DomainName"))
    assert all(m["Stage"] == {"Ref": stage} and "BasePath" not in m for m in mappings)


def test_access_logs_hold_no_query_string_and_execution_logs_are_off(template):
    stage = template.one("ApiGateway::Stage")
    logged = json.loads(stage["AccessLogSetting"]["Format"])
    assert "$context.resourcePath" in logged.values()
    for secret in ("query", "header", "body", "$context.path", "$context.authorizer", "$input"):
        assert not any(value.startswith(secret) or secret in value.lower() for value in logged.values())
    (settings,) = stage["MethodSettings"]
    assert settings["LoggingLevel"] == "OFF"
    assert settings["DataTraceEnabled"] is False


def test_the_stage_is_throttled(template):
    (settings,) = template.one("ApiGateway::Stage")["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"]


def test_the_authorizer_is_called_for_every_request_and_nothing_is_cached(template):
    authorizer = template.one("ApiGateway::Authorizer")
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    assert authorizer["IdentitySource"] == ""


def test_only_guarded_routes_stand_behind_the_authorizer(template):
    (authorizer,) = template.of("ApiGateway::Authorizer")
    guarded = {m["HttpMethod"] for m in template.of("ApiGateway::Method").values() if m.get("AuthorizerId")}
    methods = [m for m in template.of("ApiGateway::Method").values() if m["AuthorizationType"] == "CUSTOM"]
    assert all(m["AuthorizerId"] == {"Ref": authorizer} for m in methods)
    assert guarded == {"GET", "POST"}
    assert len(methods) == sum(len(row.routes) for row in FUNCTIONS if row.guarded) == 2


def test_the_authorizer_knows_the_scope_of_each_guarded_route(template):
    rules = json.loads(template.environment()["DUCAT_RESOURCE_RULES"])
    assert {route for row in FUNCTIONS if row.guarded for route in row.routes} <= set(rules)


def test_the_banks_own_api_may_ask_the_authorizer(template):
    (output,) = [o for o in template.body["Outputs"].values() if o.get("Export")]
    assert template.handler_of(output["Value"]) == "app.authorizer"
    sources = [
        json.dumps(p["SourceArn"])
        for p in template.of("Lambda::Permission").values()
        if p["FunctionName"] == output["Value"] and p.get("SourceAccount") == {"Ref": "AWS::AccountId"}
    ]
    assert len(sources) == 1
    assert "execute-api" in sources[0]
    assert "/authorizers/*" in sources[0]


@pytest.mark.parametrize(
    ("kind", "status", "challenge"),
    [
        ("ACCESS_DENIED", "401", "context.authorizer.www_authenticate"),
        ("UNAUTHORIZED", "401", "'Bearer'"),
    ],
)
def test_a_refusal_of_the_authorizer_keeps_its_challenge(template, kind, status, challenge):
    response = refusals(template)[kind]
    assert response["StatusCode"] == status
    assert response["ResponseParameters"]["gatewayresponse.header.WWW-Authenticate"] == challenge


def test_a_refusal_of_the_authorizer_carries_its_error_and_its_nonce(template):
    response = refusals(template)["ACCESS_DENIED"]
    assert response["ResponseParameters"]["gatewayresponse.header.DPoP-Nonce"] == "context.authorizer.dpop_nonce"
    assert body(response) == {"error": "$context.authorizer.error"}


def test_what_api_gateway_says_by_itself_is_json_without_detail_and_never_stored(template):
    responses = refusals(template)
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(responses)
    for response in responses.values():
        assert set(body(response)) == {"error"}
        assert response["ResponseParameters"]["gatewayresponse.header.Cache-Control"] == "'no-store'"
        assert "$context.error" not in json.dumps(response)


@pytest.mark.fault("4k")
def test_what_people_may_meet_is_a_page_too_with_nothing_to_fill_in(template):
    """A mistyped address, a busy hour or a function that ran out of time showed people raw JSON."""
    pages = {kind: r["ResponseTemplates"].get("text/html") for kind, r in refusals(template).items()}
    met = {"MISSING_AUTHENTICATION_TOKEN", "WAF_FILTERED", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"}
    assert {kind for kind, page in pages.items() if page} == met
    for kind in met:
        assert "<h1>" in pages[kind]
        assert "$" not in pages[kind], "API Gateway would fill it in"


@pytest.mark.fault("6")
def test_who_brings_no_token_gets_no_error(template):
    """RFC 6750 3.1: the body said invalid_token to a request without one."""
    assert body(refusals(template)["UNAUTHORIZED"]) == {"error": ""}


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
def test_what_api_gateway_says_by_itself_keeps_the_name_of_the_call(template):
    """A refusal too has x-fapi-interaction-id: as the authorizer read or made it, or as it was sent where nobody read it."""
    named = {
        kind: r["ResponseParameters"]["gatewayresponse.header.x-fapi-interaction-id"]
        for kind, r in refusals(template).items()
    }
    assert named.pop("ACCESS_DENIED") == "context.authorizer.interaction_id"
    assert set(named.values()) == {"method.request.header.x-fapi-interaction-id"}


def test_api_gateway_may_call_each_function_for_its_own_routes_alone(template):
    for permission in template.of("Lambda::Permission").values():
        assert permission["Action"] == "lambda:InvokeFunction"
        assert "SourceArn" in permission
        assert "test-invoke-stage" not in json.dumps(permission)


def domains(template):
    return {domain["DomainName"]: domain for domain in template.of("ApiGateway::DomainName").values()}


def refusals(template):
    return {r["ResponseType"]: r for r in template.of("ApiGateway::GatewayResponse").values()}


def body(response):
    return json.loads(response["ResponseTemplates"]["application/json"])
