"""The one stack, put together."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Annotations, CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ducat_cdk import api, domains, keys, lambdas, log_groups, storage, web_acl
from ducat_cdk.deployment import Deployment

FIRST = "tables can be deleted, and no concurrency is reserved: take out first_deployment once this stands, and deploy again"


class Ducat(Stack):
    """The provider. `code`: folder of what the functions run, for that version of Python.

    `unready`: why it can't be deployed as it is.
    """

    def __init__(
        self, scope: Construct, name: str, deployment: Deployment, code: Path, python: str, unready: list[str]
    ) -> None:
        super().__init__(scope, name, description="Ducat, OpenID Provider of financial grade")
        its_keys = storage.build_keys(self, deployment)
        its_tables = storage.build_tables(self, deployment, its_keys[keys.TABLES_KEY])
        asset = lambda_.Code.from_asset(str(code))
        dead, its_logs = _dead_letters(self), log_groups.build(self, deployment)
        functions = lambdas.build(
            self, deployment, asset, its_tables, its_keys, python=python, dead_letters=dead, log_groups=its_logs
        )
        front = api.build(self, deployment, functions, its_logs)
        domains.build(self, deployment, front)
        web_acl.build(self, deployment.guarding(), front, its_logs)
        _offer(functions["authorizer"], deployment)
        CfnOutput(self, "TokenFunction", value=functions["token"].function_name, description="Has every setting")
        _keep_keys(dead, functions["publish_keys"], functions["rotate_keys"])
        if "sweep" in functions:
            _sweep(functions["sweep"], dead)
        # An error in the manifest stops the CDK's deploy, and leaves the template to be read.
        for reason in unready:
            Annotations.of(self).add_error(reason)
        if deployment.chooses("first_deployment"):
            Annotations.of(self).add_warning(FIRST)


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


def _keep_keys(dead: sqs.IQueue, *jobs: lambda_.IFunction) -> None:
    """Run the jobs at the end of each deployment, told by CloudFormation's own event, and hourly: a missed run mends itself.

    No custom resource: it would bring a second function, with a role of its own, just to call these.
    """
    stack = Stack.of(jobs[0])
    events.Rule(
        stack,
        "AfterDeployment",
        description="Ducat: publish new signing keys after a deployment",
        event_pattern=_after_deployment(stack),
        targets=[targets.LambdaFunction(job, dead_letter_queue=dead) for job in jobs],
    )
    events.Rule(
        stack,
        "EveryHour",
        description="Ducat: publish signing keys that the registry lacks, and rotate those that are due",
        schedule=events.Schedule.rate(Duration.hours(1)),
        targets=[targets.LambdaFunction(job, dead_letter_queue=dead) for job in jobs],
    )
    CfnOutput(stack, "RotateKeysFunction", value=jobs[-1].function_arn)


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
