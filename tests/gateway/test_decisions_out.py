"""Functions that are no proxy integrations: the authorizer and the job, their events in and what they give."""

import json
import logging

import pytest

from ducat_cdk.gateway_responses import REFUSALS
from local.sandbox_users import ALICE
from tests.aws_in_process.errors import AwsError
from tests.conftest import CLIENTS

ALLOW = {"Action": "execute-api:Invoke", "Effect": "Allow"}
DENY = {"Action": "execute-api:Invoke", "Effect": "Deny"}


@pytest.fixture
def decide(lambdas):
    """A function: what the authorizer decides about a call, as API Gateway asks it."""

    def request_parameters(method, path, **sent):
        event = lambdas.authorizer_event(method, path, **sent)
        decision = lambdas.invoke("authorizer", event)
        assert set(decision) == {"principalId", "policyDocument", "context"}
        assert decision["policyDocument"]["Version"] == "2012-10-17"
        (statement,) = decision["policyDocument"]["Statement"]
        assert statement.pop("Resource") == event["methodArn"]
        assert all(type(value) is str for value in decision["context"].values()), "API Gateway takes texts alone"
        return statement, decision["context"], decision["principalId"]

    return request_parameters


def test_whoever_holds_a_fitting_token_is_let_in_and_named(decide, fintech):
    headers = fintech.presenting(fintech.tokens()["access_token"], "GET", "/accounts")
    statement, context, principal = decide("GET", "/accounts", headers=headers, certificate=fintech.certificate)
    assert statement == ALLOW
    assert (context["client_id"], context["scope"]) == ("fintech", "openid profile accounts")
    assert principal == f"person:{context['sub']}"


@pytest.mark.fault("1d")
@pytest.mark.clause("RFC9700-4.15")
def test_a_client_whose_identifier_is_a_persons_is_not_that_person(decide, bank, tls_client_auth_client):
    """The client_id of a client's own token was the principalId in the form of a person's sub."""
    sub = ALICE.sub
    bank.register(**CLIENTS["tls-client-auth"]() | {"client_id": sub})
    posing = tls_client_auth_client.with_(client_id=sub)
    token = posing.post("/token", grant_type="client_credentials").json()["access_token"]
    for_anyone = json.dumps({"GET /accounts": {"scope": "accounts", "subject": "any"}})
    bank.aws.settings = bank.settings._replace(resource_rules=for_anyone)
    headers = posing.presenting(token, "GET", "/accounts")
    statement, context, principal = decide("GET", "/accounts", headers=headers, certificate=posing.certificate)
    assert statement == ALLOW
    assert principal == f"client:{sub}"
    assert "sub" not in context


@pytest.mark.fault("1d")
@pytest.mark.parametrize(
    ("rule", "opens"), [({}, "person"), ({"subject": "client"}, "client"), ({"subject": "person"}, "person")]
)
def test_a_route_is_about_a_person_unless_its_rule_says_otherwise(decide, bank, tls_client_auth_client, rule, opens):
    """Any token by client_credentials with the scope accounts read GET /accounts."""
    client = tls_client_auth_client
    tokens = {
        "person": client.tokens()["access_token"],
        "client": client.post("/token", grant_type="client_credentials").json()["access_token"],
    }
    bank.aws.settings = bank.settings._replace(
        resource_rules=json.dumps({"GET /accounts": {"scope": "accounts", **rule}})
    )
    for subject, token in tokens.items():
        headers = client.presenting(token, "GET", "/accounts")
        statement, context, _ = decide("GET", "/accounts", headers=headers, certificate=client.certificate)
        assert (statement == ALLOW) == (subject == opens)
        assert subject == opens or context["error"] == "insufficient_scope"


def test_a_proof_is_good_for_the_path_that_was_sent(decide, dpop_client):
    headers = dpop_client.presenting(dpop_client.tokens()["access_token"], "GET", "/accounts")
    statement, context, _ = decide("GET", "/accounts", headers=headers)
    assert statement == ALLOW
    assert context["proof"]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ((), ""),
        ((("Authorization", "Basic eDp5"),), ""),
        ((("Authorization", "Bearer unknown"),), "invalid_token"),
        ((("Authorization", "Bearer a"), ("Authorization", "Bearer b")), "invalid_request"),
        ((("Authorization", "DPoP unknown"),), "invalid_dpop_proof"),
    ],
)
def test_a_refusal_carries_what_the_gateway_response_sends(decide, headers, error):
    statement, context, principal = decide("GET", "/accounts", headers=headers)
    assert (statement, principal) == (DENY, "nobody")
    assert context["error"] == error
    assert context["www_authenticate"].isprintable()
    assert context["www_authenticate"].startswith(("Bearer ", "DPoP "))
    disclosed = {"error", "www_authenticate", "dpop_nonce", "accept_signature", "interaction_id"}
    assert set(context) <= disclosed, "the reason is for the log"


def test_a_token_in_the_query_is_refused(decide, fintech):
    token = fintech.tokens()["access_token"]
    statement, context, _ = decide("GET", f"/accounts?access_token={token}", certificate=fintech.certificate)
    assert (statement, context["error"]) == (DENY, "invalid_request")


def test_a_route_without_a_rule_is_shut(decide, fintech):
    headers = fintech.presenting(fintech.tokens()["access_token"], "GET", "/salaries")
    for method, path in (("GET", "/salaries"), ("DELETE", "/accounts"), ("GET", "/accounts/")):
        statement, context, _ = decide(method, path, headers=headers, certificate=fintech.certificate)
        assert (statement, context["error"]) == (DENY, "invalid_request")


def test_it_logs_who_was_let_in_and_why_not(decide, fintech, caplog):
    token = fintech.tokens()["access_token"]
    caplog.clear()
    with caplog.at_level(logging.INFO, "ducat"):
        decide(
            "GET", "/accounts", headers=fintech.presenting(token, "GET", "/accounts"), certificate=fintech.certificate
        )
        decide("GET", "/accounts", headers=fintech.presenting(token, "GET", "/accounts"))
    allowed, refused = [json.loads(record.getMessage()) for record in caplog.records if record.name == "ducat"]
    assert allowed.pop("interaction_id") != refused.pop("interaction_id")
    assert allowed.pop("journey") == refused["journey"]
    assert allowed.pop("ms") >= 0
    assert allowed == {"endpoint": "authorizer", "outcome": "allowed", "client_id": "fintech"}
    assert (refused["outcome"], refused["error"]) == ("refused", "invalid_token")
    assert refused["reason"]
    assert token not in caplog.text


def test_a_failure_of_ours_lets_nobody_in_and_tells_the_log_no_value(lambdas, fintech, monkeypatch, caplog):
    def fail(token_value, *, now, along):
        raise ValueError(f"could not read {token_value}")

    headers = fintech.presenting("a-secret-token", "GET", "/accounts")
    monkeypatch.setattr(lambdas.bank.aws, "tokens", type("Broken", (), {"find": staticmethod(fail)})())
    event = lambdas.authorizer_event("GET", "/accounts", headers=headers, certificate=fintech.certificate)
    with pytest.raises(RuntimeError, match=r"^authorizer failed$") as raised:
        lambdas.invoke("authorizer", event)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert "ValueError" in caplog.text
    assert "a-secret-token" not in caplog.text


@pytest.mark.fault("3k")
def test_the_authorizers_failure_is_logged_by_awss_own_operation_and_code(lambdas, fintech, begin_again, caplog):
    """Whether it was throttled or denied can be read, and that it may pass is what API Gateway says."""

    def throttled(call, work):
        raise AwsError("ThrottlingException", "injected")

    headers = fintech.presenting(fintech.tokens()["access_token"], "GET", "/accounts")
    event = lambdas.authorizer_event("GET", "/accounts", headers=headers, certificate=fintech.certificate)
    with begin_again.failing(throttled), caplog.at_level(logging.INFO, "ducat"), pytest.raises(RuntimeError):
        lambdas.invoke("authorizer", event)
    line = json.loads(caplog.records[-1].getMessage())
    assert line == {"endpoint": "authorizer", "outcome": "failed", "reason": "BatchGetItem: ThrottlingException"}
    assert REFUSALS["AUTHORIZER_FAILURE"][0] == REFUSALS["AUTHORIZER_CONFIGURATION_ERROR"][0] == 503


def test_the_job_takes_a_schedules_event_and_tells_what_it_did(lambdas, caplog):
    event = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    with caplog.at_level(logging.INFO, "ducat"):
        outcome = lambdas.invoke("publish_keys", event)
    assert outcome == lambdas.invoke("publish_keys", {}), "done twice it does the same"
    line = json.loads(caplog.records[-1].getMessage())
    assert (line["endpoint"], line["outcome"]) == ("publish_keys", "done")
