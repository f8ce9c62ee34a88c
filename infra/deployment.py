"""Deployment: what a bank chooses. Read from the CDK context; nothing here softens what the code enforces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from chalicelib import vocabulary
from chalicelib.authorization_details.declared_type import problems_of
from chalicelib.clients import distinguished_name
from chalicelib.resource_server import policy
from chalicelib.users.assurance import ACR
from chalicelib.vocabulary import Vocabulary
from infra import readiness
from infra.readiness import Readiness, ReadinessError

HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+")
TRUSTSTORE = re.compile(r"s3://[a-z0-9.-]{3,63}/\S+")
API_ID = re.compile(r"\*|[a-z0-9]{6,20}")
OTP_LEVEL = re.compile(r"[23]")
YES_OR_NO = re.compile(r"true|false")

USER_DIRECTORY = "chalicelib.users.directory:build"
"""The product's directory of end users. No choice: what stands in for it on a laptop can't be deployed."""

USERINFO_SCOPE = "openid"
"""Userinfo stands behind the authorizer (api.py), which wants to know its scope (OpenID Connect Core 5.3)."""


class DeploymentError(Exception):
    """The context can't be used; the message lists every problem."""


@dataclass(frozen=True)
class Deployment:
    """The context, by these names. The defaults let a template be synthesized and read; most can't be deployed.

    `issuer_host`, `mtls_host`: the browsers' host, whose https URL is the issuer, and the host that asks for client
    certificates. `*_certificate`: ACM ARNs of their server certificates. `truststore_uri`, `truststore_version`: the
    PEM file, in S3 with versions on, of the authorities whose client certificates are let in. `resource_host`: where the
    bank's own API is, behind the authorizer. `client_authorities`: JSON array of the distinguished names of the
    truststore's authorities that may name clients. `resource_rules`: JSON, "GET /accounts" to what the authorizer asks for
    there (chalicelib/resource_server/policy.py). `bank_api_id`: the bank's own REST API that may call the authorizer; * for any
    of this account and Region. `eddsa`: "true" for a key that signs as EdDSA, in a Region whose KMS has keys of the kind
    ECC_NIST_EDWARDS25519; "false" offers clients no such signature.
    `weekly_tables`: "true" keeps what is used for a short time in tables by week, which the job `sweep` makes and drops, and
    needs no time to live; "false" lets DynamoDB sweep.
    `data_keys`: "true" seals the secrets of one-time codes by a data key that a function unwraps once an hour; "false" lets KMS
    open each at each sign-in, which CloudTrail records (docs/operate/cost.md).
    `snap_start`: JSON array of the functions that start from a snapshot. `provisioned_concurrency`: JSON object, function to the
    number of environments that are kept ready. Both cost money while nobody logs in (docs/operate/cost.md).
    `vocabulary`: the JSON file of the bank's own scopes, claims, types of authorization details, names of levels and time zone
    (docs/operate/vocabulary.md).
    `otp_level`: "3" where an audit found that password and one-time code reach level of assurance 3.
    """

    issuer_host: str = "login.bank.example"
    mtls_host: str = "mtls.bank.example"
    bank_name: str = "Example Bank"
    issuer_certificate: str = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
    mtls_certificate: str = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000001"
    truststore_uri: str = "s3://bank.example-truststore/truststore.pem"
    truststore_version: str = "unset"
    resource_host: str = "api.bank.example"
    client_authorities: str = "[]"
    resource_rules: str = "{}"
    bank_api_id: str = "*"
    eddsa: str = "false"
    otp_level: str = "2"
    weekly_tables: str = "false"
    data_keys: str = "true"
    snap_start: str = "[]"
    provisioned_concurrency: str = "{}"
    vocabulary: str = ""

    @classmethod
    def read(cls, context: Mapping[str, object]) -> Deployment:
        """The deployment of a context. Raises DeploymentError that lists all that is unknown or wrong."""
        given = {name: _text(value).strip() for name, value in context.items() if not name.startswith(("aws:", "@aws"))}
        names = [f.name for f in fields(cls)]
        problems = [f"{name} is not a setting (they are {', '.join(names)})" for name in given if name not in names]
        deployment = cls(**{name: value for name, value in given.items() if name in names})
        problems += deployment._problems()
        if problems:
            raise DeploymentError("The deployment can't be used: " + "; ".join(problems))
        return deployment

    def left_as_examples(self) -> list[str]:
        """The settings that must be given before anything is deployed, and are not."""
        allowed = (
            "resource_rules",
            "client_authorities",
            "bank_api_id",
            "eddsa",
            "otp_level",
            "weekly_tables",
            "data_keys",
            "snap_start",
            "provisioned_concurrency",
            "vocabulary",
        )
        return [f.name for f in fields(self) if getattr(self, f.name) == f.default and f.name not in allowed]

    def chooses(self, name: str) -> bool:
        """Whether the deployment says "true" to what may be left out."""
        return bool(getattr(self, name) == "true")

    def rules(self) -> dict[str, policy.Rule]:
        """What the authorizer asks for: the bank's routes and our own. Raises RulesError."""
        userinfo: policy.Rule = {"scope": USERINFO_SCOPE}
        return {"GET /userinfo": userinfo, "POST /userinfo": userinfo, **policy.rules(self.resource_rules)}

    def readiness(self) -> Readiness:
        """Which functions are made to start fast. Raises ReadinessError."""
        return readiness.read(self.snap_start, self.provisioned_concurrency)

    def _problems(self) -> list[str]:
        problems = [
            f"{name} {advice}"
            for name, pattern, advice in (
                ("issuer_host", HOST, "must be a host name in lower case, without https://"),
                ("mtls_host", HOST, "must be a host name in lower case, without https://"),
                ("issuer_certificate", CERTIFICATE, "must be the ARN of an ACM certificate"),
                ("mtls_certificate", CERTIFICATE, "must be the ARN of an ACM certificate"),
                ("truststore_uri", TRUSTSTORE, "must be s3://bucket/key"),
                ("resource_host", HOST, "must be a host name in lower case, without https://"),
                ("bank_api_id", API_ID, "must be the id of a REST API, or *"),
                ("eddsa", YES_OR_NO, "must be true or false"),
                ("weekly_tables", YES_OR_NO, "must be true or false"),
                ("data_keys", YES_OR_NO, "must be true or false"),
                ("otp_level", OTP_LEVEL, "must be 2 or 3"),
            )
            if not pattern.fullmatch(getattr(self, name))
        ]
        problems += [f"{name} is empty" for name in ("bank_name", "truststore_version") if not getattr(self, name)]
        if self.issuer_host == self.mtls_host:
            problems.append("issuer_host and mtls_host must differ: a host asks everyone for a certificate or no one")
        try:
            self.rules()
        except policy.RulesError as wrong:
            problems.append(f'resource_rules must be such as {{"GET /accounts": {{"scope": "accounts"}}}}; {wrong}')
        try:
            distinguished_name.read_all(self.client_authorities)
        except distinguished_name.DistinguishedNameError as wrong:
            problems.append(f'client_authorities must be such as ["CN=Issuing CA,O=Example Trust,C=DE"]; {wrong}')
        try:
            self.readiness()
        except ReadinessError as wrong:
            problems.append(
                f'snap_start must be such as ["login"], provisioned_concurrency such as {{"token": 2}}; {wrong}'
            )
        return problems + self._vocabulary_problems()

    def _vocabulary_problems(self) -> list[str]:
        """What is wrong with the vocabulary, each schema of it compiled."""
        try:
            read = vocabulary.load(str(Path(self.vocabulary).absolute()) if self.vocabulary else None)
        except vocabulary.VocabularyError as wrong:
            return [str(wrong)]
        problems = [problem for one in read.authorization_details_types for problem in problems_of(one)]
        return problems + self._unknown_in_rules(read)

    def _unknown_in_rules(self, read: Vocabulary) -> list[str]:
        """What the rules ask for and there is none of, so that nobody would get in."""
        try:
            rules = self.rules()
        except policy.RulesError:
            return []  # it is told already
        known = {
            "scope": read.scope_names,
            "authorization_details_type": read.type_names,
            "acr": tuple(read.acr.get(str(level), name) for level, name in ACR.items()),
        }
        return [
            f"resource_rules: {route}: {name} {value} is unknown; there are {', '.join(known[name])}"
            for route, rule in rules.items()
            for name, value in rule.items()
            if name in known and value not in known[name]
        ]


def _text(value: object) -> str:
    """A setting as text; JSON's true and false by their own names."""
    return str(value).lower() if isinstance(value, bool) else str(value)
