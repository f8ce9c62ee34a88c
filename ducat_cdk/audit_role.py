"""What the role of the function `audit` has beyond its row: the record's key, the event bus, and what Lambda does by it.

Lambda reads a stream by the function's role, and puts aside what failed. The function's own code may do neither: a statement
denies it by lambda:SourceFunctionArn, which calls of the code have, and Lambda's own for an event source have not (Lambda
developer guide, "Using source function ARN to control function access behavior"). So whoever has the credentials that the code
is given reads no stream, with the password hashes that stand in it.
"""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from ducat_cdk.audit_bucket import PREFIX, Record
from ducat_cdk.audit_settings import LIST, READ, SOURCE
from ducat_cdk.statements import statement


def statements(scope: Construct, record: Record) -> list[iam.PolicyStatement]:
    """The statements."""
    bucket, failed = record.failed.bucket_arn, record.failed.arn_for_objects("*")
    code = {"Null": {"lambda:SourceFunctionArn": "false"}}
    return [
        *_put_on_bus(record),
        *(() if record.notices is None else record.notices.statements()),
        statement("EncryptTheRecord", ["kms:GenerateDataKey"], [record.key.key_arn], _of_buckets(scope, record)),
        statement("LetLambdaReadTheStreams", READ, list(record.streams.values())),
        # IAM narrows it to no resource (service authorization reference). It gives names, and no item.
        statement("LetLambdaListThem", [LIST], ["*"]),
        statement("LetLambdaSeeWhereFailuresGo", ["s3:ListBucket"], [bucket]),
        statement("LetLambdaPutThemThere", ["s3:PutObject"], [failed]),
        statement("AndNotTheCode", [*READ, LIST], ["*"], code, iam.Effect.DENY),
        statement("NorThis", ["s3:ListBucket", "s3:PutObject"], [bucket, failed], code, iam.Effect.DENY),
    ]


def _put_on_bus(record: Record) -> list[iam.PolicyStatement]:
    if record.bus is None:
        return []
    conditions = {
        "ForAllValues:StringEquals": {"events:source": [SOURCE]},
        "Null": {"events:source": "false"},
    }
    return [statement("TellTheBanksOwnSystems", ["events:PutEvents"], [record.bus], conditions)]


def _of_buckets(scope: Construct, record: Record) -> dict[str, object]:
    """S3 gives the bucket as the encryption context where the bucket has a key of its own, and else the object."""
    arns = [record.bucket.bucket_arn, record.bucket.arn_for_objects(f"{PREFIX}*"), record.failed.bucket_arn]
    return {
        "StringEquals": {"kms:ViaService": f"s3.{Stack.of(scope).region}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": arns},
    }
