"""A bank's VPC, where the functions run if one is given; else they are in none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from ducat_cdk.existing import Existing

HTTPS = 443


@dataclass(frozen=True)
class Network:
    """Where the functions run. Without a `vpc`, by Lambda's own way to the internet."""

    vpc: ec2.IVpc | None = None
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None


def build(scope: Construct, existing: Existing) -> Network:
    """The bank's VPC, with its security groups, or with one for all functions, which lets HTTPS out and nothing in."""
    if existing.vpc is None:
        return Network()
    groups = existing.security_groups or [_security_group(scope, existing.vpc)]
    return Network(existing.vpc, existing.vpc_subnets, groups)


def _security_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        scope, "FunctionsSecurityGroup", vpc=vpc, description="Ducat: HTTPS out, nothing in", allow_all_outbound=False
    )
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "AWS, and what clients publish")
    return group
