"""The alarms, as rows; watching.py makes them. Read without the CDK, which starts Node.

An alarm is a row here and a section in docs/alarms.toml, which says what to do. Missing data count as good where a metric has a
value only when something is wrong; where silence is the fault they count as bad, and where a state lasts they keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.metrics import (
    EXPIRY,
    KMS_USAGE,
    OWN,
    Metric,
    of_api,
    of_audit,
    of_error,
    of_event,
    of_function,
    of_queue,
    of_table,
)
from ducat_cdk.tables import TABLES

HOUR, DAY = 60, 1440
UNBOUNDED = 1e12
"""A threshold that no metric reaches."""
QUOTA: Final = "quota"
CONCURRENCY: Final = "account_concurrency"

Each = Literal["", "endpoint", "job", "hourly_job", "daily_job", "function", "table", "index", "host", "kms"]
Missing = Literal["notBreaching", "breaching", "ignore"]

KMS_QUOTAS = {
    "symmetric": "CryptographicOperationsSymmetric",
    "rsa": "CryptographicOperationsRsa",
    "ecc": "CryptographicOperationsEcc",
}
"""KMS's request quotas, shared by all keys of a kind, as the metrics of usage name them."""


@dataclass(frozen=True)
class Alarm:
    """One alarm, or one of each function, table or host.

    `says`: what has happened.
    `threshold`: what alarms when the metric reaches it, or falls under it where `below`.
    `minutes`: of a period. `periods`: how many are looked at. `datapoints`: how many of them must be bad.
    `missing`: what a period without data is.
    `each`: what there is one alarm for; empty for one alarm alone.
    `percent_of`: what the threshold is a percentage of: the service's quota, or the setting account_concurrency.
    `at_most`: the highest threshold that the metric can reach.
    """

    name: str
    says: str
    metric: Metric
    threshold: float
    minutes: int = 5
    periods: int = 1
    datapoints: int = 1
    below: bool = False
    missing: Missing = "notBreaching"
    each: Each = ""
    percent_of: Literal["", "quota", "account_concurrency"] = ""
    at_most: float = UNBOUNDED


ALARMS = (
    Alarm(
        "failures",
        "A function ran out of time or memory, or did not start.",
        of_function("Errors", "Sum", "failed calls"),
        3,
        each="endpoint",
    ),
    Alarm("server_errors", "Requests end in a fault of the provider (500).", of_error("server_error"), 3),
    Alarm(
        "unavailable",
        "Requests end in 503: DynamoDB, KMS or the bank's directory does not answer, or throttles.",
        of_error("temporarily_unavailable"),
        20,
    ),
    Alarm(
        "api_failures",
        "Of all requests to the API, this share ends in 5xx.",
        of_api("5XXError", "Average", "of all requests"),
        0.01,
        periods=3,
        datapoints=2,
        at_most=1,
    ),
    Alarm(
        "api_slow",
        "The slowest hundredth of requests takes this long at the API, with the start of functions and the authorizer.",
        of_api("Latency", "p99", "ms"),
        5000,
        periods=3,
        datapoints=3,
    ),
    Alarm(
        "slow",
        "The slowest hundredth of an endpoint's requests takes this long in its function.",
        of_function("Duration", "p99", "ms"),
        3000,
        periods=3,
        datapoints=3,
        each="endpoint",
    ),
    Alarm(
        "throttled",
        "Lambda refuses to run a function: its reservation or the account's concurrency is used up.",
        of_function("Throttles", "Sum", "refused calls"),
        1,
        each="function",
    ),
    Alarm(
        "concurrency",
        "The account's functions take this share of its concurrent executions.",
        Metric("AWS/Lambda", "ConcurrentExecutions", "Maximum", "executions"),
        80,
        minutes=1,
        periods=5,
        datapoints=3,
        percent_of=CONCURRENCY,
        at_most=100,
    ),
    Alarm(
        "kms_quota",
        "The account takes this share of KMS's request quota for a kind of key.",
        KMS_USAGE,
        80,
        minutes=1,
        periods=5,
        datapoints=3,
        each="kms",
        percent_of=QUOTA,
        at_most=100,
    ),
    Alarm("table_reads", "DynamoDB throttles reads of a table.", of_table("ReadThrottleEvents"), 10, each="table"),
    Alarm("table_writes", "DynamoDB throttles writes to a table.", of_table("WriteThrottleEvents"), 10, each="table"),
    Alarm(
        "index_writes",
        "DynamoDB throttles writes to an index, and so those to its table.",
        of_table("WriteThrottleEvents", GlobalSecondaryIndexName="{GlobalSecondaryIndexName}"),
        10,
        each="index",
    ),
    Alarm(
        "replays", "Codes, assertions, proofs, refresh tokens or payments come a second time.", of_event("replay"), 10
    ),
    Alarm("certificates_revoked", "Clients use certificates that are revoked.", of_event("certificate_revoked"), 1),
    Alarm("crls_stale", "A CRL is past its end: its clients are refused, or soon.", of_event("crl_stale"), 1, HOUR),
    Alarm("crls_refused", "A CRL can't be fetched or used.", of_event("crl_refused"), 1, HOUR, 3, 3),
    Alarm("truststore_expiry", "A trusted certificate ends in 30 days.", of_event("truststore_expiry"), 1, HOUR),
    Alarm("lockouts", "People or guessers try to sign in to locked accounts.", of_event("lockout"), 10),
    Alarm(
        "keys_late",
        "A signing key signs for a day longer than its rotation.",
        Metric(OWN, "keys_late", "Maximum", "uses and algorithms"),
        1,
        minutes=HOUR,
    ),
    Alarm(
        "truststore_warnings",
        "API Gateway warns of certificates in the truststore.",
        Metric(OWN, "truststore_warnings", "Maximum", "warnings"),
        1,
        minutes=HOUR,
    ),
    Alarm(
        "job_failures",
        "A job failed again and again within an hour.",
        of_function("Errors", "Sum", "failed runs"),
        2,
        minutes=HOUR,
        each="job",
    ),
    Alarm(
        "job_silent",
        "A job that runs each hour did not run for three.",
        of_function("Invocations", "Sum", "runs"),
        1,
        minutes=3 * HOUR,
        below=True,
        missing="breaching",
        each="hourly_job",
    ),
    Alarm(
        "sweep_silent",
        "The job that makes the tables of the weeks to come did not run for two days.",
        of_function("Invocations", "Sum", "runs"),
        1,
        minutes=DAY,
        periods=2,
        datapoints=2,
        below=True,
        missing="breaching",
        each="daily_job",
    ),
    Alarm(
        "dead_letters",
        "An event that a job failed at three times waits for somebody to look at it.",
        of_queue("QueueName"),
        1,
    ),
    Alarm(
        "audit_late",
        "Changes of tables wait for the record. Their stream forgets them after a day.",
        of_audit("IteratorAge", "Maximum", "ms"),
        900_000,
    ),
    Alarm("audit_failures", "The function that makes the record fails.", of_audit("Errors", "Sum", "failed calls"), 3),
    Alarm(
        "audit_dead_letters",
        "Something could not be recorded, or a notice not be sent: it was put aside, and waits for somebody.",
        of_queue("AuditQueueName"),
        1,
    ),
    Alarm(
        "certificate_expiry",
        "The server certificate of a host has fewer days left than this.",
        EXPIRY,
        30,
        minutes=DAY,
        below=True,
        missing="ignore",  # the metric ends with the certificate
        each="host",
    ),
)


def instances(*, weekly_tables: bool) -> Mapping[Each, tuple[str, ...]]:
    """The names of what there is an alarm for, by kind. `weekly_tables`: whether a job makes the tables of weeks, under names
    that no alarm can know.
    """
    rows = [row for row in FUNCTIONS if weekly_tables or not row.weekly]
    tables = [row for row in TABLES if not (weekly_tables and row.weekly)]
    jobs = [row for row in rows if row.is_job]
    return {
        "": ("",),
        "endpoint": tuple(row.name for row in rows if row.is_endpoint),
        "job": tuple(row.name for row in jobs),
        "hourly_job": tuple(row.name for row in jobs if not row.weekly),
        "daily_job": tuple(row.name for row in jobs if row.weekly),
        "function": tuple(row.name for row in rows),
        "table": tuple(row.name for row in tables),
        "index": tuple(f"{row.name}_{index}" for row in tables for index, *_ in row.indexes),
        "host": ("issuer", "mtls"),
        "kms": tuple(KMS_QUOTAS),
    }


def names(*, weekly_tables: bool) -> Mapping[str, tuple[Alarm, str]]:
    """Every alarm of a deployment by its name: its row, and what it is about."""
    there = instances(weekly_tables=weekly_tables)
    return {f"{row.name}-{one}" if one else row.name: (row, one) for row in ALARMS for one in there[row.each]}
