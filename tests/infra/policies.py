"""What a role may do, by the statements of its synthesized policy, as IAM evaluates them (IAM user guide, "Policy evaluation").

Only the operators that the roles use are known; another one is an error. The roles have no Deny.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

Context = Mapping[str, str | list[str]]
ACCOUNT, REGION = "111122223333", "eu-central-1"
INTRINSIC = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}


def allowed(statements: list[Any], action: str, resource: str, context: Context) -> bool:
    """Whether a statement allows the action on the resource, under the context's condition keys."""
    return any(
        one["Effect"] == "Allow"
        and action in _list(one["Action"])
        and any(fnmatchcase(resource, rendered(each)) for each in _list(one["Resource"]))
        and all(
            _holds(operator, key, _list(wanted), context)
            for operator, pairs in one.get("Condition", {}).items()
            for key, wanted in pairs.items()
        )
        for one in statements
    )


def rendered(value: Any) -> str:
    """A text of the template, with CloudFormation's own parts filled in; a resource's ARN by its logical id."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return INTRINSIC.get(value["Ref"], value["Ref"])
    if "Fn::GetAtt" in value:
        return f"arn of {value['Fn::GetAtt'][0]}"
    joint, parts = value["Fn::Join"]
    return str(joint).join(map(rendered, parts))


def _holds(operator: str, key: str, wanted: list[Any], context: Context) -> bool:
    there, texts = context.get(key), [rendered(one) for one in wanted]
    if operator == "Null":
        return (there is None) is (texts == ["true"])
    if operator == "ForAllValues:StringEquals":
        return there is None or set(_list(there)) <= set(texts)
    if operator in ("StringEquals", "Bool"):
        return there in texts
    if operator == "StringLike":
        return isinstance(there, str) and any(fnmatchcase(there, text) for text in texts)
    raise NotImplementedError(operator)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
