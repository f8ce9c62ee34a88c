"""`python -m ducat_cdk.operator_settings ducat.json > ducat-settings.json`: where a deployment's tables and keys are.

For its operator. Read from a deployed function's environment, under the credentials and the Region of the environment. What is
too long for that environment, and so is in the package, comes from the deployment's own settings. No secret is in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.settings import variable
from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.settings import deployment_of

STACK = "Ducat"
OUTPUT = "TokenFunction"


def of_deployment(session: boto3.Session, deployment: Deployment, name: str = STACK) -> dict[str, str]:
    """What the operator's commands run with. `name`: the stack's.

    Raises BotoCoreError, ClientError, DeploymentError where it is not deployed.
    """
    (stack,) = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    if OUTPUT not in outputs:
        raise DeploymentError(f"the stack {name} has no output {OUTPUT}: deploy this release first")
    found = session.client("lambda").get_function_configuration(FunctionName=outputs[OUTPUT])
    return complete(found["Environment"]["Variables"], deployment)


def complete(environment: Mapping[str, str], deployment: Deployment) -> dict[str, str]:
    """A function's environment, with each file of its package by its text."""
    texts = {variable(name): text for name, text in deployment.packaged().items()}
    if deployment.vocabulary:
        texts[variable("vocabulary")] = Path(deployment.vocabulary).read_text(encoding="utf-8")
    return {**environment, **texts}


def main() -> None:
    """The command line. Ends with status 1 and one line where the deployment can't be read."""
    parser = argparse.ArgumentParser(
        prog="python -m ducat_cdk.operator_settings", description="Print a deployment's settings."
    )
    parser.add_argument("settings", type=Path, help="the file that it was deployed with")
    parser.add_argument("--stack", default=STACK, help="the name of its stack")
    given = parser.parse_args()
    try:
        found = of_deployment(boto3.Session(), deployment_of(given.settings), given.stack)
        print(json.dumps(found, indent=2))
    except (DeploymentError, OSError, BotoCoreError, ClientError) as problem:
        sys.exit(f"{parser.prog}: {problem}")


if __name__ == "__main__":
    main()
