"""One run of the command, in a process of its own that is forked from one which has imported what the command needs.

An interpreter for each run would take half a second of CPU, most of it for imports.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401
import fcntl
import gc
import io
import os
import pty
import sys
import termios
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any
from unittest.mock import patch

import boto3.s3.inject  # noqa: F401
import botocore.loaders
import botocore.session
import joserfc.jwk  # noqa: F401
import rich.console
import rich.table  # noqa: F401
import segno  # noqa: F401
from botocore.client import BaseClient
from botocore.exceptions import ClientError, DataNotFoundError, UnknownServiceError

import tests.botocore_once  # noqa: F401
from chalicelib import assembly, client_registration  # noqa: F401
from chalicelib.audit import event, sealing  # noqa: F401
from chalicelib.authorization_details import detail_types  # noqa: F401
from chalicelib.clients import denylist, jwks_uri  # noqa: F401
from chalicelib.fetch import https  # noqa: F401
from chalicelib.jobs import rotate_keys  # noqa: F401
from chalicelib.storage.dynamodb import (  # noqa: F401
    audit_keys,
    operated_grants,
    operated_revocations,
    operated_users,
    operation,
    passkeys,
    signing_keys,
)
from chalicelib.users import enrolment  # noqa: F401
from ducat_admin import (  # noqa: F401
    audit,
    certificate,
    client,
    command,
    consent,
    doctor,
    key,
    personal_data,
    truststore,
    user,
    user_import,
)
from ducat_cdk import settings  # noqa: F401

LOADER = botocore.loaders.create_loader()
"""What reads AWS's models, once for all runs: that takes half of a short run."""
SESSION = botocore.session.Session()
SESSION.register_component("data_loader", LOADER)
for service in ("dynamodb", "kms", "s3"):
    LOADER.load_service_model(service, "service-2")
    with suppress(UnknownServiceError, DataNotFoundError):
        LOADER.load_service_model(service, "endpoint-rule-set-1")
for data in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
    LOADER.load_data(data)
for service in ("dynamodb", "kms"):  # What botocore remembers of a service once it has made a client of it.
    SESSION.create_client(service, "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
gc.freeze()  # A run, which shares this memory, would copy what its collector looks at.


@dataclass(frozen=True)
class Run:
    """`arguments`, in `folder` and `environment`; `said` on standard input, or `typed` at the prompts of a terminal.

    `fault`, `refused`: the number of the call to AWS, from 1, before which it ends as if it were killed, and that AWS refuses;
    0 for none.
    """

    arguments: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    said: str = ""
    typed: tuple[str, ...] = ()
    fault: int = 0
    refused: int = 0


KILLED = 137


def run(answer: Connection, one: Run) -> None:
    """Send the status, and what was printed to either stream."""
    gc.disable()
    os.chdir(one.folder)
    os.environ.clear()
    os.environ.update(one.environment)
    printed, terminal = io.StringIO(), Terminal(one.typed) if one.typed else None
    stdin: Any = terminal.stdin if terminal else io.TextIOWrapper(io.BytesIO(one.said.encode()), encoding="utf-8")
    status = 0
    with (
        patch.object(sys, "argv", ["ducat", *one.arguments]),
        patch.object(sys, "stdin", stdin),
        patch.object(botocore.session, "create_loader", lambda *_: LOADER),
        patch.object(BaseClient, "_make_api_call", _failing(one.fault, one.refused)),
        redirect_stdout(printed),
        redirect_stderr(printed),
    ):
        try:
            command.main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        except Killed:
            status = KILLED
        except Exception:  # The test would wait for an answer.
            traceback.print_exc()
    answer.send((status, printed.getvalue() + (terminal.shown.decode() if terminal else "")))


class Killed(BaseException):
    """The end of a process that nothing catches."""


def _failing(fault: int, refused: int) -> Any:
    really, calls = BaseClient._make_api_call, count(1)

    def call(self: Any, *arguments: Any) -> Any:
        number = next(calls)
        if number == fault:
            raise Killed
        if number == refused:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, arguments[0])
        return really(self, *arguments)

    return call


class Terminal:
    """A terminal of this process, at whose prompts a person types. `shown`: what the person sees."""

    def __init__(self, typed: tuple[str, ...]) -> None:
        self._typed, self.shown = list(typed), b""
        os.setsid()
        self._person, program = pty.openpty()
        fcntl.ioctl(program, termios.TIOCSCTTY, 0)
        self.stdin = os.fdopen(program, "r", encoding="utf-8")
        Thread(target=self._type, daemon=True).start()

    def _type(self) -> None:
        while part := os.read(self._person, 1000):
            self.shown += part
            if part.rstrip().endswith(b":"):
                line = self._typed.pop(0) + "\n" if self._typed else "\x03"
                os.write(self._person, line.encode())
