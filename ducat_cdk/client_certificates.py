"""What client certificates are checked with: the truststore's file, and the bucket of the CRLs that the job fetches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from ducat_cdk.deployment import Deployment
from ducat_cdk.function_rows import File, FileName

OLD_CRLS_DAYS = 400
"""How long a CRL is kept after the next one: over a year, for who asks why a client was refused."""


@dataclass(frozen=True)
class ClientCertificates:
    """`bucket`: of the CRLs. `truststore`: s3://bucket/key, and its `version` in S3, None where the name is its digest.

    `arns`: what a role names. `location`: the truststore's bucket and key.
    """

    bucket: s3.Bucket
    truststore: str
    version: str | None
    location: tuple[str, str]
    arns: Mapping[FileName, str]

    def actions(self, file: File) -> list[str]:
        """What a role allows on it. A version of an object is read by an action of its own."""
        versioned = file.name == "truststore" and self.version is not None
        return [f"{action}Version" if versioned else action for action in file.actions]

    def settings(self, deployment: Deployment) -> dict[str, str]:
        """What `chalicelib.settings` reads of them."""
        return {
            "DUCAT_CRL_BUCKET": self.bucket.bucket_name,
            "DUCAT_CRL_MINUTES": deployment.crl_minutes,
            "DUCAT_CRL_GRACE_HOURS": deployment.crl_grace_hours,
            "DUCAT_CRL_STALE": deployment.crl_stale,
            "DUCAT_TRUSTSTORE": self.truststore,
            **({} if self.version is None else {"DUCAT_TRUSTSTORE_VERSION": self.version}),
        }


def build(scope: Construct, deployment: Deployment) -> ClientCertificates:
    """The bucket, and the truststore: the bank's own file in S3, or ours, uploaded among the deployment's assets under a name
    that is its digest.
    """
    stack, version = Stack.of(scope), None
    if deployment.truststore:
        asset = s3_assets.Asset(scope, "Truststore", path=str(Path(deployment.truststore).absolute()))
        uri, bucket, key = asset.s3_object_url, asset.s3_bucket_name, asset.s3_object_key
    else:
        uri, version = deployment.truststore_uri, deployment.truststore_version
        bucket, _, key = uri.removeprefix("s3://").partition("/")
    crls = _bucket(scope)
    arns: dict[FileName, str] = {
        "truststore": f"arn:{stack.partition}:s3:::{bucket}/{key}",
        "crls": crls.arn_for_objects("*"),
    }
    return ClientCertificates(crls, uri, version, (bucket, key), arns)


def _bucket(scope: Construct) -> s3.Bucket:
    """Private, encrypted, with versions, and by TLS alone. A CRL is public, and signed."""
    return s3.Bucket(
        scope,
        "Crls",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                noncurrent_version_expiration=Duration.days(OLD_CRLS_DAYS),
                abort_incomplete_multipart_upload_after=Duration.days(1),
            )
        ],
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
