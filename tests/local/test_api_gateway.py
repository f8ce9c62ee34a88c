"""The stand-in for API Gateway: the events it makes, the authorizer before a function, what it does to an answer."""

import json

import pytest

import app
from ducat_cdk import gateway_responses as deployed
from ducat_cdk.functions import FUNCTIONS
from local import api_gateway, sample_bank, stack
from local.api_gateway import Api, Route
from local.https_server import Incoming

ALLOW = {
    "principalId": "alice",
    "policyDocument": {"Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]},
    "context": {"sub": "alice", "level": 2, "fresh": True},
}


class Function:
    """A function that keeps its events. `answer`: what it gives, or the exception that it raises."""

    def __init__(self, answer=None):
        self.answer = answer or {"statusCode": 200, "body": "ok"}
        self.events = []

    def __call__(self, event, context):
        self.events.append(event)
        assert context.aws_request_id == event["requestContext"]["requestId"]
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def request(method="GET", target="/path", headers=(), body=b"", certificate=None):
    return Incoming(method, target, (("Host", "localhost:8843"), *headers), body, "127.0.0.1", certificate)


def send_request(sent, function=None, *, guarded=False, authorizer=None):
    """The answer; the function has the events."""
    function = function or Function()
    routes = {(sent.method, "/path"): Route(function, guarded)}
    return Api(routes, authorizer or Function(ALLOW)).answer(sent)


def event_of(sent, **how):
    function = Function()
    send_request(sent, function, **how)
    (event,) = function.events
    json.dumps(event)
    return event


def header(answer, name):
    return [value for key, value in answer.headers if key == name]


# Events


def test_an_event_says_what_was_requested_and_where():
    event = event_of(request("POST", "/path?a=1", [("User-Agent", "test")], b"a=b"))
    context = event["requestContext"]
    assert (event["httpMethod"], event["path"], event["resource"]) == ("POST", "/path", "/path")
    assert (context["httpMethod"], context["path"], context["resourcePath"]) == ("POST", "/path", "/path")
    assert (context["domainName"], context["stage"]) == ("localhost", "live")
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "test"}
    assert (event["body"], event["isBase64Encoded"]) == ("a=b", False)
    assert "authorizer" not in context


def test_the_query_is_decoded_and_its_repeats_are_kept():
    event = event_of(request(target="/path?a=1%202&a=%C3%A4+b&empty=&c=%26"))
    assert event["multiValueQueryStringParameters"] == {"a": ["1 2", "ä b"], "empty": [""], "c": ["&"]}
    assert event["queryStringParameters"] == {"a": "ä b", "empty": "", "c": "&"}


def test_no_query_and_no_body_are_null():
    event = event_of(request())
    assert event["multiValueQueryStringParameters"] is event["queryStringParameters"] is event["body"] is None


def test_headers_keep_their_names_and_repeats_and_lose_what_belongs_to_the_connection():
    event = event_of(request(headers=[("DPoP", "one"), ("DPoP", "two"), ("Connection", "close"), ("TE", "trailers")]))
    assert event["multiValueHeaders"]["DPoP"] == ["one", "two"]
    assert event["headers"]["DPoP"] == "two"
    assert not {"connection", "te"} & {name.lower() for name in event["headers"]}


def test_a_body_that_is_no_text_comes_in_base64():
    event = event_of(request("POST", body=b"\xff\xfe"))
    assert (event["body"], event["isBase64Encoded"]) == ("//4=", True)


def test_a_client_certificate_is_described_as_api_gateway_does(certificates):
    pair = certificates.client("fintech")
    described = event_of(request(certificate=pair.certificate))["requestContext"]["identity"]["clientCert"]
    assert described["clientCertPem"] == pair.pem
    assert described["subjectDN"] == "CN=fintech,O=Fintech Ltd,C=DE"
    assert described["issuerDN"] == "CN=Ducat dev clients CA,O=Ducat dev,C=DE"
    assert int(described["serialNumber"].replace(":", ""), 16) == pair.certificate.serial_number
    assert {len(part) for part in described["serialNumber"].split(":")} == {2}
    assert described["validity"]["notAfter"] == f"{pair.certificate.not_valid_after_utc:%b %e %H:%M:%S %Y} GMT"


def test_no_header_can_stand_in_for_a_certificate():
    event = event_of(request(headers=[("X-Client-Cert", "x"), ("clientCertPem", "x")]))
    assert "clientCert" not in event["requestContext"]["identity"]


# Routes


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/else"), ("POST", "/path"), ("HEAD", "/path"), ("GET", "/path/"), ("GET", "/%70ath")],
)
def test_what_no_function_serves_is_not_found_in_json(method, target):
    function = Function()
    answer = Api({("GET", "/path"): Route(function)}, Function(ALLOW)).answer(request(method, target))
    assert (answer.status, answer.body) == (404, b'{"error": "not_found"}')
    assert function.events == []


@pytest.mark.fault("4k")
def test_what_no_function_serves_is_a_page_for_people():
    """A browser names HTML in its Accept header; a program that reads JSON does not."""
    api = Api({("GET", "/path"): Route(Function())}, Function(ALLOW))
    answer = api.answer(request("GET", "/else", headers=[("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]))
    assert answer.status == 404
    assert ("Content-Type", "text/html; charset=utf-8") in answer.headers
    assert b"There is no page here" in answer.body
    assert api.answer(request("GET", "/else", headers=[("Accept", "*/*")])).body == b'{"error": "not_found"}'


def test_a_target_that_is_a_whole_url_leads_to_its_path():
    assert send_request(request(target="https://localhost:8843/path?a=1")).status == 200


def test_each_path_leads_to_the_function_that_is_deployed_for_it_and_the_same_ones_are_guarded():
    expected = {
        tuple(route.split(" ")): (getattr(app, row.name), row.guarded) for row in FUNCTIONS for route in row.routes
    }
    served = {location: (route.function, route.guarded) for location, route in stack.api().routes.items()}
    of_the_bank = {
        ("GET", "/accounts"): (sample_bank.accounts, True),
        ("GET", "/products"): (sample_bank.products, True),
        ("POST", "/payments"): (sample_bank.payments, True),
    }
    assert served == expected | of_the_bank


def test_its_own_words_are_those_that_are_deployed():
    assert api_gateway.SAFE == deployed.SAFE
    for kind, (status, headers, body) in api_gateway.REFUSALS.items():
        assert deployed.REFUSALS[kind] in ((status, headers, body), (None, headers, body))


# Answers


def test_an_answers_headers_keep_their_repeats():
    many = {"statusCode": 303, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "Location": ["/x"]}}
    answer = send_request(request(), Function(many))
    assert answer.status == 303
    assert header(answer, "Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("name", ["WWW-Authenticate", "Date", "Server", "Connection", "Content-Length"])
def test_a_header_that_api_gateway_keeps_to_itself_goes_out_under_another_name(name):
    answer = send_request(request(), Function({"statusCode": 401, "multiValueHeaders": {name: ["x"]}}))
    assert header(answer, f"x-amzn-Remapped-{name}") == ["x"]
    assert header(answer, name) == []


def test_no_browser_remembers_localhost_as_https_alone():
    disclosed = {"statusCode": 200, "headers": {"Strict-Transport-Security": "max-age=63072000"}}
    assert header(send_request(request(), Function(disclosed)), "Strict-Transport-Security") == []
    assert header(send_request(request(target="/else")), "Strict-Transport-Security") == []


def test_a_body_in_base64_is_sent_as_bytes():
    assert (
        send_request(request(), Function({"statusCode": 200, "body": "//4=", "isBase64Encoded": True})).body
        == b"\xff\xfe"
    )


@pytest.mark.parametrize(
    "broken", [RuntimeError("a secret"), {"body": "no status"}, {"statusCode": 200, "body": 1}, "text"]
)
def test_a_function_that_fails_is_answered_without_a_word_of_it(broken):
    answer = send_request(request(), Function(broken))
    assert (answer.status, answer.body) == (502, b'{"error": "server_error"}')


# The authorizer


def test_the_authorizer_sees_the_request_but_not_its_body(certificates):
    authorizer = Function(ALLOW)
    certificate = certificates.client("fintech").certificate
    send_request(
        request("POST", "/path?a=1", [("Authorization", "Bearer x")], b"a=b", certificate),
        guarded=True,
        authorizer=authorizer,
    )
    (event,) = authorizer.events
    assert event["type"] == "REQUEST"
    assert event["methodArn"] == "arn:aws:execute-api:eu-central-1:123456789012:ducatlocal/live/POST/path"
    assert event["multiValueHeaders"]["Authorization"] == ["Bearer x"]
    assert event["requestContext"]["identity"]["clientCert"]["clientCertPem"]
    assert not {"body", "isBase64Encoded"} & set(event)


def test_its_context_reaches_the_function_as_texts():
    context = event_of(request(), guarded=True)["requestContext"]["authorizer"]
    assert context == {"principalId": "alice", "integrationLatency": "0", "sub": "alice", "level": "2", "fresh": "true"}


def denied(**context):
    statement = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}
    return {"principalId": "x", "policyDocument": {"Statement": [statement]}, "context": context}


def test_its_refusal_goes_out_with_its_challenge_and_reaches_no_function():
    function = Function()
    refusal = denied(error="invalid_token", www_authenticate='Bearer error="invalid_token"', dpop_nonce="n")
    answer = send_request(request(), function, guarded=True, authorizer=Function(refusal))
    assert (answer.status, answer.body) == (401, b'{"error": "invalid_token"}')
    assert header(answer, "WWW-Authenticate") == ['Bearer error="invalid_token"']
    assert header(answer, "DPoP-Nonce") == ["n"]
    assert header(answer, "Cache-Control") == ["no-store"]
    assert function.events == []


def test_a_header_of_its_refusal_that_has_no_source_is_left_out():
    answer = send_request(request(), guarded=True, authorizer=Function(denied(error="invalid_token")))
    assert not header(answer, "DPoP-Nonce") + header(answer, "WWW-Authenticate")


def test_its_refusal_has_the_name_that_it_gave_the_call_and_others_have_the_one_that_was_sent():
    sent = request(headers=[("X-FAPI-Interaction-ID", "sent")])
    refusal = denied(error="invalid_token", interaction_id="found")
    for answer, name in (
        (send_request(sent, guarded=True, authorizer=Function(refusal)), ["found"]),
        (send_request(sent, Function(RuntimeError("x"))), ["sent"]),
        (send_request(request(), Function(RuntimeError("x"))), []),
    ):
        assert header(answer, "x-fapi-interaction-id") == name


@pytest.mark.parametrize(
    ("effect", "resource", "action"),
    [
        ("Allow", "arn:aws:execute-api:eu-central-1:123456789012:ducatlocal/live/POST/path", "execute-api:Invoke"),
        ("Allow", "*/GET/path", "execute-api:ManageConnections"),
        ("Deny", "*", "execute-api:*"),
    ],
)
def test_what_a_policy_does_not_allow_is_denied(effect, resource, action):
    policy = {"Statement": [{"Action": action, "Effect": effect, "Resource": [resource]}]}
    function = Function()
    answer = send_request(request(), function, guarded=True, authorizer=Function({**ALLOW, "policyDocument": policy}))
    assert answer.status == 401
    assert function.events == []


@pytest.mark.parametrize(
    "broken", [RuntimeError("x"), {"principalId": "x"}, {**ALLOW, "context": {"list": ["x"]}}, "text"]
)
def test_an_authorizer_that_fails_lets_nobody_in(broken):
    function = Function()
    answer = send_request(request(), function, guarded=True, authorizer=Function(broken))
    assert (answer.status, answer.body) == (503, b'{"error": "temporarily_unavailable"}')
    assert function.events == []


@pytest.mark.parametrize("order", [1, -1])
def test_what_one_statement_denies_no_other_allows(order):
    statements = [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"} for effect in ("Allow", "Deny")]
    function = Function()
    policy = {**ALLOW, "policyDocument": {"Statement": statements[::order]}}
    assert send_request(request(), function, guarded=True, authorizer=Function(policy)).status == 401
    assert function.events == []
