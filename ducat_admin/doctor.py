"""`ducat doctor`: what is wrong with a deployment and its clients, what will be, and what its guards counted yesterday."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import click
from botocore.exceptions import BotoCoreError, ClientError

from ducat_admin import client_check, doctor_log, doctor_outside, key, output, truststore_file
from ducat_admin.command import Operator
from ducat_admin.finding import Finding
from ducat_admin.verb import Verb

COLUMNS = ("area", "level", "clause", "finding")


@click.command("doctor", cls=Verb)
@click.pass_obj
def group(operator: Operator) -> None:
    """The deployment and every client: what is wrong, what ends soon, what weakens it, and what happened.

    It looks at the settings, at every client against its profile clause by clause, at the signing keys, at the deployed
    truststore and at the server certificates. On AWS it also looks at the domains, the web ACL, what jobs left undone, the
    lock of the record's bucket, and what the functions' log counted in the last day: replays, locked accounts, revoked
    certificates, refusals. The status is 1 where there is a problem; warnings and notes alone leave it 0. It changes nothing.
    """
    found = [
        *_of_settings(operator),
        *_of_keys(operator),
        *(Finding(f"client {c.client_id}", c.level, c.finding, c.clause) for c in client_check.of_all(operator)),
        *_of_truststore(operator),
        *_read(operator, "certificates", doctor_outside.certificates),
        *_of_aws(operator),
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
    if settings.recovery_seconds:
        yield Finding(
            "recovery_hours", "warning", f"after {settings.recovery_hours} hours the password alone sets up another app"
        )
    if deployment.on_laptop:
        return
    if settings.exempts_payments:
        yield Finding(
            "payment_exemption",
            "note",
            f"payments without a passkey rely on: {settings.payment_exemption}",
            "RTS-5.1-2",
        )
    if settings.crl_stale == "accept":
        yield Finding("crl_stale", "warning", "accept: certificates are let in whose CRL is missing or too old")
    if settings.crls == "{}" and settings.client_authorities != "[]":
        yield Finding("crls", "warning", "no certificate of client_authorities is checked for revocation")


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


def _of_aws(operator: Operator) -> Iterator[Finding]:
    if operator.deployment.on_laptop:
        yield Finding("log", "note", "a laptop keeps no log; make run prints each line")
        return
    yield from _read(operator, "web_acl", doctor_outside.web_acl)
    yield from _read(operator, "dead_letters", doctor_outside.dead_letters)
    yield from _read(operator, "audit_bucket", doctor_outside.record)
    yield from _read(operator, "log", doctor_log.findings)


def _read(operator: Operator, area: str, look: Callable[[Operator], Iterator[Finding]]) -> Iterator[Finding]:
    """What is found. What may not be read is a warning."""
    try:
        yield from look(operator)
    except (ClientError, BotoCoreError) as problem:
        yield Finding(area, "warning", f"it could not be read: {type(problem).__name__}: {problem}")
