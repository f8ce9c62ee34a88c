"""Where the record is kept: its bucket, and what takes what could not be recorded.

What could not be recorded after hours of tries is kept whole in a bucket of its own: a queue would get numbers of the stream's
records alone, which the stream forgets after a day. The bucket holds items as they are stored, so it is under the record's key,
and they go after DAYS. The queue gets a message for each of its objects, and the other events that failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ducat_cdk.audit_settings import COMPLIANCE
from ducat_cdk.deployment import Deployment
from ducat_cdk.notices import Notices
from ducat_cdk.notices import build as build_notices
from ducat_cdk.watch_settings import MAKE, NONE

PREFIX = "audit/"
"""What the names of the record's objects begin with (chalicelib/audit)."""
DAYS = 14
"""How long that is kept which could not be recorded."""
COLD_DAYS = 90
"""After so many days an object is moved to where keeping costs less, and reading more. S3 leaves those under 128 KB where they
are: there they cost less.
"""
DAYS_OF_A_YEAR = 366


@dataclass(frozen=True)
class Record:
    """`bucket`: of the record. `failed`: of what could not be recorded. `key`: of both.

    `dead_letters`: a message for each failure. `streams`: ARNs by the names of tables. `bus`: an ARN, None without one.
    `notices`: to people, None without them.
    """

    bucket: s3.IBucket
    failed: s3.IBucket
    key: kms.IKey
    dead_letters: sqs.Queue
    streams: Mapping[str, str]
    bus: str | None
    notices: Notices | None = None

    def settings(self) -> dict[str, str]:
        """What `chalicelib.settings` reads of it."""
        bus = {} if self.bus is None else {"DUCAT_AUDIT_BUS": self.bus}
        notices = {} if self.notices is None else self.notices.settings()
        return {"DUCAT_AUDIT_BUCKET": self.bucket.bucket_name, **bus, **notices}


def build(scope: Construct, deployment: Deployment, given: s3.IBucket | None, streams: Mapping[str, str]) -> Record:
    """What the function `audit` writes to. `given`: a bucket that exists already, beside that of the settings."""
    key, reads, dead_letters = _key(scope, deployment), _reads(scope, deployment), _dead_letters(scope)
    failed = _failed(scope, key, dead_letters)
    _log_reads(failed, reads, "failed/")
    if given is None and deployment.audit_bucket == MAKE:
        given = _bucket(scope, deployment, key)
        _log_reads(given, reads, "record/")
    elif given is None:
        given = s3.Bucket.from_bucket_name(scope, "ExistingAudit", deployment.audit_bucket)
    notices = build_notices(scope, deployment, dead_letters)
    return Record(given, failed, key, dead_letters, streams, _bus(deployment), notices)


def _key(scope: Construct, deployment: Deployment) -> kms.IKey:
    if deployment.audit_encryption != MAKE:
        return kms.Key.from_key_arn(scope, "AuditKey", deployment.audit_encryption)
    return kms.Key(
        scope,
        "AuditKey",
        description="Ducat: encrypts the record of what happened",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def _bucket(scope: Construct, deployment: Deployment, key: kms.IKey) -> s3.Bucket:
    """Locked: no version that is there can be deleted before its time is over, and then it goes by itself."""
    kept = Duration.days(int(deployment.audit_years) * DAYS_OF_A_YEAR)
    lock = s3.ObjectLockRetention
    bucket = _private(
        scope,
        "AuditRecord",
        key,
        object_lock_enabled=True,
        object_lock_default_retention=(lock.compliance if deployment.audit_lock == COMPLIANCE else lock.governance)(
            kept
        ),
        lifecycle_rules=[
            s3.LifecycleRule(
                transitions=[
                    s3.Transition(
                        storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                        transition_after=Duration.days(COLD_DAYS),
                    )
                ],
                expiration=kept.plus(Duration.days(1)),
                noncurrent_version_expiration=Duration.days(1),
                abort_incomplete_multipart_upload_after=Duration.days(1),
            ),
            s3.LifecycleRule(expired_object_delete_marker=True),
        ],
    )
    return bucket


def _failed(scope: Construct, key: kms.IKey, queue: sqs.Queue) -> s3.Bucket:
    bucket = _private(
        scope,
        "AuditFailed",
        key,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=Duration.days(DAYS),
                noncurrent_version_expiration=Duration.days(1),
                abort_incomplete_multipart_upload_after=Duration.days(1),
            )
        ],
    )
    # Not by the CDK's own notifications, which need a function of theirs.
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        queue_configurations=[
            s3.CfnBucket.QueueConfigurationProperty(event="s3:ObjectCreated:*", queue=queue.queue_arn)
        ]
    )
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid="TellOfWhatFailed",
            principals=[iam.ServicePrincipal("s3.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            # Not by the bucket's ARN: S3 tries the queue before there is a bucket.
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
    )
    policy = queue.node.find_child("Policy").node.default_child
    assert isinstance(policy, sqs.CfnQueuePolicy)
    resource.add_dependency(policy)
    return bucket


def _reads(scope: Construct, deployment: Deployment) -> s3.Bucket:
    """S3's log of who read the record. S3 writes it under its own keys alone."""
    return s3.Bucket(
        scope,
        "AuditReads",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=Duration.days(int(deployment.log_days)),
                noncurrent_version_expiration=Duration.days(1),
                abort_incomplete_multipart_upload_after=Duration.days(1),
            )
        ],
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def _log_reads(bucket: s3.Bucket, reads: s3.Bucket, prefix: str) -> None:
    """By the log's bucket's policy. The CDK's own way may ask for an ACL, by the app's feature flags."""
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)
    resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
        destination_bucket_name=reads.bucket_name, log_file_prefix=prefix
    )
    reads.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
            actions=["s3:PutObject"],
            resources=[reads.arn_for_objects(f"{prefix}*")],
            conditions={
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                "ArnLike": {"aws:SourceArn": bucket.bucket_arn},
            },
        )
    )


def _private(scope: Construct, name: str, key: kms.IKey, **more: object) -> s3.Bucket:
    """A bucket that nobody reaches but by TLS and IAM, with versions, under the key."""
    return s3.Bucket(
        scope,
        name,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        **more,  # type: ignore[arg-type]
    )


def _dead_letters(scope: Construct) -> sqs.Queue:
    """A message for each batch of a stream that was put aside, and the lines of logs that could not be recorded, which may name
    people.
    """
    return sqs.Queue(
        scope,
        "AuditDeadLetters",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(DAYS),
    )


def _bus(deployment: Deployment) -> str | None:
    name = deployment.audit_bus
    if name == NONE or name.startswith("arn:"):
        return None if name == NONE else name
    return f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:event-bus/{name}"
