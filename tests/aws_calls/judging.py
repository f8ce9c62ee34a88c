"""Whether the synthesized roles allow the recorded calls, and nothing that none of them needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ducat_cdk.audit_settings import LIST, READ
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.parts_of_rows import MAKE_ENCRYPTED
from ducat_cdk.tables import TABLES
from tests.aws_calls.recording import Recorded
from tests.aws_calls.requests import PREFIX, Context, Request
from tests.infra.policies import (
    ACCOUNT,
    BUS,
    CRLS,
    FAILED,
    RECORD,
    REGION,
    TRUSTSTORE,
    allows,
    as_list,
    key_arn,
    matches,
    table_arn,
    table_name,
)

Policies = Mapping[str, Mapping[str, list[Any]]]
"""The statements of each function, by the name of a synthesized deployment (tests/infra/conftest.py)."""

WHOLE, WEEKLY, ROTATED = "with-EdDSA", "weekly", "rotated"
"""The deployments that calls are held against: one that has every key, one with a table a week, and one of multi-Region keys."""

STACK = "Ducat"
"""The name of their stack."""

DATABASE = f"dynamodb.{REGION}.amazonaws.com"

BY_LAMBDA = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What Lambda itself does by a function's role. No test can record it."""

FILES = {"truststore": TRUSTSTORE, "crls": f"{CRLS}/any", "record": f"{RECORD}/{PREFIX}any"}
"""The ARNs of files in S3."""

REFUSED = {
    ("rotate_keys", "kms:ListResourceTags"): "a key without the deployment's tags; the job takes the refusal for that",
}
"""Calls that a role refuses and that the product expects to be refused, where the key is not of the deployment."""

NARROWING = ("dynamodb:Attributes", "dynamodb:LeadingKeys", "dynamodb:ReturnValues")
"""Condition keys of which each listed value must be needed."""


@dataclass(frozen=True)
class Call:
    """A recorded call as IAM would see it. `deployment`: whose role is asked."""

    deployment: str
    function: str
    action: str
    resource: str
    context: Context = ()

    def __str__(self) -> str:
        return f"{self.function}: {self.action} on {self.resource} with {self.conditions}"

    @property
    def conditions(self) -> dict[str, str | tuple[str, ...]]:
        """The values of the condition keys."""
        return dict(self.context)


def problems(recorded: Iterable[Recorded], policies: Policies, *, complete: bool) -> list[str]:
    """What is wrong, one line each. `complete`: the whole suite was recorded, so that what no call needs is wrong too."""
    recorded = list(recorded)
    every, found = list(calls(recorded)), list[str]()
    if complete:
        every += _by_lambda()
        silent = {row.name for row in FUNCTIONS if row.tables or row.keys or row.domain} - {
            function for function, _ in recorded
        }
        found += [f"silent: {name} made no call to AWS" for name in sorted(silent)]
        found += _surplus(every, policies)
    found += [f"refused: {call}" for call in every if not _allowing(call, policies) and not _is_expected(call)]
    return sorted(set(found))


def calls(recorded: Iterable[Recorded]) -> Iterator[Call]:
    """The calls, and what AWS asks of the role besides."""
    for function, request in sorted(recorded):
        deployment = _deployment(function, request)
        yield Call(deployment, function, request.action, _arn(request), request.context)
        for action, key, context in _implied(request):
            yield Call(deployment, function, action, key_arn(key), context)


def _by_lambda() -> Iterator[Call]:
    for row in FUNCTIONS:
        deployment = WEEKLY if row.weekly else WHOLE
        for action in BY_LAMBDA:
            yield Call(deployment, row.name, action, _log(row.name))
        if not row.is_endpoint:
            yield Call(deployment, row.name, "sqs:SendMessage", "queue")
        if row.records:
            yield from _of_streams(row.name)


def _of_streams(function: str) -> Iterator[Call]:
    """What Lambda does for a function that is called for streams, and by which keys (Lambda developer guide)."""
    for row in TABLES:
        stream = f"{table_arn(row.name)}/stream/newest"
        for action in READ if row.recorded else ():
            yield Call(WHOLE, function, action, stream)
        if row.recorded:
            yield Call(WHOLE, function, "kms:Decrypt", key_arn("tables"), _of_table(table_name(row.name)))
    yield Call(WHOLE, function, LIST, "*")
    yield Call(WHOLE, function, "s3:ListBucket", FAILED)
    yield Call(WHOLE, function, "s3:PutObject", f"{FAILED}/any")
    yield Call(WHOLE, function, "kms:GenerateDataKey", key_arn("record"), _of_bucket(FAILED))


def _of_bucket(arn: str) -> Context:
    return (("kms:ViaService", f"s3.{REGION}.amazonaws.com"), ("kms:EncryptionContext:aws:s3:arn", arn))


def _of_table(name: str) -> Context:
    owned = {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": ACCOUNT}
    sealed_for = ((f"kms:EncryptionContext:{key}", value) for key, value in owned.items())
    return (("kms:EncryptionContextKeys", tuple(sorted(owned))), ("kms:ViaService", DATABASE), *sealed_for)


def _implied(request: Request) -> Iterator[tuple[str, str, Context]]:
    """What KMS asks of who uses a table, or the record's bucket, under a customer's key: action, key, context (DynamoDB
    developer guide, S3 user guide).
    """
    if request.resource == "record":
        yield "kms:GenerateDataKey", "record", _of_bucket(RECORD)
    if not request.action.startswith("dynamodb:"):
        return
    if request.action == "dynamodb:CreateTable":
        yield from ((f"kms:{verb}", "tables", (("kms:ViaService", DATABASE),)) for verb in MAKE_ENCRYPTED)
    yield "kms:Decrypt", "tables", _of_table(_table(request.resource))


def _deployment(function: str, request: Request) -> str:
    if function == "sweep" or request.resource.endswith(" of a week"):
        return WEEKLY
    return ROTATED if request.action == "kms:CreateKey" and request.of("kms:MultiRegion") == "true" else WHOLE


def _arn(request: Request) -> str:
    kind, _, rest = request.resource.partition(" ")
    if kind in FILES or kind == "bus":
        return FILES.get(kind, BUS)
    if kind == "table":
        return table_arn(_row(request.resource)) + ("-2900" if rest.endswith(" of a week") else "")
    if kind == "index":
        return f"{table_arn(_row(request.resource))}/index/{rest.partition(' ')[0]}"
    if kind == "domain":
        return f"arn:aws:apigateway:{REGION}::/domainnames/{rest}"
    return "*" if kind == "*" else key_arn(rest if kind == "key" else f"mrk-{kind}")


def _row(resource: str) -> str:
    words = resource.split(" ")
    return words[-1] if words[0] == "index" else words[1]


def _table(resource: str) -> str:
    return table_name(_row(resource)) + ("-2900" if resource.endswith(" of a week") else "")


def _log(function: str) -> str:
    return f"log of {function}"


def _allowing(call: Call, policies: Policies) -> list[Any]:
    """The statements that allow it. A function's own log and the jobs' queue are known by their statements alone."""
    statements = policies[call.deployment].get(call.function, [])
    if call.action in (*BY_LAMBDA, "sqs:SendMessage"):
        return [one for one in statements if call.action in as_list(one["Action"])]
    return [one for one in statements if allows(one, call.action, call.resource, call.conditions)]


def _is_expected(call: Call) -> bool:
    return (call.function, call.action) in REFUSED and call.conditions.get("aws:ResourceTag/ducat:stack") != STACK


def _surplus(every: list[Call], policies: Policies) -> Iterator[str]:
    """Actions of statements, and values of conditions, without which every call would be allowed."""
    alone: set[tuple[str, str, str]] = set()
    values: set[tuple[str, str, str, str]] = set()
    for call in every:
        allowing = _allowing(call, policies)
        if len(allowing) == 1:
            alone.add((call.function, allowing[0]["Sid"], call.action))
        for one in allowing:
            values |= {(call.function, one["Sid"], key, text) for key, text in _narrowed(one) if _uses(call, key, text)}
    for row in FUNCTIONS:
        for one in _allows_of(policies[WEEKLY if row.weekly else WHOLE].get(row.name, [])):
            for action in as_list(one["Action"]):
                if (row.name, one["Sid"], action) not in alone:
                    yield f"surplus: {row.name} may {action} by {one['Sid']}, and no call needs it"
            for key, text in _narrowed(one):
                if (row.name, one["Sid"], key, text) not in values:
                    yield f"surplus: {row.name} may {key} {text} by {one['Sid']}, and no call needs it"


def _allows_of(statements: list[Any]) -> list[Any]:
    return [one for one in statements if one["Effect"] == "Allow"]


def _narrowed(statement: Any) -> Iterator[tuple[str, str]]:
    for operator, pairs in statement.get("Condition", {}).items():
        for key in NARROWING if "Not" not in operator else ():
            yield from ((key, text) for text in as_list(pairs.get(key, [])))


def _uses(call: Call, key: str, text: str) -> bool:
    return any(matches(text, value) for value in as_list(call.conditions.get(key, ())))
