"""Settings: where we are. Read from the environment, which infra/ sets; every problem is named at once.

No setting can soften a profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Literal
from urllib.parse import urlsplit

from chalicelib.protocol_types import AssertionAudience, EncryptionAlg, SigningAlg, Untyped

PREFIX = "DUCAT_"

AWS_CONNECT_SECONDS = 1
AWS_READ_SECONDS = 2
AWS_TRIES = 3
"""How long a call to AWS may take, and how often it is sent: all of it within a function's life (infra/functions.py), and so
are two calls of a request that both are never answered."""


class SettingsError(Exception):
    """The environment can't be used; the message lists every problem."""


@dataclass(frozen=True)
class Settings:
    """Where this deployment is. Each field is the environment variable DUCAT_<FIELD>.

    `issuer`: https URL of the browsers' host, the `iss` of everything. `mtls_url`: https URL of the host that asks for
    client certificates. `bank_name`: the name people read on the pages. `user_directory`: "module:function" that makes
    the directory of end users. `resource_url`: https URL of the bank's API behind the authorizer. `resource_rules`: JSON
    object, "GET /accounts" to what the authorizer asks for there (resource_server/policy.py). `*_table`: name of a
    DynamoDB table. `client_authorities`: JSON array of the distinguished names of the authorities whose certificates may
    name clients that use tls_client_auth; nobody's are where it is left out. `eddsa_key`: id or ARN of a KMS key that
    signs as EdDSA; left out where the Region's KMS has no such keys. `*_key`: id or ARN of a KMS key. `otp_level`: the
    level of assurance that password and one-time code reach by an audit of the bank, 2 or 3; how much is needed is for a
    client's profile to say. `weekly_tables`: "yes" where what is used for a short time is kept in a table of the week in
    which it expires, and a job drops those of the past; "no" where DynamoDB's time to live sweeps. `tables_key`: the KMS
    key that such a table is encrypted by. `data_keys`: "yes" where the secrets of one-time codes are sealed by a data key
    that a function unwraps once an hour, "no" where KMS opens each at each sign-in. `vocabulary`: the file of what the
    bank adds to the library's words (vocabulary.py), from where app.py is, or its JSON itself.
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
    ps256_key: str
    es256_key: str
    secrets_key: str
    nonces_key: str
    subjects_key: str
    decryption_key: str
    eddsa_key: str | None = None
    tables_key: str | None = None
    client_authorities: str = "[]"
    otp_level: Literal["2", "3"] = "2"
    weekly_tables: Literal["yes", "no"] = "no"
    data_keys: Literal["yes", "no"] = "yes"
    vocabulary: str | None = None

    @property
    def signing_keys(self) -> dict[SigningAlg, str]:
        """The KMS key of each JWS algorithm that this deployment signs with.

        The one answer to which algorithms there are: whatever is told, registered or published is by this and the profiles.
        """
        keys: dict[SigningAlg, str | None] = {"PS256": self.ps256_key, "ES256": self.es256_key, "EdDSA": self.eddsa_key}
        return {alg: key for alg, key in keys.items() if key is not None}

    @property
    def decryption_keys(self) -> dict[EncryptionAlg, str]:
        """The KMS key of each JWE algorithm by which clients encrypt for this deployment."""
        return {"RSA-OAEP-256": self.decryption_key}

    def addresses(self, path: str) -> tuple[str, ...]:
        """The whole addresses of a path: one on each host of ours and of the bank's API."""
        return tuple(dict.fromkeys(base + path for base in (self.issuer, self.mtls_url, self.resource_url)))

    def audiences(self, path: str) -> dict[AssertionAudience, tuple[str, ...]]:
        """What we are called, by the names that `Profile.assertion_audiences` uses, where the request came to `path`."""
        endpoints: dict[AssertionAudience, str] = {
            "token_endpoint": "/token",
            "par_endpoint": "/par",
            "endpoint": path,
        }
        hosts = (self.issuer, self.mtls_url)
        named = {name: tuple(host + path for host in hosts) for name, path in endpoints.items()}
        return {"issuer": (self.issuer,), **named}

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Settings out of environment variables. Raises SettingsError that lists all that is missing or wrong."""
        values: dict[str, Untyped] = {f.name: environment.get(variable(f.name), "").strip() for f in fields(cls)}
        values = {f.name: values[f.name] for f in fields(cls) if values[f.name] or f.default is MISSING}
        problems = [f"{variable(name)} is not set" for name, value in values.items() if not value]
        for name in ("issuer", "mtls_url", "resource_url"):
            if values[name] and not _is_base_url(values[name]):
                problems.append(f"{variable(name)} must be https://host or https://host:port and no more")
        if values.get("otp_level", "2") not in ("2", "3"):
            problems.append(f"{variable('otp_level')} must be 2 or 3")
        for name in ("weekly_tables", "data_keys"):
            if values.get(name, "no") not in ("yes", "no"):
                problems.append(f"{variable(name)} must be yes or no")
        if problems:
            raise SettingsError("Settings can't be used: " + "; ".join(problems))
        return cls(**values)


def variable(field_name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field_name.upper()


def variables() -> list[str]:
    """Every environment variable that is read."""
    return [variable(f.name) for f in fields(Settings)]


def _is_base_url(value: str) -> bool:
    url = urlsplit(value)
    return url.scheme == "https" and bool(url.hostname) and value == f"https://{url.netloc}" and "@" not in url.netloc
