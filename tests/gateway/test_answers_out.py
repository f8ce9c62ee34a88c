"""What a function gives back, on API Gateway's wire: status, headers, body; errors, pages and its one log line."""

import json
import logging

import pytest

import app
from chalicelib.messages import Response
from ducat_cdk.functions import FUNCTIONS
from tests.actors import ASSERTION_TYPE, Browser
from tests.each import each

GUARDED = {row.name for row in FUNCTIONS if row.guarded}
PEOPLES = ("authorize", "login", "passkey", "grants", "security", "consent")
"""Doors that people stand before."""
FIRST = {row.name: row.routes[0].split(" ") for row in FUNCTIONS if row.routes}
EVERYWHERE = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@pytest.fixture
def good(lambdas, fintech, form):
    """A function: an endpoint's name to an event that it answers well."""

    def made(name):
        if name in ("authorize", "login", "consent"):
            return _of_a_person(lambdas, fintech, name)
        if name == "passkey":
            return lambdas.event("GET", "/passkey?invitation=a-link")
        if name == "userinfo":
            bearer = (("Authorization", f"Bearer {fintech.tokens()['access_token']}"),)
            return lambdas.event("GET", "/userinfo", headers=bearer, certificate=fintech.certificate)
        parameters = {
            "par": fintech.request_arguments(),
            "token": {"grant_type": "client_credentials"},
            "introspect": {"token": "unknown"},
            "revoke": {"token": "unknown"},
        }
        method, path = FIRST[name]
        return lambdas.event(method, path, **(form(**parameters[name]) if name in parameters else {}))

    return made


def _of_a_person(lambdas, fintech, name):
    browser = Browser(lambdas.bank)
    opened = f"/authorize?client_id={fintech.client_id}&request_uri={fintech.pushed()}"
    if name == "authorize":
        return lambdas.event("GET", opened)
    at_login = browser.get(opened).location
    where = at_login if name == "login" else browser.sign_in(browser.get(at_login)).location
    return lambdas.event("GET", where, headers=browser._sent())


@pytest.mark.parametrize("name", FIRST)
class TestEachFunction:
    def test_answers_in_the_proxy_integrations_shape(self, lambdas, good, name):
        answer = lambdas(name, good(name))
        assert answer.status in (200, 201, 303), answer.answer
        assert set(answer.answer) == {"statusCode", "multiValueHeaders", "body", "isBase64Encoded"}
        assert type(answer.status) is int
        assert type(answer.answer["body"]) is str
        assert answer.answer["isBase64Encoded"] is False
        for name_of, values in answer.answer["multiValueHeaders"].items():
            assert values, name_of
            assert all(type(value) is str and value.isprintable() for value in values), name_of

    def test_answers_with_the_headers_that_everything_has_once_each(self, lambdas, good, name):
        method, path = FIRST[name]
        answers = [good(name), lambdas.event(method, path, body="nonsense"), lambdas.event("BREW", path)]
        for answer in [lambdas(name, event) for event in answers]:
            assert {header: answer.header(header) for header in EVERYWHERE} == EVERYWHERE
            assert answer.header("cache-control") is not None
            assert answer.status == 303 or answer.header("content-type") is not None

    def test_says_nothing_of_a_failure_of_ours_and_answers_it(self, lambdas, name, monkeypatch, caplog):
        def fail(request, provider):
            raise RuntimeError("".join(("a", "-", "secret")))  # not to be found in the traceback's lines

        module = __import__(f"chalicelib.endpoints.{name}", fromlist=["answer"])
        monkeypatch.setattr(module, "answer", fail)
        method, path = FIRST[name]
        with caplog.at_level(logging.INFO, "ducat"):
            answer = lambdas(name, lambdas.event(method, path))
        assert answer.status == 500
        assert "server_error" in answer.answer["body"]
        assert "no-store" in answer.header("cache-control")
        assert (answer.header("content-type") == "application/json") == (name not in PEOPLES)
        assert "a-secret" not in json.dumps(answer.answer) + caplog.text
        assert "RuntimeError" in caplog.text
        assert "test_answers_out.py" in caplog.text, "the log has the traceback"

    def test_leaves_one_line_of_json_in_the_log(self, lambdas, good, name, caplog):
        event = good(name)
        caplog.clear()
        with caplog.at_level(logging.INFO, "ducat"):
            answer = lambdas(name, event)
        (line,) = [json.loads(record.getMessage()) for record in caplog.records if record.name == "ducat"]
        assert (line["endpoint"], line["outcome"]) == (name, str(answer.status))
        assert int(line["ms"]) >= 0


def test_settings_that_are_missing_are_answered_and_all_named_in_the_log(lambdas, monkeypatch, caplog):
    for name in ("DUCAT_ISSUER", "DUCAT_CLIENTS_TABLE"):
        monkeypatch.delenv(name)
    answer = lambdas("jwks", lambdas.event("GET", "/jwks"))
    assert (answer.status, answer.json()["error"]) == (500, "server_error")
    assert "DUCAT" not in answer.answer["body"]
    assert "DUCAT_ISSUER is not set; DUCAT_CLIENTS_TABLE is not set" in caplog.text


@each("name", ["par", "token", "introspect", "revoke"])
def test_an_error_is_json_that_nobody_keeps(lambdas, name):
    answer = lambdas(name, lambdas.event("POST", f"/{name}", body="x=y"))
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.header("cache-control") == "no-store"
    assert answer.header("pragma") == "no-cache"


def test_headers_that_repeat_all_go_out(monkeypatch, lambdas):
    cookies = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    monkeypatch.setattr("chalicelib.endpoints.jwks.answer", lambda request, provider: Response(200, cookies, "ä"))
    answer = lambdas("jwks", lambdas.event("GET", "/jwks"))
    assert answer.all("set-cookie") == ["a=1", "b=2"]
    assert answer.answer["body"] == "ä"


def test_a_body_that_is_too_large_is_413_in_oauths_words(lambdas, form, fintech):
    event = lambdas.event("POST", "/par", **form(**fintech.request_arguments(state="x" * 70_000)))
    answer = lambdas("par", event)
    assert (answer.status, answer.json()["error"]) == (413, "invalid_request")


class TestChallenges:
    """API Gateway sends a function's WWW-Authenticate under another name; only an authorizer's refusal keeps it."""

    def test_a_resource_behind_the_authorizer_sends_its_challenge_as_it_is(self, lambdas):
        from tests.gateway.conftest import incoming

        answer = lambdas.api().answer(incoming("GET", "/userinfo"))
        sent = dict(answer.headers)
        assert answer.status == 401
        assert sent["WWW-Authenticate"].startswith("Bearer ")
        assert "x-amzn-Remapped-WWW-Authenticate" not in sent

    def test_an_endpoint_for_clients_needs_none_but_where_they_tried_the_header(self, lambdas, form):
        refused = lambdas(
            "token",
            lambdas.event("POST", "/token", **form(client_assertion="x.y.z", client_assertion_type=ASSERTION_TYPE)),
        )
        assert (refused.status, refused.all("www-authenticate")) == (401, [])
        basic = (("Authorization", "Basic eDp5"), *form()["headers"])
        refused = lambdas("token", lambdas.event("POST", "/token", headers=basic))
        assert (refused.status, refused.header("www-authenticate")) == (401, 'Basic realm="ducat"')

    def test_no_function_but_those_sends_one(self):
        assert {"userinfo"} == GUARDED

    def test_userinfo_called_without_its_authorizer_still_guards_itself(self, lambdas):
        answer = lambdas("userinfo", lambdas.event("GET", "/userinfo"))
        assert answer.status == 401
        assert answer.header("www-authenticate").startswith("Bearer ")


class TestAsARoute:
    """`chalice local` and chalice's test client serve the same answers by the routes."""

    @pytest.fixture
    def client(self, lambdas):
        from chalice.test import Client

        with Client(app.app) as client:
            yield client

    def test_a_route_answers_as_the_function_does(self, lambdas, client):
        by_route = client.http.get("/jwks")
        by_function = lambdas("jwks", lambdas.event("GET", "/jwks"))
        assert by_route.status_code == by_function.status
        assert by_route.json_body == by_function.json()
        for name, value in EVERYWHERE.items():
            assert {k.lower(): v for k, v in by_route.headers.items()}[name] == value

    def test_an_error_is_not_chalices_own(self, client):
        answer = client.http.post("/token", headers={"Content-Type": "application/json"}, body=b"{}")
        assert answer.status_code == 400
        assert set(answer.json_body) == {"error", "error_description"}

    def test_headers_that_repeat_all_go_out(self, client, monkeypatch):
        cookies = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-One", "1"))
        monkeypatch.setattr("chalicelib.endpoints.jwks.answer", lambda request, provider: Response(200, cookies))
        headers = client.http.get("/jwks").headers
        assert (headers["Set-Cookie"], headers["X-One"]) == (["a=1", "b=2"], "1")


@pytest.mark.fault("4k")
def test_a_path_or_method_that_is_not_served_is_a_page_for_people(lambdas):
    """A person who opens /token in a browser read raw JSON."""
    request_parameters = lambdas.event("GET", "/token", headers=[("Accept", "text/html,*/*;q=0.8")])
    answer = lambdas("token", request_parameters)
    assert (answer.status, answer.header("allow")) == (405, "POST")
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert "There is no page here" in answer.answer["body"]
    assert lambdas("token", lambdas.event("GET", "/token")).json()["error"] == "invalid_request"
