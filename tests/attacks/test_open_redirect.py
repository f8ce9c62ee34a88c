"""Our address is to lead a person to a place of the attacker's choice."""

from urllib.parse import urlsplit

import pytest

from tests.actors import REQUEST_URI, Browser
from tests.conftest import STANDARD
from tests.each import each

EVIL = "https://evil.example/"
LEADS = (
    "redirect_uri",
    "redirect_url",
    "return_to",
    "returnTo",
    "next",
    "url",
    "continue",
    "target",
    "post_login",
    "RelayState",
)
"""Parameters by which applications let themselves be led."""

UNPROVEN = {
    "nothing": {},
    "only a client": {"client_id": "fintech"},
    "no client": {"request_uri": REQUEST_URI + "x"},
    "an unknown client": {"client_id": "nobody", "request_uri": REQUEST_URI + "x"},
    "an unknown request_uri": {"client_id": "fintech", "request_uri": REQUEST_URI + "x"},
    "a request_uri of the web": {"client_id": "fintech", "request_uri": f"{EVIL}request.jwt"},
    "a request_uri of ours": {"client_id": "fintech", "request_uri": "https://login.bank.example/request.jwt"},
    "a request that was not pushed": {"client_id": "fintech", "response_type": "code", "scope": "openid"},
    "a registered redirect_uri": {
        "client_id": "fintech",
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": "https://fintech.example/callback",
    },
    "a request object": {"client_id": "fintech", "request": "eyJhbGciOiJub25lIn0.e30."},
}
"""Authorization requests of which nothing is proven."""


def stays(answer, *errors):
    """Whether it is a page, that goes nowhere by itself and names the attacker's address nowhere."""
    assert 400 <= answer.status < 500, (answer.status, answer.text)
    assert answer.page_error
    assert answer.header("location") is None
    assert answer.header("refresh") is None
    assert "http-equiv" not in answer.text.lower()
    assert "evil.example" not in answer.text
    assert not errors or answer.page_error in errors
    return True


@pytest.mark.clause("RFC6749-4.1.2.1")
@pytest.mark.clause("RFC6749-10.15")
@pytest.mark.parametrize("method", ["GET", "POST"])
@each("request_parameters", UNPROVEN)
def test_an_error_before_the_request_is_proven_is_a_page(bank, method, request_parameters):
    """Nothing of it is trusted, so nobody is sent on: not to the attacker's address, and not to a registered one."""
    leads = dict.fromkeys(LEADS, EVIL) | {"state": EVIL, "response_mode": "query"} | UNPROVEN[request_parameters]
    where = {"query": leads} if method == "GET" else {"form": leads}
    assert stays(bank.send(method, "/authorize", **where))


@pytest.mark.clause("RFC6749-4.1.2.1")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_repeated_parameter_is_a_page(bank, fintech, method):
    """Which of two redirect_uris would count must not be a question."""
    request_uri = fintech.pushed()
    pairs = [("client_id", "fintech"), ("request_uri", request_uri), ("redirect_uri", EVIL), ("redirect_uri", EVIL)]
    where = {"query": pairs} if method == "GET" else {"form": pairs}
    assert stays(bank.send(method, "/authorize", **where), "invalid_request")


@pytest.mark.clause("RFC6749-10.15")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_good_request_leads_to_our_own_page_alone(bank, fintech, method):
    """To the login page on this very host, whatever stands beside the request_uri."""
    leads = dict.fromkeys(LEADS, EVIL) | {"client_id": "fintech", "request_uri": fintech.pushed()}
    where = {"query": leads} if method == "GET" else {"form": leads}
    location = bank.send(method, "/authorize", **where).location
    assert location.startswith("/login?interaction=")
    assert "evil" not in location


@pytest.mark.clause("RFC6749-10.15")
@pytest.mark.parametrize("path", ["/login", "/consent"])
@each("interaction", ["", "x", EVIL, "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_a_page_without_an_interaction_leads_nowhere(bank, path, interaction):
    """Both pages, by link and by form."""
    leads = dict.fromkeys(LEADS, EVIL) | {"interaction": interaction}
    assert stays(bank.send("GET", path, query=leads), "access_denied")
    assert stays(bank.send("POST", path, form=leads | {"action": "cancel"}), "access_denied")
    assert stays(bank.send("POST", path, form=leads | {"action": "approve"}), "access_denied")


@pytest.mark.clause("RFC6749-10.15")
@pytest.mark.parametrize("action", ["approve", "cancel"])
def test_a_decision_leads_to_the_pushed_redirect_uri_alone(fintech, action):
    """A form with more fields than ours still leads where the client's checked request said."""
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed())
    fields = {
        "interaction": page.text.partition('name="interaction" value="')[2].partition('"')[0],
        "csrf": page.text.partition('name="csrf" value="')[2].partition('"')[0],
        "action": action,
    }
    back = browser.post("/consent", dict.fromkeys(LEADS, EVIL) | {"iss": EVIL, "state": EVIL} | fields)
    target = urlsplit(back.location)
    assert (target.scheme, target.netloc, target.path) == ("https", "fintech.example", "/callback")
    assert back.parameters["state"] == "a-state"
    assert "evil" not in back.location


@pytest.mark.clause("RFC6749-3.1.2.3")
@each(
    "redirect_uri",
    [
        EVIL,
        "https://fintech.example.evil.example/callback",
        "https://fintech.example@evil.example/callback",
        "https://fintech.example/callback@evil.example",
        "https://fintech.example/callback/../../evil",
        "https://fintech.example/callback?next=https://evil.example",
        "https://fintech.example/callback#@evil.example",
        "https://fintech.example\\@evil.example/callback",
        "https://fintech.example/callback%0d%0aLocation:%20https://evil.example",
        "https://fintech.example/callback\r\nLocation: https://evil.example",
        "//fintech.example/callback",
        "javascript:alert(1)//https://fintech.example/callback",
        "data:text/html,https://fintech.example/callback",
    ],
)
def test_a_redirect_uri_that_is_not_registered_never_gets_as_far_as_a_browser(fintech, redirect_uri):
    """It is refused when it is pushed, in words that don't repeat it."""
    answer = fintech.push(redirect_uri=redirect_uri)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert "evil" not in answer.text


@pytest.mark.clause("PAR-7.4")
def test_a_redirect_uri_that_is_no_longer_registered_leads_nowhere(bank, fintech):
    """Whoever took over an address that the client gave up gets no answer that was asked for before."""
    known = {
        **STANDARD,
        "client_id": "moving",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=fintech,O=Fintech\\, Inc.,C=DE",
    }
    bank.register(**known | {"redirect_uris": ["https://given-up.example/"]})
    client = fintech.with_(client_id="moving", auth="tls_client_auth", redirect_uri="https://given-up.example/")
    for request_parameters in (
        {},
        {"prompt": "none"},
        {"claims": '{"id_token":{"acr":{"essential":true,"value":"x"}}}'},
    ):
        bank.register(**known | {"redirect_uris": ["https://given-up.example/"]})
        request_uri = client.pushed(**request_parameters)
        bank.register(**known)
        answer = Browser(bank).open("moving", request_uri)
        assert stays(answer, "invalid_request")
        assert "given-up" not in answer.text


@pytest.mark.clause("RFC6749-10.15")
def test_a_registered_query_stays_and_nothing_is_added_but_the_answer(fintech):
    """The redirect goes exactly to the registered address, with the answer's parameters behind it."""
    redirect_uri = "https://fintech.example/callback?dummy1=lorem&dummy2=ipsum"
    back = fintech.approved(redirect_uri=redirect_uri)
    assert back.location.startswith(f"{redirect_uri}&code=")
    assert back.parameters.keys() == {"dummy1", "dummy2", "code", "iss", "state"}
