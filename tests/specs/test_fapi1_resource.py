"""FAPI 1.0 Part 1 (Baseline) 6.2.1 and 6.2.2, and Part 2 (Advanced) 6.2.1: what a resource does with a call.

Shown at both kinds of resource: userinfo, and the bank's API behind the authorizer, for which API Gateway answers. The Date is
API Gateway's (tests/local/test_flow.py).
"""

import json
import logging
import re
from ipaddress import ip_address

import pytest

from chalicelib.messages import Request
from chalicelib.resource_server import fapi_headers
from tests.actors import certificate
from tests.each import each

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
SENT = "C770AEF3-6784-41f7-8e0e-ff5f97bddb3a"
ANOTHER = "93bac548-d2de-4546-b106-880a5018460d"
NO_UUID = [
    "",
    "x",
    SENT[:-1],
    SENT + "0",
    SENT.replace("-", ""),
    f"{{{SENT}}}",
    f" {SENT}",
    "urn:uuid:" + SENT,
    SENT + "\n",
]


class Resource:
    """A resource of a client's: `send_request` gives the error (or None), the name of the call, and the answer or context."""

    def __init__(self, client, path):
        self.client, self.path = client, path

    def send_request(self, *headers, token=None, query=(), certificate=True):
        own = self.client.certificate if certificate is True else certificate
        sent = (*(self.client.presenting(token, "GET", self.path) if token else ()), *headers)
        if self.path == "/accounts":
            policy = self.client.bank.authorize("GET", "/accounts", headers=sent, certificate=own, query=query)
            context = policy["context"]
            allowed = policy["policyDocument"]["Statement"][0]["Effect"] == "Allow"
            assert allowed != ("error" in context)
            return context.get("error"), context["interaction_id"], context
        answer = self.client.bank.send("GET", "/userinfo", headers=sent, certificate=own, query=query)
        error = None if answer.status == 200 else answer.error or ""
        return error, answer.header("x-fapi-interaction-id"), answer


@pytest.fixture(params=["/userinfo", "/accounts"])
def at(request, fapi1_bearer_client):
    return Resource(fapi1_bearer_client, request.param)


@pytest.fixture
def token(fapi1_bearer_client):
    return fapi1_bearer_client.tokens()["access_token"]


@pytest.fixture
def lines(caplog, monkeypatch):
    """The members of every log line since the fixture was asked for."""
    monkeypatch.setattr(
        logging.getLogger("ducat"), "disabled", False
    )  # another library's logging.config may turn it off
    caplog.set_level(logging.INFO, "ducat")
    caplog.clear()
    return lambda: [json.loads(one.getMessage()) for one in caplog.records if one.name == "ducat"]


# 6.2.1-1 to -3: where the token stands.


@pytest.mark.clause("FAPI1-BASE-6.2.1-1")
@pytest.mark.clause("FAPI1-BASE-6.2.1-2")
def test_6_2_1_a_resource_is_read_by_get_with_the_token_in_the_header(at, token):
    """Supports GET, and takes the access token from the Authorization header."""
    assert at.send_request(token=token)[0] is None
    assert at.send_request()[0] == ""  # RFC 6750 3.1: no token, no error


@pytest.mark.clause("FAPI1-BASE-6.2.1-3")
def test_6_2_1_3_no_token_is_taken_from_the_query(at, token):
    """A token in the query opens nothing, alone or beside the header."""
    assert at.send_request(query={"access_token": token})[0] == "invalid_request"
    assert at.send_request(query={"access_token": token}, token=token)[0] == "invalid_request"


# 6.2.1-4 to -7: what the token is good for.


@pytest.mark.clause("FAPI1-BASE-6.2.1-4")
@pytest.mark.parametrize("dead", ["expired", "revoked"])
def test_6_2_1_4_a_token_that_has_ended_opens_nothing(at, fapi1_bearer_client, dead):
    """The access token is neither expired nor revoked, seen at each call."""
    answer = fapi1_bearer_client.tokens()
    assert at.send_request(token=answer["access_token"])[0] is None
    if dead == "expired":
        fapi1_bearer_client.bank.now += answer["expires_in"]
    else:
        assert fapi1_bearer_client.revoke(answer["access_token"]).status == 200
    assert at.send_request(token=answer["access_token"])[0] == "invalid_token"


@pytest.mark.clause("FAPI1-BASE-6.2.1-5")
def test_6_2_1_5_a_scope_opens_what_it_names_and_no_more(at, fapi1_bearer_client):
    """The scope of the access token authorizes the reading of the very resource."""
    wanted, other = ("openid", "accounts") if at.path == "/userinfo" else ("accounts", "openid")
    assert at.send_request(token=fapi1_bearer_client.tokens(scope=wanted)["access_token"])[0] is None
    assert at.send_request(token=fapi1_bearer_client.tokens(scope=other)["access_token"])[0] == "insufficient_scope"


@pytest.mark.clause("FAPI1-BASE-6.2.1-6")
@pytest.mark.clause("FAPI1-BASE-6.2.1-7")
def test_6_2_1_the_person_is_the_tokens_and_nobody_elses(fapi1_bearer_client):
    """The entity is told by the access token alone, and what is shown is that entity's."""
    seen = {}
    for username in ("alice", "bob"):
        token = fapi1_bearer_client.tokens(username=username)["access_token"]
        disclosed = fapi1_bearer_client.userinfo(token).json()["sub"]
        assert fapi1_bearer_client.accounts(token)["context"]["sub"] == disclosed
        seen[username] = disclosed
    assert seen["alice"] != seen["bob"]


# 6.2.1-8 to -10: how the answer looks.


@pytest.mark.clause("FAPI1-BASE-6.2.1-8")
@pytest.mark.clause("FAPI1-BASE-6.2.1-9")
def test_6_2_1_the_answer_is_json_in_utf_8(fapi1_bearer_client, token):
    """Encodes the response in UTF-8 and calls it application/json, whatever Accept asks for."""
    for accept in ("application/json", "application/json;charset=UTF-8", "application/json, application/*+json, */*"):
        answer = fapi1_bearer_client.bank.send(
            "GET", "/userinfo", headers=(*fapi1_bearer_client.presenting(token, "GET", "/userinfo"), ("Accept", accept))
        )
        assert (answer.status, answer.header("content-type")) == (200, "application/json")
        assert json.loads(answer.text.encode())["sub"]


# 6.2.1-11 and -12: what a call is named.


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
@pytest.mark.parametrize("opens", [True, False])
def test_6_2_1_11_a_call_keeps_the_name_that_its_client_gave_it(at, token, opens):
    """x-fapi-interaction-id is answered as it was received, in a refusal too."""
    error, name, _ = at.send_request(("x-fapi-interaction-id", SENT), token=token if opens else None)
    assert (error is None, name) == (opens, SENT)


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
@pytest.mark.parametrize("opens", [True, False])
def test_6_2_1_11_a_call_without_a_name_gets_a_fresh_one(at, token, opens):
    """Where none was received, x-fapi-interaction-id is a UUID of ours, another for each call."""
    names = [at.send_request(token=token if opens else None)[1] for _ in range(2)]
    assert all(UUID.fullmatch(name) for name in names)
    assert names[0] != names[1]


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
def test_6_2_1_11_without_a_name_it_is_the_one_that_api_gateway_gave_the_request():
    """Where none was received, a UUID: API Gateway's own where it has one, so that all logs have the same."""
    assert fapi_headers.interaction_id((), ANOTHER) == ANOTHER
    assert fapi_headers.interaction_id((("x-fapi-interaction-id", SENT),), ANOTHER) == SENT
    assert fapi_headers.interaction_id((), "JKJaXmPLvHcESHA=") is None


@pytest.mark.clause("FAPI1-BASE-6.2.1-12")
def test_6_2_1_12_the_log_has_the_name(fapi1_bearer_client, token, lines):
    """The log entry of a call has the x-fapi-interaction-id that was answered, given or made."""
    sent = fapi1_bearer_client.presenting(token, "GET", "/userinfo")
    given = fapi1_bearer_client.bank.send("GET", "/userinfo", headers=(*sent, ("x-fapi-interaction-id", SENT)))
    refused = fapi1_bearer_client.bank.send("GET", "/userinfo")
    assert given.header("x-fapi-interaction-id") == SENT
    logged = [line["interaction_id"] for line in lines() if line["endpoint"] == "userinfo"]
    assert logged == [SENT, refused.header("x-fapi-interaction-id")]


@pytest.mark.clause("FAPI1-BASE-6.2.2-5")
@pytest.mark.parametrize("sent", NO_UUID)
def test_6_2_2_5_a_name_that_is_no_uuid_is_refused_and_gets_into_no_log(at, token, sent, caplog):
    """The value of x-fapi-interaction-id is a UUID; anything else is neither answered nor logged."""
    caplog.set_level(logging.INFO, "ducat")
    error, name, _ = at.send_request(("X-FAPI-Interaction-ID", sent), token=token)
    assert error == "invalid_request"
    assert UUID.fullmatch(name)
    assert len(sent) < 5 or sent not in caplog.text


@pytest.mark.clause("FAPI1-BASE-6.2.2-5")
def test_6_2_2_5_two_names_are_none(at, token):
    """A call has one x-fapi-interaction-id; of two, neither is taken."""
    error, name, _ = at.send_request(("x-fapi-interaction-id", SENT), ("x-fapi-interaction-id", ANOTHER), token=token)
    assert error == "invalid_request"
    assert name not in (SENT, ANOTHER)


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
@pytest.mark.parametrize("client", ["fintech", "dpop_client"])
def test_6_2_1_11_a_client_of_fapi_2_may_name_its_calls(request, client):
    """Whatever its profile, a client may send x-fapi-interaction-id, and gets it back."""
    one = request.getfixturevalue(client)
    token = one.tokens()["access_token"]
    assert Resource(one, "/userinfo").send_request(("x-fapi-interaction-id", SENT), token=token)[:2] == (None, SENT)


@pytest.mark.clause("FAPI1-BASE-6.2.1-11")
@pytest.mark.parametrize("path", ["/par", "/token", "/revoke"])
def test_6_2_1_11_the_other_endpoints_keep_the_name_too(fapi1_bearer_client, path, lines):
    """What a client names elsewhere comes back as well, in a refusal too, and is logged."""
    answer = fapi1_bearer_client.post(path, headers=(("x-fapi-interaction-id", SENT),))
    assert answer.status == 400
    assert answer.header("x-fapi-interaction-id") == SENT
    assert lines()[-1]["interaction_id"] == SENT


# 6.2.1-13, 6.2.2-3 and -4: what is said of the person at the client.


@pytest.mark.clause("FAPI1-BASE-6.2.1-13")
@pytest.mark.clause("FAPI1-BASE-6.2.2-4")
@each("address", ["198.51.100.119", "2001:DB8::1893:25c8:1946", "::1", "::ffff:192.0.2.1"])
def test_6_2_1_13_the_persons_address_is_taken(at, token, address):
    """A request with a valid IPv4 or IPv6 address in x-fapi-customer-ip-address is not rejected."""
    assert at.send_request(("x-fapi-customer-ip-address", address), token=token)[0] is None
    read = fapi_headers.check(Request("GET", "/", headers=(("x-fapi-customer-ip-address", address),)))
    assert read.customer_ip_address == ip_address(address)


@pytest.mark.clause("FAPI1-BASE-6.2.2-4")
@pytest.mark.fault("4i")
@each(
    "address", ["", "198.51.100", "198.51.100.256", "198.51.100.1, 198.51.100.2", "fe80::1%eth0", "::g", "10", "[::1"]
)
def test_6_2_2_4_what_is_no_address_is_left_out_and_costs_no_call(at, token, lines, address):
    """x-fapi-customer-ip-address only describes the person: nothing is decided by it, and so nothing is refused for it."""
    header = ("x-fapi-customer-ip-address", address)
    assert at.send_request(header, token=token)[0] is None
    noted = "x-fapi-customer-ip-address can't be read"
    assert {line.get("reason") for line in lines()} <= {noted}
    assert fapi_headers.check(Request("GET", "/", headers=(header,))).noted == {"reason": noted}
    assert fapi_headers.check(Request("GET", "/", headers=(header, header))).customer_ip_address is None


@pytest.mark.fault("4i")
@pytest.mark.clause("FAPI1-BASE-6.2.1-13")
@each("sent", ["198.51.100.119:4711", "[2001:db8::1893]:443", "[2001:db8::1893]"])
def test_6_2_1_13_an_address_may_have_a_port(at, token, sent):
    """As proxies write it."""
    assert at.send_request(("x-fapi-customer-ip-address", sent), token=token)[0] is None
    read = fapi_headers.check(Request("GET", "/", headers=(("x-fapi-customer-ip-address", sent),)))
    assert read.customer_ip_address == ip_address("2001:db8::1893" if "[" in sent else "198.51.100.119")


@pytest.mark.clause("FAPI1-BASE-6.2.2-3")
@each(
    "date",
    [
        "Tue, 11 Sep 2012 19:43:31 GMT",
        "Tuesday, 11-Sep-12 19:43:31 GMT",
        "Tue Sep 11 19:43:31 2012",
        "Tue, 11 Sep 2012 19:43:31 UTC",
        "Tue, 11 Sep 2012 19:43:31 +0000",
    ],
)
def test_6_2_2_3_the_time_of_the_persons_login_is_taken(at, token, date):
    """x-fapi-auth-date is an HTTP date, of any of its forms."""
    assert at.send_request(("x-fapi-auth-date", date), token=token)[0] is None
    read = fapi_headers.check(Request("GET", "/", headers=(("x-fapi-auth-date", date),)))
    assert read.auth_date.isoformat() == "2012-09-11T19:43:31"


@pytest.mark.clause("RFC9110-5.6.7")
def test_6_2_2_3_the_oldest_form_fills_up_with_a_space():
    """asctime's day of one digit stands behind a second space."""
    read = fapi_headers.check(Request("GET", "/", headers=(("x-fapi-auth-date", "Sun Nov  6 08:49:37 1994"),)))
    assert read.auth_date.isoformat() == "1994-11-06T08:49:37"


@pytest.mark.fault("4i")
@pytest.mark.clause("FAPI1-BASE-6.2.2-3")
@each(
    "date",
    [
        "",
        "1347392611",
        "2012-09-11T19:43:31Z",
        "Mon, 11 Sep 2012 19:43:31 GMT",
        "Tue, 31 Sep 2012 19:43:31 GMT",
        "Tue, 11 Sep 2012 19:43:31 CET",
        "tue, 11 sep 2012 19:43:31 GMT",
        "Tue, 11 Sep 2012 9:43:31 GMT",
        " Tue, 11 Sep 2012 19:43:31 GMT",
    ],
)
def test_6_2_2_3_what_is_no_http_date_is_left_out_and_costs_no_call(at, token, lines, date):
    """x-fapi-auth-date is an HTTP date, down to its day of the week; nothing is decided by it."""
    assert at.send_request(("x-fapi-auth-date", date), token=token)[0] is None
    noted = "x-fapi-auth-date can't be read"
    assert {line.get("reason") for line in lines()} <= {noted}
    read = fapi_headers.check(Request("GET", "/", headers=(("x-fapi-auth-date", date),)))
    assert (read.auth_date, read.noted) == (None, {"reason": noted})


# Part 2, 6.2.1.


@pytest.mark.clause("FAPI1-ADV-6.2.1-1")
@pytest.mark.clause("FAPI1-ADV-6.2.1-2")
@pytest.mark.parametrize("path", ["/userinfo", "/accounts"])
def test_adv_6_2_1_a_bound_token_opens_with_its_certificate_alone(fapi1_advanced_client, path):
    """Besides Part 1, the resource adheres to RFC 8705: the token's certificate, and no other, opens it."""
    at = Resource(fapi1_advanced_client, path)
    code = fapi1_advanced_client.agreed(response_type="code id_token").fragment["code"]
    token = fapi1_advanced_client.redeem(code).json()["access_token"]
    assert at.send_request(("x-fapi-interaction-id", SENT), token=token)[:2] == (None, SENT)
    for other in (certificate("stranger"), None):
        assert at.send_request(("x-fapi-interaction-id", SENT), token=token, certificate=other)[:2] == (
            "invalid_token",
            SENT,
        )
