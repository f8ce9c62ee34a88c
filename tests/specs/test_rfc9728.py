"""OAuth 2.0 Protected Resource Metadata (RFC 9728), of the bank's API."""

import pytest

from chalicelib.endpoints.oauth_protected_resource import document
from tests.actors import ISSUER

API = "https://api.bank.example"


@pytest.fixture
def disclosed(bank):
    answer = bank.send("GET", "/.well-known/oauth-protected-resource")
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    return answer.json()


@pytest.mark.clause("RFC9728-2")
def test_2_the_resource_names_itself_and_its_authorization_server(disclosed):
    """resource; authorization_servers: issuer identifiers."""
    assert disclosed["resource"] == API
    assert disclosed["authorization_servers"] == [ISSUER]
    assert disclosed["resource_name"] == "Example Bank"


@pytest.mark.clause("RFC9728-2")
def test_2_what_it_takes_is_what_the_authorizer_takes(disclosed, bank):
    """scopes_supported, bearer_methods_supported, and how tokens are bound; computed from rules and profiles."""
    assert disclosed["scopes_supported"] == ["accounts", "openid"]
    assert disclosed["bearer_methods_supported"] == ["header"]
    assert disclosed["tls_client_certificate_bound_access_tokens"] is True
    assert disclosed["dpop_signing_alg_values_supported"] == bank.metadata()["dpop_signing_alg_values_supported"]


@pytest.mark.clause("RFC9728-2")
def test_2_no_member_is_empty(disclosed):
    """Claims with zero elements MUST be omitted."""
    assert all(value not in ([], "", None) for value in disclosed.values())


@pytest.mark.clause("RFC9728-5.1")
def test_5_1_a_challenge_leads_to_it(bank):
    """resource_metadata in WWW-Authenticate: the URL of the metadata."""
    challenge = bank.authorize("GET", "/accounts")["context"]["www_authenticate"]
    assert f'resource_metadata="{API}/.well-known/oauth-protected-resource"' in challenge


@pytest.mark.clause("RFC9728-3.3")
def test_3_3_it_is_about_the_host_that_settings_name(bank):
    """The resource value is identical to the identifier it was fetched for; no header has a say."""
    answer = bank.send("GET", "/.well-known/oauth-protected-resource", headers=(("Host", "evil.example"),))
    assert answer.json() == document(bank.settings)
    assert "evil" not in answer.text
