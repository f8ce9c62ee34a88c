"""What the published faults are tried with, beside what every attack has."""

import json
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.actors import Bank, Browser, Fintech
from tests.attacks.conftest import race as race


@pytest.fixture
def failing(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function: from here on an AWS operation fails where a part of its arguments is in it."""
    bank.aws.clients._cache.clear()

    def fail(operation: str, part: str = "") -> None:
        really = BaseClient._make_api_call

        def call(client: Any, name: str, arguments: Any) -> Any:
            if name == operation and part in str(arguments):
                raise ClientError({"Error": {"Code": "InternalServerError", "Message": "x"}}, name)
            return really(client, name, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    return fail


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    """A function: everything that was logged, as one text."""
    caplog.set_level("INFO")
    return lambda: "\n".join(record.getMessage() for record in caplog.records)


def refused(answer: Any, error: str, status: int = 400) -> bool:
    """Whether a JSON answer refuses so."""
    assert (answer.status, answer.error) == (status, error), answer.text
    return True


def unauthenticated(answer: Any) -> bool:
    """Whether the caller was not taken for the client."""
    return refused(answer, "invalid_client", 401)


def opens(client: Fintech, access_token: str) -> bool:
    """Whether userinfo takes the token."""
    return client.userinfo(access_token).status == 200


def signed_in(client: Fintech, username: str = "alice", **request_parameters: Any) -> Browser:
    """A browser in which somebody signed in and agreed."""
    browser = Browser(client.bank)
    browser.login(client.client_id, client.pushed(**request_parameters), username=username)
    return browser


def claims_of(client: Fintech, back: Any) -> dict[str, Any]:
    """Of the ID token that a code gives."""
    return client.bank.verified(client.redeem(back.parameters["code"]).json()["id_token"], client.client_id)


def payload(claims: dict[str, Any]) -> str:
    return json.dumps(claims)
