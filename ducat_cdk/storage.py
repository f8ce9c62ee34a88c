"""What lasts and what is swept: a table and a key for each row of tables.py and keys.py.

Removing the stack removes no key: what it signed or sealed outlives it. What a first deployment made that failed is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from ducat_cdk import audit_settings, keys, tables
from ducat_cdk.deployment import Deployment
from ducat_cdk.keys import KEYS
from ducat_cdk.tables import TABLES


def build_keys(scope: Construct, deployment: Deployment, given: Mapping[str, kms.IKey]) -> Mapping[str, kms.IKey]:
    """Every key that the deployment has, by its row's name. `given`: those that exist already, beside those of the settings."""
    named = deployment.existing().keys
    imported = {name: kms.Key.from_key_arn(scope, f"Existing{name.title()}Key", arn) for name, arn in named.items()}
    existing = {**given, **imported}
    return {
        row.name: existing.get(row.name) or _key(scope, row, deployment)
        for row in KEYS
        if row.name in (*deployment.template_keys(), *(row.name for row in KEYS if not row.signs))
    }


def _key(scope: Construct, row: keys.Row, deployment: Deployment) -> kms.Key:
    return kms.Key(
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


def build_tables(
    scope: Construct, deployment: Deployment, key: kms.IKey, given: Mapping[str, dynamodb.ITable]
) -> Mapping[str, dynamodb.ITable]:
    """Every table by its row's name. One by week is named alone: the job `sweep` makes what goes by that name and a week.

    All of them under one customer-managed key, the short-lived too: an interaction holds who logged in and for what.
    `given`: those that exist already, beside those of the settings.
    """
    first = deployment.chooses("first_deployment")
    imported = {name: _imported(scope, name, value, key) for name, value in deployment.existing().tables.items()}
    existing = {**given, **imported}
    return {
        row.name: _named(scope, row)
        if is_weekly(row.name, deployment)
        else existing.get(row.name) or _table(scope, row, key, first=first)
        for row in TABLES
    }


def streams(tables: Mapping[str, dynamodb.ITable], deployment: Deployment) -> Mapping[str, str]:
    """The ARN of the stream of each table that is recorded, by its row's name. One that exists already has it among the
    settings, or with it (existing.py).
    """
    given = audit_settings.streams(deployment.table_streams)
    found = {
        name: given.get(name) or tables[name].table_stream_arn
        for name in audit_settings.recorded(by_week=deployment.chooses("weekly_tables"))
    }
    return {name: arn for name, arn in found.items() if arn}


def is_weekly(name: str, deployment: Deployment) -> bool:
    """Whether a row's table is only the name of tables by week."""
    return deployment.chooses("weekly_tables") and any(row.name == name and row.weekly for row in TABLES)


def _imported(scope: Construct, name: str, value: str, key: kms.IKey) -> dynamodb.ITable:
    """A table by its name or ARN. What it is like, and whether it is protected, is for who made it to see to."""
    of = {"table_arn": value} if value.startswith("arn:") else {"table_name": value}
    construct = f"Existing{_title(name)}Table"
    return dynamodb.Table.from_table_attributes(scope, construct, **of, encryption_key=key)  # type: ignore[arg-type]


def _title(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def _named(scope: Construct, row: tables.Row) -> dynamodb.ITable:
    name = f"{Stack.of(scope).stack_name}-{row.name.replace('_', '-')}"
    return dynamodb.Table.from_table_name(scope, row.name.title().replace("_", "") + "OfWeeks", name)


def _table(scope: Construct, row: tables.Row, key: kms.IKey, *, first: bool) -> dynamodb.Table:
    """`first`: the stack may yet fail, and CloudFormation can't take back a table that is protected."""
    partition, *sort = (dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING) for name in row.keys)
    table = dynamodb.Table(
        scope,
        f"{_title(row.name)}Table",
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
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if row.recorded else None,
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
