"""The metrics that alarms watch and the dashboard shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWN = "own"
"""The namespace of the metrics in the functions' log lines (chalicelib/log_lines.py)."""


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch.

    `namespace`: AWS's, or OWN.
    `dimensions`: by name. A value in braces is of what the alarm is about: `{FunctionName}`.
    `unit`: what it counts, in words.
    """

    namespace: str
    name: str
    statistic: str
    unit: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


def of_function(name: str, statistic: str, unit: str) -> Metric:
    """Lambda's metric of one function, of all its versions."""
    return Metric("AWS/Lambda", name, statistic, unit, {"FunctionName": "{FunctionName}"})


def of_event(event: str) -> Metric:
    """How often it happened."""
    return Metric(OWN, "events", "Sum", "events", {"event": event})


def of_error(error: str) -> Metric:
    """How often a request was refused with that error."""
    return Metric(OWN, "refusals", "Sum", "requests", {"error": error})


def of_api(name: str, statistic: str, unit: str) -> Metric:
    """API Gateway's metric of the stage."""
    return Metric("AWS/ApiGateway", name, statistic, unit, {"ApiName": "{ApiName}", "Stage": "{Stage}"})


def of_table(name: str, **more: str) -> Metric:
    """DynamoDB's metric of one table."""
    return Metric("AWS/DynamoDB", name, "Sum", "throttled items", {"TableName": "{TableName}", **more})


KMS_USAGE = Metric(
    "AWS/Usage",
    "CallCount",
    "Sum",
    "calls",
    {"Class": "None", "Resource": "{Resource}", "Service": "KMS", "Type": "API"},
)
EXPIRY = Metric("AWS/CertificateManager", "DaysToExpiry", "Minimum", "days", {"CertificateArn": "{CertificateArn}"})


def of_audit(name: str, statistic: str, unit: str) -> Metric:
    """Lambda's metric of the function that makes the record."""
    return Metric("AWS/Lambda", name, statistic, unit, {"FunctionName": "{AuditFunctionName}"})


def of_queue(dimension: str) -> Metric:
    """How many messages wait in a queue."""
    messages = "ApproximateNumberOfMessagesVisible"
    return Metric("AWS/SQS", messages, "Maximum", "messages", {"QueueName": f"{{{dimension}}}"})
