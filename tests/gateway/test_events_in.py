"""What a function makes of API Gateway's event: which requests are its own, and what they say."""

import base64
import json

import pytest

import app
from ducat_cdk.functions import FUNCTIONS
from tests.actors import CHALLENGE
from tests.each import each

SERVED = {row.name: sorted({route.split(" ")[1] for route in row.routes}) for row in FUNCTIONS if row.routes}
METHODS = {row.name: {route.split(" ")[0] for route in row.routes} for row in FUNCTIONS if row.routes}
EACH = pytest.mark.parametrize("name", SERVED)
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def request_arguments(fintech):
    return fintech.request_arguments(code_challenge=CHALLENGE)


def test_each_function_of_the_template_serves_the_one_path_of_its_route():
    routes = {entry.view_name: path for path, methods in app.app.routes.items() for entry in methods.values()}
    assert {name: [path] for name, path in routes.items()} == SERVED
    assert {n: {m for m, e in app.app.routes[routes[n]].items() if e.view_name == n} for n in routes} == METHODS


@EACH
def test_a_function_refuses_every_path_but_its_own(lambdas, name):
    others = [path for paths in SERVED.values() for path in paths if path not in SERVED[name]]
    for path in [*others, "/", "", SERVED[name][0] + "/", SERVED[name][0].upper(), "/live" + SERVED[name][0], "/ping"]:
        event = lambdas.event(min(METHODS[name]), path)
        answer = lambdas(name, event)
        assert (answer.status, answer.json()["error"]) == (404, "invalid_request"), path
        assert answer.header("cache-control") == "no-store"


ANY = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "BREW")


@each(("name", "method"), [(name, method) for name in SERVED for method in ANY if method not in METHODS[name]])
def test_a_function_refuses_every_method_but_its_own(lambdas, name, method):
    answer = lambdas(name, lambdas.event(method, SERVED[name][0]))
    assert (answer.status, answer.json()["error"]) == (405, "invalid_request")
    assert set(answer.header("allow").split(", ")) == METHODS[name]


@EACH
def test_the_route_that_api_gateway_matched_counts_and_no_word_of_the_caller(lambdas, name):
    event = lambdas.event(min(METHODS[name]), "/somewhere")
    event["path"] = SERVED[name][0]
    event["headers"]["X-Original-URL"] = SERVED[name][0]
    assert lambdas(name, event).status == 404


def test_a_base_path_or_stage_before_the_route_is_none_of_its_business(lambdas):
    event = lambdas.event("GET", "/jwks")
    event["path"] = event["requestContext"]["path"] = "/live/jwks"
    assert lambdas("jwks", event).status == 200


class TestBodies:
    def test_a_form_may_come_in_base64(self, lambdas, fintech, form):
        sent = form(**request_arguments(fintech))
        event = lambdas.event("POST", "/par", **sent)
        event |= {"body": base64.b64encode(sent["body"].encode()).decode(), "isBase64Encoded": True}
        assert lambdas("par", event).status == 201

    @pytest.mark.parametrize("body", [b"\xff\xfe\x00", bytes(range(256)), b"scope=\xc3\x28"])
    def test_a_binary_body_is_an_invalid_request(self, lambdas, body):
        event = lambdas.event("POST", "/token", headers=(FORM,), body=body)
        assert event["isBase64Encoded"] is True
        answer = lambdas("token", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize("body", ["%%%", "YQ", "🂡"])
    def test_a_body_that_only_claims_to_be_base64_is_an_invalid_request(self, lambdas, body):
        event = lambdas.event("POST", "/token", headers=(FORM,)) | {"body": body, "isBase64Encoded": True}
        answer = lambdas("token", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize("body", [None, ""])
    def test_no_body_is_a_form_without_parameters(self, lambdas, body):
        answer = lambdas("token", lambdas.event("POST", "/token", headers=(FORM,)) | {"body": body})
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client")

    @pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
    def test_another_media_type_is_refused_in_oauths_words(self, lambdas, kind):
        event = lambdas.event("POST", "/token", headers=(("Content-Type", kind),), body='{"grant_type": "x"}')
        answer = lambdas("token", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize(
        "kind", ["application/x-www-form-urlencoded;charset=UTF-8", "Application/X-WWW-Form-URLencoded ; charset=utf-8"]
    )
    def test_the_forms_media_type_may_have_parameters_and_any_case(self, lambdas, fintech, form, kind):
        sent = form(**request_arguments(fintech)) | {"headers": (("content-TYPE", kind),)}
        assert lambdas("par", lambdas.event("POST", "/par", **sent)).status == 201


class TestRepeats:
    def test_a_repeated_parameter_of_the_form_is_refused(self, lambdas, fintech, form):
        sent = form(**request_arguments(fintech))
        event = lambdas.event("POST", "/par", **(sent | {"body": sent["body"] + "&scope=openid"}))
        answer = lambdas("par", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")

    def test_a_repeated_parameter_of_the_query_is_refused(self, lambdas, fintech):
        uri = fintech.pushed()
        event = lambdas.event("GET", f"/authorize?client_id=fintech&request_uri={uri}&client_id=fintech")
        assert event["queryStringParameters"]["client_id"] == "fintech"
        answer = lambdas("authorize", event)
        assert answer.status == 400
        assert 'data-error="invalid_request"' in answer.answer["body"]

    def test_a_repeated_header_that_must_stand_alone_is_refused(self, lambdas):
        event = lambdas.event("POST", "/token", headers=(FORM, FORM))
        answer = lambdas("token", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")

    def test_two_proofs_are_refused_although_the_single_valued_headers_show_one(self, lambdas, dpop_client, form):
        proofs = [("DPoP", dpop_client.proof("POST", "/token")) for _ in range(2)]
        sent = form(dpop_client, grant_type="client_credentials")
        event = lambdas.event("POST", "/token", **(sent | {"headers": (*sent["headers"], *proofs)}))
        assert isinstance(event["headers"]["DPoP"], str)
        answer = lambdas("token", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_dpop_proof")

    def test_two_authorization_headers_are_refused_whatever_their_case(self, lambdas, fintech):
        token = fintech.tokens()["access_token"]
        headers = (("Authorization", f"Bearer {token}"), ("authorization", "Bearer another"))
        event = lambdas.event("GET", "/userinfo", headers=headers, certificate=fintech.certificate)
        answer = lambdas("userinfo", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


class TestOtherShapes:
    def test_an_event_with_single_valued_mappings_alone_is_understood(self, lambdas, fintech, form):
        """HTTP APIs and the console's test button leave the others out."""
        event = lambdas.event("POST", "/par", **form(**request_arguments(fintech)))
        del event["multiValueHeaders"], event["multiValueQueryStringParameters"]
        assert lambdas("par", event).status == 201

    def test_null_mappings_are_empty(self, lambdas):
        nothing = dict.fromkeys(
            ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters", "body")
        )
        assert lambdas("jwks", lambdas.event("GET", "/jwks") | nothing).status == 200
        assert lambdas("authorize", lambdas.event("GET", "/authorize") | nothing).status == 400
        assert lambdas("userinfo", lambdas.event("GET", "/userinfo") | nothing).status == 401

    @pytest.mark.parametrize("identity", [None, {}, {"clientCert": None}, {"clientCert": {}}])
    def test_no_certificate_is_no_certificate(self, lambdas, fintech, form, identity):
        event = lambdas.event("POST", "/token", **form(grant_type="client_credentials"))
        event["requestContext"]["identity"] = identity
        answer = lambdas("token", event)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")

    def test_a_certificate_comes_from_the_request_context(self, lambdas, tls_client_auth_client, form):
        event = lambdas.event("POST", "/token", **form(tls_client_auth_client, grant_type="client_credentials"))
        assert lambdas("token", event).status == 200

    def test_and_from_nowhere_else(self, lambdas, tls_client_auth_client, form):
        sent = form(tls_client_auth_client, grant_type="client_credentials")
        event = lambdas.event("POST", "/token", **(sent | {"certificate": None}))
        pem = {"clientCertPem": tls_client_auth_client.certificate}
        event |= {"clientCert": pem, "clientCertPem": tls_client_auth_client.certificate, "stageVariables": pem}
        event["headers"]["clientCertPem"] = tls_client_auth_client.certificate
        event["multiValueHeaders"]["clientCertPem"] = [tls_client_auth_client.certificate]
        event["requestContext"]["clientCert"] = pem
        assert lambdas("token", event).json()["error"] == "invalid_client"

    def test_a_certificate_that_is_none_is_refused_and_breaks_nothing(self, lambdas, tls_client_auth_client, form):
        event = lambdas.event("POST", "/token", **form(tls_client_auth_client, grant_type="client_credentials"))
        event["requestContext"]["identity"]["clientCert"]["clientCertPem"] = "-----BEGIN CERTIFICATE-----\nnone\n"
        answer = lambdas("token", event)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client")

    def test_a_cookie_is_found_in_any_of_several_cookie_headers(self, lambdas, fintech):
        opened = lambdas(
            "authorize", lambdas.event("GET", f"/authorize?client_id=fintech&request_uri={fintech.pushed()}")
        )
        cookie = opened.header("set-cookie").partition(";")[0]
        headers = (("Cookie", "theme=dark"), ("cookie", f"a=b; {cookie}"))
        assert lambdas("login", lambdas.event("GET", opened.header("location"), headers=headers)).status == 200

    @pytest.mark.parametrize("name", ["authorize", "login", "passkey", "consent"])
    def test_a_missing_query_is_a_page_and_no_failure(self, lambdas, name):
        answer = lambdas(name, lambdas.event("GET", f"/{name}"))
        assert answer.status in (400, 403)
        assert "data-error=" in answer.answer["body"]

    def test_the_page_of_a_persons_grants_needs_no_query(self, lambdas):
        answer = lambdas("grants", lambdas.event("GET", "/grants"))
        assert (answer.status, 'id="login"' in answer.answer["body"]) == (200, True)

    def test_an_event_is_not_changed(self, lambdas, fintech, form):
        event = lambdas.event("POST", "/par", **form(**request_arguments(fintech)))
        before = json.dumps(event)
        app.par(event, None)
        assert json.dumps(event) == before
