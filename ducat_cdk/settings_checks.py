"""What is wrong with the settings of a deployment, all of it at once and in plain words, before anything is made."""

from __future__ import annotations

import json
import re
from pathlib import Path

from chalicelib import log_lines, vocabulary_file
from chalicelib.authorization_details.declared_type import problems_of
from chalicelib.clients import distinguished_name
from chalicelib.resource_server import policy
from chalicelib.users.assurance import ACR
from ducat_cdk import (
    approval_settings,
    audit_settings,
    revocation_settings,
    shift_settings,
    themes,
    truststore,
    watch_settings,
)
from ducat_cdk.alarm_settings import AlarmSettingsError
from ducat_cdk.backup_settings import BackupError
from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.existing_settings import ExistingError
from ducat_cdk.guarding import MANAGED, GuardingError
from ducat_cdk.json_members import each_once
from ducat_cdk.keys import KEYS
from ducat_cdk.readiness import ReadinessError

HOST = r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
CERTIFICATE = r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+"
HOST_ADVICE = "must be a host name in lower case, without https://"
KEY_DAYS = ("key_rotation_days", "key_announcement_days", "key_retention_days", "key_deletion_days")
DAYS = r"[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650"
SWITCH = ("true|false", "must be true or false")

FORMS = {
    "issuer_host": (HOST, HOST_ADVICE),
    "mtls_host": (HOST, HOST_ADVICE),
    "bank_name": (r"[^\x00-\x1f\x7f]{1,100}", "must have 1 to 100 characters, all printable"),
    "hosted_zone_id": (r"(Z[A-Z0-9]{1,31})?", "must be the id of a Route 53 zone, such as Z0123456789ABCDEFGHIJ"),
    "issuer_certificate": (CERTIFICATE, "must be the ARN of an ACM certificate"),
    "mtls_certificate": (CERTIFICATE, "must be the ARN of an ACM certificate"),
    "truststore_uri": (r"s3://[a-z0-9.-]{3,63}/\S{1,1024}", "must be s3://bucket/key"),
    "truststore_version": (r"\S{1,1024}", "must be the version of the truststore in S3"),
    "resource_host": (HOST, HOST_ADVICE),
    "api_gateway_log_role": ("unset|make|exists", "must be make or exists"),
    "first_deployment": SWITCH,
    "bank_api_id": (r"\*|[a-z0-9]{6,20}", "must be the id of a REST API, or *"),
    "eddsa": SWITCH,
    "template_signing_keys": SWITCH,
    **{name: (DAYS, "must be a number of days, from 1 to 3650") for name in KEY_DAYS},
    "multi_region_keys": SWITCH,
    "otp_level": ("[23]", "must be 2 or 3"),
    "payment_exemption": (r"[^\x00-\x1f\x7f]{1,200}", "must be none, or have at most 200 characters, all printable"),
    "secure_payment_confirmation": SWITCH,
    "recovery_hours": ("0|2[4-9]|[3-9][0-9]|[1-6][0-9]{2}|7[01][0-9]|720", "must be 0, or hours from 24 to 720"),
    "weekly_tables": SWITCH,
    "data_keys": SWITCH,
    **revocation_settings.FORMS,
    **audit_settings.FORMS,
    **approval_settings.FORMS,
    "log_days": (
        "|".join(map(str, watch_settings.LOG_DAYS)),
        f"must be one of {', '.join(map(str, watch_settings.LOG_DAYS))}",
    ),
    "log_encryption": (watch_settings.KEY, "must be make, or the ARN of a KMS key"),
    "tracing": SWITCH,
    "traffic_shift": ("|".join(shift_settings.WAYS), f"must be one of {', '.join(shift_settings.WAYS)}"),
    "alarm_topic": (watch_settings.TOPIC, "must be make, none or the ARN of an SNS topic"),
    "runbooks": (watch_settings.RUNBOOKS, "must be an https address of at most 200 characters, without #"),
}
"""By setting, what its text must be, and what is said where it is not."""

ARNS = (
    *("issuer_certificate", "mtls_certificate", "ownership_certificate", "web_acl"),
    *("log_encryption", "alarm_topic", "audit_encryption", "audit_bus", "notices_identity"),
)
"""The settings that may be the ARN of something of the stack's Region."""

MAX_COMMON_NAME = 64
"""Characters of the name of a certificate that ACM issues (X.520's upper bound)."""

ROUTE = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) (/[A-Za-z0-9._~{}+/:$-]*)")
"""A route of API Gateway: a method and the path of a resource, whose variable parts are in braces."""


def problems(deployment: Deployment) -> list[str]:
    """Every problem, an empty list where the settings can be used."""
    return [
        *(f"{n} {advice}" for n, (form, advice) in FORMS.items() if not re.fullmatch(form, getattr(deployment, n))),
        *hosts(deployment),
        *_certificates(deployment),
        *_key_days(deployment),
        *_rules(deployment),
        *_authorities(deployment),
        *approval_settings.problems(deployment),
        *_words(deployment),
        *themes.problems(deployment.languages, deployment.theme, deployment.vocabulary),
        *_readiness(deployment),
        *_alarms(deployment),
        *_existing(deployment),
        *_backup(deployment),
        *audit_settings.problems(deployment),
        *watch_settings.region_problems(_arns(deployment)),
    ]


def hosts(deployment: Deployment) -> list[str]:
    """What contradicts itself about the hosts."""
    found = []
    if deployment.issuer_host == deployment.mtls_host:
        found.append("issuer_host and mtls_host must differ: a host asks everyone for a certificate or no one")
    if deployment.resource_host in (deployment.issuer_host, deployment.mtls_host):
        found.append("resource_host must differ from issuer_host and mtls_host: both lead to the provider alone")
    found += [
        f"{of}_host has more than {MAX_COMMON_NAME} characters: no certificate can be made; give {of}_certificate"
        for of in ("issuer", "mtls")
        if deployment.hosted_zone_id and not deployment.gives(f"{of}_certificate")
        if len(getattr(deployment, f"{of}_host")) > MAX_COMMON_NAME
    ]
    return found


def _certificates(deployment: Deployment) -> list[str]:
    """What contradicts itself about server certificates and the truststore."""
    found = []
    given = [name for name in ("issuer_certificate", "mtls_certificate") if deployment.gives(name)]
    places = {tuple(getattr(deployment, name).split(":")[3:5]) for name in given}
    if len(places) > 1:
        found.append("issuer_certificate and mtls_certificate must be of one account and Region: that of the stack")
    if len(given) == 2 and deployment.issuer_certificate == deployment.mtls_certificate:
        found.append("mtls_certificate must be another than issuer_certificate")
    if deployment.truststore and (deployment.gives("truststore_uri") or deployment.gives("truststore_version")):
        found.append("truststore is uploaded by the deployment: leave out truststore_uri and truststore_version")
    if deployment.gives("truststore_version") and not deployment.gives("truststore_uri"):
        found.append("truststore_version is given without truststore_uri")
    return found


def _key_days(deployment: Deployment) -> list[str]:
    """What contradicts itself, or KMS, about the times of signing keys."""
    if not all(re.fullmatch(DAYS, getattr(deployment, name)) for name in KEY_DAYS):
        return []  # it is said already
    found = []
    if int(deployment.key_announcement_days) >= int(deployment.key_rotation_days):
        found.append(
            "key_announcement_days must be less than key_rotation_days: a key is announced while another one signs"
        )
    if not 7 <= int(deployment.key_deletion_days) <= 30:
        found.append("key_deletion_days must be from 7 to 30: KMS waits no less and no more")
    return found


def _rules(deployment: Deployment) -> list[str]:
    try:
        json.loads(deployment.resource_rules, object_pairs_hook=each_once)
        rules = deployment.rules()
    except ValueError as wrong:  # RulesError is one
        return [f'resource_rules must be such as {{"GET /accounts": {{"scope": "accounts"}}}}; {wrong}']
    return [
        f"resource_rules: {route} must be a method and the path of a resource, such as GET /accounts/{{id}}"
        for route in rules
        if not ROUTE.fullmatch(route)
    ]


def _authorities(deployment: Deployment) -> list[str]:
    """What is wrong with the truststore, with the list of those in it that may name clients, and with their CRLs."""
    try:
        listed = deployment.authorities()
    except distinguished_name.DistinguishedNameError as wrong:
        return [f'client_authorities must be such as ["CN=Issuing CA,O=Example Trust,C=DE"]; {wrong}']
    if not deployment.truststore:
        return revocation_settings.problems(deployment, None)
    try:
        subjects = truststore.subjects(Path(deployment.truststore))
    except truststore.TruststoreError as wrong:
        return [f"truststore: {wrong}"]
    missing = len(listed - subjects)
    found = [f"client_authorities: {missing} of them are no certificate's subject in the truststore"] if missing else []
    return found + revocation_settings.problems(deployment, subjects)


def _words(deployment: Deployment) -> list[str]:
    """What is wrong with the vocabulary, each schema of it compiled, and what the rules ask for and there is none of."""
    path = deployment.vocabulary
    try:
        read = vocabulary_file.load(str(Path(path).absolute()) if path else None)
    except vocabulary_file.VocabularyError as wrong:
        return [str(wrong)]
    found = [problem for one in read.authorization_details_types for problem in problems_of(one)]
    try:
        rules = deployment.rules()
    except policy.RulesError:
        return found  # it is said already
    known = {
        "scope": read.scope_names,
        "authorization_details_type": read.type_names,
        "acr": tuple(read.acr.get(str(level), name) for level, name in ACR.items()),
    }
    return found + [
        f"resource_rules: {route}: {name} {value} is unknown; there are {', '.join(known[name])}"
        for route, rule in rules.items()
        for name, value in rule.items()
        if name in known and value not in known[name]
    ]


def _alarms(deployment: Deployment) -> list[str]:
    found = []
    try:
        watched = shift_settings.alarms_of(deployment.watched_alarms())
        unwatched = [name for name, alarms in watched.items() if not alarms]
        if unwatched and deployment.traffic_shift != shift_settings.AT_ONCE:
            found.append(
                f"traffic_shift: alarms leaves out all that would take a new version back of {', '.join(unwatched)}"
            )
    except AlarmSettingsError as wrong:
        found.append(str(wrong))
    if len(log_lines.namespace(f"https://{deployment.issuer_host}")) > watch_settings.MAX_NAMESPACE:
        found.append(
            f"issuer_host is too long: CloudWatch takes {watch_settings.MAX_NAMESPACE} characters of a metric's namespace"
        )
    return found


def _readiness(deployment: Deployment) -> list[str]:
    try:
        deployment.readiness()
    except ReadinessError as wrong:
        return [f'snap_start must be such as ["login"], provisioned_concurrency such as {{"token": 2}}; {wrong}']
    found = []
    try:
        deployment.guarding()
    except GuardingError as wrong:
        found.append(str(wrong))
    if deployment.chooses("first_deployment") and deployment.gives("provisioned_concurrency"):
        found.append("leave provisioned_concurrency out of a first_deployment: a new account may not have as much")
    unused = [name for name in ("requests_per_ip", "page_requests_per_ip") if deployment.gives(name)]
    if unused and deployment.web_acl != MANAGED:
        found.append(f"{' and '.join(unused)}: nothing counts them where web_acl is not managed")
    return found


def check_region(deployment: Deployment, region: str) -> None:
    """The same, of the stack's own Region, where the bank's app says which it is. Raises DeploymentError."""
    given, stack = deployment.existing(), {"the stack": f"arn:aws:cloudformation:{region}"}
    named = {f"{name} of tables or keys": arn for name, arn in (*given.tables.items(), *given.keys.items())}
    found = watch_settings.region_problems({**_arns(deployment), **named, **stack})
    if found:
        raise DeploymentError("The deployment can't be used: " + "; ".join(found))


def check_account(deployment: Deployment, account: str) -> None:
    """That tables and keys are of the stack's own account, where the bank's app says which it is. Raises DeploymentError.

    A function is given a table's name alone, and would call its own account's table of that name.
    """
    given = deployment.existing()
    owners = {arn.split(":")[4] for arn in (*given.tables.values(), *given.keys.values()) if arn.startswith("arn:")}
    if owners - {account}:
        raise DeploymentError(f"The deployment can't be used: tables and keys must be of the stack's account {account}")


def _arns(deployment: Deployment) -> dict[str, str]:
    return {name: getattr(deployment, name) for name in ARNS if deployment.gives(name)}


def _existing(deployment: Deployment) -> list[str]:
    """What is wrong with the tables and keys that exist already, and what they contradict."""
    try:
        given = deployment.existing()
    except ExistingError as wrong:
        return [str(wrong)]
    found = [
        f"keys: the deployment has no {row.name} key of the template"
        for row in KEYS
        if row.name in given.keys and row.signs and row.name not in deployment.template_keys()
    ]
    if deployment.chooses("multi_region_keys"):
        found += [
            f"keys: {name} is no multi-Region key, and multi_region_keys is true"
            for name, arn in given.keys.items()
            if ":key/mrk-" not in arn
        ]
    return found + watch_settings.region_problems(
        {f"{name} of keys": arn for name, arn in given.keys.items()} | _arns(deployment)
    )


def _backup(deployment: Deployment) -> list[str]:
    try:
        deployment.backups()
    except BackupError as wrong:
        return [str(wrong)]
    return []
