"""The Lambda functions: one for each row of functions.py, each with a role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ducat_cdk import roles
from ducat_cdk.audit_bucket import Record
from ducat_cdk.client_certificates import ClientCertificates
from ducat_cdk.deployment import USER_DIRECTORY, Deployment
from ducat_cdk.function_rows import Function
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.keys import SIGNATURES
from ducat_cdk.log_groups import LogGroups
from ducat_cdk.network import Network
from ducat_cdk.package import THEME, VOCABULARY
from ducat_cdk.readiness import ALIAS, Readiness


def environment(
    deployment: Deployment, tables: Mapping[str, dynamodb.ITable], keys: Mapping[str, kms.IKey], stack_name: str
) -> dict[str, str]:
    """What `chalicelib.settings` reads. Every function gets all of it: it names places, and the role opens them."""
    texts = deployment.texts() | {name: f"{name}.json" for name in deployment.packaged()}
    return {
        "DUCAT_ISSUER": f"https://{deployment.issuer_host}",
        "DUCAT_MTLS_URL": f"https://{deployment.mtls_host}",
        "DUCAT_BANK_NAME": deployment.bank_name,
        "DUCAT_USER_DIRECTORY": USER_DIRECTORY,
        "DUCAT_OTP_LEVEL": deployment.otp_level,
        "DUCAT_LANGUAGES": deployment.languages,
        **({"DUCAT_THEME": THEME} if deployment.theme else {}),
        "DUCAT_PAYMENT_EXEMPTION": deployment.payment_exemption,
        **({"DUCAT_APPROVAL_APP": deployment.approval_app} if deployment.approval_app else {}),
        "DUCAT_SECURE_PAYMENT_CONFIRMATION": "yes" if deployment.chooses("secure_payment_confirmation") else "no",
        "DUCAT_RECOVERY_HOURS": deployment.recovery_hours,
        "DUCAT_VOCABULARY": VOCABULARY if deployment.vocabulary else "{}",
        "DUCAT_WEEKLY_TABLES": "yes" if deployment.chooses("weekly_tables") else "no",
        "DUCAT_DATA_KEYS": "yes" if deployment.chooses("data_keys") else "no",
        "DUCAT_RESOURCE_URL": f"https://{deployment.resource_host}",
        **{f"DUCAT_{name.upper()}": text for name, text in texts.items()},
        "DUCAT_SIGNING_ALGORITHMS": " ".join(SIGNATURES[name] for name in deployment.signing_keys()),
        "DUCAT_STACK_NAME": stack_name,
        "DUCAT_KEY_ROTATION_DAYS": deployment.key_rotation_days,
        "DUCAT_KEY_ANNOUNCEMENT_DAYS": deployment.key_announcement_days,
        "DUCAT_KEY_RETENTION_DAYS": deployment.key_retention_days,
        "DUCAT_KEY_DELETION_DAYS": deployment.key_deletion_days,
        "DUCAT_MULTI_REGION_KEYS": "yes" if deployment.chooses("multi_region_keys") else "no",
        **{f"DUCAT_{name.upper()}_TABLE": table.table_name for name, table in tables.items()},
        **{f"DUCAT_{name.upper()}_KEY": key.key_arn for name, key in keys.items()},
    }


def build(
    scope: Construct,
    deployment: Deployment,
    code: lambda_.Code,
    tables: Mapping[str, dynamodb.ITable],
    keys: Mapping[str, kms.IKey],
    *,
    python: str,
    dead_letters: sqs.IQueue,
    certificates: ClientCertificates,
    log_groups: LogGroups,
    network: Network,
    record: Record,
) -> Mapping[str, lambda_.IFunction]:
    """Every function by its row's name, as it is to be called: by its alias.

    `python`: the version that the code was packaged for. `dead_letters`: where events go that a job failed at three times.
    """
    settings = environment(deployment, tables, keys, Stack.of(scope).stack_name)
    settings |= certificates.settings(deployment) | record.settings()
    by_week = deployment.chooses("weekly_tables")
    readiness = deployment.readiness()
    # A new account may have less concurrency than a reservation leaves to the rest, and its first deployment would fail.
    reserved = {} if deployment.chooses("first_deployment") else deployment.guarding().reserved
    made = _Made(
        deployment,
        code,
        settings,
        tables,
        keys,
        python,
        readiness,
        reserved,
        dead_letters,
        certificates,
        log_groups,
        network,
        record,
    )
    return {
        row.name: _called(_function(scope, row, made), row, readiness) for row in FUNCTIONS if by_week or not row.weekly
    }


@dataclass(frozen=True)
class _Made:
    """What every function is made with."""

    deployment: Deployment
    code: lambda_.Code
    settings: dict[str, str]
    tables: Mapping[str, dynamodb.ITable]
    keys: Mapping[str, kms.IKey]
    python: str
    readiness: Readiness
    reserved: Mapping[str, int]
    dead_letters: sqs.IQueue
    certificates: ClientCertificates
    log_groups: LogGroups
    network: Network
    record: Record


def _function(scope: Construct, row: Function, made: _Made) -> lambda_.Function:
    location = Construct(scope, "".join(word.title() for word in row.name.split("_")))
    log = made.log_groups.make(location, "Log")
    return lambda_.Function(
        location,
        "Function",
        description=f"Ducat: {', '.join(row.routes) or row.name}",
        code=made.code,
        handler=f"app.{row.name}",
        runtime=lambda_.Runtime(f"python{made.python}", lambda_.RuntimeFamily.PYTHON, supports_snap_start=True),
        architecture=lambda_.Architecture.ARM_64,
        memory_size=row.memory,
        timeout=Duration.seconds(row.timeout),
        environment=made.settings,
        log_group=log,
        # Our lines are JSON and stay as they are (log_lines.py). What Lambda says of each start, end and duration is a third of
        # the log's bytes, and a metric too; of its own lines only warnings and errors are kept.
        logging_format=lambda_.LoggingFormat.JSON,
        application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
        system_log_level_v2=lambda_.SystemLogLevel.WARN,
        tracing=lambda_.Tracing.ACTIVE if made.deployment.chooses("tracing") else lambda_.Tracing.DISABLED,
        vpc=made.network.vpc,
        vpc_subnets=made.network.subnets,
        security_groups=made.network.security_groups,
        role=_role(location, row, made, log),
        snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if row.name in made.readiness.snapshots else None,
        reserved_concurrent_executions=made.reserved.get(row.name),
        dead_letter_queue=_dead_letters(row, made),
    )


def _role(location: Construct, row: Function, made: _Made, log: logs.ILogGroup) -> iam.IRole:
    in_vpc = made.network.vpc is not None
    return roles.build(
        location,
        row,
        made.tables,
        made.keys,
        log,
        made.deployment,
        made.dead_letters,
        made.certificates,
        made.record,
        in_vpc=in_vpc,
    )


def _dead_letters(row: Function, made: _Made) -> sqs.IQueue | None:
    """Where events go that it failed at three times, None for what somebody waits for."""
    if row.is_endpoint:
        return None
    return made.record.dead_letters if row.records else made.dead_letters


def _called(function: lambda_.Function, row: Function, readiness: Readiness) -> lambda_.IFunction:
    """What calls the function: the alias of the version that serves."""
    return lambda_.Alias(
        function,
        "Live",
        alias_name=ALIAS,
        version=function.current_version,
        provisioned_concurrent_executions=readiness.ready.get(row.name),
    )


def itself(function: lambda_.IFunction) -> lambda_.Function:
    """The function, also where an alias is called. Lambda's metrics of a function are those of all its versions."""
    found = function.version.lambda_ if isinstance(function, lambda_.Alias) else function
    assert isinstance(found, lambda_.Function)
    return found
