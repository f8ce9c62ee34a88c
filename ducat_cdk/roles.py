"""A role for each function, out of its row in functions.py. No managed policy, no shared role, no wildcard.

A table under a customer-managed key is opened on behalf of whoever uses it: the caller needs kms:Decrypt on that key,
at the first use and after each five idle minutes. The longer list in DynamoDB's documentation (Encrypt, ReEncrypt*,
GenerateDataKey*, DescribeKey, CreateGrant) is asked of the principal that creates the table; DynamoDB itself holds
grants for the rest (DynamoDB developer guide, "Authorizing use of your KMS key"). The decryption is narrowed to
DynamoDB's own calls for just these tables by the encryption context that it documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ducat_cdk import audit_role, notices
from ducat_cdk.audit_bucket import PREFIX, Record
from ducat_cdk.client_certificates import ClientCertificates
from ducat_cdk.deployment import Deployment
from ducat_cdk.function_rows import File, Function, Key, MadeKeys, Table
from ducat_cdk.keys import DECRYPTION_ALGORITHMS, SIGNING_ALGORITHMS, SIGNING_SPECS, TABLES_KEY, TAGS
from ducat_cdk.statements import statement
from ducat_cdk.storage import is_weekly

INTERFACES = (
    *("CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface"),
    *("AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"),
)
"""What Lambda does with the network interfaces of a function in a VPC. IAM narrows none of them to a VPC."""


def build(
    scope: Construct,
    function: Function,
    tables: Mapping[str, dynamodb.ITable],
    keys: Mapping[str, kms.IKey],
    log: logs.ILogGroup,
    deployment: Deployment,
    dead_letters: sqs.IQueue,
    certificates: ClientCertificates,
    record: Record,
    *,
    in_vpc: bool,
) -> iam.IRole:
    """The role of one function; whatever else CDK would add to it later is refused. `dead_letters`: of the jobs."""
    used = {table.name: tables[table.name] for table in function.tables}
    statements = [
        statement("WriteItsOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [log.log_group_arn]),
        *(_use_table(table, tables[table.name], deployment) for table in function.tables),
        *(_use_key(key, keys) for key in function.keys if key.name in keys),  # one may not be chosen
        *(_use_made_keys(scope, made, deployment) for made in function.made_keys),
        *(_use_file(file, certificates, record) for file in function.files),
    ]
    if function.records:
        # What Lambda reads of streams for the function is decrypted by its role too.
        used |= {name: tables[name] for name in record.streams}
        statements += audit_role.statements(scope, record)
        if record.notices is not None:
            statements += [_use_table(table, tables[table.name], deployment) for table in notices.TABLES]
    statements += _open_tables(scope, used, keys[TABLES_KEY], deployment)
    if function.domain:
        statements.append(statement(function.domain, ["apigateway:GET"], [_domain(scope, deployment)]))
    if not function.is_endpoint:
        queue = record.dead_letters if function.records else dead_letters
        statements.append(statement("KeepWhatFailed", ["sqs:SendMessage"], [queue.queue_arn]))
    if deployment.chooses("tracing"):
        # X-Ray narrows them to no resource (service authorization reference).
        statements.append(statement("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]))
    if in_vpc:
        statements += _connect()
    role = iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description=f"Ducat: what the function {function.name} may do",
        inline_policies={function.name.replace("_", "-"): iam.PolicyDocument(statements=statements)},
    )
    _name_by_content(role, scope, function)
    return role.without_policy_updates()


def _name_by_content(role: iam.Role, scope: Construct, function: Function) -> None:
    """Another row makes another role. A version of the function that is replaced keeps the role that its own code needs, and
    CloudFormation deletes that role only when the deployment, or its canary, is over.
    """
    resource = role.node.default_child
    assert isinstance(resource, iam.CfnRole)
    resource.override_logical_id(f"{scope.node.id}Role{sha256(repr(function).encode()).hexdigest()[:8].upper()}")


def _domain(scope: Construct, deployment: Deployment) -> str:
    """The host for client certificates, as IAM names it."""
    name = f"/domainnames/{deployment.mtls_host}"
    return Stack.of(scope).format_arn(
        service="apigateway", account="", resource=name, arn_format=ArnFormat.NO_RESOURCE_NAME
    )


def _connect() -> list[iam.PolicyStatement]:
    """Lambda makes a function's network interfaces by the function's role. The function's own code may not (Lambda developer
    guide, "Giving Lambda functions access to resources in an Amazon VPC"): its calls alone name the function as their source.
    """
    actions = [f"ec2:{verb}" for verb in INTERFACES]
    return [
        statement("LetLambdaConnectItToTheVpc", actions, ["*"]),
        statement(
            "AndNotItsOwnCode", actions, ["*"], {"Null": {"lambda:SourceFunctionArn": "false"}}, effect=iam.Effect.DENY
        ),
    ]


def _use_table(table: Table, found: dynamodb.ITable, deployment: Deployment) -> iam.PolicyStatement:
    arn = f"{found.table_arn}-*" if is_weekly(table.name, deployment) else found.table_arn
    location = f"{arn}/index/{table.index}" if table.index else arn
    return statement(table.why, [f"dynamodb:{verb}" for verb in table.verbs], [location], _of_items(table))


def _of_items(table: Table) -> dict[str, object] | None:
    """Some items alone, and some attributes of them. Select and the attributes' names always have a value."""
    like = {"dynamodb:LeadingKeys": list(table.keys), "dynamodb:Attributes": list(table.attributes)}
    conditions: dict[str, object] = {}
    if narrowed := {key: values for key, values in like.items() if values}:
        conditions["ForAllValues:StringLike"] = narrowed
    if table.not_keys:
        conditions["ForAllValues:StringNotLike"] = {"dynamodb:LeadingKeys": list(table.not_keys)}
    if table.attributes and "GetItem" in table.verbs:
        conditions["StringEquals"] = {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}
    return conditions or None


def _use_file(file: File, certificates: ClientCertificates, record: Record) -> iam.PolicyStatement:
    if file.name == "record":
        return statement(file.why, list(file.actions), [record.bucket.arn_for_objects(f"{PREFIX}*")])
    return statement(file.why, certificates.actions(file), [certificates.arns[file.name]])


def _use_key(key: Key, keys: Mapping[str, kms.IKey]) -> iam.PolicyStatement:
    conditions: dict[str, object] | None = None
    if key.verb == "Sign":
        conditions = {"StringEquals": {"kms:SigningAlgorithm": SIGNING_ALGORITHMS[key.name]}}
    elif key.verb == "Decrypt" and key.name in DECRYPTION_ALGORITHMS:
        conditions = {"StringEquals": {"kms:EncryptionAlgorithm": list(DECRYPTION_ALGORITHMS[key.name])}}
    elif key.name == TABLES_KEY:
        conditions = {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}}
    elif key.context is not None:
        # A secret is sealed for its owner, a person or a client; a context that is not there at all satisfies ForAllValues.
        conditions = {
            "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": [key.context]},
            "Null": {"kms:EncryptionContextKeys": "false"},
        }
    return statement(key.why, [f"kms:{key.verb}"], [keys[key.name].key_arn], conditions)


def _use_made_keys(scope: Construct, made: MadeKeys, deployment: Deployment) -> iam.PolicyStatement:
    """Keys by their tags. IAM narrows neither the making of a key nor a list of keys to a resource."""
    stack = Stack.of(scope)
    actions, chosen = [f"kms:{verb}" for verb in made.verbs], deployment.signing_keys()
    if made.found == "all":
        return statement(made.why, actions, ["*"])
    if made.found == "new":
        return statement(made.why, actions, ["*"], _of_new_keys(stack.stack_name, made, deployment, chosen))
    equals = {"aws:ResourceTag/ducat:stack": stack.stack_name, "aws:ResourceTag/ducat:use": list(made.uses)}
    if made.verbs == ("Sign",):
        equals["kms:SigningAlgorithm"] = [SIGNING_ALGORITHMS[name] for name in chosen]
    else:  # no tag makes a key that seals or decrypts one of these
        equals["kms:KeyUsage"] = "SIGN_VERIFY"
    keys = stack.format_arn(service="kms", resource="key", resource_name="*")
    return statement(made.why, actions, [keys], {"StringEquals": equals})


def _of_new_keys(stack: str, made: MadeKeys, deployment: Deployment, chosen: list[str]) -> dict[str, object]:
    """Only with the deployment's tags, and only of the kinds that it signs with. A key that has its tags is not tagged again."""
    equals: dict[str, object] = {"aws:RequestTag/ducat:stack": stack, "aws:RequestTag/ducat:use": list(made.uses)}
    conditions: dict[str, object] = {"ForAllValues:StringEquals": {"aws:TagKeys": list(TAGS)}}
    if made.verbs == ("CreateKey",):
        equals |= {"kms:KeyUsage": "SIGN_VERIFY", "kms:KeySpec": [SIGNING_SPECS[name] for name in chosen]}
        conditions["Bool"] = {"kms:MultiRegion": deployment.multi_region_keys}
    else:
        conditions["Null"] = {"aws:ResourceTag/ducat:stack": "true"}
    return {"StringEquals": equals, **conditions}


def _open_tables(
    scope: Construct, used: Mapping[str, dynamodb.ITable], key: kms.IKey, deployment: Deployment
) -> list[iam.PolicyStatement]:
    """A statement for each key that tables are under: `key`, or that of a table which was handed to the stack."""
    stack, by_key = Stack.of(scope), dict[str, list[str]]()
    for name, table in used.items():
        arn = (table.encryption_key or key).key_arn
        named = f"{table.table_name}-*" if is_weekly(name, deployment) else table.table_name
        by_key.setdefault(arn, []).append(named)
    weekly = any(is_weekly(name, deployment) for name in used)
    return [
        statement(
            f"OpenItsTablesThroughDynamoDB{number or ''}",
            ["kms:Decrypt"],
            [arn],
            {
                "StringLike" if weekly else "StringEquals": {
                    "kms:ViaService": f"dynamodb.{stack.region}.amazonaws.com",
                    "kms:EncryptionContext:aws:dynamodb:subscriberId": stack.account,
                    "kms:EncryptionContext:aws:dynamodb:tableName": names,
                }
            },
        )
        for number, (arn, names) in enumerate(by_key.items())
    ]
