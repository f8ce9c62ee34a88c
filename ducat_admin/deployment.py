"""Which deployment a command is for: `make run` on this machine, or a stack on AWS.

Found by itself: where `make run` is up, it is that one; else the one stack of Ducat in the Region of the operator's own
credentials. `--laptop` and `--stack` say which.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from ducat_admin.problem import Problem

RUNNING = Path(".local") / "run.json"
"""Where `make run` leaves its settings, in the project's folder, while it is up."""

OUTPUT = "TokenFunction"
"""The stack's output by which a stack is known as one of Ducat (ducat_cdk/stack.py)."""


@dataclass(frozen=True)
class Deployment:
    """One deployment. `name`: the stack's; "laptop" on a laptop. `environment`: settings, and what leads to AWS.

    `region`: of AWS; None on a laptop. `outputs`: the stack's. `settings`: the file that it was deployed with, if it is known.
    """

    name: str
    environment: Mapping[str, str]
    region: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    settings: Path | None = None

    @property
    def on_laptop(self) -> bool:
        return self.region is None


def find(*, laptop: bool, stack: str | None, settings: Path | None) -> Deployment:
    """The deployment. `settings`: the file that it was deployed with, for what is too long for a function's environment.

    Raises Problem, BotoCoreError and ClientError.
    """
    if laptop and stack:
        raise Problem("--laptop and --stack are two deployments: give one of them")
    if stack is None:
        running = _running()
        if running is not None:
            return running
        if laptop:
            raise Problem(f"nothing runs here: {RUNNING} is not there. Start make run, in this folder")
    return _on_aws(stack, settings)


def _running() -> Deployment | None:
    """The laptop's, if `make run` is up in this folder."""
    try:
        said = json.loads(RUNNING.read_text(encoding="utf-8"))
        os.kill(said["process"], 0)
    except (OSError, ValueError, KeyError, TypeError):  # Not there, or ended without a word.
        return None
    return Deployment("laptop", said["environment"])


def _on_aws(stack: str | None, settings: Path | None) -> Deployment:
    # AWS's other tools read AWS_REGION too.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    region = session.region_name
    if region is None:
        raise Problem("no Region: set AWS_REGION, or a profile that has one; for make run start it in this folder")
    stacks = _stacks(session, stack)
    if not stacks:
        wanted = f"no stack {stack}" if stack else "no deployment of Ducat"
        raise Problem(f"{wanted} in {region}: set AWS_REGION to its Region, or deploy first")
    if len(stacks) > 1:
        raise Problem(f"{len(stacks)} deployments in {region}: say which by --stack: {', '.join(sorted(stacks))}")
    ((name, outputs),) = stacks.items()
    found = session.client("lambda").get_function_configuration(FunctionName=outputs[OUTPUT])
    environment = {**_complete(found["Environment"]["Variables"], settings), "AWS_DEFAULT_REGION": region}
    return Deployment(name, environment, region, outputs, settings)


def _stacks(session: Any, name: str | None) -> dict[str, dict[str, str]]:
    """The outputs of each stack of Ducat, by its name."""
    from botocore.exceptions import ClientError

    wanted = {} if name is None else {"StackName": name}
    try:
        pages = list(session.client("cloudformation").get_paginator("describe_stacks").paginate(**wanted))
    except ClientError as problem:
        if name is not None and problem.response["Error"]["Code"] == "ValidationError":
            return {}
        raise
    outputs = {
        stack["StackName"]: {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        for page in pages
        for stack in page["Stacks"]
    }
    return {name: found for name, found in outputs.items() if OUTPUT in found}


def _complete(environment: Mapping[str, str], settings: Path | None) -> Mapping[str, str]:
    """The environment, where files of the package stand by their texts."""
    files = sorted(value for name, value in environment.items() if name.startswith("DUCAT_") and _is_file(value))
    if not files:
        return environment
    if settings is None:
        raise Problem(
            f"the deployment has {', '.join(files)} in its package: give the settings file, by --settings ducat.json"
        )
    from ducat_cdk.deployment import DeploymentError
    from ducat_cdk.operator_settings import complete
    from ducat_cdk.settings import deployment_of

    try:
        return complete(environment, deployment_of(settings))
    except (DeploymentError, OSError, ValueError) as problem:
        raise Problem(f"{settings}: {problem}") from None


def _is_file(value: str) -> bool:
    return value.endswith(".json") and not urlsplit(value).scheme and not value.startswith(("{", "["))
