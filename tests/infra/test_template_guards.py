"""What keeps a flood of one thing from the rest: the web ACL, throttles, reserved concurrency; and where failed events go."""

import json
import posixpath
from urllib.parse import unquote

import pytest

from ducat_cdk.deployment import DeploymentError
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.settings import deployment_of
from tests.infra.template import Template
from tests.infra.test_deployment_settings import CHOSEN

OWN = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/bank/0a1b2c3d-0000-4000-8000-000000000001"


def test_the_api_has_a_web_acl_of_rate_rules_and_managed_rules(template):
    (association,) = template.of("WAFv2::WebACLAssociation").values()
    assert association["WebACLArn"]["Fn::GetAtt"][0] in template.of("WAFv2::WebACL")
    assert {"Ref": next(iter(template.of("ApiGateway::Stage")))} in association["ResourceArn"]["Fn::Join"][1]
    rules = {rule["Name"]: rule for rule in template.one("WAFv2::WebACL")["Rules"]}
    pages, every = (
        rules[name]["Statement"]["RateBasedStatement"] for name in ("PagesByAddress", "EverythingByAddress")
    )
    assert (pages["Limit"], every["Limit"], pages["AggregateKeyType"]) == (1000, 30000, "IP")
    matched = pages["ScopeDownStatement"]["OrStatement"]["Statements"]
    paths = {one["ByteMatchStatement"]["SearchString"] for one in matched}
    assert paths == {"/authorize", "/login", "/passkey", "/consent", "/grants", "/security"}
    assert "ScopeDownStatement" not in every
    assert sum(name.startswith("AWSManagedRules") for name in rules) == 3
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in rules.values())


@pytest.mark.parametrize("spelt", ["/login", "/live/login", "/login/", "/log%69n", "//login", "/x/../login"])
def test_no_other_spelling_of_a_page_gets_past_its_rate_rule(template, spelt):
    """By AWS's description of the transformations and constraints (WAF developer guide)."""
    rules = {rule["Name"]: rule for rule in template.one("WAFv2::WebACL")["Rules"]}
    down = rules["PagesByAddress"]["Statement"]["RateBasedStatement"]["ScopeDownStatement"]
    matches = [one["ByteMatchStatement"] for one in down["OrStatement"]["Statements"]]
    assert any(counts(match, spelt) for match in matches)
    assert not any(counts(match, "/token") for match in matches)


def counts(match, path):
    done = {"NONE": str, "URL_DECODE": unquote, "NORMALIZE_PATH": posixpath.normpath}
    for one in sorted(match["TextTransformations"], key=lambda one: one["Priority"]):
        path = done[one["Type"]](path)
    holds = {"ENDS_WITH": str.endswith, "CONTAINS": str.__contains__, "EXACTLY": str.__eq__}
    return holds[match["PositionalConstraint"]](path, match["SearchString"])


def test_what_oauth_needs_is_counted_and_not_blocked(template):
    rules = {rule["Name"]: rule for rule in template.one("WAFv2::WebACL")["Rules"]}
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"] for one in common["RuleActionOverrides"]}
    assert {"SizeRestrictions_BODY", "SizeRestrictions_QUERYSTRING", "GenericRFI_QUERYARGUMENTS"} <= counted
    assert all(one["ActionToUse"] == {"Count": {}} for one in common["RuleActionOverrides"])


def test_the_web_acls_log_holds_no_query_string_and_no_secret_header(template):
    logging = template.one("WAFv2::LoggingConfiguration")
    headers = {field["SingleHeader"]["Name"] for field in logging["RedactedFields"] if "SingleHeader" in field}
    assert headers == {"authorization", "cookie", "dpop"}
    assert {"QueryString": {}} in logging["RedactedFields"]
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    (name,) = [g["LogGroupName"] for g in template.of("Logs::LogGroup").values() if "LogGroupName" in g]
    assert name["Fn::Join"][1][0].startswith("aws-waf-logs-")


def test_without_a_web_acl_the_cdk_says_what_follows(nothing):
    assert not nothing.of("WAFv2::WebACL")
    assert not nothing.of("WAFv2::WebACLAssociation")
    assert "guesses, floods and known attacks reach the functions" in json.dumps(nothing.warnings())


def test_a_banks_own_web_acl_is_taken_by_its_arn():
    assert deployment_of({**CHOSEN, "web_acl": OWN}).guarding().web_acl == OWN


def test_token_and_authorizer_have_concurrency_that_nothing_else_takes(template, everything, nothing, synthesized):
    def reserved(of):
        functions = of.functions().items()
        return {n: f["ReservedConcurrentExecutions"] for n, f in functions if "ReservedConcurrentExecutions" in f}

    assert reserved(template) == {"app.token": 100, "app.authorizer": 100}
    assert reserved(everything) == {"app.token": 300, "app.authorizer": 600}
    assert reserved(nothing) == {}
    assert reserved(Template(synthesized / "page")) == {}, "a new account may have none to give"


def test_a_method_has_the_throttle_that_is_set_for_it(everything, nothing):
    settings = {(s["HttpMethod"], s["ResourcePath"]): s for s in everything.one("ApiGateway::Stage")["MethodSettings"]}
    limits = {key: (s["ThrottlingRateLimit"], s["ThrottlingBurstLimit"]) for key, s in settings.items()}
    assert limits == {("*", "/*"): (500, 1000), ("GET", "/~1jwks"): (50, 100)}
    assert all((s["LoggingLevel"], s["DataTraceEnabled"]) == ("OFF", False) for s in settings.values())
    (account,) = nothing.one("ApiGateway::Stage")["MethodSettings"]
    assert "ThrottlingRateLimit" not in account


def test_what_a_job_failed_at_is_kept_encrypted_and_only_jobs_may_write_there(template):
    audit, queue = sorted(template.of("SQS::Queue"))
    assert all(one["SqsManagedSseEnabled"] is True for one in template.of("SQS::Queue").values())
    jobs = {f"app.{row.name}" for row in FUNCTIONS if row.is_job and not row.weekly}
    dead = {n: f["DeadLetterConfig"]["TargetArn"] for n, f in template.functions().items() if "DeadLetterConfig" in f}
    assert dead.pop("app.audit") == {"Fn::GetAtt": [audit, "Arn"]}
    assert dead == {name: {"Fn::GetAtt": [queue, "Arn"]} for name in jobs}
    may = {
        n: s["Resource"]["Fn::GetAtt"][0]
        for n in template.functions()
        for s in template.statements(n)
        if s["Sid"] == "KeepWhatFailed"
    }
    assert may == {**dict.fromkeys(jobs, queue), "app.audit": audit}
    for rule in template.of("Events::Rule").values():
        assert {t["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] for t in rule["Targets"]} == {queue}
    for policy in template.of("SQS::QueuePolicy").values():
        denied = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"web_acl": "own"}, "web_acl must be managed, none or the ARN"),
        ({"web_acl": "none", "requests_per_ip": 5000}, "requests_per_ip: nothing counts them"),
        ({"requests_per_ip": 5}, "requests_per_ip must be a number from 10"),
        ({"page_requests_per_ip": 40000}, "page_requests_per_ip must not be more than requests_per_ip"),
        ({"throttles": {"GET /jwks": {"rate": 5, "burst": 9}}}, r'"\*" is missing'),
        (
            {"throttles": {"*": {"rate": 5, "burst": 9}, "GET /keys": {"rate": 5, "burst": 9}}},
            "GET /keys is not a route",
        ),
        ({"throttles": {"*": {"rate": 50, "burst": 9}}}, "burst must not be less"),
        ({"throttles": {"*": {"rate": True, "burst": 9}}}, "rate must be from 1 to 10000"),
        ({"throttles": ["*"]}, "throttles must be a JSON object"),
        ({"reserved_concurrency": {"tokens": 5}}, "no function tokens"),
        ({"reserved_concurrency": {"token": 0}}, "each must be a number from 1"),
        ({"reserved_concurrency": {"token": 950}}, "take 950 of account_concurrency 1000"),
        ({"account_concurrency": 10}, "each must be a number from 1 to 10"),
        ({"provisioned_concurrency": {"login": 701}}, "take 901 of account_concurrency 1000"),
        (
            {"first_deployment": True, "provisioned_concurrency": {"login": 1}},
            "leave provisioned_concurrency out of a first",
        ),
        ({"account_concurrency": "many"}, "account_concurrency must be the account's quota"),
        ({"provisioned_concurrency": {"token": 101}}, "token has 100, and provisioned_concurrency keeps 101"),
    ],
)
def test_guards_that_can_not_be_are_refused_before_anything_is_made(more, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of({**CHOSEN, **more})
