"""A person whom the bank took out of its directory: nothing of theirs is refreshed from then on."""

from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib.user_directory import SignInRefused, Unavailable
from chalicelib.users import directory, enrolment, lockout
from local.sandbox_users import ALICE, BOB
from tests.actors import Browser
from tests.conftest import _fapi1


@pytest.fixture
def own_directory(bank, monkeypatch):
    """The product's directory, in which alice is known; she signed in elsewhere, with the same sub."""
    bank.aws.users.put(ALICE)
    bank.aws.users.put(BOB)
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))


@pytest.fixture(params=["fintech", "public_client", "public_dpop_client"])
def client(request):
    """One whose refresh token stays, one whose is replaced, one whose is bound to a key."""
    return request.getfixturevalue(request.param)


def ended(client, tokens):
    assert client.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert client.userinfo(tokens["access_token"]).status == 401
    return True


@pytest.mark.fault("2d")
def test_who_was_removed_is_refreshed_no_more_and_the_grant_ends(client, bank, monkeypatch):
    """They kept access for up to 90 days, since nobody asked the directory again."""
    tokens = client.tokens()
    bank.aws.users.put(ALICE)
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    assert client.refresh(tokens["refresh_token"]).status == 200
    monkeypatch.undo()
    tokens = client.tokens()
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    enrolment.remove(bank.aws, "alice")
    assert client.userinfo(tokens["access_token"]).status == 200  # until its end, or the next refresh
    assert ended(client, tokens)
    bank.aws.users.put(ALICE)
    assert ended(client, tokens)  # who comes back brings nothing back


@pytest.mark.fault("2d")
def test_a_name_that_is_another_persons_now_is_not_the_one_of_before(client, bank, monkeypatch):
    bank.aws.users.put(ALICE)
    tokens = client.tokens()
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    enrolment.remove(bank.aws, "alice")
    enrolment.enrol(
        bank.aws, "alice", sub="another", password="correct horse battery", claims={}, random_bytes=lambda n: bytes(n)
    )
    assert ended(client, tokens)


@pytest.mark.fault("2d")
def test_too_many_wrong_passwords_end_nothing(client, bank, monkeypatch):
    """Else whoever knows a name could end what its person agreed to."""
    bank.aws.users.put(ALICE)
    tokens = client.tokens()
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    for n in range(20):
        bank.aws.users.admit("alice", attempt=str(n), free=5, locks=lockout.LOCKS, now=bank.now)
    assert client.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.fault("2d")
@pytest.mark.parametrize("why", ["throttled", "unavailable"])
def test_a_directory_that_can_not_say_ends_and_spends_nothing(client, bank, own_directory, monkeypatch, why):
    """503 with Retry-After: the same refresh token is good a moment later."""
    monkeypatch.undo()
    tokens = client.tokens()
    really = BaseClient._make_api_call

    def throttled(aws, operation, arguments):
        if operation == "GetItem" and "ducat-users" in str(arguments):
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "x"}}, operation)
        return really(aws, operation, arguments)

    def unavailable(sub, *, now):
        raise Unavailable

    people = directory.build(bank.aws)
    with monkeypatch.context() as patched:
        patched.setattr(bank.aws, "user_directory", people)
        if why == "unavailable":
            patched.setattr(people, "may_sign_in", unavailable)
            answer = client.refresh(tokens["refresh_token"])
        else:
            with patch.object(BaseClient, "_make_api_call", throttled):
                answer = client.refresh(tokens["refresh_token"])
        assert (answer.status, answer.error) == (503, "temporarily_unavailable")
        assert answer.header("retry-after")
    assert client.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.fault("2d")
def test_a_person_who_was_removed_is_recognised_nowhere(bank):
    bank.aws.users.put(ALICE)
    people = directory.build(bank.aws)
    assert people.may_sign_in(ALICE.sub, now=bank.now)
    enrolment.remove(bank.aws, "alice")
    with pytest.raises(SignInRefused, match="unknown name"):
        people.sign_in("alice", password="a", one_time_code="1", scope=(), now=bank.now, attempt="a")
    assert people.recall("alice", scope=(), now=bank.now) is None
    assert not people.may_sign_in(ALICE.sub, now=bank.now)
    with pytest.raises(ValueError, match="nobody"):
        enrolment.remove(bank.aws, "alice")


# A client that is deleted and registered anew.


@pytest.mark.fault("2c")
@pytest.mark.fault("2d")
def test_a_client_of_a_deleted_ones_name_inherits_nothing(fapi1_baseline_client):
    """Not its tokens, its codes, what is remembered, or who is recognised for it."""
    client, bank = fapi1_baseline_client, fapi1_baseline_client.bank
    browser = Browser(bank)
    tokens = client.redeem(browser.login(client.client_id, client.pushed()).parameters["code"]).json()
    code, request_uri, own = client.code(), client.pushed(), client.post("/token", grant_type="client_credentials")
    bank.now += 1
    bank.aws.dynamo._tables._connection.delete_item(bank.settings.clients_table, client.client_id)
    bank.aws.clients._cache.clear()
    assert client.push().error == "invalid_client"
    _fapi1(bank, "baseline", profile="fapi1-baseline")
    assert client.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert client.redeem(code).error == "invalid_grant"
    assert client.userinfo(tokens["access_token"]).status == 401
    for token in (tokens["access_token"], tokens["refresh_token"], own.json()["access_token"]):
        assert client.introspect(token).json() == {"active": False}
    assert browser.open(client.client_id, request_uri).page_error == "invalid_request_uri"
    silent = browser.get(browser.open(client.client_id, client.pushed(prompt="none")).location)
    assert silent.parameters["error"] == "consent_required"
