"""A call to AWS as IAM sees it: action, resource and condition keys (service authorization reference).

Values that differ from one call to the next (keys of items, names of users, ids) are written as ANY, so that calls of one kind
are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ducat_cdk.keys import KEYS
from ducat_cdk.tables import TABLES

ANY = "any"
PREFIX = "audit/"
"""What the names of the record's objects begin with."""
Context = tuple[tuple[str, str | tuple[str, ...]], ...]

LITERAL_KEYS = ("data key", "ring", "claims")
"""Keys of items that the product names itself."""

COUNTED = re.compile(r"(failures|last_failure|last_attempt|consumed|scope|claim)([_ ]).+")
"""Attributes whose name ends with a browser, a number, a scope or a claim."""

TABLE = re.compile(rf"(?:ducat-)?({'|'.join(row.name.replace('_', '-') for row in TABLES)})(?:-.{{8}})?(-\d{{4}})?")
"""A table's row, what a test adds for a table of its own, and the week of a weekly table."""

LOGICAL = re.compile(r"(?:Ducat-)?([A-Z]\w+)Table[0-9A-F]{8}(?:-[0-9A-Z]+)?")
"""A table's logical id in the template, which is its name where a test has the template's tables; or what CloudFormation makes of
it.
"""

OF_KIND = {(row.spec, "SIGN_VERIFY" if row.signs else row.usage): row.name for row in reversed(KEYS)}
"""The name of a key by its spec and usage, where a test makes another one."""


@dataclass(frozen=True, order=True)
class Request:
    """One action on one resource.

    `resource`: "table users", "table sessions of a week", "index by_person of grants", "key secrets", "made key", "new key",
    "domain mtls.bank.example", "truststore", "crls", "record", "bus", "*", and for what a stand-in does not have: "log", "queue".
    """

    action: str
    resource: str
    context: Context = ()

    def of(self, key: str) -> str | tuple[str, ...] | None:
        """A condition key's value or values; None where the request has none."""
        return dict(self.context).get(key)


@dataclass(frozen=True)
class KmsKey:
    """A key that a stand-in has. `name`: of a row of ducat_cdk/keys.py; None for one that a job made."""

    name: str | None
    spec: str
    usage: str
    multi_region: bool
    tags: tuple[tuple[str, str], ...]

    @classmethod
    def made_by(cls, parameters: Mapping[str, Any]) -> KmsKey:
        """The key that CreateKey makes."""
        _, _, name = str(parameters.get("Description", "")).partition("Ducat: ")
        tags = tuple((tag["TagKey"], tag["TagValue"]) for tag in parameters.get("Tags", ()))
        spec, usage = parameters.get("KeySpec", "SYMMETRIC_DEFAULT"), parameters.get("KeyUsage", "ENCRYPT_DECRYPT")
        named = None if tags else name or OF_KIND[spec, usage]
        return cls(named, spec, usage, bool(parameters.get("MultiRegion")), tags)

    @property
    def resource(self) -> str:
        return "made key" if self.name is None else f"key {self.name}"

    @property
    def context(self) -> dict[str, str | tuple[str, ...]]:
        """What IAM knows of the key itself."""
        found: dict[str, str | tuple[str, ...]] = {
            f"aws:ResourceTag/{tag}": _tag(tag, value) for tag, value in self.tags
        }
        multi_region = "true" if self.multi_region else "false"
        return {**found, "kms:KeySpec": self.spec, "kms:KeyUsage": self.usage, "kms:MultiRegion": multi_region}


def of_dynamodb(operation: str, parameters: Mapping[str, Any]) -> Iterator[Request]:
    """The requests of one call of DynamoDB. BatchGetItem is authorized for each table."""
    action = f"dynamodb:{operation}"
    if operation == "BatchGetItem":
        for name, wanted in parameters["RequestItems"].items():
            keys = tuple(sorted({key for one in wanted["Keys"] for key in one}))
            leading = tuple(sorted({_leading(name, one["pk"]["S"]) for one in wanted["Keys"]}))
            attributes, select = _read(wanted, keys)
            yield _request(action, _table(name), LeadingKeys=leading, Attributes=attributes, Select=select)
        return
    name = parameters["TableName"]
    if operation in ("CreateTable", "DeleteTable", "DescribeTable", "Scan"):
        yield _request(action, _table(name))
    elif operation == "Query":
        yield _query(action, name, parameters)
    else:
        item = parameters.get("Key") or parameters["Item"]
        first = next(one for one in ("pk", "ring") if one in item)
        leading = (_leading(name, item[first]["S"]),)
        if operation == "GetItem":
            attributes, select = _read(parameters, tuple(item))
            yield _request(action, _table(name), LeadingKeys=leading, Attributes=attributes, Select=select)
        else:
            returned = parameters.get("ReturnValues", "NONE")
            attributes = _attributes((*item, *_names(parameters)))
            yield _request(action, _table(name), LeadingKeys=leading, Attributes=attributes, ReturnValues=returned)


def of_kms(operation: str, parameters: Mapping[str, Any], key: KmsKey | None) -> Iterator[Request]:
    """The requests of one call of KMS. `key`: the one that it names. A key that is made with tags is tagged too."""
    action = f"kms:{operation}"
    if operation == "CreateKey":
        made = KmsKey.made_by(parameters)
        tags: dict[str, str | tuple[str, ...]] = {f"aws:RequestTag/{tag}": _tag(tag, value) for tag, value in made.tags}
        if tags:
            tags["aws:TagKeys"] = tuple(sorted(tag for tag, _ in made.tags))
            yield Request("kms:TagResource", "new key", _context(tags))
        own = {name: value for name, value in made.context.items() if name.startswith("kms:")}
        yield Request(action, "*", _context({**own, **tags}))
        return
    if "KeyId" not in parameters:
        yield Request(action, "*")
        return
    context = {} if key is None else dict(key.context)
    for parameter in ("SigningAlgorithm", "MessageType", "MacAlgorithm"):
        if parameter in parameters:
            context[f"kms:{parameter}"] = parameters[parameter]
    if operation in ("Encrypt", "Decrypt", "GenerateDataKeyWithoutPlaintext"):
        context["kms:EncryptionAlgorithm"] = parameters.get("EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
        sealed_for = parameters.get("EncryptionContext", {})
        if sealed_for:
            context["kms:EncryptionContextKeys"] = tuple(sorted(sealed_for))
            context |= {f"kms:EncryptionContext:{name}": ANY for name in sealed_for}
    yield Request(action, "another key" if key is None else key.resource, _context(context))


def of_api_gateway(method: str, parameters: Mapping[str, Any]) -> Request:
    """The request of a call of API Gateway about a domain. IAM knows the call by its HTTP method."""
    return Request(f"apigateway:{method}", f"domain {parameters['domainName']}")


def of_s3(operation: str, parameters: Mapping[str, Any]) -> Request:
    """The request of one call of S3. A version is read by an action of its own."""
    version = "Version" if "VersionId" in parameters else ""
    written = "record" if parameters["Key"].startswith(PREFIX) else "crls"
    return Request(f"s3:{operation}{version}", "truststore" if operation == "GetObject" else written)


def of_events(operation: str, parameters: Mapping[str, Any]) -> Request:
    """The request of one call of EventBridge, to the one bus of the deployment."""
    sources = tuple(sorted({one["Source"] for one in parameters["Entries"]}))
    return Request(f"events:{operation}", "bus", (("events:source", sources),))


def _query(action: str, name: str, parameters: Mapping[str, Any]) -> Request:
    names, values = parameters.get("ExpressionAttributeNames", {}), parameters["ExpressionAttributeValues"]
    partition = next(iter(values.values()))["S"]
    attributes = _attributes(names.values())
    index = parameters.get("IndexName")
    if index is None:
        return _request(
            action,
            _table(name),
            LeadingKeys=(_leading(name, partition),),
            Attributes=attributes,
            Select="ALL_ATTRIBUTES",
        )
    resource = f"index {index} of {_table(name).removeprefix('table ')}"
    return _request(action, resource, LeadingKeys=(ANY,), Attributes=attributes, Select="ALL_PROJECTED_ATTRIBUTES")


def _read(parameters: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The attributes that a read names, its keys among them, and its Select, which always has a value."""
    if "ProjectionExpression" not in parameters:
        return _attributes(keys), "ALL_ATTRIBUTES"
    return _attributes((*keys, *_names(parameters))), "SPECIFIC_ATTRIBUTES"


def _names(parameters: Mapping[str, Any]) -> Iterable[str]:
    """The attributes in expressions. The product writes each of them by ExpressionAttributeNames."""
    found: Iterable[str] = parameters.get("ExpressionAttributeNames", {}).values()
    return found


def _attributes(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_attribute(name) for name in names}))


@cache
def _attribute(name: str) -> str:
    return COUNTED.sub(rf"\1\2{ANY}", name)


@cache
def _table(name: str) -> str:
    if logical := LOGICAL.fullmatch(name):
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", logical[1]).lower()
    found = TABLE.fullmatch(name)
    if found is None:
        raise ValueError(f"{name} is not a table of ducat_cdk/tables.py")
    week = " of a week" if found[2] else ""
    return f"table {found[1].replace('-', '_')}{week}"


def _leading(table: str, key: str) -> str:
    """The kind of a key: its first words, where the product has several kinds in a table."""
    if key in LITERAL_KEYS:
        return key
    if _table(table) == "table revocations":
        return f"{key.partition('.')[0]}.{ANY}"
    kind, space, _ = key.rpartition(" ") if _table(table) == "table users" else ("", "", key)
    return f"{kind}{space}{ANY}"


def _tag(tag: str, value: str) -> str:
    if tag == "ducat:stack":
        return value.capitalize()  # "ducat" and "Ducat" are the one of the templates; a test has another one
    return ANY if tag == "ducat:attempt" else value


def _request(action: str, resource: str, **context: str | tuple[str, ...]) -> Request:
    return Request(action, resource, _context({f"dynamodb:{name}": value for name, value in context.items()}))


def _context(context: Mapping[str, str | tuple[str, ...]]) -> Context:
    return tuple(sorted(context.items()))
