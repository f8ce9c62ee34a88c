"""Whoever judges the roles notices what is refused, what is surplus, and that nothing was recorded."""

import json
from types import SimpleNamespace

import pytest

from chalicelib.endpoints import userinfo
from tests.actors import Browser
from tests.aws_calls import judging, plugin, recording, second_judge
from tests.aws_calls.judging import WHOLE
from tests.aws_calls.requests import Request, of_api_gateway, of_dynamodb, of_kms

USERS = Request("dynamodb:GetItem", "table users", (("dynamodb:LeadingKeys", ("sub any",)),))


def statement(sid, actions, resource, **condition):
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition}


def role(*statements):
    """The policies of a deployment in which login alone may do something."""
    usual = statement("WriteItsOwnLog", list(judging.BY_LAMBDA), "*"), statement("Open", ["kms:Decrypt"], "*")
    return {WHOLE: {"login": [*usual, *statements]}, judging.WEEKLY: {}, judging.ROTATED: {}}


def found(calls, policies, kind):
    """What is wrong with login."""
    problems = judging.problems(calls, policies, complete=True)
    return [one.partition(": ")[2] for one in problems if one.startswith(f"{kind}: login")]


READ = statement(
    "Read",
    ["dynamodb:GetItem"],
    "arn:aws:dynamodb:*:*:table/Ducat-users",
    **{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["sub *"]}},
)


def test_what_is_allowed_and_needed_is_no_problem():
    assert not found({("login", USERS)}, role(READ), "refused")
    assert not found({("login", USERS)}, role(READ), "surplus")


@pytest.mark.parametrize(
    "request_",
    [
        Request("dynamodb:UpdateItem", USERS.resource, USERS.context),
        Request(USERS.action, "table grants", USERS.context),
        Request(USERS.action, USERS.resource, (("dynamodb:LeadingKeys", ("any",)),)),
        Request(USERS.action, "index by_person of users", USERS.context),
    ],
    ids=["action", "table", "key", "index"],
)
def test_a_call_that_the_role_does_not_allow_is_named(request_):
    (problem,) = found({("login", request_)}, role(READ), "refused")
    assert request_.action in problem


@pytest.mark.parametrize("action", ["dynamodb:Scan", "dynamodb:UpdateItem"])
def test_an_action_that_no_call_needs_is_named(action):
    wider = {**READ, "Action": ["dynamodb:GetItem", action]}
    assert found({("login", USERS)}, role(wider), "surplus") == [f"login may {action} by Read, and no call needs it"]


def test_a_statement_that_another_one_makes_superfluous_is_named():
    assert len(found({("login", USERS)}, role(READ, {**READ, "Sid": "Again"}), "surplus")) == 2


def test_a_value_of_a_condition_that_no_call_needs_is_named():
    keys = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["sub *", "passkey *"]}}
    assert found({("login", USERS)}, role({**READ, "Condition": keys}), "surplus") == [
        "login may dynamodb:LeadingKeys passkey * by Read, and no call needs it"
    ]


def test_a_function_that_made_no_call_is_named():
    problems = judging.problems(set(), role(READ), complete=True)
    assert "silent: login made no call to AWS" in problems
    assert "silent: sweep made no call to AWS" in problems
    assert "silent: openid_configuration made no call to AWS" not in problems


def test_of_a_part_of_the_tests_only_refusals_are_wrong():
    assert judging.problems({("login", USERS)}, role(READ), complete=False) == []
    assert len(judging.problems({("login", USERS)}, role(), complete=False)) == 1


# What is recorded.


@pytest.fixture
def recorded(monkeypatch):
    """What is recorded from here on."""
    monkeypatch.setattr(recording, "calls", set())
    return lambda: recording.calls


def test_the_calls_of_a_request_are_its_functions(recorded, fintech):
    Browser(fintech.bank).login("fintech", fintech.pushed())
    assert {function for function, _ in recorded()} == {"par", "authorize", "login", "consent"}
    assert ("par", "table replay_cache") in {(function, one.resource) for function, one in recorded()}


def test_what_is_done_side_by_side_is_the_functions_too(recorded, fintech):
    """In a thread of its own: a pushed request is stored while its assertion is used up."""
    fintech.push()
    put = {one.resource for function, one in recorded() if (function, one.action) == ("par", "dynamodb:PutItem")}
    assert put == {"table replay_cache", "table grants"}


def test_calls_of_no_function_are_nobodys(recorded, bank):
    bank.aws.clients.find("fintech", now=bank.now)
    assert recorded() == set()


def test_what_a_test_does_while_a_function_waits_is_not_the_functions(recorded, begin_again, bank, fintech):
    access_token = fintech.tokens()["access_token"]
    recording.calls.clear()

    def meanwhile(call, work):
        bank.aws.dynamo._tables.get(bank.settings.users_table, "carol")
        return work()

    with begin_again.failing(lambda call, work: meanwhile(call, work) if call.operation != "GetItem" else work()):
        assert fintech.userinfo(access_token).status == 200
    assert {function for function, _ in recorded()} == {"userinfo"}
    assert "table users" not in {one.resource for _, one in recorded()}


def test_a_function_that_fails_is_over(recorded, bank, fintech, monkeypatch):
    monkeypatch.setattr(userinfo, "answer", lambda *_: 1 / 0)
    assert bank.send("GET", "/userinfo").status == 500
    bank.aws.clients.find("fintech", now=bank.now)
    assert recorded() == set()


def test_a_table_that_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="nobodys"):
        list(of_dynamodb("GetItem", {"TableName": "nobodys", "Key": {"pk": {"S": "a"}}}))


def test_a_read_names_its_attributes_and_whether_it_reads_all():
    key = {"TableName": "ducat-users", "Key": {"pk": {"S": "sub abc"}}}
    some = {"ProjectionExpression": "#0", "ExpressionAttributeNames": {"#0": "record"}}
    (whole,), (part,) = of_dynamodb("GetItem", key), of_dynamodb("GetItem", key | some)
    assert (whole.of("dynamodb:Attributes"), whole.of("dynamodb:Select")) == (("pk",), "ALL_ATTRIBUTES")
    assert (part.of("dynamodb:Attributes"), part.of("dynamodb:Select")) == (("pk", "record"), "SPECIFIC_ATTRIBUTES")
    assert part.of("dynamodb:LeadingKeys") == ("sub any",)


def test_a_write_names_what_it_sets_and_what_its_condition_reads():
    write = {
        "TableName": "ducat-sessions-2991",
        "Key": {"pk": {"S": "x"}},
        "ExpressionAttributeNames": {"#0": "failures_abc", "#1": "record"},
        "ReturnValues": "ALL_NEW",
    }
    (one,) = of_dynamodb("UpdateItem", write)
    assert one.resource == "table sessions of a week"
    assert one.of("dynamodb:Attributes") == ("failures_any", "pk", "record")
    assert one.of("dynamodb:ReturnValues") == "ALL_NEW"


def test_a_key_is_known_by_its_tags():
    made = {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "Tags": [{"TagKey": "ducat:use", "TagValue": "id_token"}]}
    tagged, created = of_kms("CreateKey", made, None)
    assert (tagged.action, created.action) == ("kms:TagResource", "kms:CreateKey")
    assert created.of("aws:RequestTag/ducat:use") == "id_token"
    assert created.of("kms:MultiRegion") == "false"


def test_a_look_at_a_domain_is_known_by_its_method_and_the_domain():
    one = of_api_gateway("GET", {"domainName": "mtls.bank.example"})
    (call,) = judging.calls({("check_truststore", one)})
    assert call.action == "apigateway:GET"
    assert call.resource == "arn:aws:apigateway:eu-central-1::/domainnames/mtls.bank.example"


# The end of a session.


def ended(monkeypatch, policies, *, whole=True, status=pytest.ExitCode.OK, **option):
    """The session's status after its end, and what is said."""
    monkeypatch.setattr(recording, "policies", policies)
    monkeypatch.setattr(recording, "write", lambda *_: None)
    source = pytest.Config.ArgsSource.TESTPATHS if whole else pytest.Config.ArgsSource.ARGS
    options = {"keyword": "", "markexpr": "", "deselect": None, "maxfail": 0} | option
    config = SimpleNamespace(option=SimpleNamespace(**options), args_source=source)
    session, one = SimpleNamespace(exitstatus=status, testsfailed=0), plugin.Session(config)
    one.pytest_sessionfinish(session)
    return session.exitstatus, one._problems


def test_a_whole_run_without_policies_fails(recorded, monkeypatch):
    status, problems = ended(monkeypatch, {})
    assert status == pytest.ExitCode.TESTS_FAILED
    assert problems == ["no policies: tests/infra synthesized none, so no role was judged"]


def test_a_whole_run_that_recorded_nothing_fails(recorded, monkeypatch):
    status, problems = ended(monkeypatch, role(READ))
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "silent: login made no call to AWS" in problems


@pytest.mark.parametrize("part", [{"whole": False}, {"keyword": "login"}, {"deselect": ["x"]}])
def test_a_part_of_the_tests_does_not_fail_for_what_it_did_not_record(recorded, monkeypatch, part):
    assert ended(monkeypatch, role(READ), **part) == (pytest.ExitCode.OK, [])
    assert ended(monkeypatch, {}, **part) == (pytest.ExitCode.OK, [])


def test_what_another_process_recorded_counts(recorded, monkeypatch):
    calls = {("login", USERS)}
    handed = json.dumps({"calls": recording.as_json(calls), "policies": {"weekly": {"login": []}}})
    monkeypatch.setattr(recording, "policies", {})
    plugin.Session(SimpleNamespace()).pytest_testnodedown(SimpleNamespace(workeroutput={plugin.KEY: handed}))
    assert recorded() == calls
    assert recording.policies == {"weekly": {"login": []}}


# The other evaluator.


def test_the_other_evaluator_decides_the_same(recorded):
    """Of some calls; `make roles` and the end of a whole run compare all."""
    try:
        decisions, differences = second_judge.differences({("login", USERS)}, role(READ))
    except second_judge.Absent as absent:
        pytest.skip(f"the roles were judged by no second evaluator: {absent}")
    assert decisions > 4
    assert differences == []
