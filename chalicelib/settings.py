"""The settings of a deployment, read from the environment that ducat_cdk/ sets. One error lists every problem.

No setting can weaken a profile. Annotations are objects here, because that is faster for a type with many members.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, Self
from urllib.parse import urlsplit

from chalicelib.protocol_types import AssertionAudience, EncryptionAlg, SigningAlg, Untyped

PREFIX = "DUCAT_"

OWN_ALGORITHMS: tuple[SigningAlg, ...] = ("PS256", "ES256", "EdDSA")
"""The JWS algorithms that a deployment can sign with."""

NO_EXEMPTION = frozenset({"", "none", "no", "false", "off", "null", "n/a", "-"})
"""Values of `payment_exemption` that name no exemption."""

AWS_CONNECT_SECONDS = 1
AWS_READ_SECONDS = 2
AWS_TRIES = 3
"""Time and number of attempts of a call to AWS. Two calls of a request that get no response fit into a function's time-out
(ducat_cdk/functions.py).
"""


class SettingsError(Exception):
    """The environment is invalid. The message lists every problem."""


class Settings(NamedTuple):
    """The settings of this deployment. Each field is the environment variable DUCAT_<FIELD>.

    `issuer`: https URL of the host for browsers, and the `iss` of every token.
    `mtls_url`: https URL of the host that requests client certificates.
    `bank_name`: the bank's name on the pages.
    `user_directory`: "module:function" that makes the directory of end users.
    `resource_url`: https URL of the bank's API behind the authorizer.
    `resource_rules`: JSON object from "GET /accounts" to the authorizer's rule for it (resource_server/policy.py), or the
    package's .json file of it.
    `*_table`: name of a DynamoDB table.
    `client_authorities`: JSON array of the distinguished names of authorities. Their certificates may name clients that use
    tls_client_auth. It may be the package's .json file of them. The default is an empty array.
    `ps256_key`, `es256_key`, `eddsa_key`: id or ARN of the template's KMS keys that sign, where it has such keys.
    `signing_algorithms`: the JWS algorithms that this deployment signs with, with spaces between them. If it is empty, they are
    those of the template's keys.
    `tables_key`: the KMS key that encrypts a table of a week.
    `*_key`: id or ARN of a KMS key.
    `otp_level`: the level of assurance of password and one-time code by the bank's own audit, 2 or 3. The client's profile says
    which level is needed.
    `payment_exemption`: the exemption from dynamic linking that the bank relies on where a person signed in without a passkey, in
    words. It is kept with each payment. With "none" every payment is approved with a passkey.
    `approval_app`: "module:function" that makes the adapter to the bank's approval app (approval_app.py), if there is one.
    `secure_payment_confirmation`: "yes" if a browser that can show a payment itself may do so when a passkey approves it.
    `recovery_hours`: how long a person without phone and recovery codes waits to set up another app by the password. With "0",
    and with a value that is not a number, no person can.
    `weekly_tables`: "yes" if short-lived items are in one table per week, which a job drops afterwards; "no" if DynamoDB's time
    to live deletes them.
    `data_keys`: "yes" if a data key, which a function unwraps once an hour, seals the secrets of one-time codes; "no" if KMS
    opens each secret at each sign-in.
    `stack_name`: the tag of this deployment's signing keys in KMS.
    `key_rotation_days`: how long a signing key signs.
    `key_announcement_days`: how long a signing key is published before it signs.
    `key_retention_days`: how long a signing key is published after it signed last.
    `key_deletion_days`: how long KMS waits before it deletes a signing key.
    `multi_region_keys`: "yes" if signing keys are made as multi-Region keys.
    `crls`: JSON object from the distinguished name of an authority to the URLs of its CRLs, or the package's .json file of it.
    An empty list says that it publishes none.
    `crl_minutes`: for how long a function uses what it read of a certificate's CRL.
    `crl_grace_hours`: for how long a CRL is used after its nextUpdate.
    `crl_stale`: "refuse" or "accept" certificates whose CRL is older than that.
    `crl_bucket`: the S3 bucket of the fetched CRLs.
    `truststore`, `truststore_version`: s3://bucket/key of the truststore, and its version in S3.
    `audit_keys_table`: name of the table of the record's keys, one for each person. Without it there is no record.
    `audit_bucket`: the S3 bucket of the record.
    `audit_bus`: the EventBridge bus that the record's events are also put on.
    `notices`: how people get notices: "none", "email", "bus", or "email bus".
    `notices_queue`: the URL of the SQS queue in which they wait.
    `notices_from`: the address that they are e-mailed from.
    `audit_file`: on a laptop the file of the record, in place of the bucket.
    `languages`: the tags of the languages of the pages, with spaces between them; the first is the default.
    `theme`: the folder of the bank's compiled theme (pages/theme.py), relative to app.py.
    `vocabulary`: the file with the bank's additions to the library's words (vocabulary.py), relative to app.py, or its JSON.
    """

    issuer: str
    mtls_url: str
    bank_name: str
    user_directory: str
    resource_url: str
    resource_rules: str
    clients_table: str
    users_table: str
    grants_table: str
    bonds_table: str
    signing_keys_table: str
    access_tokens_table: str
    replay_cache_table: str
    sessions_table: str
    revocations_table: str
    secrets_key: str
    nonces_key: str
    subjects_key: str
    decryption_key: str
    ps256_key: str | None = None
    es256_key: str | None = None
    eddsa_key: str | None = None
    signing_algorithms: str = ""
    tables_key: str | None = None
    client_authorities: str = "[]"
    otp_level: Literal["2", "3"] = "2"
    payment_exemption: str = "none"
    approval_app: str | None = None
    secure_payment_confirmation: Literal["yes", "no"] = "no"
    recovery_hours: str = "0"
    weekly_tables: Literal["yes", "no"] = "no"
    data_keys: Literal["yes", "no"] = "yes"
    stack_name: str = "ducat"
    key_rotation_days: str = "90"
    key_announcement_days: str = "14"
    key_retention_days: str = "14"
    key_deletion_days: str = "30"
    multi_region_keys: str = "no"
    crls: str = "{}"
    crl_minutes: str = "15"
    crl_grace_hours: str = "24"
    crl_stale: str = "refuse"
    crl_bucket: str | None = None
    truststore: str | None = None
    truststore_version: str | None = None
    audit_keys_table: str | None = None
    audit_bucket: str | None = None
    audit_bus: str | None = None
    notices: str = "none"
    notices_queue: str | None = None
    notices_from: str | None = None
    audit_file: str | None = None
    vocabulary: str | None = None
    languages: str = "en de es pt-BR fr ar"
    theme: str | None = None

    @property
    def offered_languages(self) -> tuple[str, ...]:
        """The languages of the pages, the default first."""
        return tuple(self.languages.split())

    @property
    def exempts_payments(self) -> bool:
        """Whether the bank relies on an exemption from dynamic linking (RTS-5.1-2). "None" is none, however it is spelt."""
        return self.payment_exemption.strip().casefold() not in NO_EXEMPTION

    @property
    def confirms_payments(self) -> bool:
        """Whether payments may be approved by Secure Payment Confirmation."""
        return self.secure_payment_confirmation == "yes"

    @property
    def recovery_seconds(self) -> int:
        """The wait of a recovery by the password; 0 if the bank has none."""
        return int(self.recovery_hours) * 3600 if re.fullmatch("[0-9]{1,4}", self.recovery_hours) else 0

    @property
    def signs_with(self) -> tuple[SigningAlg, ...]:
        """The JWS algorithms that this deployment signs with.

        Registration, metadata and the jobs of the keys take the algorithms from here and from the profiles.
        """
        named = self.signing_algorithms.split()
        return tuple(alg for alg in OWN_ALGORITHMS if alg in named) or tuple(self.signing_keys)

    @property
    def signing_keys(self) -> dict[SigningAlg, str]:
        """The template's KMS key of each JWS algorithm that it makes one for."""
        keys: dict[SigningAlg, str | None] = {"PS256": self.ps256_key, "ES256": self.es256_key, "EdDSA": self.eddsa_key}
        return {alg: key for alg, key in keys.items() if key is not None}

    @property
    def decryption_keys(self) -> dict[EncryptionAlg, str]:
        """The KMS key of each JWE algorithm that clients may encrypt with for this deployment."""
        return {"RSA-OAEP-256": self.decryption_key}

    def addresses(self, path: str) -> tuple[str, ...]:
        """The URLs of a path: one on each host of the provider and of the bank's API."""
        return tuple(dict.fromkeys(base + path for base in (self.issuer, self.mtls_url, self.resource_url)))

    def audiences(self, path: str) -> dict[AssertionAudience, tuple[str, ...]]:
        """The accepted audiences of a request to `path`, by the names of `Profile.assertion_audiences`."""
        endpoints: dict[AssertionAudience, str] = {
            "token_endpoint": "/token",
            "par_endpoint": "/par",
            "endpoint": path,
        }
        hosts = (self.issuer, self.mtls_url)
        named = {name: tuple(host + path for host in hosts) for name, path in endpoints.items()}
        return {"issuer": (self.issuer,), **named}

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings in environment variables. Raises SettingsError, which lists everything that is missing or wrong."""
        values: dict[str, Untyped] = {name: environment.get(variable(name), "").strip() for name in cls._fields}
        values = {name: value for name, value in values.items() if value or name not in cls._field_defaults}
        problems = [f"{variable(name)} is not set" for name, value in values.items() if not value]
        for name in ("issuer", "mtls_url", "resource_url"):
            if values[name] and not _is_base_url(values[name]):
                problems.append(f"{variable(name)} must be https://host or https://host:port and no more")
        if values.get("otp_level", "2") not in ("2", "3"):
            problems.append(f"{variable('otp_level')} must be 2 or 3")
        for name in ("weekly_tables", "data_keys", "secure_payment_confirmation"):
            if values.get(name, "no") not in ("yes", "no"):
                problems.append(f"{variable(name)} must be yes or no")
        if problems:
            raise SettingsError("Settings can't be used: " + "; ".join(problems))
        return cls(**values)


def text_of(value: str) -> str:
    """The JSON of a setting that may be long: itself, or what its file in the package holds. Raises OSError."""
    return packaged(value) if value.endswith(".json") else value


def packaged(name: str) -> str:
    """The text of a file beside app.py. Raises OSError, or ValueError if the name is not one of a file or it is not UTF-8."""
    from pathlib import Path  # The import takes 2 ms of a function's start, and few deployments name a file.

    return (Path(__file__).parent.parent / name).read_text(encoding="utf-8")


def variable(field_name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field_name.upper()


def variables() -> list[str]:
    """Every environment variable that the settings read."""
    return [variable(name) for name in Settings._fields]


def _is_base_url(value: str) -> bool:
    url = urlsplit(value)
    return url.scheme == "https" and bool(url.hostname) and value == f"https://{url.netloc}" and "@" not in url.netloc
