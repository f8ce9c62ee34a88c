"""What stands beside the stack, for `ducat doctor`: server certificates and domains, the web ACL, and what jobs left undone."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from ducat_admin.command import Operator
from ducat_admin.finding import Finding

SOON_DAYS = 30
"""ACM renews its own certificates 60 days before their end (ACM user guide, "Managed certificate renewal")."""
TIMEOUT = 5

RECORD_YEARS = 5
"""The default of `audit_years`: what PSD2 asks of payment institutions (Directive (EU) 2015/2366, Article 21)."""
DAYS_OF_A_YEAR = 365


def certificates(operator: Operator) -> Iterator[Finding]:
    """The server certificates of both hosts, and how API Gateway has their domains. Raises BotoCoreError and ClientError."""
    settings = operator.provider.settings
    for url in dict.fromkeys((settings.issuer, settings.mtls_url)):
        host = urlsplit(url).hostname or ""
        domain = None if operator.deployment.on_laptop else _domain(operator, host)
        if domain is None:  # Of the laptop, or behind something of the bank's own.
            yield from _served(url)
            continue
        if url == settings.mtls_url and url != settings.issuer:
            yield from _mutual_tls(host, domain)
        if domain.get("domainNameStatus", "AVAILABLE") != "AVAILABLE":
            said = " ".join(str(domain.get(name, "")) for name in ("domainNameStatus", "domainNameStatusMessage"))
            yield Finding(f"domain {host}", "warning", f"API Gateway says {said.strip()}")
        yield from _of_acm(operator, host, str(domain.get("regionalCertificateArn") or domain.get("certificateArn")))


def web_acl(operator: Operator) -> Iterator[Finding]:
    """Whether anything limits requests before they reach a function. Raises BotoCoreError and ClientError."""
    outputs = operator.deployment.outputs
    if "WebAclArn" in outputs:
        return
    if "ApiId" in outputs:
        stages = _client(operator, "apigateway").get_stages(restApiId=outputs["ApiId"])["item"]
        if any(stage.get("webAclArn") for stage in stages):
            return
    yield Finding("web_acl", "warning", "none: nothing limits requests before they reach a function")


def dead_letters(operator: Operator) -> Iterator[Finding]:
    """Runs of jobs that failed for good, and what could not be recorded. Raises BotoCoreError and ClientError."""
    for area, output in (("dead_letters", "DeadLettersUrl"), ("audit_dead_letters", "AuditDeadLettersUrl")):
        url = operator.deployment.outputs.get(output)
        if url is None:
            continue
        name = "ApproximateNumberOfMessages"
        count = _client(operator, "sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        if int(count):
            yield Finding(area, "warning", f"{count} events that no run could handle: docs/operate/alarms.md#{area}")


def record(operator: Operator) -> Iterator[Finding]:
    """Whether the record's bucket keeps what is in it from deletion, and how long. Raises BotoCoreError and ClientError."""
    bucket = operator.deployment.outputs.get("AuditBucketName") or operator.provider.settings.audit_bucket
    if not bucket:
        return
    try:
        lock = _client(operator, "s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
            raise
        lock = {}
    if lock.get("ObjectLockEnabled") != "Enabled":
        yield Finding("audit_bucket", "problem", f"{bucket} has no Object Lock: the record can be changed and deleted")
        return
    kept = lock.get("Rule", {}).get("DefaultRetention", {})
    days = kept.get("Days", 0) + kept.get("Years", 0) * DAYS_OF_A_YEAR
    if not days:
        yield Finding("audit_bucket", "problem", f"{bucket} has no default retention: the record can be deleted")
    elif days < RECORD_YEARS * DAYS_OF_A_YEAR:
        yield Finding(
            "audit_bucket",
            "warning",
            f"{bucket} keeps the record from deletion for {days} days, and payment institutions must for {RECORD_YEARS} years",
        )


def _client(operator: Operator, service: str) -> Any:
    return boto3.client(service, region_name=operator.deployment.region)


def _domain(operator: Operator, host: str) -> dict[str, Any] | None:
    """API Gateway's domain of that name; None if it has none."""
    try:
        return dict(_client(operator, "apigateway").get_domain_name(domainName=host))
    except ClientError as problem:
        if problem.response["Error"]["Code"] == "NotFoundException":
            return None
        raise


def _mutual_tls(host: str, domain: dict[str, Any]) -> Iterator[Finding]:
    mutual = domain.get("mutualTlsAuthentication") or {}
    if not mutual.get("truststoreUri"):
        yield Finding(f"domain {host}", "problem", "API Gateway requests no client certificates there: deploy again")
    for warning in mutual.get("truststoreWarnings") or ():
        yield Finding(f"domain {host}", "warning", f"API Gateway warns of the truststore: {warning}")


def _of_acm(operator: Operator, host: str, arn: str) -> Iterator[Finding]:
    found = _client(operator, "acm").describe_certificate(CertificateArn=arn)["Certificate"]
    renewed = found.get("RenewalEligibility") == "ELIGIBLE"
    todo = "ACM could not renew it: look at its validation" if renewed else "nobody renews it but you"
    if found.get("NotAfter") is not None:
        yield from _of_time(host, found["NotAfter"], todo)


def _served(url: str) -> Iterator[Finding]:
    """The certificate that the host shows to who has none."""
    from cryptography import x509

    where = urlsplit(url)
    host = where.hostname or ""
    try:
        pem = ssl.get_server_certificate((host, where.port or 443), timeout=TIMEOUT)
    except OSError as problem:
        yield Finding(
            f"certificate {host}", "warning", f"{url} shows none from here: {type(problem).__name__}: {problem}"
        )
        return
    ends = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    yield from _of_time(f"{host}:{where.port}" if where.port else host, ends, "renew it")


def _of_time(host: str, ends: datetime, todo: str) -> Iterator[Finding]:
    days = (ends - datetime.now(UTC)).days
    if days < 0:
        yield Finding(f"certificate {host}", "problem", f"it ended on {ends:%Y-%m-%d}: {todo}")
    elif days < SOON_DAYS:
        yield Finding(f"certificate {host}", "warning", f"it ends in {days} days, on {ends:%Y-%m-%d}: {todo}")
