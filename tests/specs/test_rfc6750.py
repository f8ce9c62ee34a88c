"""RFC 6750: how a token is shown to a resource, and how a resource refuses one.

Shown at both kinds of resource: userinfo, and the bank's API behind the authorizer, whose refusal API Gateway sends.
"""

import json
import re
from typing import get_args, get_type_hints

import pytest

from chalicelib.resource_server import policy
from tests.actors import NOW, VERIFIER
from tests.each import each

CHALLENGE = re.compile(r'(\w+) ([a-z_]+="[^"]*"(?:, [a-z_]+="[^"]*")*)')
PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"')
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


class Resource:
    """A resource: `send_request` gives status (None where API Gateway chooses it), error, and the challenges by scheme."""

    def __init__(self, bank, path):
        self.bank, self.path = bank, path

    def send_request(self, *values, certificate=None, query=(), method="GET", form=None):
        headers = tuple(("Authorization", value) for value in values)
        if self.path == "/accounts":
            policy = self.bank.authorize("GET", "/accounts", headers=headers, certificate=certificate, query=query)
            if policy["policyDocument"]["Statement"][0]["Effect"] == "Allow":
                return 200, None, {}
            return None, policy["context"]["error"], challenges(policy["context"]["www_authenticate"])
        answer = self.bank.send(
            method, self.path, headers=headers, certificate=certificate, query=query, form=form, content_type=None
        )
        if answer.status == 200:
            return 200, None, {}
        assert answer.header("cache-control") == "no-store"
        return answer.status, answer.error or "", challenges(answer.header("www-authenticate"))


def challenges(header):
    """The parameters of each scheme, none of which stands twice (RFC 6750 3)."""
    found = {}
    for scheme, parameters in CHALLENGE.findall(header):
        pairs = PARAMETER.findall(parameters)
        assert len(dict(pairs)) == len(pairs), header
        assert scheme not in found, header
        found[scheme] = dict(pairs)
    assert found, header
    return found


@pytest.fixture(params=["/userinfo", "/accounts"])
def at(request, bank):
    """Each resource, one after the other."""
    return Resource(bank, request.param)


@pytest.fixture
def token(fintech):
    return fintech.tokens()["access_token"]


def refused(answered, status, error):
    found, disclosed, challenged = answered
    assert (found or status, disclosed) == (status, error)
    assert challenged["Bearer"]["error"] == error
    assert DESCRIPTION.fullmatch(challenged["Bearer"]["error_description"])
    return challenged["Bearer"]


# 2: how a token is shown.


@pytest.mark.clause("RFC6750-2.1")
def test_2_1_a_token_is_shown_in_the_authorization_header(at, fintech, token):
    """Resource servers MUST support the Authorization header with the scheme Bearer."""
    assert at.send_request(f"Bearer {token}", certificate=fintech.certificate)[0] == 200


@pytest.mark.clause("RFC6750-2.1")
def test_2_1_userinfo_takes_the_header_with_get_and_with_post(bank, fintech, token):
    """OpenID Connect Core 5.3.1: a request is sent by GET or by POST."""
    for method in ("GET", "POST"):
        answered = Resource(bank, "/userinfo").send_request(
            f"Bearer {token}", certificate=fintech.certificate, method=method
        )
        assert answered[0] == 200


@pytest.mark.clause("RFC6750-2.1")
@pytest.mark.clause("RFC9110-11.1")
@each("scheme", ["bearer", "BEARER", "bEaReR"])
def test_2_1_the_scheme_has_no_case(at, fintech, token, scheme):
    """RFC 9110 11.1: a scheme is compared without regard to case."""
    assert at.send_request(f"{scheme} {token}", certificate=fintech.certificate)[0] == 200


@pytest.mark.clause("RFC6750-2.1")
@each(
    "shown",
    [
        "{}x",
        "x{}",
        "{}=",
        "{} x",
        "{}, Bearer {}",
        '"{}"',
        "{}\x00",
        "{}\N{SNOWMAN}",
        ".",
        "..",
        "x",
        "x" * 512,
        "x" * 513,
        "x" * 9000,
        "%00",
        "\x00",
        "\udcff",
    ],
)
def test_2_1_what_is_no_token_of_ours_is_invalid(at, fintech, token, shown):
    """Credentials are "Bearer", a space and the token, to the character."""
    answered = at.send_request(f"Bearer {shown.replace('{}', token)}", certificate=fintech.certificate)
    refused(answered, 401, "invalid_token")


@pytest.mark.clause("RFC6750-2.1")
@each("empty", ["Bearer", "Bearer ", "Bearer    "])
def test_2_1_a_scheme_without_a_token_is_no_token(at, fintech, empty):
    """A scheme alone shows nothing that could be in force."""
    assert at.send_request(empty, certificate=fintech.certificate)[1] == "invalid_token"


@pytest.mark.clause("RFC6750-2.2")
def test_2_2_a_token_in_the_body_is_not_looked_at(bank, fintech, token):
    """A form parameter is a way that a resource may offer and SHOULD NOT be used; it is not offered."""
    status, error, challenged = Resource(bank, "/userinfo").send_request(
        certificate=fintech.certificate, method="POST", form={"access_token": token}
    )
    assert (status, error) == (401, "")
    assert "error" not in challenged["Bearer"]


@pytest.mark.clause("RFC6750-2.3")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.4-2")
def test_2_3_a_token_in_the_query_is_refused(at, fintech, token):
    """A query parameter is a way that leaks; FAPI 2.0 forbids it."""
    answered = at.send_request(query=[("access_token", token)], certificate=fintech.certificate)
    refused(answered, 400, "invalid_request")


@pytest.mark.clause("RFC6750-2")
def test_2_a_token_is_shown_in_one_way_only(at, fintech, token):
    """Clients MUST NOT use more than one method in a request; nor the same one twice."""
    twice = (f"Bearer {token}", f"Bearer {token}")
    refused(at.send_request(*twice, certificate=fintech.certificate), 400, "invalid_request")
    both = at.send_request(f"Bearer {token}", query=[("access_token", token)], certificate=fintech.certificate)
    refused(both, 400, "invalid_request")


# 3: how a resource refuses.


@pytest.mark.clause("RFC6750-3")
def test_3_a_request_without_token_gets_the_scheme_and_no_error(at, fintech):
    """WWW-Authenticate names the scheme; where nothing was shown, no error code or other information SHOULD stand."""
    status, _, challenged = at.send_request(certificate=fintech.certificate)
    assert status in (401, None)
    assert challenged["Bearer"] is not None
    assert not any("error" in parameters or "error_description" in parameters for parameters in challenged.values())


@pytest.mark.clause("RFC6750-3")
@each("other", ["Basic ZmludGVjaDp4", "Digest username=x", "Negotiate abc", "Bearerx y", "x", ""])
def test_3_another_scheme_gets_the_right_one(at, fintech, other):
    """Whoever does not know that a token is needed learns so from the challenge."""
    status, _, challenged = at.send_request(other, certificate=fintech.certificate)
    assert status in (401, None)
    assert "Bearer" in challenged


@pytest.mark.clause("RFC6750-3")
def test_3_the_challenge_says_which_scope_is_needed(at, fintech):
    """scope tells the scope of the token that the resource asks for."""
    needed = {"/userinfo": "openid", "/accounts": "accounts"}[at.path]
    assert at.send_request(certificate=fintech.certificate)[2]["Bearer"]["scope"] == needed
    assert (
        refused(at.send_request("Bearer x", certificate=fintech.certificate), 401, "invalid_token")["scope"] == needed
    )


@pytest.mark.clause("RFC6750-3.1")
def test_3_1_an_expired_token_is_invalid(bank, at, fintech, token):
    """invalid_token, with 401: expired."""
    bank.now = NOW + 599
    assert at.send_request(f"Bearer {token}", certificate=fintech.certificate)[0] == 200
    bank.now = NOW + 600
    refused(at.send_request(f"Bearer {token}", certificate=fintech.certificate), 401, "invalid_token")


@pytest.mark.clause("RFC6750-3.1")
def test_3_1_a_revoked_token_is_invalid(at, fintech):
    """invalid_token, with 401: revoked, itself or with its grant."""
    one, other = fintech.tokens(), fintech.tokens()
    fintech.revoke(one["access_token"])
    fintech.revoke(other["refresh_token"])
    for tokens in (one, other):
        refused(
            at.send_request(f"Bearer {tokens['access_token']}", certificate=fintech.certificate), 401, "invalid_token"
        )


@pytest.mark.clause("RFC6750-3.1")
def test_3_1_a_refresh_token_a_code_and_an_id_token_are_invalid(at, fintech):
    """invalid_token, with 401: what is no access token."""
    code = fintech.code()
    tokens = fintech.redeem(code).json()
    for wrong in (code, tokens["refresh_token"], tokens["id_token"][:500], VERIFIER):
        refused(at.send_request(f"Bearer {wrong}", certificate=fintech.certificate), 401, "invalid_token")


@pytest.mark.clause("RFC6750-3.1")
def test_3_1_another_clients_certificate_makes_it_invalid(at, fintech, rival, token):
    """invalid_token, with 401: a stolen token is none (RFC 8705 3)."""
    refused(at.send_request(f"Bearer {token}", certificate=rival.certificate), 401, "invalid_token")
    refused(at.send_request(f"Bearer {token}"), 401, "invalid_token")


@pytest.mark.clause("RFC6750-3.1")
def test_3_1_a_token_without_the_scope_is_insufficient(at, fintech):
    """insufficient_scope, with 403, and the scope that is needed."""
    lacking, needed = {"/userinfo": ("accounts", "openid"), "/accounts": ("openid profile", "accounts")}[at.path]
    token = fintech.tokens(scope=lacking)["access_token"]
    disclosed = refused(at.send_request(f"Bearer {token}", certificate=fintech.certificate), 403, "insufficient_scope")
    assert disclosed["scope"] == needed


@pytest.mark.clause("RFC6750-3.1")
def test_3_1_a_clients_own_token_is_nobodys_userinfo(bank, fintech):
    """A token behind which no person stands does not open what is about one."""
    token = fintech.post("/token", grant_type="client_credentials").json()["access_token"]
    status, error, _ = Resource(bank, "/userinfo").send_request(f"Bearer {token}", certificate=fintech.certificate)
    assert (status, error) == (403, "insufficient_scope")


@pytest.mark.clause("RFC6750-3.1")
@pytest.mark.parametrize("path", ["/accounts/1", "/payments", "/accounts/", "//accounts", "/ACCOUNTS"])
def test_3_1_a_resource_without_a_rule_is_shut(bank, fintech, token, path):
    """A route that nobody opened is not opened by a good token."""
    bearer = (("Authorization", f"Bearer {token}"),)
    policy = bank.authorize("GET", path, headers=bearer, certificate=fintech.certificate)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    policy = bank.authorize("POST", "/accounts", headers=bearer, certificate=fintech.certificate)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@pytest.mark.clause("RFC6750-3.1")
@pytest.mark.parametrize(
    "rule", [{}, {"acr": "urn:ducat:loa:2"}, {"max_age": 60}, {"signed": True}, {"scope": ""}, {"scope": None}, [], "x"]
)
def test_3_1_a_rule_that_asks_for_nothing_opens_nothing(rule):
    """A route's rule names the scope or the type of details that a token must have; another can't be used."""
    with pytest.raises(policy.RulesError, match="GET /accounts"):
        policy.rules(json.dumps({"GET /accounts": rule}))


# 4, 5: the token itself.


@pytest.mark.clause("RFC6750-4")
def test_4_a_token_is_made_of_the_characters_that_the_header_takes(fintech):
    """RFC 6750 2.1: a b64token, which fits into a header without quoting; the response is not to be stored."""
    answer = fintech.redeem(fintech.code())
    assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", answer.json()["access_token"])
    assert (answer.header("cache-control"), answer.header("pragma")) == ("no-store", "no-cache")


@pytest.mark.clause("RFC6750-5.2")
def test_5_2_a_token_names_neither_person_nor_scope_nor_client(fintech, token):
    """What a token says to whoever finds it is nothing: it is opaque, and nobody can make or change one."""
    assert not any(word in token for word in ("fintech", "alice", "accounts", "c4d0a1ce"))
    assert fintech.tokens()["access_token"] != token


@pytest.mark.clause("RFC6750-5.3")
def test_5_3_what_userinfo_tells_is_not_stored(fintech, token):
    """What a token opened is private; no cache keeps it, and no cookie stands in for the token."""
    answer = fintech.userinfo(token)
    assert answer.header("cache-control") == "no-store"
    assert answer.header("set-cookie") is None


@pytest.mark.fault("6")
@pytest.mark.clause("RFC6750-3.1")
def test_3_1_who_brings_no_token_gets_no_error_in_the_body_either(bank):
    """A request without any authentication information SHOULD NOT be told an error code or other error information."""
    answer = bank.send("GET", "/userinfo")
    assert (answer.status, answer.json()) == (401, {})
    assert "error" not in answer.header("www-authenticate")
    decided = bank.authorize("GET", "/accounts")
    assert decided["context"]["error"] == ""
    assert bank.send("GET", "/userinfo", headers=(("Authorization", "Bearer x"),)).error == "invalid_token"


def test_a_rule_has_the_members_that_are_looked_at():
    """The type says no more of a rule than the check has seen."""
    kinds = {name: hint if isinstance(hint, type) else str for name, hint in get_type_hints(policy.Rule).items()}
    assert kinds == policy.KINDS
    assert get_args(policy.Subject) == policy.SUBJECTS
