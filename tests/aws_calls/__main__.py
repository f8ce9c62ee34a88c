"""Judges the calls of the last whole run of the tests anew, by both evaluators: `make roles`."""

from __future__ import annotations

import json
import sys
from collections import Counter

from tests.aws_calls import judging, recording, second_judge
from tests.aws_calls.plugin import RECORD


def main() -> int:
    """1 where a role allows too little or too much, or where the evaluators differ."""
    if not RECORD.exists():
        sys.exit("make roles: there is no record; `make test` writes it")
    held = json.loads(RECORD.read_text(encoding="utf-8"))
    calls, policies = recording.from_json(held["calls"]), held["policies"]
    problems = judging.problems(calls, policies, complete=True)
    for function, kinds in sorted(Counter(function for function, _ in calls).items()):
        print(f"{function:<28}{kinds:>4} kinds of calls")
    try:
        decisions, differences = second_judge.differences(calls, policies)
        print(f"{decisions} decisions by {second_judge.PACKAGE}, {len(differences)} of them others than ours")
        problems += differences
    except second_judge.Absent as absent:
        print(f"not compared with another evaluator: {absent}")
    print("\n".join(problems) or "each role allows what is needed and nothing else")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
