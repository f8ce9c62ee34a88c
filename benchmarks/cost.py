"""What a million logins cost, by AWS's list prices: what is counted and measured, times the price of each."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import journey
from benchmarks.calls import Count, CountedAws
from chalicelib import log_lines
from chalicelib.users.password import ARGON2
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.watch_settings import LOGGED

PRICES = "US East (N. Virginia), on demand, Lambda on arm64, without free tiers, as listed in November 2026"
WRITE_UNITS, READ_UNITS = 0.625, 0.125
"""USD for a million of DynamoDB's."""
RSA_2048, SYMMETRIC, OTHER_SIGNATURES = 3.0, 3.0, 15.0
"""USD for a million of KMS's requests."""
API_REQUESTS = 3.5
"""USD for a million of API Gateway's, on a REST API."""
INVOCATIONS = 0.20
GB_SECONDS, GB_SECONDS_X86 = 13.3334, 16.6667
"""USD for a million of Lambda's."""
LOG_GIGABYTES, LOG_GIGABYTES_INFREQUENT = 0.50, 0.25
"""USD for a gigabyte that CloudWatch Logs takes in, by class of the log group."""

WHOLE_CPU = 1769
"""MB at which a function has one CPU; it has as much less as it has less memory (Lambda developer guide)."""
AWS_CALL = 0.005
"""Seconds that a call to AWS takes on its way, beside the CPU on both ends. Assumed: DynamoDB says single-digit milliseconds."""
LOG_EVENT = 26
"""Bytes that CloudWatch Logs counts for each event beside its text (CloudWatch Logs, "PutLogEvents")."""

STEPS: Mapping[str, str] = {
    "par": "par",
    "authorize": "authorize",
    "login, the page": "login",
    "login": "login",
    "consent, the page": "consent",
    "consent": "consent",
    "token, authorization_code": "token",
    "authorizer": "authorizer",
}
"""A login and one protected call, and the function of each step."""
AT_THE_GATE = len(STEPS)
"""Requests to API Gateway: each step but the authorizer's, and the protected call itself, which is the bank's own API's."""
BY_CERTIFICATE = ("par", "token, authorization_code")
"""The steps in whose line of the access log a client certificate stands. The protected call has none: it is the bank's to log."""
HASHED = "login"
"""The step that hashes a password."""

MEMORY = {row.name: row.memory for row in FUNCTIONS}
ARGON2_FIGURES = Path(__file__).parent / "figures" / "argon2.json"

ALIKE = {"ms": 25, "sub": "8f14e45f-ceea-4e7a-9b1a-0b1f6c2e7a11", "client_id": "rent-scout"}
"""Members of a log line that have another length in each run, and what they have here."""

SAMPLES: Mapping[str, str] = {
    "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "requestTimeEpoch": "1796018400000",
    "domainName": "login.bank.example",
    "httpMethod": "POST",
    "resourcePath": "/authorize",
    "status": "200",
    "responseLatency": "120",
    "responseLength": "2048",
    "tlsVersion": "TLSv1.3",
    "cipherSuite": "TLS_AES_128_GCM_SHA256",
    "identity.sourceIp": "198.51.100.200",
    "identity.clientCert.subjectDN": "CN=rent-scout,OU=Open Banking,O=Rent Scout GmbH,C=DE",
    "identity.clientCert.serialNumber": "02:1f:9c:36:b7:4e:55:91:a0:12:4c:8a:77:3d:0e:91",
}
"""What stands in a line of the API's access log, as long as it is there."""


@dataclass(frozen=True)
class Cost:
    """One login and one protected call, in what AWS counts. `seconds`: of a person's or a client's wait, by step."""

    write_units: int
    read_units: int
    rsa: int
    gb_seconds: float
    log_bytes: int
    seconds: Mapping[str, float]

    @property
    def parts(self) -> dict[str, float]:
        """USD for a million, by part."""
        return {
            "DynamoDB, writes": self.write_units * WRITE_UNITS,
            "DynamoDB, reads": self.read_units * READ_UNITS,
            "KMS": self.rsa * RSA_2048,
            "Lambda, requests": len(STEPS) * INVOCATIONS,
            "Lambda, time": self.gb_seconds * GB_SECONDS,
            "CloudWatch Logs": self.log_bytes * 1_000_000 / 1e9 * LOG_GIGABYTES,
            "API Gateway": AT_THE_GATE * API_REQUESTS,
        }

    @property
    def own(self) -> float:
        """USD for a million, besides API Gateway and logs."""
        return sum(usd for part, usd in self.parts.items() if part not in ("API Gateway", "CloudWatch Logs"))

    @property
    def whole(self) -> float:
        """USD for a million, all of it."""
        return sum(self.parts.values())


def count() -> Mapping[str, Mapping[str, Count]]:
    """By kind of client: what each request does."""
    with journey.counted_bank() as (bank, provider), _counting_logs(provider):
        counts = {}
        for kind, (auth, constraint) in journey.KINDS.items():
            client = journey.client(bank, auth, constraint)
            journey.warm(client, provider)
            counts[kind] = journey.journey(client, provider)
            # The authorizer is asked without its handler here; its line has the members of userinfo's.
            counts[kind]["authorizer"].log_bytes = counts[kind]["userinfo"].log_bytes
    return counts


def of(counts: Mapping[str, Count], cpu: Mapping[str, float], memory: Mapping[str, int] = MEMORY) -> Cost:
    """A login of these counts. `cpu`: milliseconds by step, at a whole CPU. `memory`: MB by function."""
    seconds = {step: took(cpu[step], counts[step], memory[function]) for step, function in STEPS.items()}
    seconds[HASHED] += hashing(memory[STEPS[HASHED]])
    return Cost(
        write_units=sum(counts[step].write_units for step in STEPS),
        read_units=sum(counts[step].read_units for step in STEPS),
        rsa=sum(counts[step].kms for step in STEPS),
        gb_seconds=sum(
            math.ceil(seconds[step] * 1000) / 1000 * memory[function] / 1024 for step, function in STEPS.items()
        ),
        log_bytes=sum(counts[step].log_bytes + access_log_line(step) for step in STEPS),
        seconds=seconds,
    )


def took(cpu: float, count: Count, memory: int) -> float:
    """Seconds of a request. `cpu`: milliseconds at a whole CPU."""
    return cpu / 1000 * max(1.0, WHOLE_CPU / memory) + count.trips * AWS_CALL


def hashing(memory: int) -> float:
    """Seconds that a password's hash takes in a function of so much memory, as it was measured (memory.py)."""
    rows = [
        row
        for row in json.loads(ARGON2_FIGURES.read_text())
        if (row["passes"], row["memory"], row["lanes"]) == (ARGON2.time_cost, ARGON2.memory_cost, ARGON2.parallelism)
    ]
    (found,) = (row["ms"] for row in rows if row["size"] == memory)
    return float(found) / 1000


def access_log_line(step: str) -> int:
    """Bytes of the step's line of the API's access log; the authorizer has none of its own."""
    if step == "authorizer":
        return 0
    without = {} if step in BY_CERTIFICATE else {name: "-" for name in LOGGED if name.startswith("identity.clientCert")}
    return LOG_EVENT + len(json.dumps({name.split(".")[-1]: without.get(name, SAMPLES[name]) for name in LOGGED}))


@contextmanager
def _counting_logs(provider: CountedAws) -> Iterator[None]:
    """The functions' log lines count too."""

    lines = log_lines.JsonLines(log_lines.namespace(provider.settings.issuer))

    class Counter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            alike = {name: ALIKE[name] for name in ALIKE if name in record.__dict__["line"]}
            record.__dict__["line"] = {**record.__dict__["line"], **alike}
            provider._count.log_bytes += LOG_EVENT + len(lines.format(record).encode())

    log, handler = logging.getLogger("ducat"), Counter()
    log.addHandler(handler)
    yield
    log.removeHandler(handler)
