"""The DynamoDB tables, split by lifetime and by who may touch them, so that a role can be narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

TTL = "ttl"


@dataclass(frozen=True)
class Row:
    """One table. `durable`: outlives the stack. `swept`: DynamoDB deletes an item some time after its `ttl`.

    `indexes`: by name, a text and a number that items are found by, which gives their keys alone.
    """

    name: str
    durable: bool
    swept: bool
    keys: tuple[str, ...] = ("pk",)
    indexes: tuple[tuple[str, str, str], ...] = ()


TABLES = (
    Row("clients", durable=True, swept=False),
    Row("users", durable=True, swept=False),
    Row("consents", durable=True, swept=True, indexes=(("by_person", "person", "given_at"),)),
    Row("signing_keys", durable=True, swept=False, keys=("ring", "kid")),
    Row("pushed_requests", durable=False, swept=True),
    Row("interactions", durable=False, swept=True),
    Row("access_tokens", durable=False, swept=True),
    Row("used_once", durable=False, swept=True),
    Row("sessions", durable=False, swept=True),
)


def build(scope: Construct, key: kms.IKey) -> Mapping[str, dynamodb.Table]:
    """Every table by its row's name.

    All of them under one customer-managed key, the short-lived too: an interaction holds who logged in and for what.
    """
    return {row.name: _table(scope, row, key) for row in TABLES}


def _table(scope: Construct, row: Row, key: kms.IKey) -> dynamodb.Table:
    partition, *sort = (dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING) for name in row.keys)
    table = dynamodb.Table(
        scope,
        "".join(word.title() for word in row.name.split("_")) + "Table",
        partition_key=partition,
        sort_key=sort[0] if sort else None,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        time_to_live_attribute=TTL if row.swept else None,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=row.durable
        ),
        deletion_protection=row.durable,
        removal_policy=RemovalPolicy.RETAIN if row.durable else RemovalPolicy.DESTROY,
    )
    for name, text, number in row.indexes:
        table.add_global_secondary_index(
            index_name=name,
            partition_key=dynamodb.Attribute(name=text, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=number, type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
    return table
