"""Every AWS call of every step met by every fault, with the natural retry, and every order of two actors' calls: `make faults`.

    python -m tests.fault_injection [--only 'token*'] [--page FILE]

Exits with 1 where a rule is broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

from tests.fault_injection import single
from tests.fault_injection.faults import FAULTS
from tests.fault_injection.orders import PAIRS, Outcome, outcomes
from tests.fault_injection.own_pages import STEPS
from tests.fault_injection.world import living

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"


def main() -> int:
    request_parameters = argparse.ArgumentParser(description=__doc__)
    request_parameters.add_argument("--only", default="*", help="steps and pairs by their names; no page is written")
    options = request_parameters.parse_args()
    began = time.process_time()
    found: list[single.Run] = []
    raced: list[Outcome] = []
    with living() as world:
        for name in fnmatched(list(STEPS), options.only):
            some = list(single.runs(world, [name]))
            found += some
            print(f"{name}: {len(some)} faults, {sum(1 for one in some if one.problems)} wrong", flush=True)
            for one in some:
                if one.problems:
                    why = "; ".join(one.problems)
                    print(f"wrong: {one.fault.name} at {one.point}: {one.answer}, {one.after}: {why}", flush=True)
        for name in fnmatched(list(PAIRS), options.only):
            outcome = outcomes(world, name)
            raced.append(outcome)
            print(f"{name}: {outcome.orders} orders, {len(outcome.problems)} wrong", flush=True)
    wrong = [one for one in found if one.problems]
    for outcome in raced:
        for problem, order in outcome.problems.items():
            print(f"wrong: {outcome.pair}: {problem}: {order}")
    lost = [one for one in found if one.after == single.LOST]
    print(
        f"{len(found)} faults, {len(lost)} logins lost, {len(wrong)} wrong; "
        f"{sum(one.orders for one in raced)} orders; {time.process_time() - began:.0f} s of CPU"
    )
    if options.only == "*":
        PAGE.write_text(page(found, raced), encoding="utf-8")
    return 1 if wrong or any(one.problems for one in raced) else 0


def fnmatched(names: list[str], pattern: str) -> list[str]:
    return [name for name in names if fnmatchcase(name, pattern)]


def page(found: list[single.Run], raced: list[Outcome]) -> str:
    """The reference page: a row for each step, a column for each group of faults, and the orders of two actors."""
    lost = [one for one in found if one.after == single.LOST]
    groups = list(dict.fromkeys(fault.group for fault in FAULTS))
    said = [
        "# Faults\n",
        "Written by `make faults`; changes here are lost.\n",
        "Each call to AWS of each request meets each fault, below botocore, whose own tries run. Then the caller does what "
        "callers do: the same request again, or the next one-time code. What must hold: nothing is lost but where the one "
        "decisive write landed and only its answer was lost; where AWS throttles nobody is told that something of ours is "
        "broken; what was ended is over; nothing is half written; a function outlives its calls; no log line holds a secret.\n",
        f"{len(found)} faults, {len(lost)} of which lost a login: {sum(len(one.problems) > 0 for one in found)} broke a rule.\n",
        f"| Step | Calls | {' | '.join(groups)} |",
        "|---|---" + "|---" * len(groups) + "|",
    ]
    for name in dict.fromkeys(one.step for one in found):
        own = [one for one in found if one.step == name]
        calls = len({one.point for one in own})
        cells = [_cell([one for one in own if one.fault.group == group]) for group in groups]
        said.append(f"| {name} | {calls} | {' | '.join(cells)} |")
    said += ["\n## What is lost\n", "| Step | Call | Fault |", "|---|---|---|"]
    said += [f"| {one.step} | {one.point} | {one.fault.name} |" for one in lost]
    said += [
        "\n## The faults\n",
        "| Group | Faults |",
        "|---|---|",
        *(f"| {group} | {', '.join(one.name for one in FAULTS if one.group == group)} |" for group in groups),
        "\n## Two at once\n",
        "Two actors, and every order in which their calls to AWS can come. What must hold stands beside each pair.\n",
        "| Pair | Must hold | Orders | Broken |",
        "|---|---|---|---|",
        *(f"| {one.pair} | {PAIRS[one.pair].rule} | {one.orders} | {len(one.problems)} |" for one in raced),
        f"\n{sum(one.orders for one in raced)} orders in all.\n",
    ]
    return "\n".join(said)


def _cell(runs: list[single.Run]) -> str:
    """How often what was answered, and how it went on."""
    seen = Counter(one.answer if one.after == single.GOOD else f"{one.answer}, {one.after}" for one in runs)
    return "<br>".join(f"{count} {what}" for what, count in seen.most_common()) or "-"


if __name__ == "__main__":
    sys.exit(main())
