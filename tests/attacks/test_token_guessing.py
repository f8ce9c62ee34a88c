"""Somebody tries token values: made up, cut, joined, of every shape. None opens anything, and none makes us fail."""

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.storage.token_values import digest
from local import sandbox_users as sandbox
from tests.actors import REQUEST_URI, Browser
from tests.authenticator import Authenticator, put

MANY = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PARTS = ("", ".", "x", "A" * 43, "\x00", "\N{SNOWMAN}", " ", "\n", "%2e", "A" * 2048, "A" * 2049, "\N{SNOWMAN}" * 683)
SHAPES = sorted({joint.join(pair) for pair in product(PARTS, PARTS) for joint in ("", ".")})
"""Handles are `<secret>` or `<secret>.<key>`: every pair of odd parts, with and without the joint."""


class Endpoints:
    """Everywhere that a token value can be tried. Each gives None where it opened nothing, else what it opened."""

    def __init__(self, client):
        self.client, self.bank = client, client.bank

    def userinfo(self, token_value):
        return self._refused(self.client.userinfo(token_value), 401, "invalid_token")

    def authorizer(self, token_value):
        policy = self.client.accounts(token_value)
        return None if policy["context"].get("error") == "invalid_token" else policy

    def introspect(self, token_value):
        answer = self.client.introspect(token_value)
        if token_value == "":
            return self._refused(answer, 400, "invalid_request")
        return None if (answer.status, answer.text) == (200, '{"active":false}') else answer

    def revoke(self, token_value):
        answer = self.client.revoke(token_value)
        if token_value == "":
            return self._refused(answer, 400, "invalid_request")
        return None if (answer.status, answer.text) == (200, "{}") else answer

    def code(self, token_value):
        return self._refused(
            self.client.redeem(token_value), 400, "invalid_grant" if token_value else "invalid_request"
        )

    def refresh(self, token_value):
        return self._refused(
            self.client.refresh(token_value), 400, "invalid_grant" if token_value else "invalid_request"
        )

    def request_uri(self, token_value):
        answer = Browser(self.bank).open(self.client.client_id, REQUEST_URI + token_value)
        return None if answer.status == 400 and answer.page_error == "invalid_request_uri" else answer

    def interaction(self, token_value):
        answer = Browser(self.bank).get("/login", {"interaction": token_value})
        return None if answer.status == 400 and answer.page_error == "access_denied" else answer

    @staticmethod
    def _refused(answer, status, error):
        return None if (answer.status, answer.error) == (status, error) else answer


EVERYWHERE = ("userinfo", "authorizer", "introspect", "revoke", "code", "refresh", "request_uri", "interaction")


@pytest.fixture(params=EVERYWHERE)
def endpoint(request, tls_client_auth_client):
    return getattr(Endpoints(tls_client_auth_client), request.param)


@pytest.mark.clause("RFC6749-10.10")
def test_token_values_of_every_shape_open_nothing(endpoint):
    """Empty parts, parts without joint, keys that no database takes: the same answer as to a token value that is just unknown."""
    for token_value in SHAPES:
        assert endpoint(token_value) is None, token_value[:80]


@pytest.mark.clause("RFC6749-10.10")
@MANY
@given(token_value=TEXT)
def test_any_text_opens_nothing(endpoint, token_value):
    """Whatever else somebody thinks of."""
    assert endpoint(token_value) is None


@pytest.mark.clause("RFC6749-10.10")
def test_no_token_value_opens_what_another_kind_is_for(endpoint, tls_client_auth_client):
    """A code is no token, a token no code, a key no token value: each place takes its own kind alone."""
    request_uri = tls_client_auth_client.pushed()
    code = tls_client_auth_client.code()
    tokens = tls_client_auth_client.redeem(tls_client_auth_client.code()).json()
    token_values = {
        "request_uri": request_uri.removeprefix(REQUEST_URI),
        "code": code,
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "id_token": tokens["id_token"],
        "key of a code": code.partition(".")[2],
        "key of a consent": tokens["refresh_token"].partition(".")[2],
    }
    fit = {
        "userinfo": {"access_token"},
        "authorizer": {"access_token"},
        "introspect": {"access_token", "refresh_token"},
        "revoke": set(),  # says nothing, whatever it does
        "code": {"code"},
        "refresh": {"refresh_token"},
        "request_uri": {"request_uri"},
        "interaction": set(),
    }[endpoint.__name__]
    opened = {name for name, token_value in token_values.items() if endpoint(token_value) is not None}
    assert opened == fit


@pytest.mark.fault("1a")
@pytest.mark.clause("RFC6749-10.10")
def test_no_key_of_any_item_opens_anything_behind_a_dot(endpoint, tls_client_auth_client):
    """The part after the dot was read as a key of a table with items of several kinds: 500 where the item was another's."""
    tls_client_auth_client.tokens()
    put(tls_client_auth_client.bank, sandbox.ALICE, Authenticator())
    aws = tls_client_auth_client.bank.aws
    tables = [name for name in aws.settings._fields if name.endswith("_table")]
    keys = {
        item[part]["S"]
        for table in tables
        for item in aws.dynamo._tables._connection.scan(getattr(aws.settings, table))["Items"]
        for part in ("pk", "kid")
        if part in item
    }
    assert len(keys) > len(tables)
    for key in sorted(keys):
        for token_value in (f"x.{key}", f"{'A' * 43}.{key}.{key}", f"x.agreement {key} {key}"):
            assert endpoint(token_value) is None, token_value


@pytest.mark.clause("RFC6749-10.10")
def test_the_secret_of_one_and_the_key_of_another_open_nothing(endpoint, tls_client_auth_client):
    """A token value's two halves belong together."""
    one, other = tls_client_auth_client.tokens(), tls_client_auth_client.tokens()
    own = tls_client_auth_client.post("/token", grant_type="client_credentials").json()["access_token"]
    codes = tls_client_auth_client.code(), tls_client_auth_client.code()
    for a, b in product((*one.values(), own, *codes), (*other.values(), own, *codes)):
        if isinstance(a, str) and isinstance(b, str) and a != b:
            mixed = f"{a.partition('.')[0]}.{b.partition('.')[2]}"
            if mixed not in (a, b):
                assert endpoint(mixed) is None
    if endpoint.__name__ != "revoke":
        assert tls_client_auth_client.userinfo(one["access_token"]).status == 200


@pytest.mark.clause("RFC6749-10.10")
def test_what_is_stored_is_not_what_opens(endpoint, tls_client_auth_client):
    """Who reads the tables, or a backup, finds hashes: none of them is a token value."""
    tokens = tls_client_auth_client.tokens()
    code = tls_client_auth_client.code()
    for token_value in (tokens["access_token"], tokens["refresh_token"], code):
        assert endpoint(digest(token_value)) is None
        assert endpoint(f"{digest(token_value)}.{token_value.partition('.')[2]}") is None


@pytest.mark.clause("RFC7662-4")
def test_a_scanner_learns_nothing_from_responses(tls_client_auth_client, rival):
    """What is made up, another client's, or revoked gets an answer of the same bytes."""
    others = {"code": rival.code(), **rival.tokens()}
    gone = tls_client_auth_client.tokens()
    for kind in ("access_token", "refresh_token"):
        tls_client_auth_client.revoke(gone[kind])
    tried = {
        tls_client_auth_client.introspect: (
            "x" * 87,
            others["access_token"],
            others["refresh_token"],
            gone["access_token"],
        ),
        tls_client_auth_client.revoke: (
            "x" * 87,
            others["access_token"],
            others["refresh_token"],
            gone["access_token"],
        ),
        tls_client_auth_client.userinfo: ("x" * 87, others["refresh_token"], gone["access_token"]),
        tls_client_auth_client.refresh: (
            "x" * 87,
            others["refresh_token"],
            others["access_token"],
            gone["refresh_token"],
        ),
        tls_client_auth_client.redeem: ("x" * 87, others["code"], others["access_token"], gone["refresh_token"]),
    }
    for send_request, token_values in tried.items():
        said = {(answer.status, answer.text, answer.unnamed.headers) for answer in map(send_request, token_values)}
        assert len(said) == 1, send_request.__name__
