"""Where alarms go: the bank's own SNS topic, one that is made here, or nowhere."""

from __future__ import annotations

from aws_cdk import Annotations, ArnFormat, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ducat_cdk.watch_settings import MAKE, NONE, WITHOUT_TOPIC

CLOUDWATCH = "cloudwatch.amazonaws.com"


def build(scope: Construct, alarm_topic: str) -> str | None:
    """The topic's ARN, None where alarms go nowhere."""
    if alarm_topic == NONE:
        Annotations.of(scope).add_warning(WITHOUT_TOPIC)
        return None
    if alarm_topic != MAKE:
        return alarm_topic
    key = kms.Key(
        scope,
        "AlarmKey",
        description="Ducat: encrypts the topic of alarms",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.DESTROY,  # it protects messages on their way, and nothing that is kept
    )
    topic = sns.Topic(scope, "AlarmTopic", display_name="Ducat", master_key=key, enforce_ssl=True)
    # AWS's own key for SNS can't be given to CloudWatch, so alarms would be lost (SNS developer guide, "Key management").
    key.add_to_resource_policy(_cloudwatch("EncryptAlarms", ["kms:Decrypt", "kms:GenerateDataKey*"], "*", scope))
    topic.add_to_resource_policy(_cloudwatch("PublishAlarms", ["sns:Publish"], topic.topic_arn, scope))
    CfnOutput(scope, "AlarmTopicArn", value=topic.topic_arn, description="Subscribe who is on call")
    return topic.topic_arn


def _cloudwatch(sid: str, actions: list[str], resource: str, scope: Construct) -> iam.PolicyStatement:
    """What CloudWatch may do on behalf of alarms of this stack, and of no other of anybody's."""
    stack = Stack.of(scope)
    alarms = stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name=f"{stack.stack_name}-*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.ServicePrincipal(CLOUDWATCH)],
        actions=actions,
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": alarms}},
    )
