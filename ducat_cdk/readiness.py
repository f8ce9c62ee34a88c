"""What a bank pays for functions that start fast: SnapStart, or environments that are kept ready. Each is of one function.

Both are of a version: each function gets one at a deployment that changes it, and an alias of it that everything calls.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.json_members import each_once

ALIAS = "live"
"""The alias of a version, by which API Gateway and the bank's own API call the function."""

MAX_READY = 1000
"""An account's concurrency where nobody raised it (Lambda quotas)."""

NAMES = tuple(row.name for row in FUNCTIONS if row.is_endpoint)
"""The functions that somebody waits for."""


class ReadinessError(Exception):
    """The settings can't be used; the message says why."""


@dataclass(frozen=True)
class Readiness:
    """By function: whether it starts from a snapshot, and how many environments are kept ready."""

    snapshots: frozenset[str]
    ready: Mapping[str, int]


def read(snap_start: str, provisioned_concurrency: str) -> Readiness:
    """The settings: a JSON array of functions, and a JSON object of function to number. Raises ReadinessError."""
    try:
        snapshots = json.loads(snap_start, object_pairs_hook=each_once)
        ready = json.loads(provisioned_concurrency, object_pairs_hook=each_once)
    except ValueError:
        raise ReadinessError("it is not JSON, or has a member twice") from None
    if not isinstance(snapshots, list) or not all(isinstance(name, str) for name in snapshots):
        raise ReadinessError("snap_start is not an array of functions' names")
    if not isinstance(ready, dict):
        raise ReadinessError("provisioned_concurrency is not an object of functions' names and numbers")
    unknown = sorted({*snapshots, *ready} - {*NAMES})
    if unknown:
        raise ReadinessError(f"there is no function {unknown[0]} that somebody waits for; there are {', '.join(NAMES)}")
    for name, number in ready.items():
        if type(number) is not int or not 0 < number <= MAX_READY:
            raise ReadinessError(f"{name} must have a whole number from 1 to {MAX_READY}")
    both = sorted({*snapshots} & {*ready})
    if both:
        raise ReadinessError(f"{both[0]} can't have both: Lambda takes no snapshot of what is kept ready")
    return Readiness(frozenset(snapshots), ready)
