"""`ducat doctor`: what is wrong with a deployment and its clients, what will be, and what its guards counted yesterday."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import click
from botocore.exceptions import BotoCoreError, ClientError

from ducat_admin import client_check, key, output, truststore_file
from ducat_admin.command import Operator
from ducat_admin.verb import Verb

COLUMNS = ("area", "level", "clause", "finding")
MISUSE = {
    "replay": "codes, assertions, proofs, refresh tokens or payments came a second time",
    "lockout": "sign-ins to an account that is locked",
    "certificate_revoked": "clients used a certificate that is revoked or denied",
    "crl_stale": "a certificate's CRL was past its end",
}
"""Events of the log that tell of misuse (docs/operate/watch.md), and what each is."""


@dataclass(frozen=True)
class Finding:
    """One thing. `area`: what it is about. `clause`: the tag of the clause that it breaks, if it breaks one."""

    area: str
    level: Literal["problem", "warning", "note"]
    finding: str
    clause: str = ""


@click.command("doctor", cls=Verb)
@click.pass_obj
def group(operator: Operator) -> None:
    """The deployment and every client: what is wrong, what ends soon, what weakens it, and what happened.

    It looks at the settings, at every client against its profile clause by clause, at the signing keys, at the deployed
    truststore, and on AWS at what the functions' log counted in the last day: replays, locked accounts, revoked
    certificates. The status is 1 where there is a problem; warnings and notes alone leave it 0. It changes nothing.
    """
    found = [
        *_of_settings(operator),
        *_of_keys(operator),
        *(Finding(f"client {c.client_id}", c.level, c.finding, c.clause) for c in client_check.of_all(operator)),
        *_of_truststore(operator),
        *_of_log(operator),
    ]
    order = ("problem", "warning", "note")
    found.sort(key=lambda one: order.index(one.level))
    output.rows([vars(one) for one in found], COLUMNS, as_json=operator.as_json, none="nothing to find fault with")
    if any(one.level == "problem" for one in found):
        sys.exit(1)


def _of_settings(operator: Operator) -> Iterator[Finding]:
    """Settings that weaken the deployment, each of which somebody chose."""
    settings, deployment = operator.provider.settings, operator.deployment
    if settings.otp_level == "3":
        yield Finding(
            "otp_level", "warning", "3: password and one-time code count as the highest level; the bank's audit says so"
        )
    if deployment.on_laptop:
        return
    if settings.crl_stale == "accept":
        yield Finding("crl_stale", "warning", "accept: certificates are let in whose CRL is missing or too old")
    if settings.crls == "{}" and settings.client_authorities != "[]":
        yield Finding("crls", "warning", "no certificate of client_authorities is checked for revocation")
    if "WebAclArn" not in deployment.outputs:
        yield Finding("web_acl", "warning", "none of the stack: nothing limits requests before they reach a function")


def _of_keys(operator: Operator) -> Iterator[Finding]:
    """Signing keys that are late, slots without a key, and keys of the template that nothing needs."""
    from chalicelib.keys import rotation

    settings, now = operator.provider.settings, operator.provider.now()
    registry = operator.provider.signing_keys.all(now=now)
    for slot in rotation.slots(settings.signs_with):
        if not rotation.signs(slot, registry, now=now):
            yield Finding(
                f"key {slot.name}", "problem", "no key signs: ducat key rotate, and look at the job rotate_keys"
            )
        elif rotation.upcoming(slot, registry, now=now) is None and not operator.deployment.on_laptop:
            yield Finding(f"key {slot.name}", "warning", "no next key is announced: the job rotate_keys does not run")
    for row in key.listed(operator):
        if row["late"]:
            yield Finding(
                f"key {row['kid']}", "problem", "it signs for longer than key_rotation_days: ducat key rotate"
            )
        if row["use"] == "all" and row["state"] == "retired":
            yield Finding(
                f"key {row['kid']}",
                "note",
                "the template's; once it has left /jwks, set template_signing_keys to false",
            )


def _of_truststore(operator: Operator) -> Iterator[Finding]:
    from cryptography import x509

    from ducat_admin.truststore_check import checked

    settings = operator.provider.settings
    if not settings.truststore:
        yield Finding("truststore", "note", "this deployment has none that could be looked at")
        return
    try:
        found = x509.load_pem_x509_certificates(truststore_file.Deployed(operator).read())
    except (ClientError, BotoCoreError, ValueError) as problem:
        yield Finding("truststore", "warning", f"it could not be read: {type(problem).__name__}: {problem}")
        return
    for one in checked(found, json.loads(settings.client_authorities)):
        yield Finding(f"truststore {one.subject}", one.level, one.finding)


def _of_log(operator: Operator) -> Iterator[Finding]:
    """How often each event of misuse was logged in the last day. CloudWatch counts the log's lines as they are written."""
    if operator.deployment.on_laptop:
        yield Finding("log", "note", "a laptop keeps no log; make run prints each line")
        return
    try:
        counted = _counted(operator)
    except (ClientError, BotoCoreError) as problem:
        yield Finding("log", "warning", f"it could not be read: {type(problem).__name__}: {problem}")
        return
    for event, words in MISUSE.items():
        if counted.get(event):
            yield Finding(f"log {event}", "warning", f"{counted[event]} in the last day: {words}")


def _counted(operator: Operator) -> dict[str, int]:
    import boto3

    from chalicelib.log_lines import namespace

    now = datetime.now(UTC)
    queries = [
        {
            "Id": event,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace(operator.provider.settings.issuer),
                    "MetricName": "events",
                    "Dimensions": [{"Name": "event", "Value": event}],
                },
                "Period": 3600,
                "Stat": "Sum",
            },
        }
        for event in MISUSE
    ]
    client = boto3.client("cloudwatch", region_name=operator.deployment.region)
    answer = client.get_metric_data(MetricDataQueries=queries, StartTime=now - timedelta(days=1), EndTime=now)
    return {one["Id"]: round(sum(one["Values"])) for one in answer["MetricDataResults"]}
