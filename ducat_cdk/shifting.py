"""New versions of functions get their traffic bit by bit, by CodeDeploy, and lose it again where an alarm begins.

For functions that somebody waits for. A job runs once an hour: it gets its new version at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ducat_cdk.deployment import Deployment
from ducat_cdk.lambdas import itself
from ducat_cdk.shift_settings import AT_ONCE, alarms_of
from ducat_cdk.statements import statement


def build(
    scope: Construct,
    deployment: Deployment,
    functions: Mapping[str, lambda_.IFunction],
    alarms: Mapping[str, cloudwatch.CfnAlarm],
) -> Mapping[str, codedeploy.LambdaDeploymentGroup]:
    """A deployment group for each function that somebody waits for, by its row's name; none where traffic is not shifted."""
    if deployment.traffic_shift == AT_ONCE:
        return {}
    application, role = codedeploy.LambdaApplication(scope, "Shifting"), _role(scope, functions)
    config = codedeploy.LambdaDeploymentConfig.from_lambda_deployment_config_name(
        scope, "Shift", f"CodeDeployDefault.Lambda{deployment.traffic_shift}"
    )
    known = {
        name: cloudwatch.Alarm.from_alarm_arn(scope, f"{name}-stops-shifts", alarm.attr_arn)
        for name, alarm in alarms.items()
    }
    made = {}
    for name, watched in alarms_of(alarms).items():
        alias = functions[name]
        assert isinstance(alias, lambda_.Alias)
        made[name] = codedeploy.LambdaDeploymentGroup(
            alias,
            "Shift",
            alias=alias,
            application=application,
            deployment_config=config,
            role=role,
            alarms=[known[alarm] for alarm in watched],
            # An alarm that can't be read is one that might have begun.
            ignore_poll_alarms_failure=False,
            auto_rollback=codedeploy.AutoRollbackConfig(
                deployment_in_alarm=True, failed_deployment=True, stopped_deployment=True
            ),
        )
    return made


def _role(scope: Construct, functions: Mapping[str, lambda_.IFunction]) -> iam.IRole:
    """What CodeDeploy may do: shift these functions' aliases, and read alarms. AWS's managed policy is for all functions."""
    arns = [itself(function).function_arn for function in functions.values()]
    statements = [
        statement(
            "ShiftTheirTraffic",
            ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"],
            [*arns, *(f"{arn}:*" for arn in arns)],
        ),
        # CloudWatch narrows the reading of alarms to none of them (service authorization reference).
        statement("SeeWhetherAnAlarmBegan", ["cloudwatch:DescribeAlarms"], ["*"]),
    ]
    region, account = Stack.of(scope).region, Aws.ACCOUNT_ID
    role = iam.Role(
        scope,
        "ShiftingRole",
        assumed_by=iam.ServicePrincipal(
            "codedeploy.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:codedeploy:{region}:{account}:deploymentgroup:*"},
            },
        ),
        description="Ducat: what CodeDeploy may do to shift traffic",
        inline_policies={"shift": iam.PolicyDocument(statements=statements)},
    )
    return role.without_policy_updates()  # The CDK would add that managed policy.
