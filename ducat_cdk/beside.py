"""Several brands in one app of the CDK: what two stacks can't both have, and which of them is deployed first."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from aws_cdk import Stack, Stage

from ducat_cdk.deployment import Deployment, DeploymentError

_made: WeakKeyDictionary[Stack, Deployment] = WeakKeyDictionary()
"""Every stack of this process. To search the app's tree for them would take a call to Node for each construct."""


def fit_in(stack: Stack, deployment: Deployment) -> None:
    """Let a stack be one of several. Raises DeploymentError that lists what one of the same app has already."""
    others = {one: of_one for one, of_one in _made.items() if one.node.root is stack.node.root}
    problems = [problem for one, of_one in others.items() for problem in _conflicts(stack, deployment, one, of_one)]
    if problems:
        raise DeploymentError(f"{stack.node.path} can't be used: " + "; ".join(problems))
    for one, of_one in others.items():
        if one.environment == stack.environment and Stage.of(one) is Stage.of(stack):
            _put_in_order(stack, deployment, one, of_one)
    _made[stack] = deployment


def _conflicts(stack: Stack, deployment: Deployment, other: Stack, of_other: Deployment) -> list[str]:
    found, name = [], other.node.path
    if deployment.gives("issuer_host") and deployment.issuer_host == of_other.issuer_host:
        found.append(f"issuer_host is that of {name} too: an issuer is one stack (docs/operate/two-regions.md)")
    if _makes(deployment) and _makes(of_other) and stack.environment == other.environment:
        found.append(f'api_gateway_log_role must be "exists": {name} makes the role of the account and Region')
    return found


def _put_in_order(stack: Stack, deployment: Deployment, other: Stack, of_other: Deployment) -> None:
    """The account's log role is made before a stack that counts on it."""
    if _makes(of_other):
        stack.add_dependency(other)
    elif _makes(deployment):
        other.add_dependency(stack)


def _makes(deployment: Deployment) -> bool:
    return deployment.api_gateway_log_role == "make"
