"""Notices: the queue in which they wait for the function `audit`, and what its role may do for them.

Left out where none are sent. A notice that fails is given again, and after TRIES it goes to the record's dead letters.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ducat_cdk import item_attributes as items
from ducat_cdk.deployment import Deployment
from ducat_cdk.function_rows import Table
from ducat_cdk.statements import statement
from ducat_cdk.watch_settings import NONE

BATCH, TRIES = 10, 5
AGAIN = Duration.minutes(12)
"""A message that was not deleted is given again after six times the function's time limit (Lambda developer guide, "Using Lambda
with Amazon SQS").
"""
KEPT = Duration.days(4)

TABLES = (
    Table("users", "FindWhoIsConcerned", ("GetItem",), keys=("sub *",), attributes=("pk", "username", "left_at")),
    Table(
        "users",
        "ReadWhereAndInWhichLanguage",
        ("GetItem",),
        not_keys=items.NO_USERNAMES,
        attributes=items.PROFILE,
    ),
)
"""What the function reads of people, beside its row of functions.py."""


@dataclass(frozen=True)
class Notices:
    """`queue`: where they wait. `ways`: how they are sent. `sender`, `identity`: of e-mail, empty without it."""

    queue: sqs.Queue
    ways: str
    sender: str
    identity: str

    def settings(self) -> dict[str, str]:
        """What `chalicelib.settings` reads of it."""
        sender = {"DUCAT_NOTICES_FROM": self.sender} if self.sender else {}
        return {"DUCAT_NOTICES": self.ways, "DUCAT_NOTICES_QUEUE": self.queue.queue_url, **sender}

    def statements(self) -> list[iam.PolicyStatement]:
        """What the role of the function may do beyond reading. Lambda takes messages by the role, and the code may not."""
        take = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        queue = [self.queue.queue_arn]
        code = {"Null": {"lambda:SourceFunctionArn": "false"}}
        found = [
            statement("QueueNotices", ["sqs:SendMessage"], queue),
            statement("LetLambdaTakeNotices", take, queue),
            statement("AndNotTheCodeThese", take, queue, code, iam.Effect.DENY),
        ]
        if self.identity:
            sender = {"StringEquals": {"ses:FromAddress": self.sender}}
            found.append(statement("SendThemByEmail", ["ses:SendEmail"], [self.identity], sender))
        return found


def build(scope: Construct, deployment: Deployment, dead_letters: sqs.Queue) -> Notices | None:
    """The queue; None where the deployment sends no notices. `dead_letters`: of the record."""
    if deployment.notices == NONE:
        return None
    queue = sqs.Queue(
        scope,
        "Notices",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        visibility_timeout=AGAIN,
        retention_period=KEPT,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=TRIES),
    )
    by_email = "email" in deployment.notices.split()
    sender, identity = (deployment.notices_from, deployment.notices_identity) if by_email else ("", "")
    return Notices(queue, deployment.notices, sender, identity)


def connect(audit: lambda_.Alias, notices: Notices) -> None:
    """Have the function called with the notices that wait."""
    lambda_.CfnEventSourceMapping(
        audit,
        "Notices",
        function_name=audit.function_arn,
        event_source_arn=notices.queue.queue_arn,
        batch_size=BATCH,
        function_response_types=["ReportBatchItemFailures"],
    )
