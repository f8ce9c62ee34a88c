"""The same calls by an evaluator that others wrote: npm's @cloud-copilot/iam-simulate, where somebody installed it.

Each call is tried as it was recorded, and changed so that it should be refused: by another function's role, on another
resource, with a condition key less or another value.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ducat_cdk.functions import FUNCTIONS
from tests.aws_calls import judging
from tests.aws_calls.judging import Call, Policies
from tests.aws_calls.recording import Recorded
from tests.infra.policies import ACCOUNT, allowed

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("simulate.mjs")
PACKAGE = "@cloud-copilot/iam-simulate"


class Absent(Exception):
    """There is no such evaluator here. The text says what is missing."""


def modules() -> Path:
    """The node_modules that hold it: IAM_SIMULATE_MODULES, or the project's own. Raises Absent."""
    found = Path(os.environ.get("IAM_SIMULATE_MODULES") or ROOT / "node_modules").resolve()
    if not (found / PACKAGE).is_dir():
        raise Absent(f"npm's {PACKAGE} is not in {os.environ.get('IAM_SIMULATE_MODULES') or 'node_modules'}")
    return found


def differences(recorded: Iterable[Recorded], policies: Policies) -> tuple[int, list[str]]:
    """How many decisions were compared, and those in which the evaluators differ. Raises Absent."""
    found = modules()
    tried = list(dict.fromkeys(_tried(judging.calls(recorded), policies)))
    theirs = _decide(found, tried, policies)
    ours = [
        allowed(policies[one.deployment].get(one.function, []), one.action, one.resource, one.conditions)
        for one in tried
    ]
    return len(tried), [
        f"{'allowed' if here else 'refused'} here and not by {PACKAGE}: {call}"
        for call, here, there in zip(tried, ours, theirs, strict=True)
        if here is not there
    ]


def _tried(calls: Iterable[Call], policies: Policies) -> Iterator[Call]:
    for call in calls:
        if call.resource.startswith("arn:") or call.resource == "*":
            yield call
            yield from _changed(call, policies)


def _changed(call: Call, policies: Policies) -> Iterator[Call]:
    yield from (replace(call, function=row.name) for row in FUNCTIONS if row.name in policies[call.deployment])
    if call.resource != "*":
        yield replace(call, resource=call.resource + "x")
    for key, value in call.context:
        others = tuple(pair for pair in call.context if pair[0] != key)
        yield replace(call, context=others)
        yield replace(call, context=(*others, (key, "another" if isinstance(value, str) else (*value, "another"))))


def _decide(found: Path, tried: list[Call], policies: Policies) -> list[bool]:
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None:
        raise Absent("there is no node")
    requests = [
        {
            "deployment": one.deployment,
            "function": one.function,
            "action": one.action,
            "resource": one.resource,
            "context": one.conditions,
        }
        for one in tried
    ]
    given = json.dumps({"account": ACCOUNT, "statements": policies, "requests": requests})
    run = subprocess.run([node, PROGRAM, found], input=given, capture_output=True, text=True, timeout=110)
    if run.returncode:
        raise RuntimeError(run.stderr)
    decided: list[bool] = json.loads(run.stdout)
    return decided
