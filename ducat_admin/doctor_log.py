"""What the functions' log counted in the last day, for `ducat doctor`. CloudWatch makes the metrics of the log's own lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3

from ducat_admin.command import Operator
from ducat_admin.finding import Finding

MISUSE = {
    "replay": "codes, assertions, proofs, refresh tokens or payments came a second time",
    "lockout": "sign-ins to an account that is locked",
    "certificate_revoked": "clients used a certificate that is revoked or denied",
    "crl_stale": "a certificate's CRL was past its end",
    "crl_refused": "a CRL could not be fetched or checked",
}
"""Events of the log that tell of misuse, or of a check that could not be made (docs/operate/watch.md), and what each is."""

USUAL = {"sign_in_refused": "a name, password, one-time code or passkey was wrong: many at many names are guesses"}
"""Events that are usual in small numbers."""

REFUSALS = {
    "invalid_client": "a client could not be authenticated: a key or certificate that ran out, or somebody else",
    "invalid_grant": "codes or refresh tokens that are not good, or not this client's",
    "invalid_token": "access tokens that expired or were revoked, or are another client's",
    "invalid_dpop_proof": "DPoP proofs that are not of the call or the key",
}
"""Errors of the log that are usual in small numbers, and what each is."""


def findings(operator: Operator) -> Iterator[Finding]:
    """How often each was logged. Raises BotoCoreError and ClientError."""
    counted = _counted(operator)
    for level, words in (("warning", MISUSE), ("note", USUAL | REFUSALS)):
        for name, meaning in words.items():
            if counted.get(name):
                said = f"{counted[name]} in the last day: {meaning}"
                yield Finding(f"log {name}", "warning" if level == "warning" else "note", said)


def _counted(operator: Operator) -> dict[str, int]:
    from chalicelib.log_lines import namespace

    now = datetime.now(UTC)
    of = {name: ("events", "event") for name in (*MISUSE, *USUAL)} | {name: ("refusals", "error") for name in REFUSALS}
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace(operator.provider.settings.issuer),
                    "MetricName": metric,
                    "Dimensions": [{"Name": member, "Value": name}],
                },
                "Period": 3600,
                "Stat": "Sum",
            },
        }
        for name, (metric, member) in of.items()
    ]
    client = boto3.client("cloudwatch", region_name=operator.deployment.region)
    answer = client.get_metric_data(MetricDataQueries=queries, StartTime=now - timedelta(days=1), EndTime=now)
    return {one["Id"]: round(sum(one["Values"])) for one in answer["MetricDataResults"]}
