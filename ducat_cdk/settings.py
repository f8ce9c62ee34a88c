"""The settings of a deployment, read from a file or given as a mapping, and checked whole. Read without the CDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path

from ducat_cdk import settings_checks
from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.json_members import each_once

OF_THE_COMMAND_LINE = frozenset({"acknowledged-issue-numbers", "cli-telemetry"})
"""Context of the CDK's command line that has neither a colon nor an @ in its name."""


def deployment_of(settings: Mapping[str, object] | str | Path | Deployment) -> Deployment:
    """The deployment of settings, or of a JSON file of them. Raises DeploymentError that lists all that is unknown or wrong.

    What the CDK keeps in its context may stand among them, and is left out: the results of its look-ups, its feature flags.
    """
    if isinstance(settings, Deployment):
        return _checked(settings, [])
    if isinstance(settings, str | Path):
        settings = of_file(Path(settings))
    names = [f.name for f in fields(Deployment)]
    given = {name: value for name, value in settings.items() if not _is_the_cdks(name)}
    problems = [f"{name} is not a setting{_meant(name, names)}" for name in given if name not in names]
    problems += [f"{name} is null: leave it out" for name, value in given.items() if value is None]
    values = {name: _text(value) for name, value in given.items() if name in names and value is not None}
    return _checked(Deployment(**values), problems)


def of_file(file: Path) -> dict[str, object]:
    """The settings of a file. Raises DeploymentError where it can't be read, or is not a JSON object with each member once."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=each_once)
    except OSError as problem:
        raise DeploymentError(f"{file} can't be read: {type(problem).__name__}") from None
    except ValueError as problem:
        raise DeploymentError(f"{file}: {problem}") from None
    if not isinstance(found, dict):
        raise DeploymentError(f"{file} is not a JSON object")
    return found


def _checked(deployment: Deployment, problems: list[str]) -> Deployment:
    if problems := [*problems, *settings_checks.problems(deployment)]:
        raise DeploymentError("The deployment can't be used: " + "; ".join(problems))
    return deployment


def _is_the_cdks(name: str) -> bool:
    """Whether it is the CDK's own context: `aws:cdk:…`, `@aws-cdk/…`, or a look-up such as `vpc-provider:account=…`."""
    return ":" in name or name.startswith("@") or name in OF_THE_COMMAND_LINE


def _meant(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, n=1)
    return f" (is {close[0]} meant?)" if close else ""


def _text(value: object) -> str:
    """A setting as text: JSON's own objects, arrays, numbers, true and false as JSON writes them."""
    return value.strip() if isinstance(value, str) else json.dumps(value)
