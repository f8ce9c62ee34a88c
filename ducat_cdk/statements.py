"""Statements of roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam


def statement(
    why: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, object] | None = None,
    effect: iam.Effect = iam.Effect.ALLOW,
) -> iam.PolicyStatement:
    """A statement of a role. `why`: its Sid."""
    return iam.PolicyStatement(
        sid=why, effect=effect, actions=list(actions), resources=list(resources), conditions=conditions
    )
