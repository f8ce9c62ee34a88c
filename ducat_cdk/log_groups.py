"""The log groups: all of one retention, and all under a customer-managed key: the bank's own, or one that is made here."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from ducat_cdk.deployment import Deployment
from ducat_cdk.watch_settings import LOG_DAYS, MAKE

WEB_ACL_LOGS = "aws-waf-logs-ducat-"
"""What the name of the web ACL's log group begins with. WAF writes to groups named aws-waf-logs- alone."""


@dataclass(frozen=True)
class LogGroups:
    """Makes log groups. `key`: what encrypts them."""

    retention: logs.RetentionDays
    key: kms.IKey

    def make(self, scope: Construct, name: str, *, log_group_name: str | None = None) -> logs.LogGroup:
        """A log group, which stays when the stack goes. `log_group_name`: where a service prescribes it."""
        return logs.LogGroup(
            scope,
            name,
            log_group_name=log_group_name,
            retention=self.retention,
            encryption_key=self.key,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )


def build(scope: Construct, deployment: Deployment) -> LogGroups:
    """The log groups of the stack."""
    retention = logs.RetentionDays[LOG_DAYS[int(deployment.log_days)]]
    if deployment.log_encryption == MAKE:
        return LogGroups(retention, _key(scope))
    return LogGroups(retention, kms.Key.from_key_arn(scope, "LogKey", deployment.log_encryption))


def _key(scope: Construct) -> kms.Key:
    """CloudWatch Logs uses it, for log groups of this stack alone: it gives their ARN as the encryption context (CloudWatch
    Logs user guide, "Encrypt log data"). CloudFormation names a log group by its stack.
    """
    stack = Stack.of(scope)
    key = kms.Key(
        scope,
        "LogKey",
        description="Ducat: encrypts the log groups",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    groups = [
        stack.format_arn(service="logs", resource=f"log-group:{prefix}*")
        for prefix in (f"{stack.stack_name}-", WEB_ACL_LOGS)
    ]
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="EncryptTheLogGroups",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )
    return key
