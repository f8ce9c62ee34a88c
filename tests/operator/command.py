"""One run of the command, in a process of its own that is forked from one which has imported what the command needs.

An interpreter for each run would take half a second of CPU, most of it for imports.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection
from unittest.mock import patch

import boto3  # noqa: F401
import click
import rich.table  # noqa: F401

from chalicelib import assembly, client_registration  # noqa: F401
from chalicelib.clients import jwks_uri  # noqa: F401
from chalicelib.storage.dynamodb import operation  # noqa: F401
from ducat_admin import client, command  # noqa: F401


def run(answer: Connection, arguments: Sequence[str], folder: str, environment: Mapping[str, str], said: str) -> None:
    """Send the status, and what was printed to either stream."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    printed = io.StringIO()
    status = 0
    with (
        patch.object(sys, "argv", ["ducat", *arguments]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(said.encode()), encoding="utf-8")),
        redirect_stdout(printed),
        redirect_stderr(printed),
    ):
        try:
            command.main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
    answer.send((status, click.unstyle(printed.getvalue())))
