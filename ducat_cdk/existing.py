"""What a bank has already and hands to the stack, as objects of its own CDK app. What is not given is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aws_cdk import Token
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from ducat_cdk import audit_settings, settings_checks
from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.existing_settings import ExistingNames, together
from ducat_cdk.keys import KEYS
from ducat_cdk.tables import TABLES


@dataclass(frozen=True, kw_only=True)
class Existing:
    """Each is left out of the settings then.

    `vpc`, `vpc_subnets`, `security_groups`: where the functions run. They need a way to DynamoDB, KMS and what clients publish.
    `tables`: by the names of tables.TABLES. Each has the keys and the index of its row, and its stream where it is recorded.
    `keys`: by the names of keys.KEYS. `log_key`: encrypts the log groups; its policy lets CloudWatch Logs use it.
    `issuer_certificate`, `mtls_certificate`: the hosts' server certificates. `hosted_zone`: of both hosts.
    `issuer_domain`, `mtls_domain`: API Gateway's domains of both hosts, in place of certificates and truststore.
    `web_acl_arn`: of a regional web ACL. `alarm_topic`: where alarms go; its policy lets CloudWatch publish.
    `audit_bucket`: of the record. It has Object Lock with a retention, versions, and its key if it is under one.
    """

    vpc: ec2.IVpc | None = None
    vpc_subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] = ()
    tables: Mapping[str, dynamodb.ITable] = field(default_factory=dict)
    keys: Mapping[str, kms.IKey] = field(default_factory=dict)
    log_key: kms.IKey | None = None
    issuer_certificate: acm.ICertificate | None = None
    mtls_certificate: acm.ICertificate | None = None
    hosted_zone: route53.IHostedZone | None = None
    issuer_domain: apigateway.IDomainName | None = None
    mtls_domain: apigateway.IDomainName | None = None
    web_acl_arn: str | None = None
    alarm_topic: sns.ITopic | None = None
    audit_bucket: s3.IBucket | None = None

    def settled(self, deployment: Deployment) -> Deployment:
        """The deployment with what is given in place of its settings. Raises DeploymentError that lists every problem."""
        values = self._values()
        settled = replace(deployment, **values)
        twice = sorted(name for name in {*values, *self._covered()} if deployment.gives(name))
        problems = [
            *(f"{name} is a setting too: leave it out" for name in twice),
            *self._named_problems(deployment.existing()),
            *audit_settings.missing_streams(deployment, self._streams(deployment.existing())),
            *self._domain_problems(deployment),
            *(settings_checks.hosts(settled) if self.hosted_zone else ()),
        ]
        if self.vpc is None and (self.vpc_subnets or self.security_groups):
            problems.append("vpc_subnets and security_groups are given without a vpc")
        if problems:
            raise DeploymentError("What exists can't be used: " + "; ".join(problems))
        return settled

    def left_as_examples(self, deployment: Deployment) -> list[str]:
        """The settings that must be given before anything is deployed, and are not."""
        return [name for name in deployment.left_as_examples() if name not in self._covered()]

    def _values(self) -> dict[str, str]:
        """Settings by what is given in their stead: texts that CloudFormation fills in."""
        given = {
            "issuer_certificate": self.issuer_certificate and self.issuer_certificate.certificate_arn,
            "mtls_certificate": self.mtls_certificate and self.mtls_certificate.certificate_arn,
            "hosted_zone_id": self.hosted_zone and self.hosted_zone.hosted_zone_id,
            "log_encryption": self.log_key and self.log_key.key_arn,
            "alarm_topic": self.alarm_topic and self.alarm_topic.topic_arn,
            "audit_bucket": self.audit_bucket and self.audit_bucket.bucket_name,
            "audit_encryption": self._audit_key(),
        }
        return {name: value for name, value in given.items() if value}

    def _audit_key(self) -> str | None:
        key = self.audit_bucket and self.audit_bucket.encryption_key
        return key.key_arn if key else None

    def _covered(self) -> set[str]:
        """The settings of which a domain that exists leaves nothing to say."""
        truststore = {"truststore", "truststore_uri", "truststore_version"}
        return {
            *({"issuer_certificate"} if self.issuer_domain else ()),
            *({"mtls_certificate", *truststore} if self.mtls_domain else ()),
            *({"web_acl", "requests_per_ip", "page_requests_per_ip"} if self.web_acl_arn else ()),
            *({"audit_years", "audit_lock", "audit_encryption"} if self.audit_bucket else ()),
        }

    def _named_problems(self, settings: ExistingNames) -> list[str]:
        """What is wrong with tables and keys. `settings`: those that are given by name or ARN."""
        found = together({*self.tables, *settings.tables})
        for setting, given, names, said in (
            ("tables", self.tables, [row.name for row in TABLES], settings.tables),
            ("keys", self.keys, [row.name for row in KEYS], settings.keys),
        ):
            found += [
                f"{setting}: there is no {one}; there are {', '.join(names)}" for one in given if one not in names
            ]
            found += [f"{setting}: {one} is in the settings too" for one in given if one in said]
        return found

    def _streams(self, settings: ExistingNames) -> dict[str, str | None]:
        """By the name of each table that exists, its stream where that is known. `settings`: what is given by name."""
        return {
            **dict.fromkeys(settings.tables),
            **{name: table.table_stream_arn for name, table in self.tables.items()},
        }

    def _domain_problems(self, deployment: Deployment) -> list[str]:
        found = []
        for of, domain in (("issuer", self.issuer_domain), ("mtls", self.mtls_domain)):
            host = getattr(deployment, f"{of}_host")
            if domain and not Token.is_unresolved(domain.domain_name) and domain.domain_name != host:
                found.append(f"{of}_domain is {domain.domain_name}, and {of}_host is {host}")
        return found
