"""Log groups: how long they are kept, which key encrypts them, and who may use it."""

import pytest

from ducat_cdk.deployment import DeploymentError
from ducat_cdk.settings import deployment_of
from ducat_cdk.watch_settings import LOG_DAYS
from tests.infra.policies import rendered
from tests.infra.test_deployment_settings import CHOSEN

OWN_KEY = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000001"
GROUPS = "arn:aws:logs:eu-central-1:111122223333:log-group:"


def log_keys(template):
    """The key of each log group, without doubles."""
    return {str(group["KmsKeyId"]) for group in template.of("Logs::LogGroup").values()}


def test_one_key_encrypts_every_log_group_and_nothing_else(template):
    (key,) = {group["KmsKeyId"]["Fn::GetAtt"][0] for group in template.of("Logs::LogGroup").values()}
    assert key not in template.product_keys()
    assert template.of("KMS::Key")[key]["EnableKeyRotation"] is True
    assert template.resources[key]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_only_cloudwatch_logs_uses_the_key_and_only_for_log_groups_of_the_stack(template):
    (key,) = {group["KmsKeyId"]["Fn::GetAtt"][0] for group in template.of("Logs::LogGroup").values()}
    account, logs = template.of("KMS::Key")[key]["KeyPolicy"]["Statement"]
    assert rendered(account["Principal"]["AWS"]).endswith(":root")
    assert rendered(logs["Principal"]["Service"]) == "logs.eu-central-1.amazonaws.com"
    actions = {"Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey"}
    assert set(logs["Action"]) == {f"kms:{action}" for action in actions}
    ((condition, value),) = logs["Condition"]["ArnLike"].items()
    assert condition == "kms:EncryptionContext:aws:logs:arn"
    assert [rendered(one) for one in value] == [f"{GROUPS}Ducat-*", f"{GROUPS}aws-waf-logs-ducat-*"]


def test_every_name_of_a_log_group_is_one_that_the_key_is_for(template):
    """CloudFormation names those without a name by the stack's name and a hyphen."""
    names = [group["LogGroupName"] for group in template.of("Logs::LogGroup").values() if "LogGroupName" in group]
    assert [name["Fn::Join"][1][0] for name in names] == ["aws-waf-logs-ducat-"]


def test_a_bank_may_bring_its_own_key_and_retention(everything):
    assert log_keys(everything) == {OWN_KEY}
    assert {group["RetentionInDays"] for group in everything.of("Logs::LogGroup").values()} == {3653}
    assert "encrypts the log groups" not in everything.file.read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"log_days": 366}, "log_days must be one of 1, 3, 5, 7, 14, 30, "),
        ({"log_days": 0}, "log_days must be one of"),
        ({"log_encryption": "none"}, "log_encryption must be make, or the ARN of a KMS key"),
        ({"log_encryption": OWN_KEY.replace("key/", "alias/")}, "log_encryption must be make"),
        (
            {"log_encryption": OWN_KEY.replace("eu-central-1", "eu-west-1")},
            "issuer_certificate is of eu-central-1, .*log_encryption is of eu-west-1: all must be of the stack's Region",
        ),
    ],
)
def test_what_cloudwatch_does_not_take_is_refused(more, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of({**CHOSEN, **more})


def test_the_cdk_has_a_name_for_each_retention():
    from aws_cdk import aws_logs as logs

    assert {logs.RetentionDays[name].name for name in LOG_DAYS.values()} == set(logs.RetentionDays.__members__) - {
        "INFINITE"
    }
