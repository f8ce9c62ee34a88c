"""A payday morning: who logs in, what AWS allows, and what came of it. simulation.py lets it pass.

What a login costs is counted and measured (calls.py, warm.py, cold.py). What AWS allows is its documented default, or what an
operator asked for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

CUSTOMERS = 20_000_000
PEAK = 1_000
"""Logins a second."""

API_REQUESTS, API_BURST = 10_000, 5_000
"""Of an account and Region, a second (API Gateway developer guide, "Quotas")."""
ENVIRONMENTS = 1_000
"""Functions at a time in an account and Region (Lambda developer guide, "Quotas")."""
NEW_ENVIRONMENTS = 100
"""Of each function, a second: 1,000 in ten (Lambda developer guide, "Scaling behavior")."""
RSA_OPERATIONS = 1_000
"""A second, of an account and Region (KMS developer guide, "Request quotas")."""
TABLE_WRITES, TABLE_READS = 4_000, 12_000
"""Units a second that a new on-demand table takes (DynamoDB developer guide, "Warm throughput")."""
KEY_READS = 3_000
"""Units a second of one item (DynamoDB developer guide, "Partitions")."""


@dataclass(frozen=True)
class Step:
    """One request of a login.

    `wait`: seconds from the step before, which a person or a redirect takes. `seconds`: of the function. `start`: seconds of its
    cold start. `units`: by a table and "read" or "write". Each is a request to API Gateway: the authorizer's, the protected call.
    """

    name: str
    function: str
    wait: int
    seconds: float
    start: float
    rsa: int
    units: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Quotas:
    """What is allowed a second, by default or as asked for beforehand. `ready`: environments kept, for each function."""

    api: int = API_REQUESTS
    api_burst: int = API_BURST
    environments: int = ENVIRONMENTS
    rsa: int = RSA_OPERATIONS
    writes: int = TABLE_WRITES
    reads: int = TABLE_READS
    ready: int = 0


@dataclass(frozen=True)
class Retries:
    """How a refused request comes again: after `after` seconds and up to `jitter` more, `tries` in all.

    `doubles`: twice as long after each time.
    """

    after: int = 1
    jitter: int = 4
    tries: int = 6
    doubles: bool = True


@dataclass(frozen=True)
class Morning:
    """A scenario. `rates`: logins begun, by second. `outage`: the first second without KMS, and the first with it again."""

    name: str
    rates: Sequence[float]
    quotas: Quotas = field(default_factory=Quotas)
    retries: Retries = field(default_factory=Retries)
    outage: tuple[int, int] = (0, 0)


@dataclass
class Outcome:
    """What came of it. `refused`: by quota, and `first` in which second. `delays`: logins by the seconds that retries added.

    `cold`: functions that were started. `hottest`: reads of one client's record in the worst second, if all come by that client.
    """

    morning: Morning
    begun: int = 0
    finished: int = 0
    given_up: int = 0
    cold: int = 0
    hottest: int = 0
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    delays: Counter[int] = field(default_factory=Counter)
    finished_by_second: list[int] = field(default_factory=list)
    requests_by_second: list[int] = field(default_factory=list)

    def delay(self, share: float) -> int:
        """The delay that so many logins stay under."""
        left = share * sum(self.delays.values())
        for seconds in sorted(self.delays):
            left -= self.delays[seconds]
            if left <= 0:
                return seconds
        return 0


def payday(peak: float = PEAK, *, ramp: int = 600, hold: int = 1200) -> list[float]:
    """A quiet night, a steep rise, a peak that lasts, and a slow fall; logins a second by second."""
    rising = [peak * (0.05 + 0.95 * second / ramp) for second in range(ramp)]
    falling = [peak * (1 - 0.9 * second / ramp) for second in range(ramp)]
    return [*rising, *[peak] * hold, *falling]


def ends(steps: Sequence[Step], quotas: Quotas) -> dict[str, tuple[float, int, float]]:
    """By quota: what a login takes of it, what is allowed a second, and at how many logins a second it is used up."""
    table: dict[str, tuple[float, int, float]] = {}

    def add(name: str, takes: float, allowed: int) -> None:
        if takes:
            table[name] = takes, allowed, allowed / takes

    add("API Gateway", len(steps), quotas.api)
    add("Lambda, environments", sum(step.seconds for step in steps), quotas.environments)
    add("KMS, RSA", sum(step.rsa for step in steps), quotas.rsa)
    for key in sorted({key for step in steps for key in step.units}):
        allowed = quotas.writes if key[1] == "write" else quotas.reads
        add(f"{key[0]}, {key[1]}s", sum(step.units.get(key, 0) for step in steps), allowed)
    return dict(sorted(table.items(), key=lambda entry: entry[1][2]))


def enough(steps: Sequence[Step], logins: float, *, spare: float = 1.5) -> Quotas:
    """What to ask for beforehand, for so many logins a second and as much to spare."""
    taken = {name: takes * logins * spare for name, (takes, _, _) in ends(steps, Quotas()).items()}
    defaults = Quotas()
    return replace(
        defaults,
        api=max(defaults.api, _round(taken["API Gateway"])),
        environments=max(defaults.environments, _round(taken["Lambda, environments"])),
        rsa=max(defaults.rsa, _round(taken["KMS, RSA"])),
        writes=max(defaults.writes, *(_round(many) for name, many in taken.items() if name.endswith("writes"))),
        reads=max(defaults.reads, *(_round(many) for name, many in taken.items() if name.endswith("reads"))),
    )


def _round(many: float) -> int:
    """Up, to a number that one would ask for."""
    return math.ceil(many / 500) * 500
