"""How a deployment gives traffic to new versions. Read without the CDK, which starts Node."""

from __future__ import annotations

from collections.abc import Iterable

from ducat_cdk.readiness import NAMES

AT_ONCE = "AllAtOnce"
WAYS = (
    AT_ONCE,
    *(f"Canary10Percent{minutes}Minutes" for minutes in (5, 10, 15, 30)),
    *(f"Linear10PercentEvery{minutes}" for minutes in ("1Minute", "2Minutes", "3Minutes", "10Minutes")),
)
"""CodeDeploy's own configurations for Lambda, by their names (CodeDeploy user guide, "Predefined deployment configurations")."""

OF_FUNCTION = ("failures", "slow")
OF_ALL = ("server_errors", "api_failures")
"""The alarms (alarms.py) that stop a deployment and take it back: the function's own, and those of the whole."""


def alarms_of(alarms: Iterable[str]) -> dict[str, list[str]]:
    """By function that somebody waits for, those of these alarms that take its new version back."""
    there = set(alarms)
    return {
        name: [alarm for alarm in (*(f"{of}-{name}" for of in OF_FUNCTION), *OF_ALL) if alarm in there]
        for name in NAMES
    }
