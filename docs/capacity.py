"""docs/operate/capacity.md: what a payday morning asks for, where it breaks first, and what to raise beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from benchmarks import cost, figures, payday, simulation
from benchmarks.payday import Morning, Outcome, Quotas, Retries, Step
from docs.clauses import ROOT

PAGE = ROOT / "docs" / "operate" / "capacity.md"
PLOTS = PAGE.parent / "plots"
WAITS = {"par": 0, "authorize": 1, "login, the page": 1, "login": 20, "consent, the page": 1, "consent": 10}
"""Seconds between the steps: redirects, and a person who types and reads. After the consent everything follows at once."""
KIND = "assertion"
OUTAGE = (900, 960)

INTRODUCTION = """\
# Capacity

Written by `make capacity` from counted calls, measured times and a simulation (`benchmarks/simulation.py`); changes here are
lost.

A payday morning: {customers} million customers, of whom {share:.0%} log in within {minutes} minutes, at the peak {peak:,} a
second. Each login is eight requests to API Gateway, the protected call among them, before which it asks the authorizer.
Nothing here was measured on AWS: quotas are AWS's documented defaults for an account that nobody enlarged, times are those of
[cost](cost.md), and the morning is simulated second by second.

## What a login takes, and where that ends

The smallest number of the last column is what breaks first.
"""

RAISE = """\
## What to raise beforehand

For {peak:,} logins a second and half as much to spare:

- **KMS**: "Cryptographic operations (RSA) request rate" to {rsa:,} a second (Service Quotas). It is shared by all that the
  account signs in the Region. Clients that ask for ES256 count against another quota.
- **DynamoDB**: warm throughput of {writes:,} write units on the tables `grants` and `replay-cache`, set a day before; a
  table's quota is 40,000: `aws dynamodb update-table --table-name ducat-grants --warm-throughput
  WriteUnitsPerSecond={writes}`.
- **API Gateway**: throttle to {api:,} requests a second for the account and the stage.
- **Lambda**: {environments:,} functions at a time are {enough} in the peak; keep the default free of the bank's other
  functions, or reserve what the token function and the authorizer need.

## Five mornings
"""

MORNINGS = """\
What each row is:

- **defaults**: a rise over ten minutes, no quota raised.
- **a notice to all**: the same peak within five seconds, since an app tells everybody that the salary is there.
- **raised**: that notice, with the quotas above.
- **a minute without KMS**: raised, and KMS answers nothing for a minute of the peak; clients try again after 1 to 5
  seconds, and twice that each time, with jitter.
- **the same without jitter**: clients try again each 4 seconds, all at once.

![finished logins by second](plots/finished.svg)

![requests by second, of the two with the outage](plots/retries.svg)

A login that waits is one of which a request was refused and came again. A client that gives up starts a new login. Whoever
writes a client reads in [troubleshooting](../integrate/troubleshooting.md) that `Retry-After` is a least time, to which
jitter is added.

## One hot client

However many people come by one client, no item is written more often for it: grants, values of single use and users are
spread by random keys. Its record is read once a minute by each warm function, in the worst second of the worst morning
{hottest:,} times, of {key_reads:,} that one item takes.

## Cold starts

The worst morning starts {cold:,} functions cold, {cold_share} of its requests; each of these waits {slowest:.1f} seconds
longer at most. Lambda adds {new:,} of a function in ten seconds, which is more than any of these mornings needs.
[Provisioned concurrency](deploy.md) takes the cold starts away where that matters.
"""


@cache
def steps() -> tuple[Step, ...]:
    """A login, as it is counted and measured."""
    counts, starts = cost.count()[KIND], figures.cold()
    seconds = cost.of(counts, figures.warm()[KIND]).seconds
    return tuple(
        Step(
            name=name,
            function=function,
            wait=WAITS.get(name, 1),
            seconds=seconds[name],
            start=starts[function] / 1000,
            rsa=counts[name].kms,
            units={(table.removeprefix("ducat-"), kind): units for (table, kind), units in counts[name].tables.items()},
        )
        for name, function in cost.STEPS.items()
    )


@cache
def mornings() -> tuple[Outcome, ...]:
    """Each of the page's, simulated."""
    raised = payday.enough(steps(), payday.PEAK)
    slow, sudden = payday.payday(), payday.payday(ramp=5, hold=1800)
    return tuple(
        simulation.simulate(morning, steps())
        for morning in (
            Morning("defaults", slow),
            Morning("a notice to all", sudden),
            Morning("raised", sudden, raised),
            Morning("a minute without KMS", sudden, raised, outage=OUTAGE),
            Morning("the same without jitter", sudden, raised, Retries(4, 0, 16, doubles=False), outage=OUTAGE),
        )
    )


def page() -> str:
    """The whole page."""
    raised = payday.enough(steps(), payday.PEAK)
    outcomes = mornings()
    worst = max(outcomes, key=lambda outcome: outcome.cold)
    begun = outcomes[0].begun
    return "\n".join(
        (
            INTRODUCTION.format(
                customers=payday.CUSTOMERS // 1_000_000,
                share=begun / payday.CUSTOMERS,
                minutes=len(outcomes[0].morning.rates) // 60,
                peak=payday.PEAK,
            ),
            _table(("", "A login takes", "Allowed a second", "Logins a second"), ends(steps(), Quotas())),
            RAISE.format(
                peak=payday.PEAK,
                rsa=raised.rsa,
                writes=raised.writes,
                api=raised.api,
                environments=raised.environments,
                enough="enough" if raised.environments == payday.ENVIRONMENTS else "needed",
            ),
            _table(
                (
                    "Morning",
                    "Begun",
                    "Finished",
                    "Gave up",
                    "Waited",
                    "p99 of the wait, s",
                    "Refused first by, in second",
                ),
                map(_row, outcomes),
            ),
            MORNINGS.format(
                hottest=max(outcome.hottest for outcome in outcomes),
                key_reads=payday.KEY_READS,
                cold=worst.cold,
                cold_share=f"{worst.cold / worst.requests:.3%}",
                slowest=max(step.start for step in steps()),
                new=payday.NEW_ENVIRONMENTS * 10,
            ),
        )
    )


def draw() -> None:
    """The drawings of the page."""
    from benchmarks import plots  # which needs what `make capacity` installs

    PLOTS.mkdir(exist_ok=True)
    finished = {outcome.morning.name: outcome.finished_by_second for outcome in mornings()[:4]}
    retried = {outcome.morning.name: outcome.requests_by_second for outcome in mornings()[3:]}
    plots.lines(finished, "Finished logins a second", "second", PLOTS / "finished.svg")
    plots.lines(retried, "Requests a second", "second", PLOTS / "retries.svg")


def main() -> None:
    """Write the page and its drawings."""
    PAGE.write_text(page(), encoding="utf-8")
    draw()
    print(PAGE.relative_to(ROOT))


def ends(steps: Sequence[Step], quotas: Quotas) -> Iterable[Sequence[str]]:
    """The rows of what a login takes, and where that ends."""
    for name, (takes, allowed, logins) in payday.ends(steps, quotas).items():
        yield name, f"{takes:.2f}".rstrip("0").rstrip("."), f"{allowed:,}", f"{logins:,.0f}"


def _row(outcome: Outcome) -> Sequence[str]:
    waited = sum(many for delay, many in outcome.delays.items() if delay)
    first = "; ".join(
        f"{name}, {second}" for name, second in sorted(outcome.first.items(), key=lambda entry: entry[1])[:2]
    )
    return (
        outcome.morning.name,
        f"{outcome.begun:,}",
        f"{outcome.finished:,}",
        f"{outcome.given_up:,}",
        f"{waited:,}",
        str(outcome.delay(0.99)),
        first or "nothing",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
