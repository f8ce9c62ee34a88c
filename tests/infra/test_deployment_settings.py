"""What a bank chooses, and what the commands say when it can't be used."""

import json

import pytest

from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.package import VOCABULARY, stage
from ducat_cdk.settings import deployment_of
from tests.house.source import ROOT
from tests.infra.template import Template, environment_of

CHOSEN = {
    "issuer_host": "login.real.bank",
    "mtls_host": "mtls.real.bank",
    "bank_name": "Real Bank",
    "resource_host": "api.real.bank",
    "issuer_certificate": "arn:aws:acm:eu-central-1:210987654321:certificate/0f5d2b3c-0000-4000-8000-000000000001",
    "mtls_certificate": "arn:aws:acm:eu-central-1:210987654321:certificate/0f5d2b3c-0000-4000-8000-000000000002",
    "truststore_uri": "s3://real-bank-truststore/truststore.pem",
    "truststore_version": "3HL4kqtJlcpXroDTDmJ",
    "api_gateway_log_role": "make",
}


NO_CERTIFICATE = {"issuer_certificate": Deployment.issuer_certificate}


def test_examples_are_to_be_read_and_not_deployed(template):
    errors = template.errors()
    for name in CHOSEN:
        assert f"{name} still has its example value" in errors


def test_what_a_bank_chooses_leaves_no_example():
    assert deployment_of(CHOSEN).left_as_examples() == []


def test_every_problem_is_listed_at_once():
    wrong = {
        "issuer_host": "https://login.real.bank",
        "mtls_host": "MTLS.real.bank",
        "bank_name": " ",
        "mtls_certificate": "arn:aws:iam::210987654321:server-certificate/x",
        "truststore_uri": "https://example.org/truststore.pem",
        "resource_rules": '["GET /accounts"]',
        "bank_api_id": "not an id",
        "eddsa": "yes",
        "template_signing_keys": "yes",
        "key_rotation_days": "0",
        "key_announcement_days": "two weeks",
        "key_retention_days": "3651",
        "multi_region_keys": "1",
        "isuer_host": "login.real.bank",
        "api_gateway_log_role": "perhaps",
        "hosted_zone_id": "mybank.example",
        "vocabulary": None,
    }
    with pytest.raises(DeploymentError) as refused:
        deployment_of(wrong)
    assert all(name in str(refused.value) for name in wrong)


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "{",
        "[]",
        "null",
        '{"GET /accounts": "accounts"}',
        '{"GET /accounts": {}}',
        '{"GET /accounts": {"max_age": 60}}',
        '{"GET /accounts": {"scope": ""}}',
        '{"GET /accounts": {"scope": "accounts", "max_age": true}}',
        '{"GET /accounts": {"scope": "accounts", "scopes": "accounts"}}',
    ],
)
def test_rules_that_open_a_route_to_anyone_or_say_nothing_clear_are_refused(rules):
    with pytest.raises(DeploymentError, match="resource_rules"):
        deployment_of({**CHOSEN, "resource_rules": rules})


@pytest.mark.parametrize(
    ("snap_start", "provisioned_concurrency", "problem"),
    [
        ("login", "{}", "it is not JSON"),
        ('{"login": 1}', "{}", "not an array"),
        ("[]", '["token"]', "not an object"),
        ('["sweep"]', "{}", "no function sweep that somebody waits for"),
        ("[]", '{"tokens": 1}', "no function tokens"),
        ("[]", '{"token": 0}', "from 1 to 1000"),
        ("[]", '{"token": true}', "from 1 to 1000"),
        ('["token"]', '{"token": 1}', "token can't have both"),
    ],
)
def test_functions_that_start_fast_are_named_and_counted(snap_start, provisioned_concurrency, problem):
    chosen = {"snap_start": snap_start, "provisioned_concurrency": provisioned_concurrency}
    with pytest.raises(DeploymentError, match=problem):
        deployment_of({**CHOSEN, **chosen})


def test_no_function_is_paid_for_in_advance_by_saying_nothing():
    said = deployment_of(CHOSEN).readiness()
    assert (said.snapshots, said.ready) == (frozenset(), {})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mtls_host": CHOSEN["issuer_host"]}, "issuer_host and mtls_host must differ"),
        (
            {
                "issuer_host": f"{'a.' * 32}bank",
                "hosted_zone_id": "Z012",
                "issuer_certificate": Deployment.issuer_certificate,
            },
            "64 ch",
        ),
        ({"resource_host": CHOSEN["mtls_host"]}, "resource_host must differ"),
        ({"mtls_certificate": CHOSEN["issuer_certificate"]}, "must be another than issuer_certificate"),
        (
            {"mtls_certificate": CHOSEN["mtls_certificate"].replace("eu-central-1", "eu-west-1")},
            "one account and Region",
        ),
        ({"truststore": "nowhere.pem"}, "leave out truststore_uri.*truststore: nowhere.pem can't be read"),
        ({"bank_name": "x" * 101}, "bank_name must have 1 to 100 characters"),
        ({"resource_rules": {"GET accounts": {"scope": "accounts"}}}, "GET accounts must be a method and the path"),
        ({"resource_rules": {"get /accounts": {"scope": "accounts"}}}, "get /accounts must be a method and the path"),
        (
            {"resource_rules": '{"GET /a": {"scope": "accounts"}, "GET /a": {"scope": "openid"}}'},
            "GET /a stands there more",
        ),
    ],
)
def test_settings_that_contradict_each_other_or_can_not_be_meant_are_refused(more, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of({**CHOSEN, **more})


def test_a_name_that_is_nearly_a_settings_is_told_which_is_meant():
    with pytest.raises(DeploymentError, match=r"isuer_host is not a setting \(is issuer_host meant\?\)"):
        deployment_of({**CHOSEN, "isuer_host": "login.real.bank"})


def test_lists_and_objects_may_stand_in_the_file_as_such():
    as_json = deployment_of({**CHOSEN, "resource_rules": {"GET /a": {"scope": "accounts"}}, "otp_level": 3})
    assert as_json.rules()["GET /a"] == {"scope": "accounts"}
    assert as_json.otp_level == "3"


def test_a_setting_that_stands_twice_is_refused_and_not_dropped(command, tmp_path):
    file = tmp_path / "ducat.json"
    file.write_text('{"eddsa": true, "eddsa": false}')
    run = command(str(file))
    assert (run.returncode, "eddsa stands there more than once" in run.stderr) == (1, True)


@pytest.mark.parametrize(("said", "chosen"), [("true", True), (True, True), ("false", False), (False, False)])
def test_eddsa_is_chosen_by_saying_so_as_text_or_as_json(said, chosen):
    assert deployment_of({**CHOSEN, "eddsa": said}).chooses("eddsa") is chosen


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"key_rotation_days": 14}, "key_announcement_days must be less than key_rotation_days"),
        ({"key_rotation_days": 30, "key_announcement_days": 30}, "key_announcement_days must be less"),
        ({"key_deletion_days": 6}, "key_deletion_days must be from 7 to 30"),
        ({"key_deletion_days": 31}, "key_deletion_days must be from 7 to 30"),
    ],
)
def test_times_of_signing_keys_that_contradict_each_other_or_kms_are_refused(chosen, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of({**CHOSEN, **chosen})


def test_times_of_signing_keys_may_be_numbers_or_texts():
    chosen = deployment_of({**CHOSEN, "key_rotation_days": 2, "key_announcement_days": "1", "key_deletion_days": 7})
    assert (chosen.key_rotation_days, chosen.key_retention_days) == ("2", "14")


def test_eddsa_is_not_chosen_by_saying_nothing():
    assert deployment_of(CHOSEN).chooses("eddsa") is False


def test_there_is_no_choosing_other_people():
    with pytest.raises(DeploymentError, match="people is not a setting"):
        deployment_of({**CHOSEN, "people": "local.sandbox_users:build"})


def test_the_cdks_own_context_is_left_alone():
    own = (
        *("aws:cdk:enable-path-metadata", "@aws-cdk/core:x", "@aws-example/y:z", "acknowledged-issue-numbers"),
        "vpc-provider:account=111122223333:filter.vpc-id=vpc-1:region=eu-central-1:returnAsymmetricSubnets=true",
        "availability-zones:account=111122223333:region=eu-central-1",
    )
    assert deployment_of(dict.fromkeys(own, True)) == Deployment()
    with pytest.raises(DeploymentError, match="issuer-host is not a setting"):
        deployment_of({"issuer-host": "login.real.bank"})


def test_a_chosen_deployment_reaches_the_template(synthesized):
    chosen = Template(synthesized / "weekly")
    environment = chosen.environment()
    assert environment["DUCAT_ISSUER"] == "https://login.real.bank"
    assert environment["DUCAT_BANK_NAME"] == "Real Bank"
    assert '"GET /accounts":{"scope":"accounts"}' in environment["DUCAT_RESOURCE_RULES"]
    assert "login.real.bank" in {d["DomainName"] for d in chosen.of("ApiGateway::DomainName").values()}
    assert ":a1b2c3d4e5/authorizers/*" in chosen.file.read_text()
    assert "issuer_host still has its example value" not in chosen.errors()


@pytest.mark.parametrize("arguments", [("-c", "isuer_host=x"), ("-c", "bank_name"), ("nowhere.json",)])
def test_settings_that_cannot_be_used_are_one_line_and_no_template(command, tmp_path, arguments):
    run = command(*arguments)
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.fault("4h")
@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"scope": "acounts"}, "scope acounts is unknown; there are openid"),
        ({"authorization_details_type": "standing_order"}, "authorization_details_type standing_order is unknown"),
        ({"scope": "accounts", "acr": "urn:openbanking:psd2:sca"}, "acr urn:openbanking:psd2:sca is unknown"),
    ],
)
def test_a_rule_that_asks_for_what_there_is_none_of_is_refused(rule, words):
    """It was deployed, and nobody got in."""
    with pytest.raises(DeploymentError, match=words):
        deployment_of({**CHOSEN, "resource_rules": json.dumps({"GET /accounts": rule})})


@pytest.mark.fault("4h")
def test_a_banks_own_words_are_checked_whole_before_anything_is_deployed(tmp_path):
    """Every fault at once; what is right opens routes to what it names."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    declared = json.loads((ROOT / "local" / "vocabulary.json").read_text())
    good.write_text(json.dumps(declared | {"acr": {"3": "urn:openbanking:psd2:sca"}}))
    rules = json.dumps({"GET /since": {"scope": "customer", "acr": "urn:openbanking:psd2:sca"}})
    deployment_of({**CHOSEN, "vocabulary": str(good), "resource_rules": rules})
    declared["authorization_details_types"][0]["members"]["reference"] = {"type": "strnig"}
    bad.write_text(json.dumps(declared))
    with pytest.raises(DeploymentError, match="standing_order: its schema"):
        deployment_of({**CHOSEN, "vocabulary": str(bad)})
    bad.write_text(json.dumps({"time_zone": "Nowhere", "scopes": {}}))
    with pytest.raises(DeploymentError, match="scopes: not a list of objects; time_zone"):
        deployment_of({**CHOSEN, "vocabulary": str(bad)})
    with pytest.raises(DeploymentError, match="can't be read: FileNotFoundError"):
        deployment_of({**CHOSEN, "vocabulary": str(tmp_path / "missing.json")})


@pytest.mark.fault("4h")
def test_a_banks_own_words_are_packaged_with_the_functions(tmp_path):
    own = tmp_path / "ours.json"
    own.write_text("{}")
    stage(tmp_path / "code", None, vocabulary=str(own))
    assert (tmp_path / "code" / VOCABULARY).read_text() == "{}"


@pytest.mark.parametrize(
    ("name", "twice"),
    [
        ("throttles", '{"*": {"rate": 200, "burst": 400}, "*": {"rate": 1, "burst": 1}}'),
        ("throttles", '{"*": {"rate": 200, "rate": 1, "burst": 400}}'),
        ("reserved_concurrency", '{"token": 100, "token": 1}'),
        ("provisioned_concurrency", '{"token": 1, "token": 2}'),
        ("resource_rules", '{"GET /a": {"scope": "accounts"}, "GET /a": {}}'),
    ],
)
def test_a_member_that_stands_twice_is_refused_in_every_setting_of_json(name, twice):
    """JSON would drop one of them, and nobody would know which."""
    with pytest.raises(DeploymentError, match=name.split("_")[0]):
        deployment_of({name: twice})


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        ("local.sandbox_app:build", "approval_app must be module:function of chalicelib"),
        ("chalicelib.our_app", "approval_app must be module:function of chalicelib"),
        ("chalicelib.our_app:build", "approval_app: there is no module chalicelib.our_app"),
        ("chalicelib.approval_app:build", "approval_app: chalicelib.approval_app has no function build"),
    ],
)
def test_an_approval_app_is_one_that_is_deployed(app, problem):
    with pytest.raises(DeploymentError, match=problem):
        deployment_of(CHOSEN | {"approval_app": app})


def test_an_approval_app_is_named_to_the_functions():
    chosen = deployment_of(
        CHOSEN | {"approval_app": "chalicelib.users.directory:build"}
    )  # Any function stands in for one.
    assert environment_of(chosen)["DUCAT_APPROVAL_APP"] == "chalicelib.users.directory:build"
    assert "DUCAT_APPROVAL_APP" not in environment_of(deployment_of(CHOSEN))


def test_a_recovery_waits_for_a_day_at_least_tells_the_person_and_is_off_unless_chosen():
    bus = {"audit_bus": "arn:aws:events:eu-central-1:111122223333:event-bus/default"}
    assert environment_of(deployment_of(CHOSEN))["DUCAT_RECOVERY_HOURS"] == "0"
    for hours in ("0", "24", "99", "700", "720"):
        chosen = deployment_of(CHOSEN | bus | {"recovery_hours": int(hours)})
        assert environment_of(chosen)["DUCAT_RECOVERY_HOURS"] == hours
    for hours in ("1", "23", "721", "48h", "-24", "024"):
        with pytest.raises(DeploymentError, match="recovery_hours must be 0, or hours from 24 to 720"):
            deployment_of(CHOSEN | bus | {"recovery_hours": hours})
    with pytest.raises(DeploymentError, match="recovery_hours: nobody gets a notice of a recovery"):
        deployment_of(CHOSEN | {"recovery_hours": "48"})
