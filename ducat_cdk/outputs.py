"""The stack's outputs for those who are no part of its app: where each resource is. In the app they are its attributes."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ducat_cdk.audit_bucket import Record


def build(
    scope: Construct,
    functions: Mapping[str, lambda_.IFunction],
    tables: Mapping[str, dynamodb.ITable],
    keys: Mapping[str, kms.IKey],
    api: apigateway.RestApi,
    dead_letters: sqs.IQueue,
    web_acl_arn: str | None,
    record: Record,
) -> None:
    """An output for each function, table and key, for the API, the queues, the record's buckets and the web ACL. What another
    stack of the app made and handed in is that one's to say.
    """
    for name, function in functions.items():
        CfnOutput(scope, f"{_title(name)}FunctionArn", value=function.function_arn)
    for name, table in tables.items():
        CfnOutput(scope, f"{_title(name)}TableName", value=table.table_name)
    for name, key in keys.items():
        CfnOutput(scope, f"{_title(name)}KeyArn", value=key.key_arn)
    CfnOutput(scope, "ApiId", value=api.rest_api_id)
    CfnOutput(scope, "DeadLettersUrl", value=dead_letters.queue_url)
    CfnOutput(scope, "AuditBucketName", value=record.bucket.bucket_name)
    CfnOutput(scope, "AuditKeyArn", value=record.key.key_arn)
    CfnOutput(scope, "AuditFailedBucketName", value=record.failed.bucket_name)
    CfnOutput(scope, "AuditDeadLettersUrl", value=record.dead_letters.queue_url)
    if web_acl_arn is not None:
        CfnOutput(scope, "WebAclArn", value=web_acl_arn)


def _title(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))
