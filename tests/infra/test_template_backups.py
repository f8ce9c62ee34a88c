"""AWS Backup's plan: which tables, for how long, in which vault, and what of the setting is refused."""

import json

import pytest

from ducat_cdk.deployment import DeploymentError
from ducat_cdk.settings import deployment_of
from ducat_cdk.tables import TABLES
from tests.infra.conftest import BACKUP_COPIES


def test_every_table_that_lasts_is_in_the_plan_and_no_other(everything):
    """But the keys by which the record names people: one that is deleted must be gone."""
    selected = everything.one("Backup::BackupSelection")["BackupSelection"]["Resources"]
    environment = everything.environment()
    lasting = {
        environment[f"DUCAT_{row.name.upper()}_TABLE"]["Ref"]
        for row in TABLES
        if row.durable and row.name != "audit_keys"
    }
    assert {one["Fn::GetAtt"][0] for one in selected} == lasting


def test_a_backup_is_made_each_day_kept_as_long_as_chosen_and_copied(everything):
    (rule,) = everything.one("Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 365}
    (copied,) = rule["CopyActions"]
    assert copied == {"DestinationBackupVaultArn": BACKUP_COPIES, "Lifecycle": {"DeleteAfterDays": 365}}
    assert rule["TargetBackupVault"]["Fn::GetAtt"][0] in everything.of("Backup::BackupVault")


def test_the_vault_is_locked_under_a_key_of_its_own_and_outlives_the_stack(everything):
    (vault,) = [one for one in everything.resources.values() if one["Type"] == "AWS::Backup::BackupVault"]
    assert vault["Properties"]["LockConfiguration"] == {"ChangeableForDays": 3, "MinRetentionDays": 365}
    key = vault["Properties"]["EncryptionKeyArn"]["Fn::GetAtt"][0]
    assert everything.of("KMS::Key")[key]["EnableKeyRotation"] is True
    assert vault["DeletionPolicy"] == everything.resources[key]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_only_aws_backup_takes_the_plans_role(everything):
    role = everything.of("IAM::Role")[
        everything.one("Backup::BackupSelection")["BackupSelection"]["IamRoleArn"]["Fn::GetAtt"][0]
    ]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
    assert "AWSBackupServiceRolePolicyForBackup" in json.dumps(role["ManagedPolicyArns"])


def test_without_the_setting_there_is_no_plan(template):
    assert "AWS::Backup" not in template.file.read_text()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("always", "backup must be a JSON object"),
        ([35], "backup must be a JSON object"),
        ('{"days": 1, "days": 2}', "backup must be a JSON object"),
        ({"lock": "governance"}, "days must be a number from 1"),
        ({"days": True}, "days must be a number from 1"),
        ({"days": 35, "dayz": 1}, "there is no dayz"),
        ({"days": 35, "vault": "a b"}, "vault must be make, or the name"),
        ({"days": 35, "lock": "strong"}, "lock must be one of"),
        ({"days": 35, "vault": "banks-own", "lock": "governance"}, "lock your own yourself"),
        ({"days": 35, "lock": "compliance"}, "lock_after_days, from 3"),
        ({"days": 35, "lock": "compliance", "lock_after_days": 2}, "lock_after_days, from 3"),
        ({"days": 35, "lock": "governance", "lock_after_days": 3}, "lock_after_days, from 3"),
        ({"days": 35, "copy_to": "eu-west-1"}, "copy_to must be the ARN"),
    ],
)
def test_a_plan_that_can_not_be_meant_is_refused(chosen, words):
    with pytest.raises(DeploymentError, match=words):
        deployment_of({"backup": chosen})


def test_a_vault_of_the_banks_own_may_be_named():
    assert deployment_of({"backup": {"days": 7, "vault": "banks-own"}}).backups().vault == "banks-own"
