"""What a role may do, by the statements of its synthesized policy, as IAM evaluates them (IAM user guide, "Policy evaluation").

Only the operators that the roles use are known; another one is an error. A second evaluator by others is held against this one
where it is there (tests/aws_calls).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tests.infra.template import Template

Context = Mapping[str, str | Sequence[str]]
ACCOUNT, REGION = "111122223333", "eu-central-1"
ARN_COLONS = 5
CRLS, TRUSTSTORE = "arn:aws:s3:::crls", "arn:aws:s3:::bank.example-truststore/truststore.pem"
"""The bucket of CRLs, and the truststore of a deployment with the examples' settings."""
RECORD, FAILED = "arn:aws:s3:::record", "arn:aws:s3:::record-failed"
"""The bucket of the record, and that of what could not be recorded."""
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
BUCKETS = {"Crls": CRLS, "AuditRecord": RECORD, "AuditFailed": FAILED, "AuditReads": "arn:aws:s3:::reads"}
"""By what their logical ids begin with."""
INTRINSIC = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::StackName": "Ducat"}


def allowed(statements: Sequence[Any], action: str, resource: str, context: Context) -> bool:
    """Whether a statement allows the action on the resource, under the context's condition keys, and none denies it."""
    found = {one["Effect"] for one in statements if applies(one, action, resource, context)}
    return found == {"Allow"}


def allows(statement: Any, action: str, resource: str, context: Context) -> bool:
    """Whether that statement allows it."""
    return statement["Effect"] == "Allow" and applies(statement, action, resource, context)


def applies(statement: Any, action: str, resource: str, context: Context) -> bool:
    """Whether that statement is about it, as an Allow or a Deny."""
    return (
        action in as_list(statement["Action"])
        and any(covers(rendered(each), resource) for each in as_list(statement["Resource"]))
        and all(
            _holds(operator, key, as_list(wanted), context)
            for operator, pairs in statement.get("Condition", {}).items()
            for key, wanted in pairs.items()
        )
    )


def rendered(value: Any) -> str:
    """A text of the template, with CloudFormation's own parts filled in; a resource's ARN by its logical id."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return INTRINSIC.get(value["Ref"], value["Ref"])
    if "Fn::GetAtt" in value:
        return f"arn of {value['Fn::GetAtt'][0]}"
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: INTRINSIC.get(found[1], found[1]), value["Fn::Sub"])
    joint, parts = value["Fn::Join"]
    return str(joint).join(map(rendered, parts))


def covers(pattern: str, resource: str) -> bool:
    """Whether a statement's resource is this one. A wildcard stays within its part of an ARN."""
    if pattern == "*" or not pattern.startswith("arn:"):
        return matches(pattern, resource)
    wanted, there = pattern.split(":", ARN_COLONS), resource.split(":", ARN_COLONS)
    return len(wanted) == len(there) and all(map(matches, wanted, there))


def matches(pattern: str, text: str) -> bool:
    """Whether the text is the pattern's, by IAM's two wildcards."""
    return _pattern(pattern).fullmatch(text) is not None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(one) or re.escape(one) for one in pattern), re.DOTALL)


def _holds(operator: str, key: str, wanted: list[Any], context: Context) -> bool:
    there, texts = context.get(key), [rendered(one) for one in wanted]
    if operator == "Null":
        return (there is None) is (texts == ["true"])
    if operator.startswith("ForAllValues:"):
        values = [] if there is None else as_list(there)
        return all(_compares(operator.partition(":")[2], value, texts) for value in values)
    return isinstance(there, str) and _compares(operator, there, texts)


def _compares(operator: str, value: str, texts: list[str]) -> bool:
    if operator in ("StringEquals", "Bool"):
        return value in texts
    if operator == "StringLike":
        return any(matches(text, value) for text in texts)
    if operator == "StringNotLike":
        return not any(matches(text, value) for text in texts)
    raise NotImplementedError(operator)


def as_list(value: Any) -> list[Any]:
    """One value, or several, of a policy."""
    return list(value) if isinstance(value, list | tuple) else [value]


def plain(template: Template) -> dict[str, list[Any]]:
    """The statements of each function, as IAM gets them: without CloudFormation's parts, and with the ARNs of `arns`."""
    named = arns(template)
    return {
        handler.removeprefix("app."): [_plain(statement, named) for statement in template.statements(handler)]
        for handler in template.functions()
    }


def arns(template: Template) -> dict[str, str]:
    """An ARN for each resource that a role may name, by its logical id: that of the table or key of its row."""
    found: dict[str, str] = {}
    for name, value in template.environment().items():
        kind, row = name.rpartition("_")[2], name.removeprefix("DUCAT_").rpartition("_")[0].lower()
        if kind == "TABLE" and isinstance(value, dict):
            found[_logical(value)] = table_arn(row)
        elif kind == "KEY" and isinstance(value, dict):
            found[_logical(value)] = key_arn(row)
    for table in template.of("DynamoDB::Table").values():
        found[_logical(table["SSESpecification"]["KMSMasterKeyId"])] = key_arn("tables")
    for logical in template.of("Logs::LogGroup"):
        found[logical] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{logical}:*"
    for logical in template.of("S3::Bucket"):
        found[logical] = next(arn for name, arn in BUCKETS.items() if logical.startswith(name))
    for logical in template.of("KMS::Key"):
        if logical.startswith("AuditKey"):
            found[logical] = key_arn("record")
    for logical in template.of("SQS::Queue"):
        found[logical] = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{logical}"
    return found


def table_arn(row: str) -> str:
    """The ARN of a table of ducat_cdk/tables.py."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table_name(row)}"


def table_name(row: str) -> str:
    """Its name, after the stack's, as that of a weekly table begins too."""
    return "Ducat-" + row.replace("_", "-")


def key_arn(row: str) -> str:
    """The ARN of a key of ducat_cdk/keys.py."""
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{row}"


def _logical(value: Any) -> str:
    return str(value.get("Ref") or value["Fn::GetAtt"][0])


def _plain(value: Any, named: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_plain(one, named) for one in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        name = str(value["Ref"])
        return INTRINSIC[name] if name in INTRINSIC else named[name].rpartition("/")[2]
    if "Fn::GetAtt" in value:
        logical, attribute = value["Fn::GetAtt"]
        return named[logical] + ("/stream/newest" if attribute == "StreamArn" else "")
    if "Fn::Join" in value:
        joint, parts = value["Fn::Join"]
        return str(joint).join(_plain(part, named) for part in parts)
    return {name: _plain(one, named) for name, one in value.items()}
