"""Deployment: what a bank chooses (settings.py reads it). Nothing here softens what the code enforces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

from chalicelib.clients import distinguished_name
from chalicelib.resource_server import policy
from ducat_cdk import (
    alarm_settings,
    backup_settings,
    existing_settings,
    guarding,
    readiness,
    shift_settings,
    watch_settings,
)
from ducat_cdk.alarms import Alarm
from ducat_cdk.backup_settings import Backup
from ducat_cdk.existing_settings import ExistingNames
from ducat_cdk.guarding import Guarding
from ducat_cdk.keys import KEYS
from ducat_cdk.readiness import Readiness

USER_DIRECTORY = "chalicelib.users.directory:build"
"""The product's directory of end users. No choice: what stands in for it on a laptop can't be deployed."""

USERINFO_SCOPE = "openid"
"""Userinfo stands behind the authorizer (api.py), which wants to know its scope (OpenID Connect Core 5.3)."""

MAX_IN_ENVIRONMENT = 1000
"""Bytes of a setting. What is longer goes into the package: Lambda limits a function's environment to 4 KB in all."""

UNSAID = "unset"


class DeploymentError(Exception):
    """The settings can't be used; the message lists every problem."""


@dataclass(frozen=True)
class Deployment:
    """The settings, by these names. The defaults let a template be synthesized and read; most can't be deployed.

    `issuer_host`, `mtls_host`: the browsers' host, whose https URL is the issuer, and the host that asks for client
    certificates. `hosted_zone_id`: the Route 53 zone of both; the stack then makes their records, and the certificates that are
    not given. `*_certificate`: ACM ARNs of their server certificates. `truststore`: the PEM file of the authorities whose client
    certificates are let in, which the deployment uploads; or, of a bucket with versions that the bank keeps, `truststore_uri` and
    `truststore_version`. `resource_host`: where the
    bank's own API is, behind the authorizer. `client_authorities`: JSON array of the distinguished names of the
    truststore's authorities that may name clients. `resource_rules`: JSON, "GET /accounts" to what the authorizer asks for
    there (chalicelib/resource_server/policy.py). `bank_api_id`: the bank's own REST API that may call the authorizer; * for any
    of this account and Region. `api_gateway_log_role`: "make" where the stack sets the account's role by which API Gateway writes
    logs, "exists" where the account has one. `first_deployment`: "true" leaves tables without deletion protection and functions
    without reserved concurrency, so that a try that fails is taken back whole.
    `web_acl`: "managed" for rate rules and AWS's managed rules, "none", or the ARN of a web ACL of the bank's own.
    `requests_per_ip`, `page_requests_per_ip`: what one address may ask for in five minutes, in all and of pages.
    `throttles`: JSON, a route or * to its rate a second and its burst. `reserved_concurrency`: JSON, a function to what nothing
    else may take of the account's concurrent executions, of which there are `account_concurrency`.
    `eddsa`: "true" for a key that signs as EdDSA, in a Region whose KMS has keys of the kind
    ECC_NIST_EDWARDS25519; "false" offers clients no such signature.
    `template_signing_keys`: "true" for signing keys of the template too, as a deployment of a release before 0.3 has them;
    "false" for those of the job `rotate_keys` alone (docs/operate/keys.md).
    `key_rotation_days`: how long a signing key signs. `key_announcement_days`: for how long it is published before.
    `key_retention_days`: for how long after. `key_deletion_days`: how long KMS waits before it deletes it.
    `multi_region_keys`: "true" makes each KMS key as a multi-Region key. Only a first deployment can choose it: with another
    value later CloudFormation replaces every key, also those that must never be replaced (docs/operate/keys.md).
    `weekly_tables`: "true" keeps what is used for a short time in tables by week, which the job `sweep` makes and drops, and
    needs no time to live; "false" lets DynamoDB sweep.
    `data_keys`: "true" seals the secrets of one-time codes by a data key that a function unwraps once an hour; "false" lets KMS
    open each at each sign-in, which CloudTrail records (docs/operate/cost.md).
    `snap_start`: JSON array of the functions that start from a snapshot. `provisioned_concurrency`: JSON object, function to the
    number of environments that are kept ready. Both cost money while nobody logs in (docs/operate/cost.md).
    `languages`: the languages of the pages, with spaces between their tags, the default first (docs/operate/languages.md).
    `theme`: the folder of the bank's colours, fonts, logo, links and texts (docs/operate/branding.md).
    `vocabulary`: the JSON file of the bank's own scopes, claims, types of authorization details, names of levels and time zone
    (docs/operate/vocabulary.md).
    `crls`: JSON object, the distinguished name of an authority of the truststore to the URLs of its CRLs; [] for one that
    publishes none. Certificates of an authority that is not there are not checked. `crl_minutes`: for how long a function uses
    what it read. `crl_stale`: "refuse" or "accept" certificates whose CRL is `crl_grace_hours` past its nextUpdate
    (docs/operate/client-certificates.md). `ownership_certificate`: the ARN of a certificate that ACM issued for `mtls_host`,
    where `mtls_certificate` is imported or of a private authority.
    `log_days`: how long log lines are kept. `log_encryption`: "make", or the ARN of the bank's own KMS key for log groups.
    `alarm_topic`: "make", "none", or the ARN of the bank's own SNS topic. `alarms`: JSON object, an alarm's name to false, or
    to its threshold, minutes and periods. `runbooks`: where docs/operate/alarms.md is at the bank.
    `tracing`: "true" lets the functions send traces to X-Ray.
    `traffic_shift`: how new versions of functions get their traffic: "AllAtOnce", or one of CodeDeploy's configurations,
    with which an alarm takes them back (shift_settings.py).
    `tables`: JSON object of tables that exist already, such as restored ones, in place of those that the stack would make.
    `keys`: JSON object of KMS keys that exist already (docs/operate/surviving.md).
    `backup`: JSON object of a plan of AWS Backup for the tables that last (backup_settings.py); {} for none.
    `table_streams`: JSON object, such a table to the ARN of its stream, which the record is made of.
    `audit_years`: for how long the record's bucket keeps what is in it from deletion. `audit_lock`: "governance" keeps it from
    whoever may not lift the lock, "compliance" from everyone. `audit_bucket`: "make", or the name of a bucket with Object Lock
    that exists. `audit_encryption`: "make", or the ARN of the KMS key that the bucket is under. `audit_bus`: "none", or the
    EventBridge bus that gets the record's events too (docs/operate/audit.md).
    `notices`: "none", or how people get notices: "email", "bus", or "email bus" (docs/operate/notices.md). `notices_from`: the
    address of e-mail. `notices_identity`: the ARN of SES's identity that it belongs to.
    `payment_exemption`: the exemption from dynamic linking that the bank relies on for payments without a passkey, or "none".
    `approval_app`: "module:function" that makes the adapter to the bank's approval app, or "" (docs/operate/payments.md).
    `secure_payment_confirmation`: "true" if browsers may show the payment that a passkey approves (docs/operate/payments.md).
    `recovery_hours`: after how many hours the password alone lets a person set up another app; "0" for never.
    `otp_level`: "3" where an audit found that password and one-time code reach level of assurance 3.
    """

    issuer_host: str = "login.bank.example"
    mtls_host: str = "mtls.bank.example"
    bank_name: str = "Example Bank"
    hosted_zone_id: str = ""
    issuer_certificate: str = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
    mtls_certificate: str = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000001"
    truststore: str = ""
    truststore_uri: str = "s3://bank.example-truststore/truststore.pem"
    truststore_version: str = UNSAID
    resource_host: str = "api.bank.example"
    api_gateway_log_role: str = UNSAID
    first_deployment: str = "false"
    client_authorities: str = "[]"
    resource_rules: str = "{}"
    bank_api_id: str = "*"
    web_acl: str = guarding.MANAGED
    requests_per_ip: str = "30000"
    page_requests_per_ip: str = "1000"
    throttles: str = '{"*": {"rate": 200, "burst": 400}}'
    reserved_concurrency: str = '{"token": 100, "authorizer": 100}'
    account_concurrency: str = "1000"
    eddsa: str = "false"
    template_signing_keys: str = "true"
    key_rotation_days: str = "90"
    key_announcement_days: str = "14"
    key_retention_days: str = "14"
    key_deletion_days: str = "30"
    multi_region_keys: str = "false"
    otp_level: str = "2"
    payment_exemption: str = "none"
    approval_app: str = ""
    secure_payment_confirmation: str = "false"
    recovery_hours: str = "0"
    weekly_tables: str = "false"
    data_keys: str = "true"
    snap_start: str = "[]"
    provisioned_concurrency: str = "{}"
    languages: str = "en de es pt-BR fr ar"
    theme: str = ""
    vocabulary: str = ""
    tables: str = "{}"
    keys: str = "{}"
    table_streams: str = "{}"
    backup: str = "{}"
    audit_years: str = "5"
    audit_lock: str = "governance"
    audit_bucket: str = watch_settings.MAKE
    audit_encryption: str = watch_settings.MAKE
    audit_bus: str = watch_settings.NONE
    notices: str = watch_settings.NONE
    notices_from: str = ""
    notices_identity: str = ""
    crls: str = "{}"
    crl_minutes: str = "15"
    crl_grace_hours: str = "24"
    crl_stale: str = "refuse"
    ownership_certificate: str = ""
    log_days: str = "365"
    log_encryption: str = watch_settings.MAKE
    alarm_topic: str = watch_settings.MAKE
    alarms: str = "{}"
    runbooks: str = "docs/operate/alarms.md"
    tracing: str = "false"
    traffic_shift: str = shift_settings.AT_ONCE

    def left_as_examples(self) -> list[str]:
        """The settings that must be given before anything is deployed, and are not."""
        needed = ["issuer_host", "mtls_host", "bank_name", "resource_host", "api_gateway_log_role"]
        needed += [] if self.hosted_zone_id else ["issuer_certificate", "mtls_certificate"]
        needed += [] if self.truststore else ["truststore_uri", "truststore_version"]
        return [f.name for f in fields(self) if f.name in needed and not self.gives(f.name)]

    def gives(self, name: str) -> bool:
        """Whether a setting has another value than its default."""
        return bool(getattr(self, name) != getattr(Deployment, name))

    def chooses(self, name: str) -> bool:
        """Whether the deployment says "true" to what may be left out."""
        return bool(getattr(self, name) == "true")

    def signing_keys(self) -> list[str]:
        """The names of the kinds of keys that it signs with, as in keys.KEYS."""
        return [row.name for row in KEYS if row.signs and (not row.chosen or self.chooses(row.name))]

    def template_keys(self) -> list[str]:
        """Those of them that the template makes too."""
        return self.signing_keys() if self.chooses("template_signing_keys") else []

    def rules(self) -> dict[str, policy.Rule]:
        """What the authorizer asks for: the bank's routes and our own. Raises RulesError."""
        userinfo: policy.Rule = {"scope": USERINFO_SCOPE}
        return {"GET /userinfo": userinfo, "POST /userinfo": userinfo, **policy.rules(self.resource_rules)}

    def existing(self) -> ExistingNames:
        """The tables and keys that exist already. Raises ExistingError."""
        return existing_settings.read(self.tables, self.keys, by_week=self.chooses("weekly_tables"))

    def backups(self) -> Backup | None:
        """The plan of AWS Backup, None without one. Raises BackupError."""
        return backup_settings.read(self.backup)

    def readiness(self) -> Readiness:
        """Which functions are made to start fast. Raises ReadinessError."""
        return readiness.read(self.snap_start, self.provisioned_concurrency)

    def guarding(self) -> Guarding:
        """Throttles, reserved concurrency and the web ACL. Raises GuardingError, and ReadinessError."""
        settings = {f.name: str(getattr(self, f.name)) for f in fields(self)}
        return guarding.read(settings, self.readiness().ready)

    def watched_alarms(self) -> Mapping[str, tuple[Alarm, str]]:
        """Its alarms by name: each with its row, and what it is about. Raises AlarmSettingsError."""
        return alarm_settings.read(self.alarms, weekly_tables=self.chooses("weekly_tables"))

    def texts(self) -> dict[str, str]:
        """The settings that may be long, by name, as the functions read them."""
        rules = json.dumps(self.rules(), separators=(",", ":"))
        return {"resource_rules": rules, "client_authorities": self.client_authorities, "crls": self.crls}

    def packaged(self) -> dict[str, str]:
        """By the name of a setting, the text that is too long for the environment and goes into the package."""
        return {name: text for name, text in self.texts().items() if len(text.encode()) > MAX_IN_ENVIRONMENT}

    def authorities(self) -> frozenset[distinguished_name.Name]:
        """The subjects of those that may name clients. Raises DistinguishedNameError."""
        return distinguished_name.read_all(self.client_authorities)
