"""One contract, three backends: moto and tests/aws_in_process always, AWS's own DynamoDB Local where Java and Maven are there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.exceptions import ConnectionClosedError

from chalicelib import aws_connections
from chalicelib.assembly import Aws
from chalicelib.settings import Settings, variable
from local import aws_stand_in as stand_in
from tests.aws_in_process import aws as standin
from tests.storage import dynamodb_local


@pytest.fixture(scope="session")
def dynamodb_local_address() -> Iterator[str]:
    try:
        with dynamodb_local.running() as address:
            yield address
    except dynamodb_local.Absent as reason:
        pytest.skip(str(reason))


IN_PROCESS = {"moto": stand_in.in_process, "standin": standin.in_process}


@pytest.fixture(scope="module", params=[*IN_PROCESS, "dynamodb-local"])
def settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings whose tables are there, while the environment leads to the backend that holds them."""
    unused = {variable(name): "unused" for name in Settings._fields} | {
        variable("vocabulary"): "{}",
        variable("otp_level"): "2",
        variable("weekly_tables"): "no",
        variable("data_keys"): "yes",
        variable("secure_payment_confirmation"): "no",
    }
    hosts = {variable(name): "https://bank.example" for name in ("issuer", "mtls_url", "resource_url")}
    if request.param in IN_PROCESS:
        with IN_PROCESS[request.param]("eu-west-2") as found:
            yield Settings.read(unused | hosts | found)
        return
    address = request.getfixturevalue("dynamodb_local_address")
    with stand_in.surroundings(stand_in.SURROUNDINGS, stand_in.in_region(), {"AWS_ENDPOINT_URL": address}):
        client = botocore.session.get_session().create_client("dynamodb")
        for table in client.list_tables()["TableNames"]:
            client.delete_table(TableName=table)
        tables = {
            variable(f"{name}_table"): stand_in._create_table(client, name, keys)
            for name, keys in stand_in.TABLES.items()
        }
        yield Settings.read(unused | hosts | tables)


def provider(settings: Settings) -> Aws:
    """The provider. What is on a socket of its own is reached as from a function, by connections of ours."""
    made = Aws(settings)
    if os.environ.get("AWS_ENDPOINT_URL"):
        aws_connections.use(made.dynamo.session, made.dynamo.client)
    return made


@pytest.fixture(scope="module")
def connected(settings: Settings) -> Aws:
    return provider(settings)


@pytest.fixture
def aws(connected: Aws) -> Aws:
    """The provider over a backend, with nothing cached by another test."""
    for store in ("clients", "signing_keys"):
        vars(connected.dynamo).pop(store, None)
        vars(connected).pop(store, None)
    return connected


@pytest.fixture(scope="module")
def dynamodb(settings: Settings) -> Any:
    """botocore's own, which asks for what it is told to."""
    return botocore.session.get_session().create_client("dynamodb")


@pytest.fixture
def another(settings: Settings) -> Aws:
    """A second function's view of the same tables: the same provider made anew."""
    return provider(settings)


@pytest.fixture
def race() -> Callable[[Callable[[int], Any]], list[Any]]:
    """A function: an action to what came of eight threads doing it at the same time, exceptions included."""

    def eight_times(action: Callable[[int], Any]) -> list[Any]:
        together = Barrier(8)

        def run(n: int) -> Any:
            together.wait(10)
            try:
                return action(n)
            except Exception as problem:
                return problem

        with ThreadPoolExecutor(8) as racers:
            return list(racers.map(run, range(8)))

    return eight_times


@pytest.fixture
def calls() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The AWS calls as they are made: operation and arguments."""
    made: list[tuple[str, dict[str, Any]]] = []
    really = BaseClient._make_api_call

    def recorded(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        made.append((operation, arguments))
        return really(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", recorded):
        yield made


@pytest.fixture
def lost_answers() -> Iterator[list[str]]:
    """From here on each request lands but its first answer is lost, so that the SDK repeats it. Gives the repeated."""
    repeated: list[str] = []
    really = Endpoint._do_get_response

    def lossy(endpoint: Endpoint, request: Any, operation: Any, context: dict[str, Any]) -> Any:
        answer = really(endpoint, request, operation, context)
        if context.get("lost"):
            repeated.append(operation.name)
            return answer
        context["lost"] = True
        return None, ConnectionClosedError(endpoint_url=request.url)

    with (
        patch.object(Endpoint, "_do_get_response", lossy),
        patch("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None)),
    ):
        yield repeated


@pytest.fixture
def items(aws: Aws) -> Callable[[str], list[dict[str, Any]]]:
    """A function: a table's name in Settings to every raw item in it."""

    def scan(name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        start = None
        while True:
            page = aws.dynamo._tables._connection.scan(getattr(aws.settings, name), exclusive_start_key=start)
            found += page["Items"]
            start = page.get("LastEvaluatedKey")
            if not start:
                return found

    return scan
