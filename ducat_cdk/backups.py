"""AWS Backup's plan for the tables that last: each day, in a vault of its own or the bank's, and copied where that is chosen."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from constructs import Construct

from ducat_cdk.backup_settings import MAKE, Backup
from ducat_cdk.tables import TABLES

HOUR = "3"
"""UTC."""
NOT_KEPT = ("audit_keys",)
"""A person is forgotten by the record once their key is gone: a backup that is locked for years would keep it."""


def build(scope: Construct, chosen: Backup | None, tables: Mapping[str, dynamodb.ITable]) -> backup.IBackupVault | None:
    """The vault, None where there is no plan. Tables that exist already are in the plan too."""
    if chosen is None:
        return None
    vault = _vault(scope, chosen)
    kept = Duration.days(chosen.days)
    rule = backup.BackupPlanRule(
        backup_vault=vault,
        schedule_expression=events.Schedule.cron(hour=HOUR, minute="0"),
        delete_after=kept,
        copy_actions=[_copy(scope, chosen.copy_to, kept)] if chosen.copy_to else None,
    )
    plan = backup.BackupPlan(scope, "BackupPlan", backup_plan_rules=[rule])
    lasting = [tables[row.name] for row in TABLES if row.durable and row.name not in NOT_KEPT]
    plan.add_selection("Tables", resources=[backup.BackupResource.from_dynamo_db_table(table) for table in lasting])
    CfnOutput(scope, "BackupVaultName", value=vault.backup_vault_name)
    return vault


def _vault(scope: Construct, chosen: Backup) -> backup.IBackupVault:
    if chosen.vault != MAKE:
        return backup.BackupVault.from_backup_vault_name(scope, "ExistingBackupVault", chosen.vault)
    key = kms.Key(
        scope,
        "BackupKey",
        description="Ducat: encrypts the backups of tables",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    return backup.BackupVault(
        scope,
        "BackupVault",
        encryption_key=key,
        lock_configuration=_lock(chosen),
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def _lock(chosen: Backup) -> backup.LockConfiguration | None:
    if chosen.lock == "none":
        return None
    after = Duration.days(chosen.lock_after_days) if chosen.lock == "compliance" else None
    return backup.LockConfiguration(min_retention=Duration.days(chosen.days), changeable_for=after)


def _copy(scope: Construct, arn: str, kept: Duration) -> backup.BackupPlanCopyActionProps:
    vault = backup.BackupVault.from_backup_vault_arn(scope, "BackupCopies", arn)
    return backup.BackupPlanCopyActionProps(destination_backup_vault=vault, delete_after=kept)
