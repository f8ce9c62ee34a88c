"""Which provider is tested: a deployment's settings come from one of its functions."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from chalicelib.settings import SettingsError, variables
from conformance import bank
from conformance.bank import NoBank

VARIABLES = {
    **{name: name.lower() for name in variables()},
    "DUCAT_VOCABULARY": "{}",
    "DUCAT_OTP_LEVEL": "2",
    "DUCAT_WEEKLY_TABLES": "no",
    "DUCAT_DATA_KEYS": "yes",
    "DUCAT_SECURE_PAYMENT_CONFIRMATION": "no",
    "DUCAT_ISSUER": "https://login.bank.example",
    "DUCAT_MTLS_URL": "https://mtls.bank.example",
    "DUCAT_RESOURCE_URL": "https://api.bank.example",
    "DUCAT_RESOURCE_RULES": '{"GET /userinfo": {"scope": "openid"}, "GET /v2/accounts": {"scope": "ais"}}',
}


class Lambda:
    """As much of AWS Lambda as is asked: one function's configuration."""

    def __init__(self, environment):
        self.environment = environment

    def get_function_configuration(self, FunctionName):
        if FunctionName != "ducat-par":
            said = {"Error": {"Code": "ResourceNotFoundException", "Message": "Function not found"}}
            raise ClientError(said, "GetFunctionConfiguration")
        return {"Environment": {"Variables": self.environment}}


@pytest.fixture
def deployment(monkeypatch):
    @contextmanager
    def make(function="ducat-par", environment=VARIABLES):
        session = SimpleNamespace(create_client=lambda service: Lambda(environment))
        monkeypatch.setattr("botocore.session.get_session", lambda: session)
        with bank.deployed(function) as tested:
            yield tested

    return make


def test_a_deployment_is_tested_at_its_own_addresses_by_a_person(deployment):
    with deployment() as tested:
        assert tested.issuer == "https://login.bank.example"
        assert (tested.resource_url, tested.scope) == ("https://api.bank.example/v2/accounts", "ais")
        assert tested.person is None


def test_a_function_that_is_not_there_is_said_in_one_line(deployment):
    with (
        pytest.raises(NoBank, match=r"ducat-token can't be read .*Function not found") as problem,
        deployment("ducat-token"),
    ):
        pass
    assert "\n" not in str(problem.value)


def test_a_function_of_another_program_is_no_deployment(deployment):
    with pytest.raises(SettingsError), deployment(environment={"OTHER": "1"}):
        pass
