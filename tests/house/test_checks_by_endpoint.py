"""docs/reference/checks.md: the walk from an endpoint through its checks finds what is there, in its order."""

import pytest

from docs import checks
from ducat_cdk.functions import FUNCTIONS

AUTHENTICATED = ("par", "token", "introspect", "revoke")


def shown(endpoint):
    return [one.shown for one in checks.checks(endpoint)]


def test_every_function_that_takes_a_request_has_its_checks_or_serves_what_all_may_read():
    served = {row.name for row in FUNCTIONS if row.routes or row.name == "authorizer"}
    public = {"jwks", "openid_configuration", "oauth_authorization_server", "oauth_protected_resource"}
    assert served - set(checks.endpoints()) == public


@pytest.mark.parametrize("endpoint", AUTHENTICATED)
def test_a_client_is_authenticated_and_its_assertion_used_up_once(endpoint):
    found = shown(endpoint)
    assert "client_authentication.authenticate" in found
    assert "assertion.require_claims" in found
    assert "single_use.SingleUseValues._checked" in found


def test_what_the_token_endpoint_checks_of_each_grant_is_found_through_its_table():
    found = shown("token")
    assert {"authorization_code._redeemable", "code_challenge.require_verifier", "refresh_token.issue"} <= set(found)


def test_a_check_tells_its_errors_its_words_and_its_clauses():
    (one,) = [one for one in checks.checks("par") if one.shown == "request_object._require_parties"]
    assert one.raises == ("InvalidRequestObject",)
    assert "JAR-10.8" in one.cites
    assert one.words


def test_every_check_says_what_it_is():
    """A row without words would tell nobody anything; a private function may go by its name."""
    every = {one for name in checks.endpoints() for one in checks.checks(name)}
    assert [one.shown for one in every if not one.words and not one.name.rpartition(".")[2].startswith("_")] == []
