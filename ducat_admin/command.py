"""The command line of `ducat`. Each group of verbs is a file. This one says which deployment, and makes one line of a failure."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from pynamodb.exceptions import PynamoDBException

from ducat_admin import deployment
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from chalicelib.assembly import Aws
    from ducat_admin.deployment import Deployment

GROUPS: Mapping[str, str] = {
    "client": "Clients: register, list, show, update, check, suspend and end.",
    "user": "People: add, import, list, show, suspend, invite, reset, end, export and erase.",
    "consent": "Consents: list, show and end.",
    "certificate": "Client certificates: deny, allow again, and list what is denied.",
    "audit": "The record of what happened: find, and export.",
    "key": "Signing keys: list, rotate, and replace one that may be known.",
    "doctor": "What is wrong with the deployment and its clients, what will be, and what happened.",
    "truststore": "Authorities that client certificates are checked by: list, check, add and remove.",
}
"""The groups of verbs: each is `ducat_admin/<name>.py`, which is imported when it is used."""


@dataclass
class Operator:
    """Who runs the command, and for which deployment. It is looked for at the first use, so that help needs none."""

    laptop: bool
    stack: str | None
    settings: Path | None
    as_json: bool

    @cached_property
    def deployment(self) -> Deployment:
        return deployment.find(laptop=self.laptop, stack=self.stack, settings=self.settings)

    @cached_property
    def identity(self) -> str:
        """Who the record says did it: the ARN of the AWS identity; on a laptop the user of the machine."""
        if self.deployment.on_laptop:
            return getpass.getuser()
        import boto3

        return str(boto3.client("sts", region_name=self.deployment.region).get_caller_identity()["Arn"])

    @cached_property
    def provider(self) -> Aws:
        """The deployment's provider, with the operator's own identity. Raises Problem."""
        os.environ.update(self.deployment.environment)
        from chalicelib import writer
        from chalicelib.assembly import provider
        from chalicelib.settings import SettingsError

        try:
            made = cast("Aws", provider())
            writer.use(writer.OPERATOR + self.identity, made.new_uuid())
            return made
        except SettingsError as wrong:
            raise Problem(f"{self.deployment.name} has settings of another release: {wrong}") from None


class Groups(click.Group):
    """A group whose verbs are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in GROUPS:
            return None
        found: click.Command = import_module(f"ducat_admin.{cmd_name}").group
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """One line for what AWS refuses or can't be reached for."""
        try:
            return super().invoke(ctx)
        except NoCredentialsError:
            raise Problem("no AWS credentials: sign in (aws sso login), or start make run in this folder") from None
        except ClientError as problem:
            raise Problem(_refused(problem)) from None
        except BotoCoreError as problem:
            raise Problem(f"AWS can't be reached: {problem}") from None
        except PynamoDBException as problem:  # pynamodb wraps some of both.
            cause = problem.__cause__ if isinstance(problem.__cause__, ClientError) else problem.cause
            if isinstance(cause, ClientError):
                raise Problem(_refused(cause)) from None
            raise Problem(f"DynamoDB did not answer: {problem}") from None


def _refused(problem: ClientError) -> str:
    error = problem.response["Error"]
    return f"AWS refused {problem.operation_name}: {error.get('Code')}: {error.get('Message')}"


@click.group(cls=Groups, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--laptop", is_flag=True, help="The deployment of make run in this folder.")
@click.option("--stack", metavar="NAME", help="The stack of the deployment on AWS, where there are several.")
@click.option(
    "--settings",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="The file that the deployment on AWS was made with. [default: ducat.json, where it is there]",
)
@click.option("--json", "as_json", is_flag=True, help="JSON in place of tables.")
@click.pass_context
def ducat(ctx: click.Context, laptop: bool, stack: str | None, settings: Path | None, as_json: bool) -> None:
    """Operate a deployment of Ducat.

    Without --laptop and --stack it is the deployment of make run in this folder, if that is up; else the one on AWS
    in the Region of your credentials.
    """
    default = Path("ducat.json")
    ctx.obj = Operator(laptop, stack, settings or (default if default.is_file() else None), as_json)


def main() -> None:
    """The entry point of the command."""
    # What the product logs is for a function's log. The command says in its own words what its user is to know.
    logging.getLogger("ducat").addHandler(logging.NullHandler())
    try:
        ducat(prog_name="ducat")
    except BrokenPipeError:  # such as | head
        sys.stderr.close()
        sys.exit(141)
