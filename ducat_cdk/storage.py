"""What lasts and what is swept: a table and a key for each row of tables.py and keys.py.

Removing the stack removes no key: what it signed or sealed outlives it. What a first deployment made that failed is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from ducat_cdk import tables
from ducat_cdk.deployment import Deployment
from ducat_cdk.keys import KEYS
from ducat_cdk.tables import TABLES


def build_keys(scope: Construct, deployment: Deployment) -> Mapping[str, kms.Key]:
    """Every key that the deployment has, by its row's name."""
    return {
        row.name: kms.Key(
            scope,
            f"{row.name.title()}Key",
            description=f"Ducat: {row.purpose[0].lower()}{row.purpose[1:]}",
            key_spec=kms.KeySpec[row.spec],
            key_usage=kms.KeyUsage["SIGN_VERIFY" if row.signs else row.usage],
            # KMS rotates by itself what it alone reads: keys that encrypt.
            enable_key_rotation=True if row.spec == "SYMMETRIC_DEFAULT" else None,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            multi_region=True if deployment.chooses("multi_region_keys") else None,
        )
        for row in KEYS
        if row.name in (*deployment.template_keys(), *(row.name for row in KEYS if not row.signs))
    }


def build_tables(scope: Construct, deployment: Deployment, key: kms.IKey) -> Mapping[str, dynamodb.ITable]:
    """Every table by its row's name. One by week is named alone: the job `sweep` makes what goes by that name and a week.

    All of them under one customer-managed key, the short-lived too: an interaction holds who logged in and for what.
    """
    by_week, first = deployment.chooses("weekly_tables"), deployment.chooses("first_deployment")
    return {
        row.name: _named(scope, row) if by_week and row.weekly else _table(scope, row, key, first=first)
        for row in TABLES
    }


def is_weekly(table: dynamodb.ITable) -> bool:
    """Whether it is only the name of tables by week."""
    return not isinstance(table, dynamodb.Table)


def _named(scope: Construct, row: tables.Row) -> dynamodb.ITable:
    name = f"{Stack.of(scope).stack_name}-{row.name.replace('_', '-')}"
    return dynamodb.Table.from_table_name(scope, row.name.title().replace("_", "") + "OfWeeks", name)


def _table(scope: Construct, row: tables.Row, key: kms.IKey, *, first: bool) -> dynamodb.Table:
    """`first`: the stack may yet fail, and CloudFormation can't take back a table that is protected."""
    partition, *sort = (dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING) for name in row.keys)
    table = dynamodb.Table(
        scope,
        "".join(word.title() for word in row.name.split("_")) + "Table",
        partition_key=partition,
        sort_key=sort[0] if sort else None,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        time_to_live_attribute=tables.TTL if row.swept else None,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=row.durable
        ),
        deletion_protection=row.durable and not first,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if row.durable else RemovalPolicy.DESTROY,
    )
    for name, text, number in row.indexes:
        table.add_global_secondary_index(
            index_name=name,
            partition_key=dynamodb.Attribute(name=text, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=number, type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
    return table
