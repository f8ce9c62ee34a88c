"""AWS in this process, for tests: DynamoDB, KMS and a call of API Gateway's, behind botocore's `before-send`, without sockets
and without moto.

It knows what the product uses, and raises Unknown for whatever else it is asked. The same contracts hold over it as over moto and
AWS's own DynamoDB Local (tests/storage, tests/keys).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.handlers import BUILTIN_HANDLERS

import tests.botocore_once  # noqa: F401
from local import aws_stand_in
from tests.aws_in_process.dynamodb import Database
from tests.aws_in_process.errors import AwsError, Unknown
from tests.aws_in_process.files import Files
from tests.aws_in_process.kms import Keys

MTLS_HOST = "mtls.bank.example"
"""The one custom domain that API Gateway has here."""

MOST_ENTRIES = 10
"""Of one PutEvents."""

Body = dict[str, Any]
Service = Callable[[str, Body], Body]


@dataclass(frozen=True)
class Call:
    """What is asked of AWS: its service, the operation, and the request as JSON has it."""

    service: str
    operation: str
    body: Body


Fault = Callable[[Call, Callable[[], Body]], Body]
"""What stands between a call and its answer. It gets the call and a function that does it, and gives the answer.

It can raise an AwsError, before the work is done or after, or what botocore raises of a connection.
"""


class Stand:
    """DynamoDB, KMS and files of one Region. `database`: what holds the tables, where it is not a Region's own."""

    def __init__(self, region: str, database: Database | None = None) -> None:
        self.database, self.keys = database or Database(), Keys(region)
        self.files = Files(region)
        self._faults: tuple[Fault, ...] = ()
        self._region = region
        self._services: Mapping[str, tuple[str, Service]] = {
            f"https://dynamodb.{region}.amazonaws.com/": ("dynamodb", self.database.call),
            f"https://kms.{region}.amazonaws.com/": ("kms", self.keys.call),
            f"https://events.{region}.amazonaws.com/": ("events", self._events),
            f"https://apigateway.{region}.amazonaws.com/domainnames/{MTLS_HOST}": ("apigateway", self._domain),
        }
        self.truststore_warnings: tuple[str, ...] = ()
        self.bus: list[Body] = []
        """Entries that were put on a bus."""

    def _events(self, operation: str, body: Body) -> Body:
        if operation != "PutEvents":
            raise Unknown(f"{operation} of EventBridge")
        if not 1 <= len(body["Entries"]) <= MOST_ENTRIES:
            raise AwsError("ValidationException", "Member must have length less than or equal to 10, and at least 1")
        self.bus += body["Entries"]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(number)} for number in range(len(body["Entries"]))]}

    def _domain(self, operation: str, body: Body) -> Body:
        if operation != "GetDomainName":
            raise Unknown(f"{operation} of API Gateway")
        trust = {"truststoreWarnings": list(self.truststore_warnings)} if self.truststore_warnings else {}
        return {
            "domainName": MTLS_HOST,
            "mutualTlsAuthentication": {"truststoreUri": "s3://bank/truststore.pem", **trust},
        }

    def kept(self) -> Callable[[], None]:
        """A function that puts back all that is held now."""
        database, keys, warnings = self.database.kept(), self.keys.kept(), self.truststore_warnings
        objects = dict(self.files.objects)

        def put_back() -> None:
            self.database.put_back(database)
            self.keys.put_back(keys)
            self.truststore_warnings, self.bus = warnings, []
            self.files.objects, self.files.broken = dict(objects), False

        return put_back

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """From here on each call goes by `fault`; of several, the last one comes first."""
        before = self._faults
        self._faults = (fault, *before)
        try:
            yield
        finally:
            self._faults = before

    def answer(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        """botocore's `before-send`: the answer to a request to this Region, and none to another's."""
        found = self._services.get(request.url)
        if found is None:
            if (answer := self.files.answer(request)) is not None:
                return answer
            if self._region in request.url:
                raise Unknown(f"a request to {request.url}")
            return None
        name, service = found
        call = Call(name, event_name.rpartition(".")[2], json.loads(request.body or "{}"))
        work: Callable[[], Body] = partial(service, call.operation, call.body)
        for fault in reversed(self._faults):
            work = partial(fault, call, work)
        try:
            return _response(request.url, 200, work())
        except AwsError as error:
            return _response(request.url, error.status, {"__type": error.code, "message": error.message, **error.more})

    def leave_unsigned(self, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        """botocore's `before-call`: a request to this Region needs no signature, since nothing here looks at one."""
        if params["url"] in self._services:
            context["auth_type"] = "none"


@contextmanager
def running(
    region: str = aws_stand_in.REGION, database: Database | None = None
) -> Iterator[tuple[Stand, dict[str, str]]]:
    """A stand of its own, and the settings of the tables and keys that a deployment would have in it."""
    stand = Stand(region, database)
    handlers = [("before-send", stand.answer), ("before-call", stand.leave_unsigned)]
    BUILTIN_HANDLERS.extend(handlers)  # what each client is made with
    try:
        with aws_stand_in.surroundings(aws_stand_in.SURROUNDINGS, aws_stand_in.in_region(region)):
            yield stand, aws_stand_in.create()
    finally:
        for handler in handlers:
            BUILTIN_HANDLERS.remove(handler)


@contextmanager
def in_process(region: str = aws_stand_in.REGION) -> Iterator[dict[str, str]]:
    """The settings alone, as `local.aws_stand_in.in_process` gives them."""
    with running(region) as (_, settings):
        yield settings


def _response(url: str, status: int, body: Body) -> AWSResponse:
    response = AWSResponse(url, status, {}, None)
    response._content = json.dumps(body).encode()  # what botocore would read from the socket
    return response
