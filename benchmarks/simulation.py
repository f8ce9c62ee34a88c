"""A morning simulated second by second: what AWS lets through, what is tried again, and who gives up.

Demand is a fluid with noise: each second has a number of requests of each step, and a quota serves a part of them. The rest is
refused as the product refuses it (429 or 503 with Retry-After) and comes again by the clients' rule.
"""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence

from benchmarks.payday import NEW_ENVIRONMENTS, Morning, Outcome, Step

DOUBLES = 1_800
"""Seconds in which a table may take up to twice what it ever took (DynamoDB developer guide, "On-demand capacity mode")."""
CLIENT_CACHE = 60
"""Seconds that a warm function keeps a client's record (storage/dynamodb/clients.py)."""
MAX_POINTS = 12
"""Into so many seconds, at most, retries of one second are spread: enough to be no wave, few enough to reckon with."""
DELAY_STEP, MAX_DELAY = 5, 120
"""Seconds; a delay is told to the nearest multiple, and no longer than that."""
IDLE = 300
"""Seconds that an environment waits for work before it is counted as gone. Lambda promises none."""


def simulate(morning: Morning, steps: Sequence[Step], *, seed: int = 1) -> Outcome:
    """Run the morning to its end, and on until nobody waits."""
    return _World(morning, steps, random.Random(seed)).run()


class _World:
    def __init__(self, morning: Morning, steps: Sequence[Step], source: random.Random) -> None:
        self._morning, self._steps, self._random = morning, steps, source
        self._outcome = Outcome(morning)
        # (step, tries so far, delay so far) to how many, by the second in which they come
        self._coming: list[Counter[tuple[int, int, int]]] = [Counter()]
        self._tokens = float(morning.quotas.api_burst)
        self._warm: Counter[str] = Counter({step.function: morning.quotas.ready for step in steps})
        self._used: dict[str, deque[int]] = {step.function: deque(maxlen=IDLE) for step in steps}
        self._first = set({step.function: step.name for step in reversed(steps)}.values())
        self._taken: dict[tuple[str, str], list[int]] = {}

    def run(self) -> Outcome:
        second = 0
        while second < len(self._morning.rates) or any(self._coming[second:]):
            rate = self._morning.rates[second] if second < len(self._morning.rates) else 0
            begun = self._about(rate)
            self._outcome.begun += begun
            if begun:
                self._at(second)[0, 0, 0] += begun
            self._second(second, self._at(second))
            second += 1
        return self._outcome

    def _about(self, mean: float) -> int:
        """So many as come by chance where `mean` come on average; a normal law is near enough to Poisson's here."""
        return max(0, round(self._random.gauss(mean, math.sqrt(mean)))) if mean else 0

    def _at(self, second: int) -> Counter[tuple[int, int, int]]:
        while len(self._coming) <= second:
            self._coming.append(Counter())
        return self._coming[second]

    def _second(self, second: int, coming: Counter[tuple[int, int, int]]) -> None:
        demand = Counter[int]()
        for (step, _, _), many in coming.items():
            demand[step] += many
        self._outcome.requests += sum(demand.values())
        self._outcome.requests_by_second.append(sum(demand.values()))
        served = self._served(second, demand)
        finished = 0
        for (step, tries, delay), many in sorted(coming.items()):
            passed = self._share(many, served[step])
            if step + 1 < len(self._steps):
                if passed:
                    self._at(second + self._steps[step + 1].wait)[step + 1, 0, delay] += passed
            else:
                finished += passed
                self._outcome.delays[delay] += passed
            self._again(second, step, tries, delay, many - passed)
        self._outcome.finished += finished
        self._outcome.finished_by_second.append(finished)

    def _share(self, many: int, part: float) -> int:
        """So many of `many` as a share is, rounded up or down by chance, so that few are not always the same."""
        exact = many * part
        return min(many, int(exact) + (self._random.random() < exact - int(exact)))

    def _again(self, second: int, step: int, tries: int, delay: int, refused: int) -> None:
        rule = self._morning.retries
        if not refused:
            return
        if tries + 1 >= rule.tries:
            self._outcome.given_up += refused
            return
        times = 2**tries if rule.doubles else 1
        points = min(rule.jitter * times, MAX_POINTS) + 1
        for n in range(points):
            wait = rule.after * times + rule.jitter * times * n // max(1, points - 1)
            part = refused // points + (n < refused % points)
            if part:
                added = min(MAX_DELAY, round((delay + wait) / DELAY_STEP) * DELAY_STEP)
                self._at(second + wait)[step, tries + 1, added] += part

    def _served(self, second: int, demand: Counter[int]) -> dict[int, float]:
        """Of each step the part of its requests that every quota lets through, in the order in which a request meets them."""
        part = dict.fromkeys(range(len(self._steps)), 1.0)
        self._limit(second, "API Gateway", part, demand, dict.fromkeys(range(len(self._steps)), 1), self._api())
        self._functions(second, part, demand)
        quotas = self._morning.quotas
        first, last = self._morning.outage
        self._limit(
            second,
            "KMS, RSA",
            part,
            demand,
            {n: step.rsa for n, step in enumerate(self._steps)},
            0 if first <= second < last else quotas.rsa,
        )
        tables = sorted({key for step in self._steps for key in step.units})
        for key in tables:
            units = {n: step.units.get(key, 0) for n, step in enumerate(self._steps)}
            before = self._taken.setdefault(key, [])
            # Twice what it took half an hour ago and earlier; more may come sooner, and none is promised.
            allowed = max(quotas.writes if key[1] == "write" else quotas.reads, 2 * max(before[:-DOUBLES], default=0))
            taken = self._limit(second, f"{key[0]}, {key[1]}s", part, demand, units, allowed)
            before.append(int(taken))
        return part

    def _api(self) -> float:
        """A bucket of tokens: what is saved in quiet seconds is there for a burst."""
        quotas = self._morning.quotas
        self._tokens = min(quotas.api_burst + quotas.api, self._tokens + quotas.api)
        return self._tokens

    def _functions(self, second: int, part: dict[int, float], demand: Counter[int]) -> None:
        quotas = self._morning.quotas
        needed: Counter[str] = Counter()
        for n, step in enumerate(self._steps):
            needed[step.function] += math.ceil(demand[n] * part[n] * step.seconds)
        for step in self._steps:
            # What has to start is not ready for a part of this second.
            more = needed[step.function] - self._warm[step.function]
            if more > 0 and step.name in self._first:
                needed[step.function] = self._warm[step.function] + math.ceil(more / max(0.2, 1 - step.start))
        for function, many in needed.items():
            self._used[function].append(many)
            # An environment that had no work for long is gone; a new one begins cold.
            self._warm[function] = max(quotas.ready, min(self._warm[function], max(self._used[function])))
        started = 0
        for function, many in needed.items():
            free = max(0, quotas.environments - sum(self._warm.values()))
            new = min(max(0, many - self._warm[function]), NEW_ENVIRONMENTS, free)
            self._warm[function] += new
            started += new
            if many > self._warm[function]:
                for n, step in enumerate(self._steps):
                    if step.function == function:
                        lost = demand[n] * part[n] * (1 - self._warm[function] / many)
                        self._refuse(second, "Lambda, environments", lost)
                        part[n] *= self._warm[function] / many
        self._outcome.cold += started
        # A client's record is read by each function when it starts, and once a minute.
        self._outcome.hottest = max(self._outcome.hottest, started + math.ceil(sum(self._warm.values()) / CLIENT_CACHE))

    def _limit(
        self,
        second: int,
        name: str,
        part: dict[int, float],
        demand: Counter[int],
        units: Mapping[int, int],
        allowed: float,
    ) -> float:
        """Scale down what units more than is allowed. Gives what was taken."""
        wanted = sum(demand[n] * part[n] * need for n, need in units.items())
        if name == "API Gateway":
            self._tokens -= min(wanted, allowed)
        if wanted <= allowed:
            return wanted
        for n, need in units.items():
            if need:
                self._refuse(second, name, demand[n] * part[n] * (1 - allowed / wanted))
                part[n] *= allowed / wanted
        return allowed

    def _refuse(self, second: int, name: str, many: float) -> None:
        if many >= 1:
            self._outcome.refused[name] += round(many)
            self._outcome.first.setdefault(name, second)
