"""What a request costs in AWS calls: counted, warm, for each way of authenticating and of binding tokens.

A count is (DynamoDB calls, KMS calls, calls in a row).
"""

import sys
import threading
from collections import Counter
from dataclasses import fields

import pytest

from benchmarks import cost, figures, journey
from benchmarks.calls import Count
from chalicelib import gateway
from ducat_cdk.functions import FUNCTIONS
from local.sandbox_users import ALICE
from tests.actors import Browser, Fintech, ec_key, secret_of
from tests.authenticator import Authenticator, passkey_options, put
from tests.house.test_imports import HANDLERS, loaded

pytestmark = pytest.mark.usefixtures("light_passwords")

BUDGET = {
    "metadata": (0, 0, 0),
    "jwks": (0, 0, 0),
    "par": (1, 0, 1),
    "authorize": (1, 0, 1),
    "login, the page": (1, 0, 1),
    "login": (5, 0, 5),  # counted before the password is hashed; its code used up before it goes on
    "consent, the page": (1, 0, 1),
    "consent": (1, 0, 1),
    "token, authorization_code": (2, 1, 3),  # signed before the write that decides
    "token, refresh_token": (3, 0, 2),  # the directory is asked beside the write
    "token, client_credentials": (1, 0, 1),
    "authorizer": (1, 0, 1),
    "userinfo": (1, 0, 1),
    "introspect": (1, 0, 1),
    "revoke, an access token": (2, 0, 2),
    "revoke, a refresh token": (2, 0, 2),
}
MODULES = {
    "openid_configuration": 39,
    "oauth_authorization_server": 39,
    "oauth_protected_resource": 29,
    "jwks": 184,
    "par": 300,
    "authorize": 232,
    "login": 299,
    "passkey": 273,
    "grants": 306,
    "security": 294,
    "consent": 244,
    "token": 309,
    "userinfo": 210,
    "introspect": 276,
    "revoke": 269,
    "authorizer": 198,
}
"""How many modules of ours and of the libraries a function loads at most before its first request."""

AUTHENTICATED = (
    "par",
    "token, authorization_code",
    "token, refresh_token",
    "token, client_credentials",
    "introspect",
    "revoke, an access token",
    "revoke, a refresh token",
)
PROVEN = (
    "par",
    "token, authorization_code",
    "token, refresh_token",
    "token, client_credentials",
    "authorizer",
    "userinfo",
)


CHECKED_APART = ("par", "token, client_credentials")
"""Where the status of a certificate is read by a call of its own: they have no other read, which would take it along."""
BOUND = ("token, authorization_code", "token, refresh_token", "token, client_credentials")
"""Where the certificate of the connection may bind tokens, whatever authenticated the client."""


def with_claims(*names):
    """A value that is used once costs a call of its own, and so may a certificate's status, beside another one: none of it
    makes a request longer.
    """
    return {name: (BUDGET[name][0] + names.count(name), *BUDGET[name][1:]) for name in {*names}}


def of_kind(auth, constraint):
    """What a client of that kind adds: an assertion, proofs, a certificate."""
    asserts, proves = auth == "private_key_jwt", constraint == "dpop"
    shows = BOUND if asserts else AUTHENTICATED
    certificate = () if asserts and proves else {*shows} & {*CHECKED_APART}
    return with_claims(*(AUTHENTICATED if asserts else ()), *(PROVEN if proves else ()), *certificate)


LOGIN = ("par", "authorize", "login, the page", "login", "consent, the page", "consent", "token, authorization_code")


def seen(counts):
    return {name: (count.dynamodb, count.kms, count.trips) for name, count in counts.items()}


class Fresh(Fintech):
    """A client that has the bank's nonce already."""

    def _proofs(self, proof, method, path, **claims):
        nonce = self.bank.aws.nonces.issue(now=self.bank.now)
        return super()._proofs(proof, method, path, **{**claims, "nonce": nonce})


@pytest.fixture
def counted(bank):
    """A function: a client's kind to what each request of its login does."""
    same, provider = journey.counted(bank)

    def measure(auth, constraint, *, request_parameters=(), **metadata):
        client = journey.client(same, auth, constraint, **metadata)
        journey.warm(client, provider)
        if metadata.get("dpop_nonce_required"):
            client = Fresh(*(getattr(client, f.name) for f in fields(client)))
        return journey.journey(client, provider, **dict(request_parameters))

    return measure


@pytest.mark.parametrize("constraint", journey.CONSTRAINTS)
@pytest.mark.parametrize("auth", journey.METHODS)
def test_each_request_makes_the_calls_of_its_budget_and_no_more(counted, auth, constraint):
    assert seen(counted(auth, constraint)) == BUDGET | of_kind(auth, constraint)


def test_nonces_cost_no_call_once_the_key_of_the_hour_is_there(counted):
    expected = BUDGET | of_kind("private_key_jwt", "dpop")
    assert seen(counted("private_key_jwt", "dpop", dpop_nonce_required=True)) == expected


def test_a_signed_response_costs_its_signature(counted):
    signed = counted(
        "private_key_jwt",
        "mtls",
        profile="fapi2-message-signing",
        authorization_signed_response_alg="PS256",
        request_parameters={"response_mode": "jwt"},
    )
    assert seen(signed) == BUDGET | of_kind("private_key_jwt", "mtls") | {"consent": (2, 1, 3)}  # read, signed, written


def test_a_secret_costs_a_call_where_it_was_not_read_in_the_last_minute(bank):
    same, provider = journey.counted(bank)
    client = Fintech(same, "client-secret-jwt", "client_secret_jwt", secret_of("client-secret-jwt"), "HS256", None)
    provider.clients.find("client-secret-jwt", now=same.now)
    for kms in (1, 0):
        with provider.counting() as count:
            assert client.push().status == 201
        assert (count.dynamodb, count.kms, count.trips) == (2, kms, 1 + kms)


@pytest.mark.parametrize("client_id", ["public", "public-dpop"])
def test_a_refresh_token_that_is_replaced_costs_no_further_call(bank, client_id):
    same, provider = journey.counted(bank)
    keys = {"public": None, "public-dpop": ec_key("public-dpop-proofs")}
    client = Fintech(same, client_id, "none", None, "", None, keys[client_id], scope="openid accounts")
    refresh_token = client.with_(bank=bank).tokens()["refresh_token"]
    journey.warm(client, provider)
    with provider.counting() as count:
        assert client.refresh(refresh_token).status == 200
    proofs, rotates = int(client.proof_key is not None), int(client.proof_key is None)
    assert (count.dynamodb, count.kms, count.trips) == (3 + rotates + proofs, 0, 2 + rotates)


def test_userinfo_takes_the_proof_that_the_authorizer_used_up_for_it(bank):
    same, provider = journey.counted(bank)
    client = journey.client(same, "private_key_jwt", "dpop")
    journey.warm(client, provider)
    access_token = client.with_(bank=bank).tokens()["access_token"]
    headers = client.presenting(access_token, "GET", "/userinfo")
    event = same.event("GET", "/userinfo", headers=headers)
    event["requestContext"]["authorizer"] = same.authorize("GET", "/userinfo", headers=headers)["context"]
    with provider.counting() as count:
        answer = gateway.serve("userinfo", ["GET"], "/userinfo", event, lambda: provider)
    assert answer.status == 200, answer.body
    assert (count.dynamodb, count.kms, count.trips) == (1, 0, 1)


def test_a_call_that_consumes_costs_one_write_and_the_same_call_again_none(bank):
    same, provider = journey.counted(bank)
    payer, access_token, pay = journey.payment(same)
    journey.warm(payer, provider)
    for calls in (2, 1):  # the write that decides; then what was read says it
        with provider.counting() as count:
            pay(access_token)
        assert (count.dynamodb, count.kms, count.trips) == (calls, 0, calls)


def test_a_million_logins_cost_no_more_than_their_budget():
    """By assertion: 16 USD besides API Gateway and logs, 47 in all; the page says what each part is (docs/cost.py)."""
    reckoned = cost.of(cost.count()["assertion"], figures.warm()["assertion"])
    assert reckoned.own <= 16
    assert reckoned.whole <= 47


@pytest.mark.parametrize("handler", MODULES)
def test_a_cold_start_loads_no_more_modules_than_its_budget(handler):
    own = [name for name in loaded(handler) if name.partition(".")[0] not in sys.stdlib_module_names]
    assert len(own) <= MODULES[handler]


def test_every_function_that_somebody_waits_for_has_a_budget_of_modules():
    assert set(MODULES) == set(HANDLERS)


def test_no_function_may_scan_and_only_what_is_bounded_is_queried():
    """The key ring; and, for the person's own page, one person's grants, a page of them at a time.

    The job that takes the place of time to live is none of a request's.
    """
    verbs = {(table.name, verb) for row in FUNCTIONS if not row.weekly for table in row.tables for verb in table.verbs}
    assert not [verb for _, verb in verbs if verb in ("Scan", "PartiQLSelect")]
    assert {name for name, verb in verbs if verb == "Query"} == {"signing_keys", "grants"}
    request_arguments = {
        row.name for row in FUNCTIONS for table in row.tables if table.name == "grants" and "Query" in table.verbs
    }
    assert request_arguments == {"grants"}


def test_a_passkey_costs_one_read_more_than_a_password_and_no_key(tls_client_auth_client):
    same, provider = journey.counted(tls_client_auth_client.bank)
    provider.kms.bond_mac(b"")
    authenticator, browser = put(same, ALICE, Authenticator()), Browser(same)
    page = browser.page(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    answer = authenticator.get(passkey_options(page.text))
    with provider.counting() as count:
        assert browser.submit(page, "login", passkey=answer).status == 303
    assert (count.dynamodb, count.kms, count.trips) == (6, 0, 4)


def test_what_runs_alongside_really_does(bank):
    both = threading.Barrier(2, timeout=10)
    assert sorted(bank.aws.alongside(both.wait, both.wait)) == [0, 1]


def test_calls_alongside_each_other_are_one_in_a_row(bank):
    _, provider = journey.counted(bank)

    def read():
        return provider.clients.find("nobody", now=bank.now)

    with provider.counting() as count:
        provider.alongside(read, lambda: (read(), read()))
        read()
    assert (count.dynamodb, count.trips) == (4, 3)
    assert count == Count(dynamodb=4, trips=3, read_units=4, tables=Counter({(bank.settings.clients_table, "read"): 4}))
