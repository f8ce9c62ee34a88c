"""What a million logins cost, by AWS's list prices: what is counted, times the price of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import journey
from benchmarks.calls import Count

PRICES = "US East (N. Virginia), on demand, Lambda on arm64, without free tiers"
WRITE_UNITS, READ_UNITS = 0.625, 0.125
"""USD for a million of DynamoDB's."""
KMS_REQUESTS = 3.0
"""USD for a million symmetric requests or signatures of RSA 2048; other signatures are 15."""
INVOCATIONS = 0.20
GB_SECONDS = 13.3334
"""USD for a million of Lambda's."""

USED = 0.2
"""GB-seconds of a whole login. Not counted here: it depends on Lambda's CPU."""

STEPS = (
    *("par", "authorize", "login, the page", "login", "consent, the page", "consent"),
    *("token, authorization_code", "authorizer"),
)
"""A login and one protected call."""


@dataclass(frozen=True)
class Cost:
    """Of one login, in counts; `usd` is what a million cost."""

    write_units: int
    read_units: int
    kms: int

    @property
    def usd(self) -> float:
        return (
            self.write_units * WRITE_UNITS
            + self.read_units * READ_UNITS
            + self.kms * KMS_REQUESTS
            + len(STEPS) * INVOCATIONS
            + USED * GB_SECONDS
        )


def measure() -> tuple[Mapping[str, Mapping[str, Count]], Mapping[str, Cost]]:
    """By kind of client: what each request does, and what a login costs."""
    with journey.counted_bank() as (bank, provider):
        counts = {}
        for kind, (auth, constraint) in journey.KINDS.items():
            client = journey.client(bank, auth, constraint)
            journey.warm(client, provider)
            counts[kind] = journey.journey(client, provider)
    return counts, {kind: _of([of[step] for step in STEPS]) for kind, of in counts.items()}


def _of(steps: list[Count]) -> Cost:
    return Cost(
        write_units=sum(step.write_units for step in steps),
        read_units=sum(step.read_units for step in steps),
        kms=sum(step.kms for step in steps),
    )
