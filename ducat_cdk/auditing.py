"""What the function `audit` is called by: the tables' streams, the other functions' log lines, and changes of the truststore."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs

from ducat_cdk import notices
from ducat_cdk.audit_bucket import Record
from ducat_cdk.audit_lines import PATTERN
from ducat_cdk.audit_settings import BATCH, MAX_AGE, PARALLEL, SECONDS
from ducat_cdk.client_certificates import ClientCertificates
from ducat_cdk.deployment import Deployment
from ducat_cdk.lambdas import itself


def build(
    deployment: Deployment,
    functions: Mapping[str, lambda_.IFunction],
    record: Record,
    certificates: ClientCertificates,
    dead_letters: sqs.IQueue,
) -> None:
    """Connect the function. `dead_letters`: where what CloudTrail tells goes that it can't be handed."""
    audit = functions["audit"]
    assert isinstance(audit, lambda_.Alias)
    for name, arn in record.streams.items():
        _read(audit, name, arn, record)
    if record.notices is not None:
        notices.connect(audit, record.notices)
    permission = _let_logs_call(audit)
    for name, function in functions.items():
        if name != "audit":  # its own lines would call it again, for ever
            _subscribe(function, audit, permission)
    _tell_of_deployments(audit, deployment, certificates, dead_letters)
    if not deployment.truststore:
        _let_s3_call(audit, certificates.location[0])


def _read(audit: lambda_.Alias, name: str, stream: str, record: Record) -> None:
    """From the oldest change that the stream has. A batch that fails is halved until what can be recorded is."""
    lambda_.CfnEventSourceMapping(
        audit,
        f"{''.join(word.title() for word in name.split('_'))}Stream",
        function_name=audit.function_arn,
        event_source_arn=stream,
        starting_position="TRIM_HORIZON",
        batch_size=BATCH,
        maximum_batching_window_in_seconds=SECONDS,
        parallelization_factor=PARALLEL,
        bisect_batch_on_function_error=True,
        function_response_types=["ReportBatchItemFailures"],
        maximum_retry_attempts=-1,
        maximum_record_age_in_seconds=MAX_AGE,
        destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=record.failed.bucket_arn)
        ),
    )


def _let_logs_call(audit: lambda_.Alias) -> lambda_.CfnPermission:
    """One permission for the log groups of the stack, which CloudFormation names by it: the policy of a function is limited."""
    stack = Stack.of(audit)
    return lambda_.CfnPermission(
        audit,
        "Lines",
        action="lambda:InvokeFunction",
        function_name=audit.function_arn,
        principal="logs.amazonaws.com",
        source_account=Aws.ACCOUNT_ID,
        source_arn=stack.format_arn(service="logs", resource=f"log-group:{stack.stack_name}-*:*"),
    )


def _subscribe(function: lambda_.IFunction, audit: lambda_.Alias, permission: lambda_.CfnPermission) -> None:
    made = itself(function)
    filtered = logs.CfnSubscriptionFilter(
        made,
        "Recorded",
        log_group_name=made.log_group.log_group_name,
        filter_pattern=PATTERN,
        destination_arn=audit.function_arn,
    )
    filtered.add_dependency(permission)


def _tell_of_deployments(
    audit: lambda_.Alias, deployment: Deployment, certificates: ClientCertificates, dead_letters: sqs.IQueue
) -> None:
    """A truststore counts from the change of the host's domain on, which CloudTrail tells of, and by whom. The function is told
    as S3 tells of an object.
    """
    host, (bucket, key) = deployment.mtls_host, certificates.location
    stored = {"key": key, "sequencer": events.EventField.event_id}
    event = {
        "eventSource": "aws:s3",
        "eventName": "ObjectDeployed",
        "eventTime": events.EventField.time,
        "userIdentity": {"principalId": events.EventField.from_path("$.detail.userIdentity.arn")},
        "s3": {
            "bucket": {"name": bucket},
            "object": stored if certificates.version is None else {**stored, "versionId": certificates.version},
        },
    }
    events.Rule(
        audit,
        "TruststoreDeployed",
        description="Ducat: record that the host for client certificates has another truststore",
        event_pattern=events.EventPattern(
            source=["aws.apigateway"],
            detail_type=["AWS API Call via CloudTrail"],
            detail={
                "eventName": ["CreateDomainName", "UpdateDomainName"],
                "errorCode": [{"exists": False}],
                "$or": [
                    {"requestParameters": {"domainName": [host]}},
                    {"requestParameters": {"createDomainNameInput": {"domainName": [host]}}},
                ],
            },
        ),
        targets=[
            targets.LambdaFunction(
                audit,
                event=events.RuleTargetInput.from_object({"Records": [event]}),
                dead_letter_queue=dead_letters,
            )
        ],
    )


def _let_s3_call(audit: lambda_.Alias, bucket: str) -> None:
    """The bank's own bucket, whose notifications the bank sets (docs/operate/audit.md)."""
    lambda_.CfnPermission(
        audit,
        "Truststore",
        action="lambda:InvokeFunction",
        function_name=audit.function_arn,
        principal="s3.amazonaws.com",
        source_account=Aws.ACCOUNT_ID,
        source_arn=f"arn:{Aws.PARTITION}:s3:::{bucket}",
    )
