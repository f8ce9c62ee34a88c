"""OpenID Connect Core 1.0, 8: subjects by which only one sector of clients knows a person."""

import json
import re
from dataclasses import replace

import pytest

from chalicelib.users import pairwise
from local.sandbox_users import ALICE, BOB
from tests.actors import Browser, Fintech, certificate, jwk, rsa_key
from tests.conftest import FAPI1
from tests.storage.sample_records import LOGIN


def client_of(bank, name, host, **more):
    """A client with pairwise subjects, of a host's sector."""
    redirect_uri = f"https://{host}/callback"
    keys = {"jwks": {"keys": [jwk(rsa_key(name))]}, "redirect_uris": [redirect_uri]}
    bank.register(**FAPI1 | keys | {"client_id": name, "profile": "fapi1-baseline", "subject_type": "pairwise"} | more)
    key, shown = rsa_key(name), certificate(name)
    return Fintech(bank, name, "private_key_jwt", key, "PS256", shown, redirect_uri=redirect_uri)


@pytest.fixture
def client(bank):
    return client_of(bank, "paired", "one.example")


def disclosed(client, **request_parameters):
    """The sub of the ID token, and the whole token response."""
    tokens = client.redeem(client.approved(**request_parameters).parameters["code"]).json()
    return client.bank.verified(tokens["id_token"], client.client_id)["sub"], tokens


@pytest.mark.clause("OIDCC-8.1")
def test_8_1_a_sector_knows_a_person_by_a_name_of_its_own_and_always_the_same(bank, client):
    """The subject MUST NOT be reversible by anyone but us, and MUST be the same for the same sector and person."""
    mates, other_sectors = client_of(bank, "mate", "one.example"), client_of(bank, "stranger", "two.example")
    first, _ = disclosed(client)
    bank.now += 5
    assert disclosed(client)[0] == disclosed(mates)[0] == first
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", first)
    assert len({first, disclosed(other_sectors)[0], disclosed(client, username="bob")[0], ALICE.sub, BOB.sub}) == 5


@pytest.mark.clause("OIDCC-8")
def test_8_every_answer_to_the_client_tells_that_name(client):
    """userinfo MUST have the ID token's sub; the client's own introspection and its hybrid response tell no other."""
    sub, tokens = disclosed(client)
    assert client.userinfo(tokens["access_token"]).json()["sub"] == sub
    assert client.introspect(tokens["access_token"]).json()["sub"] == sub


def test_8_what_protects_the_banks_accounts_knows_whose_they_are(client, resource_server):
    """The authorizer and a protected resource are the bank's own, which know a customer by the bank's own name."""
    sub, tokens = disclosed(client)
    assert client.accounts(tokens["access_token"])["context"]["sub"] == ALICE.sub != sub
    assert resource_server.introspect(tokens["access_token"]).json()["sub"] == ALICE.sub


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_8_hints_and_claims_speak_of_the_name_that_the_client_knows(bank, client):
    """id_token_hint and a sub in claims name the person as the client was told; the bank's own name is nobody's."""
    sub, tokens = disclosed(client)
    for request_parameters, does in (
        ({"id_token_hint": tokens["id_token"]}, True),
        ({"claims": json.dumps({"id_token": {"sub": {"value": sub}}})}, True),
        ({"claims": json.dumps({"id_token": {"sub": {"value": ALICE.sub}}})}, False),
    ):
        browser = Browser(bank)
        answer = browser.sign_in(browser.page(client.client_id, client.pushed(**request_parameters)))
        assert (answer.status == 303) is does, request_parameters


def test_8_who_is_recognised_has_the_same_name(bank, client):
    """A session spares a page, and changes nobody's name."""
    browser = Browser(bank)
    browser.login(client.client_id, client.pushed())
    back = browser.get(browser.open(client.client_id, client.pushed(prompt="none")).location)
    tokens = client.redeem(back.parameters["code"]).json()
    assert bank.verified(tokens["id_token"], client.client_id)["sub"] == disclosed(client)[0]


def test_8_a_client_of_no_sector_gets_no_name_at_all(bank, client):
    found = bank.aws.clients.find(client.client_id, now=bank.now)
    assert found.sector_identifier == "one.example"
    with pytest.raises(ValueError, match="no sector"):
        pairwise.with_pairwise_subject(replace(found, sector_identifier=None), LOGIN, bank.aws.kms)
