"""The one stack, put together."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict, Unpack

from aws_cdk import (
    Annotations,
    CfnOutput,
    Duration,
    Environment,
    IPropertyInjector,
    IStackSynthesizer,
    PermissionsBoundary,
    Stack,
    Token,
)
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ducat_cdk import (
    api,
    audit_bucket,
    auditing,
    backups,
    beside,
    client_certificates,
    domains,
    lambdas,
    log_groups,
    network,
    outputs,
    settings_checks,
    shifting,
    storage,
    watching,
    web_acl,
)
from ducat_cdk.deployment import Deployment
from ducat_cdk.existing import Existing
from ducat_cdk.keys import TABLES_KEY
from ducat_cdk.package import DEPENDENCIES, Unpackaged, stage
from ducat_cdk.settings import deployment_of
from ducat_cdk.watching import Watched

FIRST = "tables can be deleted, and no concurrency is reserved: take out first_deployment once this stands, and deploy again"

HOURLY = ("publish_keys", "rotate_keys", "fetch_crls", "check_truststore")
"""The jobs that run each hour."""

DESCRIPTION = "Ducat, OpenID Provider of financial grade"
NO_SETTINGS: Mapping[str, object] = MappingProxyType({})
"""With which a template can be read, and not deployed."""
NOTHING = Existing()


class StackArguments(TypedDict, total=False):
    """What the CDK's own Stack takes."""

    analytics_reporting: bool
    cross_region_references: bool
    description: str
    env: Environment | dict[str, str]
    notification_arns: Sequence[str]
    permissions_boundary: PermissionsBoundary
    property_injectors: Sequence[IPropertyInjector]
    stack_name: str
    suppress_template_indentation: bool
    synthesizer: IStackSynthesizer
    tags: Mapping[str, str]
    termination_protection: bool


class Ducat(Stack):
    """The provider: a stack of its own. Raises DeploymentError that lists every problem of the settings.

    `settings`: a mapping, a JSON file or a Deployment (docs/operate/deploy.md).
    `existing`: what the bank has already and hands in, such as a VPC, keys, tables and certificates.
    `dependencies`: the folder that `python -m ducat_cdk.package` made.
    Every other argument is the CDK's own Stack's: `env`, `stack_name`, `tags` and so on.

    Its resources:

    `functions`, `tables`, `keys`: by the names of functions.FUNCTIONS, tables.TABLES, keys.KEYS.
    `api`: the REST API. `domains`: by "issuer" and "mtls". `web_acl_arn`: of the web ACL before it, if there is one.
    `alarms`: by their names.
    `log_groups`: the log groups' key and retention. `dead_letters`: the queue of jobs' events that failed.
    `record`: the bucket of the record, its key, the queue of what could not be recorded, the streams.
    `backup_vault`: where AWS Backup keeps the tables, None without a plan.
    `unready`: why it can't be deployed as it is. Each reason is an error in the manifest, which stops the CDK's deploy.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Mapping[str, object] | str | Path | Deployment = NO_SETTINGS,
        existing: Existing = NOTHING,
        dependencies: Path = DEPENDENCIES,
        **stack: Unpack[StackArguments],
    ) -> None:
        given = deployment_of(settings)
        deployment = existing.settled(given)
        stack.setdefault("description", DESCRIPTION)
        super().__init__(scope, name, **stack)
        if not Token.is_unresolved(self.region):
            settings_checks.check_region(deployment, self.region)
        if not Token.is_unresolved(self.account):
            settings_checks.check_account(deployment, self.account)
        beside.fit_in(self, deployment)
        examples = existing.left_as_examples(deployment)
        self.unready: list[str] = [f"{name} still has its example value" for name in examples]
        with tempfile.TemporaryDirectory() as folder:
            # An asset is copied into the cloud assembly as soon as a function has it.
            code, python, problems = _staged(Path(folder) / "code", dependencies, deployment)
            self.unready += problems
            self._build(deployment, existing, code, python)
        for reason in self.unready:
            Annotations.of(self).add_error(reason)
        if deployment.chooses("first_deployment"):
            Annotations.of(self).add_warning(FIRST)

    def _build(self, deployment: Deployment, existing: Existing, code: Path, python: str) -> None:
        self.keys = storage.build_keys(self, deployment, existing.keys)
        self.tables = storage.build_tables(self, deployment, self.keys[TABLES_KEY], existing.tables)
        self.backup_vault = backups.build(self, deployment.backups(), self.tables)
        self.record = audit_bucket.build(
            self, deployment, existing.audit_bucket, storage.streams(self.tables, deployment)
        )
        self.dead_letters, self.log_groups = _dead_letters(self), log_groups.build(self, deployment)
        self.client_certificates = client_certificates.build(self, deployment)
        self.functions = lambdas.build(
            self,
            deployment,
            lambda_.Code.from_asset(str(code)),
            self.tables,
            self.keys,
            python=python,
            dead_letters=self.dead_letters,
            certificates=self.client_certificates,
            log_groups=self.log_groups,
            network=network.build(self, existing),
            record=self.record,
        )
        auditing.build(deployment, self.functions, self.record, self.client_certificates, self.dead_letters)
        self.api = api.build(self, deployment, self.functions, self.log_groups, code)
        self.domains, certificates = domains.build(self, deployment, self.api, existing, self.client_certificates)
        self.web_acl_arn = web_acl.build(self, deployment.guarding(), self.api, self.log_groups, existing.web_acl_arn)
        letters = self.dead_letters, self.record.dead_letters
        watched = Watched(self.functions, self.tables, self.api, certificates, *letters)
        self.alarms = watching.build(self, deployment, watched)
        shifting.build(self, deployment, self.functions, self.alarms)
        _offer(self.functions["authorizer"], deployment)
        self._put_out(existing)
        _run_jobs(self.dead_letters, *(self.functions[name] for name in HOURLY))
        if "sweep" in self.functions:
            _sweep(self.functions["sweep"], self.dead_letters)

    def _put_out(self, existing: Existing) -> None:
        CfnOutput(
            self,
            "TokenFunction",
            value=lambdas.itself(self.functions["token"]).function_name,
            description="Has every setting",
        )
        outputs.build(
            self,
            self.functions,
            {name: table for name, table in self.tables.items() if name not in existing.tables},
            {name: key for name, key in self.keys.items() if name not in existing.keys},
            self.api,
            self.dead_letters,
            self.web_acl_arn,
            self.record,
        )
        CfnOutput(self, "RotateKeysFunction", value=self.functions["rotate_keys"].function_arn)


def _staged(folder: Path, dependencies: Path, deployment: Deployment) -> tuple[Path, str, list[str]]:
    """The folder of what the functions run, the version of Python that it is for, and why it can't be deployed."""
    problems = []
    try:
        python = stage(folder, dependencies, vocabulary=deployment.vocabulary, theme=deployment.theme)
    except Unpackaged as problem:
        problems.append(str(problem))
        python = stage(folder, None, vocabulary=deployment.vocabulary, theme=deployment.theme)
    for name, text in deployment.packaged().items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder, python, problems


def _dead_letters(scope: Construct) -> sqs.Queue:
    """Where the events of jobs go that could not be delivered, or failed at three times. They hold no personal data."""
    return sqs.Queue(
        scope,
        "DeadLetters",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )


def _offer(authorizer: lambda_.IFunction, deployment: Deployment) -> None:
    """Let the bank's own API ask the authorizer."""
    stack = Stack.of(authorizer)
    authorizer.add_permission(
        "BankApi",
        principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
        source_account=stack.account,
        source_arn=stack.format_arn(
            service="execute-api", resource=deployment.bank_api_id, resource_name="authorizers/*"
        ),
    )
    CfnOutput(stack, "AuthorizerArn", value=authorizer.function_arn, export_name=f"{stack.stack_name}-authorizer")


def _run_jobs(dead: sqs.IQueue, *jobs: lambda_.IFunction) -> None:
    """Run the jobs at the end of each deployment, told by CloudFormation's own event, and hourly: a missed run mends itself.

    No custom resource: it would bring a second function, with a role of its own, just to call these.
    """
    stack = Stack.of(jobs[0])
    events.Rule(
        stack,
        "AfterDeployment",
        description="Ducat: publish new signing keys and check the truststore after a deployment",
        event_pattern=_after_deployment(stack),
        targets=[targets.LambdaFunction(job, dead_letter_queue=dead) for job in jobs],
    )
    events.Rule(
        stack,
        "EveryHour",
        description="Ducat: publish signing keys that the registry lacks, rotate those that are due, check the truststore",
        schedule=events.Schedule.rate(Duration.hours(1)),
        targets=[targets.LambdaFunction(job, dead_letter_queue=dead) for job in jobs],
    )


def _sweep(job: lambda_.IFunction, dead: sqs.IQueue) -> None:
    """Run at the end of each deployment, so that the first tables are there, and daily."""
    stack = Stack.of(job)
    events.Rule(
        stack,
        "EveryDay",
        description="Ducat: make the tables of the weeks to come, drop those of the past",
        schedule=events.Schedule.rate(Duration.days(1)),
        targets=[targets.LambdaFunction(job, dead_letter_queue=dead)],
    )
    events.Rule(
        stack,
        "TablesAfterDeployment",
        description="Ducat: make the tables of this week after a deployment",
        event_pattern=_after_deployment(stack),
        targets=[targets.LambdaFunction(job, dead_letter_queue=dead)],
    )


def _after_deployment(stack: Stack) -> events.EventPattern:
    return events.EventPattern(
        source=["aws.cloudformation"],
        detail_type=["CloudFormation Stack Status Change"],
        detail={
            "stack-id": [stack.stack_id],
            "status-details": {"status": ["CREATE_COMPLETE", "UPDATE_COMPLETE"]},
        },
    )
