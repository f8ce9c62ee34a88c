"""RFC 6749, The OAuth 2.0 Authorization Framework: what binds a server of the code flow whose clients are all confidential."""

import re
from base64 import b64encode
from math import log2
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.actors import ASSERTION_TYPE, CHALLENGE, ISSUER, REQUEST_URI, VERIFIER, Browser
from tests.conftest import CLIENTS
from tests.each import each

MANY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
OTHER_METHODS = ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"]
BACK_CHANNEL = ["/par", "/token", "/introspect", "/revoke"]
NEEDED = ["response_type", "redirect_uri", "scope", "code_challenge"]
DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
ERROR = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")


def refused(answer, error, status=400):
    """The JSON refusal that 5.2 describes."""
    body = answer.json()
    assert (answer.status, body["error"]) == (status, error), answer.text
    assert body.keys() <= {"error", "error_description", "error_uri"}
    assert DESCRIPTION.fullmatch(body["error_description"])
    assert answer.header("cache-control") == "no-store"
    assert answer.header("pragma") == "no-cache"
    assert answer.header("location") is None
    return answer


def page(answer, error):
    """An error page for a person, who is not sent on."""
    assert 400 <= answer.status < 500
    assert answer.header("location") is None
    assert answer.page_error == error, answer.text
    return answer


def shannon(value):
    """Bits, as the conformance suite counts them."""
    shares = [value.count(character) / len(value) for character in set(value)]
    return -sum(share * log2(share) for share in shares) * len(value)


# 2.3 Client authentication


@pytest.mark.clause("RFC6749-2.3")
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_2_3_a_certificate_and_an_assertion_are_one_method_too_many(tls_client_auth_client, fintech, path):
    """The client MUST NOT use more than one authentication method in each request."""
    assertion = fintech.with_(client_id="tls-client-auth").assertion()
    twice = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    refused(
        tls_client_auth_client.post(path, **twice, token="x", **tls_client_auth_client.request_arguments()),
        "invalid_request",
    )


@pytest.mark.clause("RFC6749-2.3")
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_2_3_an_assertion_and_a_secret_are_one_method_too_many(fintech, path):
    """The client MUST NOT use more than one authentication method in each request."""
    refused(fintech.post(path, client_secret="s3cret", token="x"), "invalid_client", 401)
    form = fintech.authenticated({"token": "x"})
    header = ("Authorization", "Basic " + b64encode(b"fintech:s3cret").decode())
    answer = fintech.bank.send("POST", path, form=form, headers=(header,), certificate=fintech.certificate)
    refused(answer, "invalid_client", 401)


@pytest.mark.clause("RFC6749-2.3.1")
@pytest.mark.parametrize("secret", [{"client_secret": "s3cret"}, {"client_secret": "s3cret", "client_assertion": None}])
def test_2_3_1_no_password_authenticates_a_client(tls_client_auth_client, secret):
    """Clients in possession of a password are none of ours, and a password never helps one."""
    refused(tls_client_auth_client.push(**secret), "invalid_client", 401)


@pytest.mark.clause("RFC6749-2.3.1")
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_2_3_1_credentials_in_the_request_uri_count_for_nothing(fintech, path):
    """The parameters can only be transmitted in the request body and MUST NOT be included in the request URI."""
    query = fintech.authenticated({})
    form = fintech.request_arguments() | {"grant_type": "client_credentials", "token": "x", "client_id": "fintech"}
    answer = fintech.bank.send("POST", path, query=query, form=form, certificate=fintech.certificate)
    refused(answer, "invalid_client", 401)


# 3.1 Authorization endpoint


@pytest.mark.clause("RFC6749-3.1")
def test_3_1_and_3_2_endpoint_uris_have_no_fragment(bank):
    """The endpoint URI MUST NOT include a fragment component; TLS is required."""
    metadata = bank.metadata()
    for name in ("authorization_endpoint", "token_endpoint"):
        url = urlsplit(metadata[name])
        assert url.scheme == "https"
        assert not url.fragment
        assert "#" not in metadata[name]


@pytest.mark.clause("RFC6749-3.1")
@pytest.mark.parametrize("method", ["get", "post"])
def test_3_1_the_authorization_endpoint_takes_get_and_post(tls_client_auth_client, method):
    """The authorization server MUST support GET for the authorization endpoint and MAY support POST."""
    browser = Browser(tls_client_auth_client.bank)
    request_parameters = {"client_id": tls_client_auth_client.client_id, "request_uri": tls_client_auth_client.pushed()}
    answer = getattr(browser, method)("/authorize", request_parameters)
    assert urlsplit(answer.location).path == "/login"
    back = browser.submit(browser.get(browser.sign_in(browser.get(answer.location)).location), "approve")
    assert tls_client_auth_client.redeem(back.parameters["code"]).status == 200


@pytest.mark.clause("RFC6749-3.1")
@each("method", OTHER_METHODS)
def test_3_1_the_authorization_endpoint_takes_no_other_method(tls_client_auth_client, method):
    """GET and POST are what the authorization endpoint knows; nothing begins by another."""
    query = {"client_id": tls_client_auth_client.client_id, "request_uri": tls_client_auth_client.pushed()}
    answer = tls_client_auth_client.bank.send(method, "/authorize", query=query, form=query)
    assert answer.status == 405
    assert answer.header("allow") == "GET, POST"
    assert answer.header("location") is None
    assert answer.header("set-cookie") is None


@pytest.mark.clause("RFC6749-3.1")
@pytest.mark.parametrize("name", ["state", "nonce"])
def test_3_1_an_empty_optional_parameter_was_not_sent(tls_client_auth_client, name):
    """Parameters sent without a value MUST be treated as if they were omitted from the request."""
    answer = tls_client_auth_client.approved(**{name: ""})
    assert ("state" in answer.parameters) == (name != "state")
    claims = tls_client_auth_client.bank.verified(
        tls_client_auth_client.redeem(answer.parameters["code"]).json()["id_token"], tls_client_auth_client.client_id
    )
    assert ("nonce" in claims) == (name != "nonce")


@pytest.mark.clause("RFC6749-3.1")
@each("name", NEEDED)
def test_3_1_an_empty_needed_parameter_was_not_sent(tls_client_auth_client, name):
    """Parameters sent without a value MUST be treated as if they were omitted from the request."""
    empty, omitted = tls_client_auth_client.push(**{name: ""}), tls_client_auth_client.push(**{name: None})
    assert (empty.status, empty.text) == (omitted.status, omitted.text)
    assert empty.status == 400


@pytest.mark.clause("RFC6749-3.1")
@pytest.mark.parametrize("name", ["client_id", "request_uri"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_3_1_an_empty_parameter_of_the_authorization_endpoint_was_not_sent(tls_client_auth_client, method, name):
    """Parameters sent without a value MUST be treated as if they were omitted from the request."""
    request_parameters = {
        "client_id": tls_client_auth_client.client_id,
        "request_uri": tls_client_auth_client.pushed(),
    } | {name: ""}
    where = {"form" if method == "POST" else "query": request_parameters}
    page(tls_client_auth_client.bank.send(method, "/authorize", **where), "invalid_request")


@pytest.mark.clause("RFC6749-3.1")
def test_3_1_unrecognized_parameters_are_ignored(tls_client_auth_client):
    """The authorization server MUST ignore unrecognized request parameters."""
    unknown = {"foo": "bar", "redirect_url": "https://evil.example", "Scope": "email", "STATE": "x", "": "y"}
    request_uri = tls_client_auth_client.pushed(extra=unknown)
    browser = Browser(tls_client_auth_client.bank)
    opened = browser.get(
        "/authorize",
        {"client_id": tls_client_auth_client.client_id, "request_uri": request_uri, "foo": "bar", "utm_source": "mail"},
    )
    back = browser.submit(browser.get(browser.sign_in(browser.get(opened.location)).location), "approve")
    assert back.location.startswith(tls_client_auth_client.redirect_uri + "?")
    assert back.parameters.keys() == {"code", "state", "iss"}
    assert back.parameters["state"] == "a-state"
    assert (
        tls_client_auth_client.redeem(back.parameters["code"], extra={"foo": "bar", "resource_owner": "alice"}).json()[
            "scope"
        ]
        == tls_client_auth_client.scope
    )


@pytest.mark.clause("RFC6749-3.1")
@each("name", ["response_type", "redirect_uri", "code_challenge", "client_id"])
def test_3_1_names_of_parameters_have_a_case(tls_client_auth_client, name):
    """What is not spelt as the specification spells it is an unrecognized parameter."""
    form = tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments())
    form[name.upper()] = form.pop(name)
    answer = tls_client_auth_client.bank.send("POST", "/par", form=form, certificate=tls_client_auth_client.certificate)
    refused(answer, *(("invalid_client", 401) if name == "client_id" else ("invalid_request",)))


@pytest.mark.clause("RFC6749-3.1")
@MANY
@given(data=st.data())
def test_3_1_no_parameter_may_come_twice_in_a_pushed_request(tls_client_auth_client, data):
    """Request parameters MUST NOT be included more than once: not the same value again, nor another, nor an empty one."""
    pairs = list(
        tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments() | {"foo": "bar"}).items()
    )
    name, value = data.draw(st.sampled_from(pairs))
    again = data.draw(st.one_of(st.just(value), st.just(""), ANYTHING))
    pairs.insert(data.draw(st.integers(0, len(pairs))), (name, again))
    answer = tls_client_auth_client.bank.send(
        "POST", "/par", form=pairs, certificate=tls_client_auth_client.certificate
    )
    refused(answer, "invalid_request")


@pytest.mark.clause("RFC6749-3.1")
@each("again", ["same", "other", ""])
@each("name", ["client_id", "request_uri", "state"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_3_1_no_parameter_may_come_twice_at_the_authorization_endpoint(tls_client_auth_client, method, name, again):
    """Request parameters MUST NOT be included more than once."""
    pairs = [
        ("client_id", tls_client_auth_client.client_id),
        ("request_uri", tls_client_auth_client.pushed()),
        ("state", "x"),
    ]
    value = dict(pairs)[name]
    pairs.append((name, value if again == "same" else again))
    where = {"form" if method == "POST" else "query": pairs}
    page(tls_client_auth_client.bank.send(method, "/authorize", **where), "invalid_request")


@pytest.mark.clause("RFC6749-3.1")
def test_3_1_of_a_posted_authorization_request_the_form_alone_counts(tls_client_auth_client):
    """A parameter that stands in the form must not come again in the query: what stands there is never looked at."""
    request_parameters = {"client_id": tls_client_auth_client.client_id, "request_uri": tls_client_auth_client.pushed()}
    send = tls_client_auth_client.bank.send
    page(
        send("POST", "/authorize", query=request_parameters, form={"client_id": tls_client_auth_client.client_id}),
        "invalid_request",
    )
    page(send("POST", "/authorize", query=request_parameters, form={}), "invalid_request")
    other = {"client_id": "rival", "request_uri": REQUEST_URI + "x"}
    assert urlsplit(send("POST", "/authorize", query=other, form=request_parameters).location).path == "/login"


# 3.1.1 Response type


@pytest.mark.clause("RFC6749-3.1.1")
def test_3_1_1_a_request_without_response_type_is_an_error(tls_client_auth_client):
    """If an authorization request is missing the response_type parameter, the server MUST return an error response."""
    refused(tls_client_auth_client.push(response_type=None), "invalid_request")


@pytest.mark.clause("RFC6749-3.1.1")
@each(
    "response_type",
    [
        "token",
        "id_token",
        "code id_token",
        "code token",
        "code id_token token",
        "none",
        "Code",
        "code ",
        " code",
        "code code",
        "x",
    ],
)
def test_3_1_1_a_response_type_that_is_not_understood_is_an_error(tls_client_auth_client, response_type):
    """If the response type is not understood, the server MUST return an error response; ours is code, spelt so."""
    refused(tls_client_auth_client.push(response_type=response_type), "unsupported_response_type")


# 3.1.2 Redirection endpoint


@pytest.mark.clause("RFC6749-3.1.2")
def test_3_1_2_the_query_of_the_redirect_uri_is_kept(tls_client_auth_client):
    """The endpoint URI MAY include a query component, which MUST be retained when adding additional parameters."""
    registered = "https://fintech.example/callback?dummy1=lorem&dummy2=ipsum"
    answer = tls_client_auth_client.approved(redirect_uri=registered)
    assert answer.location.startswith(registered + "&")
    assert answer.parameters.keys() == {"dummy1", "dummy2", "code", "state", "iss"}
    assert (answer.parameters["dummy1"], answer.parameters["dummy2"]) == ("lorem", "ipsum")
    assert "#" not in answer.location
    denied = Browser(tls_client_auth_client.bank)
    no = denied.submit(
        denied.page(tls_client_auth_client.client_id, tls_client_auth_client.pushed(redirect_uri=registered)), "cancel"
    )
    assert no.location.startswith(registered + "&error=access_denied")


REGISTERED = [
    "https://fintech.example/callback",
    "https://fintech.example/callback?dummy1=lorem&dummy2=ipsum",
]
NEAR_MISSES = [
    "https://fintech.example/callback/",
    "https://fintech.example/callback?",
    "https://fintech.example/callback#",
    "https://fintech.example/callback#x",
    "https://fintech.example/callback?x=1",
    "https://fintech.example/callback/../callback",
    "https://fintech.example/./callback",
    "https://fintech.example//callback",
    "https://fintech.example/Callback",
    "https://fintech.example/%63allback",
    "https://fintech.example/callback%20",
    "https://fintech.example/callback ",
    " https://fintech.example/callback",
    "https://fintech.example/callback\n",
    "https://fintech.example/callback\x00",
    "https://fintech.example:443/callback",
    "https://FINTECH.example/callback",
    "HTTPS://fintech.example/callback",
    "http://fintech.example/callback",
    "https://fintech.example./callback",
    "https://www.fintech.example/callback",
    "https://fintech.example.evil.example/callback",
    "https://fintech.example@evil.example/callback",
    "https://user@fintech.example/callback",
    "https://evil.example\\@fintech.example/callback",
    "https://fintech.example",
    "https://fintech.example/",
    "//fintech.example/callback",
    "/callback",
    "https://fintech.example/callback https://evil.example",
    "https://fintech.example/callback,https://fintech.example/callback",
    "https://fintech.example/callback?dummy2=ipsum&dummy1=lorem",
    "https://fintech.example/callback?dummy1=lorem&dummy2=ipsum&dummy3=x",
    "https://f\u0456ntech.example/callback",
    "https://fintech.example/callback\u200b",
    "javascript:alert(1)",
    "*",
    "https://*",
]


@pytest.mark.clause("RFC6749-3.1.2.3")
@each("redirect_uri", NEAR_MISSES)
def test_3_1_2_3_a_redirect_uri_that_is_nearly_registered_is_not_registered(tls_client_auth_client, redirect_uri):
    """A redirection URI that was registered in full MUST be compared by simple string comparison (RFC 3986 6.2.1)."""
    refused(tls_client_auth_client.push(redirect_uri=redirect_uri), "invalid_request")


@pytest.mark.clause("RFC6749-3.1.2.3")
@MANY
@given(data=st.data())
def test_3_1_2_3_any_change_of_a_registered_redirect_uri_makes_it_another(tls_client_auth_client, data):
    """A redirection URI that was registered in full MUST be compared by simple string comparison (RFC 3986 6.2.1)."""
    registered = data.draw(st.sampled_from(REGISTERED))
    start = data.draw(st.integers(0, len(registered)))
    end = data.draw(st.integers(start, min(start + 3, len(registered))))
    some = st.text(
        st.one_of(st.sampled_from("/?#%&=.:@\\ ;+*-aZ0"), st.characters(exclude_categories=["Cs"])), max_size=4
    )
    changed = registered[:start] + data.draw(some) + registered[end:]
    if changed not in REGISTERED:
        refused(tls_client_auth_client.push(redirect_uri=changed), "invalid_request")


@pytest.mark.clause("RFC6749-3.1.2.3")
@each("redirect_uri", REGISTERED)
def test_3_1_2_3_each_registered_redirect_uri_is_taken(tls_client_auth_client, redirect_uri):
    """A redirection URI matches if it is one of those registered, though the client has several."""
    assert tls_client_auth_client.push(redirect_uri=redirect_uri).status == 201


@pytest.mark.clause("RFC6749-3.1.2.4")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_3_1_2_4_nobody_is_sent_to_a_redirect_uri_that_is_not_proven(tls_client_auth_client, method):
    """If validation fails, the server SHOULD inform the resource owner and MUST NOT redirect to the invalid URI."""
    request_parameters = tls_client_auth_client.request_arguments(
        client_id=tls_client_auth_client.client_id, redirect_uri="https://evil.example/callback"
    )
    where = {"form" if method == "POST" else "query": request_parameters}
    answer = page(tls_client_auth_client.bank.send(method, "/authorize", **where), "invalid_request")
    assert "evil.example" not in answer.text


# 3.2 Token endpoint


@pytest.mark.clause("RFC6749-3.2")
@each("method", ["GET", *OTHER_METHODS])
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_3_2_the_token_endpoint_takes_post_alone(tls_client_auth_client, path, method):
    """The client MUST use the HTTP POST method when making access token requests."""
    form = tls_client_auth_client.authenticated({"grant_type": "client_credentials", "token": "x"})
    answer = tls_client_auth_client.bank.send(
        method, path, query=form, form=form, certificate=tls_client_auth_client.certificate
    )
    assert answer.status == 405
    assert answer.header("allow") == "POST"
    assert "access_token" not in answer.text


@pytest.mark.clause("RFC6749-3.2")
def test_3_2_parameters_of_the_token_endpoint_come_in_the_body(tls_client_auth_client):
    """Parameters are sent in the HTTP request entity-body: what stands in the query is never looked at."""
    form = tls_client_auth_client.authenticated({"grant_type": "client_credentials"})
    answer = tls_client_auth_client.bank.send(
        "POST", "/token", query=form, form={}, certificate=tls_client_auth_client.certificate
    )
    refused(answer, "invalid_client", 401)
    answer = tls_client_auth_client.bank.send(
        "POST", "/token", query={"scope": "openid"}, form=form, certificate=tls_client_auth_client.certificate
    )
    assert answer.json()["scope"] == "accounts"


@pytest.mark.clause("RFC6749-3.2")
@each("name", ["grant_type", "code", "code_verifier"])
def test_3_2_an_empty_parameter_of_a_token_request_was_not_sent(tls_client_auth_client, name):
    """Parameters sent without a value MUST be treated as if they were omitted from the request."""
    code = tls_client_auth_client.code()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": tls_client_auth_client.redirect_uri,
        "code_verifier": VERIFIER,
    }
    empty, omitted = (
        tls_client_auth_client.post("/token", **form | {name: ""}),
        tls_client_auth_client.post("/token", **form | {name: None}),
    )
    assert (empty.status, empty.text) == (omitted.status, omitted.text)
    assert empty.status == 400
    assert tls_client_auth_client.redeem(code, scope="", refresh_token="").status == 200


@pytest.mark.clause("RFC6749-3.2")
@each("again", ["same", "other", ""])
@each("name", ["grant_type", "scope", "client_id", "foo"])
def test_3_2_no_parameter_may_come_twice_in_a_token_request(tls_client_auth_client, name, again):
    """Request parameters MUST NOT be included more than once."""
    pairs = list(
        tls_client_auth_client.authenticated(
            {"grant_type": "client_credentials", "scope": "accounts", "foo": "x"}
        ).items()
    )
    pairs.append((name, dict(pairs)[name] if again == "same" else again))
    refused(
        tls_client_auth_client.bank.send("POST", "/token", form=pairs, certificate=tls_client_auth_client.certificate),
        "invalid_request",
    )


@pytest.mark.clause("RFC6749-3.2")
@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_3_2_no_parameter_may_repeat_at_introspection(tls_client_auth_client, path):
    """Request parameters MUST NOT be included more than once."""
    pairs = [*tls_client_auth_client.authenticated({"token": "x"}).items(), ("token", "y")]
    refused(
        tls_client_auth_client.bank.send("POST", path, form=pairs, certificate=tls_client_auth_client.certificate),
        "invalid_request",
    )


@pytest.mark.clause("RFC6749-3.2.1")
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_3_2_1_a_confidential_client_must_authenticate(each_client, path):
    """Confidential clients MUST authenticate with the authorization server when making requests to the token endpoint."""
    form = each_client.request_arguments() | {
        "client_id": each_client.client_id,
        "grant_type": "client_credentials",
        "token": "x",
    }
    answer = each_client.bank.send("POST", path, form=form)
    refused(answer, "invalid_client", 401)


@pytest.mark.clause("RFC6749-3.2.1")
def test_3_2_1_no_code_or_refresh_token_is_redeemed_without_authentication(each_client):
    """Client authentication binds refresh tokens and authorization codes to the client they were issued to."""
    code = each_client.code()
    form = {
        "grant_type": "authorization_code",
        "client_id": each_client.client_id,
        "code": code,
        "redirect_uri": each_client.redirect_uri,
        "code_verifier": VERIFIER,
    }
    refused(each_client.bank.send("POST", "/token", form=form), "invalid_client", 401)
    refresh_token = each_client.redeem(code).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": each_client.client_id, "refresh_token": refresh_token}
    refused(each_client.bank.send("POST", "/token", form=form), "invalid_client", 401)


# 3.3 Scope


@pytest.mark.clause("RFC6749-3.3")
def test_3_3_the_order_of_scopes_does_not_matter_and_each_counts_once(tls_client_auth_client):
    """Their order does not matter, and each string adds an additional access range."""
    disclosed = tls_client_auth_client.tokens(scope="accounts openid accounts profile")["scope"].split(" ")
    assert sorted(disclosed) == ["accounts", "openid", "profile"]


@pytest.mark.clause("RFC6749-3.3")
@each(
    "scope",
    [
        "OpenID",
        "Accounts",
        " openid",
        "openid ",
        "openid  accounts",
        "openid\taccounts",
        "openid\naccounts",
        "openid,accounts",
        "openid+accounts",
        'open"id',
        "open\\id",
        "\u043epenid",
        "openid \x00",
        " ",
        "*",
        "unheard_of",
        "openid unheard_of",
    ],
)
def test_3_3_a_scope_that_is_malformed_unknown_or_of_another_case_is_refused(tls_client_auth_client, scope):
    """Scope is a list of space-delimited, case-sensitive tokens: scope-token *( SP scope-token )."""
    refused(tls_client_auth_client.push(scope=scope), "invalid_scope")
    refused(tls_client_auth_client.post("/token", grant_type="client_credentials", scope=scope), "invalid_scope")


@pytest.mark.clause("RFC6749-3.3")
@MANY
@given(
    parts=st.lists(
        st.one_of(st.sampled_from(["openid", "profile", "email", "accounts"]), ANYTHING), min_size=1, max_size=4
    ),
    joint=st.sampled_from([" ", "  ", "\t", ",", "+", "\u00a0", ""]),
)
def test_3_3_a_scope_is_taken_exactly_where_it_is_a_list_of_known_tokens(tls_client_auth_client, parts, joint):
    """Scope is a list of space-delimited, case-sensitive tokens: scope-token *( SP scope-token )."""
    scope = joint.join(parts)
    fine = all(token in ("openid", "profile", "email", "accounts") for token in scope.split(" "))
    answer = tls_client_auth_client.push(scope=scope)
    if fine:
        assert answer.status == 201
    else:
        refused(answer, "invalid_scope" if scope else "invalid_request")


@pytest.mark.clause("RFC6749-3.3")
def test_3_3_a_request_without_scope_fails_as_invalid_scope(bank, tls_client_auth_client):
    """If the scope is omitted, the server MUST either use a default or fail the request indicating an invalid scope.

    Of a client that may ask for openid, it is OpenID Connect's required parameter that is missing (Core 3.1.2.1).
    """
    bank.register(**CLIENTS["tls-client-auth"]() | {"client_id": "no-openid", "scope": "accounts"})
    refused(tls_client_auth_client.with_(client_id="no-openid").push(scope=None), "invalid_scope")
    refused(tls_client_auth_client.push(scope=None), "invalid_request")


@pytest.mark.clause("RFC6749-3.3")
def test_3_3_a_scope_that_the_client_was_not_registered_for_is_refused(tls_client_auth_client):
    """The server may refuse a scope by its policy, and a client's registration is that policy."""
    refused(tls_client_auth_client.push(scope="openid phone"), "invalid_scope")


@pytest.mark.clause("RFC6749-5.2")
def test_5_2_a_description_quotes_a_word_of_the_caller_and_no_value_that_may_be_a_secret(tls_client_auth_client):
    """A misspelt value is named. What looks like a token, a path or markup is not."""
    for value, said in (
        ("acounts", "scope: unknown value 'acounts'"),
        ("phone", "scope: value 'phone' is not registered for this client, or was not granted"),
        ("x" * 43, "scope: unknown value"),
        ("DE89370400440532013000", "scope: unknown value"),
        ("../passwd", "scope: unknown value"),
        ("<b>", "scope: unknown value"),
    ):
        answer = tls_client_auth_client.push(scope=f"openid {value}")
        assert answer.json() == {"error": "invalid_scope", "error_description": said}


# 4.1.2 Authorization response


UNUSUAL_STATES = [
    "a b",
    "+",
    "a+b c%20d%2Bd",
    "%",
    "%25",
    "%zz",
    "&",
    "=",
    "a&code=stolen&iss=https://evil.example",
    "#fragment?query",
    "'\"\\<script>alert(1)</script>",
    '{"csrf":"x"}',
    "\r\nSet-Cookie: a=b",
    "\x00",
    " leading and trailing ",
    "\u00fc\u00df\u20ac\U0001f600",
    "e\u0301 \u00e9",
    "\ufeff\u200b\u202e",
    "x" * 128,
    "x" * 4096,
    "\U0001f600" * 4096,
    '"' * 4096,
    "%" * 4096,
    "+" * 4096,
]


@pytest.mark.fault("4f")
@pytest.mark.clause("RFC6749-4.1.2")
@each("state", UNUSUAL_STATES)
def test_4_1_2_a_code_comes_with_the_exact_state(tls_client_auth_client, state):
    """state: REQUIRED if it was in the request; the exact value received from the client."""
    answer = tls_client_auth_client.approved(state=state)
    assert answer.parameters.keys() == {"code", "state", "iss"}
    assert answer.parameters["state"] == state
    assert answer.location.isascii()
    assert answer.location.isprintable()


@pytest.mark.clause("RFC6749-4.1.2")
@MANY
@given(state=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1000))
def test_4_1_2_any_state_of_a_thousand_characters_comes_back_to_the_byte(tls_client_auth_client, state):
    """state: the exact value received from the client."""
    answer = tls_client_auth_client.approved(state=state)
    assert answer.parameters["state"].encode() == state.encode()


@pytest.mark.clause("RFC6749-4.1.2")
@pytest.mark.parametrize(("name", "length"), [("state", 4097), ("nonce", 1001), ("state", 60_000), ("nonce", 60_000)])
def test_4_1_2_a_state_or_nonce_that_is_too_long_is_refused_never_cut(tls_client_auth_client, name, length):
    """state must be the exact value, so one that can't be kept whole is refused."""
    refused(tls_client_auth_client.push(**{name: "x" * length}), "invalid_request")


@pytest.mark.clause("RFC6749-4.1.2")
def test_4_1_2_without_state_in_the_request_there_is_none_in_the_response(tls_client_auth_client):
    """state: REQUIRED if it was present in the authorization request, and only then."""
    assert tls_client_auth_client.approved(state=None).parameters.keys() == {"code", "iss"}


@pytest.mark.clause("RFC6749-4.1.2")
def test_4_1_2_a_code_expires_shortly_after_it_is_issued(tls_client_auth_client):
    """The code MUST expire shortly after it is issued; ten minutes are the recommended most, here one."""
    bank = tls_client_auth_client.bank
    code, late = tls_client_auth_client.code(), tls_client_auth_client.code()
    bank.now += 59
    assert tls_client_auth_client.redeem(code).status == 200
    bank.now += 1
    refused(tls_client_auth_client.redeem(late), "invalid_grant")


@pytest.mark.clause("RFC6749-4.1.2")
def test_4_1_2_a_code_is_used_once_and_a_second_use_revokes_its_tokens(each_client):
    """The client MUST NOT use the code more than once; if so, the request MUST be denied and tokens SHOULD be revoked."""
    code = each_client.code()
    tokens = each_client.redeem(code).json()
    assert each_client.userinfo(tokens["access_token"]).status == 200
    again = each_client.refresh(tokens["refresh_token"]).json()["access_token"]
    each_client.bank.now += 1
    refused(each_client.redeem(code), "invalid_grant")
    for access_token in (tokens["access_token"], again):
        assert each_client.userinfo(access_token).status == 401
        assert each_client.accounts(access_token)["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    refused(each_client.refresh(tokens["refresh_token"]), "invalid_grant")
    refused(each_client.redeem(code), "invalid_grant")


@pytest.mark.clause("RFC6749-4.1.2")
def test_4_1_2_a_code_that_comes_again_after_its_expiry_revokes_what_it_gave(tls_client_auth_client):
    """If a code is used more than once, tokens previously issued on it SHOULD be revoked, however late that is."""
    code = tls_client_auth_client.code()
    tokens = tls_client_auth_client.redeem(code).json()
    tls_client_auth_client.bank.now += 300
    refused(tls_client_auth_client.redeem(code), "invalid_grant")
    assert tls_client_auth_client.userinfo(tokens["access_token"]).status == 401


@pytest.mark.clause("RFC6749-4.1.2")
def test_4_1_2_a_code_is_bound_to_its_client(tls_client_auth_client, self_signed_client):
    """The authorization code is bound to the client identifier and redirection URI; another's try spoils nothing."""
    code = tls_client_auth_client.code()
    refused(self_signed_client.redeem(code), "invalid_grant")
    assert tls_client_auth_client.redeem(code).status == 200
    refused(self_signed_client.redeem(code), "invalid_grant")
    assert tls_client_auth_client.userinfo(tls_client_auth_client.tokens()["access_token"]).status == 200


@pytest.mark.clause("RFC6749-4.1.2")
def test_4_1_2_another_clients_replay_of_a_code_kills_nothing(tls_client_auth_client, self_signed_client):
    """A code is bound to its client: who is not that client can neither use it nor have its tokens revoked."""
    code = tls_client_auth_client.code()
    tokens = tls_client_auth_client.redeem(code).json()
    refused(self_signed_client.redeem(code), "invalid_grant")
    assert tls_client_auth_client.userinfo(tokens["access_token"]).status == 200


# 4.1.2.1 Error response


@pytest.mark.clause("RFC6749-4.1.2.1")
@each("client_id", ["nobody", "Tls-Client-Auth", "tls-client-auth ", "tls\x00-client-auth", "x" * 5000, "\u00fc"])
def test_4_1_2_1_an_unknown_client_gets_a_page_and_no_redirect(tls_client_auth_client, client_id):
    """If the client identifier is missing or invalid, the server informs the person and MUST NOT redirect."""
    request_parameters = tls_client_auth_client.request_arguments(
        client_id=client_id, request_uri=tls_client_auth_client.pushed()
    )
    page(tls_client_auth_client.bank.send("GET", "/authorize", query=request_parameters), "invalid_request_uri")


@pytest.mark.clause("RFC6749-4.1.2.1")
@each("state", ["a-state", "a b+c%&=\u20ac", None])
@pytest.mark.parametrize("where", ["login", "consent"])
def test_4_1_2_1_a_person_who_says_no_is_sent_back_with_access_denied(each_client, where, state):
    """If the resource owner denies the request, the server adds error and the exact state to the redirection URI."""
    browser = Browser(each_client.bank)
    shown = browser.page if where == "login" else browser.consent_page
    answer = browser.submit(shown(each_client.client_id, each_client.pushed(state=state)), "cancel")
    assert answer.location.startswith(each_client.redirect_uri + "?")
    disclosed = answer.parameters
    assert disclosed["error"] == "access_denied"
    assert disclosed.get("state") == state
    assert disclosed.keys() <= {"error", "error_description", "error_uri", "state", "iss"}
    assert ERROR.fullmatch(disclosed["error"])
    assert DESCRIPTION.fullmatch(disclosed["error_description"])


@pytest.mark.clause("RFC6749-4.1.2.1")
def test_4_1_2_1_who_was_denied_can_not_go_on(tls_client_auth_client):
    """After access_denied there is no code: the same request can't be answered again."""
    browser, request_uri = Browser(tls_client_auth_client.bank), tls_client_auth_client.pushed()
    consent = browser.consent_page(tls_client_auth_client.client_id, request_uri)
    cookies = dict(browser.cookies)
    browser.submit(consent, "cancel")
    browser.cookies = cookies
    page(browser.submit(consent, "approve"), "access_denied")
    page(browser.open(tls_client_auth_client.client_id, request_uri), "invalid_request_uri")


# 4.1.3 Access token request


@pytest.mark.clause("RFC6749-4.1.3")
def test_4_1_3_a_code_is_required(tls_client_auth_client):
    """code: REQUIRED."""
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": tls_client_auth_client.redirect_uri,
        "code_verifier": VERIFIER,
    }
    refused(tls_client_auth_client.post("/token", **form), "invalid_request")


@pytest.mark.fault("4i")
@pytest.mark.clause("RFC6749-4.1.3")
def test_4_1_3_redirect_uri_may_be_left_out_where_pkce_ties_the_code(tls_client_auth_client, fapi1_advanced_client):
    """OAuth 2.1 leaves it out, since a code_challenge ties the code to its request; where there is none it stays required."""
    assert tls_client_auth_client.redeem(tls_client_auth_client.code(), redirect_uri=None).status == 200
    bare = {"response_type": "code id_token", "code_challenge": None, "code_challenge_method": None}
    code = fapi1_advanced_client.agreed(**bare).fragment["code"]
    without = fapi1_advanced_client.redeem(code, redirect_uri=None, code_verifier=None)
    refused(without, "invalid_request")
    assert without.json()["error_description"].startswith("redirect_uri is required")
    assert fapi1_advanced_client.redeem(code, code_verifier=None).status == 200


@pytest.mark.clause("RFC6749-4.1.3")
@each("redirect_uri", [*REGISTERED[1:], *NEAR_MISSES])
def test_4_1_3_the_redirect_uri_must_be_identical(tls_client_auth_client, redirect_uri):
    """The values of redirect_uri MUST be identical, so that not even another registered one will do."""
    refused(tls_client_auth_client.redeem(tls_client_auth_client.code(), redirect_uri=redirect_uri), "invalid_grant")


@pytest.mark.clause("RFC6749-4.1.3")
def test_4_1_3_a_code_must_be_one_of_ours(tls_client_auth_client, bank):
    """The server MUST verify that the authorization code is valid."""
    code = tls_client_auth_client.code()
    secret, _, key = code.partition(".")
    for wrong in (
        "x",
        ".",
        f".{key}",
        f"{secret}.",
        secret,
        f"{'A' * len(secret)}.{key}",
        f"{secret}.{'A' * len(key)}",
    ):
        refused(tls_client_auth_client.redeem(wrong), "invalid_grant")
    for wrong in (
        code + "x",
        code[:-1],
        code.upper(),
        f" {code}",
        f"{code}\n",
        f"{code}.",
        f"{key}.{secret}",
        "x." * 5000,
    ):
        refused(tls_client_auth_client.redeem(wrong), "invalid_grant")
    assert tls_client_auth_client.redeem(code).status == 200


@pytest.mark.clause("RFC6749-4.1.3")
def test_4_1_3_the_client_id_of_another_client_beside_ones_own_credentials_is_refused(fintech, tls_client_auth_client):
    """The server MUST ensure that the code was issued to the authenticated client: the two names must agree."""
    code = fintech.code()
    refused(fintech.redeem(code, client_id="rival"), "invalid_client", 401)
    refused(tls_client_auth_client.redeem(code, client_id="fintech"), "invalid_client", 401)
    assert fintech.redeem(code).status == 200


@pytest.mark.clause("RFC6749-4.1.3")
@pytest.mark.parametrize("how", ["access_token", "refresh_token", "request_uri"])
def test_4_1_3_nothing_else_that_we_gave_out_is_a_code(tls_client_auth_client, how):
    """A code is a code: no other token value of the same make can stand in for one."""
    given_out = {
        **tls_client_auth_client.tokens(),
        "request_uri": tls_client_auth_client.pushed().removeprefix(REQUEST_URI),
    }
    refused(tls_client_auth_client.redeem(given_out[how]), "invalid_grant")


# 4.1.4, 5.1 Successful response


@pytest.mark.clause("RFC6749-5.1")
def test_5_1_a_token_response_is_json_that_nobody_stores(each_client):
    """The parameters are in a JSON body; Cache-Control: no-store and Pragma: no-cache MUST be sent with any token."""
    first = each_client.redeem(each_client.code())
    refresh_token = first.json()["refresh_token"]
    for answer in (
        first,
        each_client.refresh(refresh_token),
        each_client.post("/token", grant_type="client_credentials"),
    ):
        assert answer.status == 200
        assert answer.header("content-type") == "application/json"
        assert answer.header("cache-control") == "no-store"
        assert answer.header("pragma") == "no-cache"


@pytest.mark.clause("RFC6749-4.1.4")
def test_4_1_4_a_token_response_has_what_5_1_asks_for(each_client):
    """access_token and token_type are REQUIRED; expires_in is a number; scope tells what was granted."""
    tokens = each_client.tokens()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert tokens["token_type"].lower() == "bearer"
    assert type(tokens["expires_in"]) is int
    assert 1 <= tokens["expires_in"] <= 31_536_000
    assert tokens["scope"] == each_client.scope
    assert re.fullmatch(r"[\x20-\x7e]+", tokens["refresh_token"])  # A.17


@pytest.mark.clause("RFC6749-5.1")
def test_5_1_an_access_token_ends_when_it_was_said_to(tls_client_auth_client):
    """expires_in: the lifetime in seconds of the access token."""
    tokens = tls_client_auth_client.tokens()
    tls_client_auth_client.bank.now += tokens["expires_in"] - 1
    assert tls_client_auth_client.userinfo(tokens["access_token"]).status == 200
    tls_client_auth_client.bank.now += 1
    assert tls_client_auth_client.userinfo(tokens["access_token"]).status == 401


# 4.2, 4.3 Grants that are not offered


@pytest.mark.clause("RFC6749-5.2")
@each(
    "grant_type",
    [
        "password",
        "implicit",
        "none",
        "Authorization_Code",
        "authorization_code ",
        "client_credentials\x00",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
        "__class__",
    ],
)
def test_5_2_a_grant_type_that_is_not_offered_is_unsupported(each_client, grant_type):
    """unsupported_grant_type: the authorization grant type is not supported by the authorization server."""
    form = {"username": "alice", "password": "wonderland", "scope": "openid"}
    refused(each_client.post("/token", grant_type=grant_type, **form), "unsupported_grant_type")


# 4.4 Client credentials


@pytest.mark.clause("RFC6749-4.4.3")
def test_4_4_3_client_credentials_give_an_access_token_and_no_refresh_token(each_client):
    """If valid and authorized, the server issues an access token; a refresh token SHOULD NOT be included."""
    body = each_client.post("/token", grant_type="client_credentials").json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert body["scope"] == "accounts"
    each_client.bank.about_anyone()
    assert each_client.accounts(body["access_token"])["policyDocument"]["Statement"][0]["Effect"] == "Allow"


@pytest.mark.clause("RFC6749-4.4.2")
@each("scope", ["openid", "openid accounts", "profile", "email", "phone", "nothing"])
def test_4_4_2_a_client_gets_nothing_about_people_by_itself(tls_client_auth_client, scope):
    """The client requests what is under its control: no scope that a person would have to agree to."""
    refused(tls_client_auth_client.post("/token", grant_type="client_credentials", scope=scope), "invalid_scope")


@pytest.mark.clause("RFC6749-4.4.2")
def test_4_4_2_the_client_must_be_authenticated(tls_client_auth_client, rival):
    """The authorization server MUST authenticate the client: another's certificate, or none, won't do."""
    for certificate in (None, rival.certificate, "no certificate"):
        answer = tls_client_auth_client.post("/token", grant_type="client_credentials", certificate=certificate)
        refused(answer, "invalid_client", 401)


# 5.2 Error response


@pytest.mark.clause("RFC6749-5.2")
def test_5_2_a_token_request_without_grant_type_is_invalid(each_client):
    """invalid_request: the request is missing a required parameter."""
    refused(each_client.post("/token"), "invalid_request")


@pytest.mark.clause("RFC6749-5.2")
@each("grant_type", ["authorization_code", "refresh_token", "client_credentials"])
def test_5_2_a_client_that_may_not_use_a_grant_type_is_unauthorized(resource_server, grant_type):
    """unauthorized_client: the authenticated client is not authorized to use this authorization grant type."""
    refused(resource_server.post("/token", grant_type=grant_type, code="x", refresh_token="x"), "unauthorized_client")


@pytest.mark.clause("RFC6749-5.2")
def test_5_2_a_client_without_grants_may_not_ask_a_person(resource_server):
    """unauthorized_client: the client is not authorized to request an authorization code using this method (4.1.2.1)."""
    refused(resource_server.push(), "unauthorized_client")


@pytest.mark.clause("RFC6749-5.2")
@pytest.mark.parametrize("path", BACK_CHANNEL)
@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_5_2_a_client_that_used_the_authorization_header_is_answered_by_its_scheme(
    tls_client_auth_client, path, scheme
):
    """MUST respond with 401 and a WWW-Authenticate header matching the authentication scheme used by the client."""
    header = ("Authorization", f"{scheme} " + b64encode(b"tls-client-auth:s3cret").decode())
    answer = tls_client_auth_client.bank.send(
        "POST", path, form=tls_client_auth_client.request_arguments() | {"token": "x"}, headers=(header,)
    )
    refused(answer, "invalid_client", 401)
    challenge = answer.header("www-authenticate")
    assert challenge is not None
    assert re.fullmatch(r'Basic realm="[^"]+"', challenge)


@pytest.mark.clause("RFC6749-5.2")
@each(
    "client_id",
    [
        "nobody",
        "Tls-Client-Auth",
        "tls-client-auth ",
        " tls-client-auth",
        "tls\x00-client-auth",
        "\u00fc",
        "x" * 255,
        "x" * 5000,
    ],
)
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_5_2_an_unknown_client_is_an_invalid_client(tls_client_auth_client, path, client_id):
    """invalid_client: client authentication failed (e.g. unknown client)."""
    refused(
        tls_client_auth_client.post(path, **tls_client_auth_client.request_arguments(client_id=client_id), token="x"),
        "invalid_client",
        401,
    )


@pytest.mark.clause("RFC6749-5.2")
def test_5_2_an_unknown_client_and_a_wrong_proof_look_the_same(tls_client_auth_client, self_signed_client):
    """invalid_client tells that authentication failed, and not who is a client here."""
    unknown = self_signed_client.push(client_id="nobody")
    wrong = self_signed_client.push(client_id="tls-client-auth")
    assert (unknown.status, unknown.text) == (wrong.status, wrong.text)


@pytest.mark.clause("RFC6749-5.2")
@each(
    "content_type",
    [
        None,
        "",
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded-not",
        "application/json, application/x-www-form-urlencoded",
    ],
)
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_5_2_a_body_of_another_type_is_malformed(tls_client_auth_client, path, content_type):
    """invalid_request: the request is otherwise malformed; forms alone are read, whatever they claim to be."""
    form = urlencode(
        tls_client_auth_client.authenticated(
            tls_client_auth_client.request_arguments() | {"grant_type": "client_credentials", "token": "x"}
        )
    )
    answer = tls_client_auth_client.bank.send(
        "POST", path, form=form, content_type=content_type, certificate=tls_client_auth_client.certificate
    )
    refused(answer, "invalid_request")


@pytest.mark.clause("RFC6749-5.2")
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_5_2_a_json_body_is_malformed_even_as_a_form(tls_client_auth_client, path):
    """A JSON body is no form: as one it has a single parameter of a strange name, and so no client."""
    body = '{"client_id":"tls-client-auth","grant_type":"client_credentials","token":"x"}'
    answer = tls_client_auth_client.bank.send(
        "POST", path, form=body, content_type="application/json", certificate=tls_client_auth_client.certificate
    )
    refused(answer, "invalid_request")
    refused(
        tls_client_auth_client.bank.send("POST", path, form=body, certificate=tls_client_auth_client.certificate),
        "invalid_client",
        401,
    )


@pytest.mark.clause("RFC6749-5.2")
@each("body", ["%", "&&&", "=", "%ff", "client_id=%C3%28", "a" * 70_000, "&".join(f"a{n}=" for n in range(200))])
@pytest.mark.parametrize("path", BACK_CHANNEL)
def test_5_2_a_body_that_can_not_be_read_is_refused(tls_client_auth_client, path, body):
    """A body that is empty, no UTF-8, too large or has too many parameters gets an error, never a failure of ours."""
    answer = tls_client_auth_client.bank.send("POST", path, form=body, certificate=tls_client_auth_client.certificate)
    assert answer.status in (400, 401, 413)
    assert answer.error in ("invalid_request", "invalid_client")


@pytest.mark.clause("RFC6749-1.5")
def test_1_5_a_client_that_registered_no_refresh_token_gets_none(bank, tls_client_auth_client):
    """Issuing a refresh token is at the discretion of the authorization server: who may not use one is given none."""
    bank.register(**CLIENTS["tls-client-auth"]() | {"client_id": "no-refresh", "grant_types": ["authorization_code"]})
    tokens = tls_client_auth_client.with_(client_id="no-refresh").tokens()
    assert "access_token" in tokens
    assert "refresh_token" not in tokens


# 6 Refreshing an access token


@pytest.mark.clause("RFC6749-6")
def test_6_a_refresh_token_gives_an_access_token_of_the_whole_scope(each_client):
    """scope: if omitted it is treated as equal to the scope originally granted."""
    refresh_token = each_client.tokens()["refresh_token"]
    body = each_client.refresh(refresh_token).json()
    assert body["scope"] == each_client.scope
    assert body["token_type"].lower() == "bearer"
    assert each_client.userinfo(body["access_token"]).status == 200


@pytest.mark.clause("RFC6749-6")
def test_6_a_narrower_scope_may_be_requested_and_narrows_that_token_alone(tls_client_auth_client):
    """scope may be narrowed; the refresh token keeps the scope of the one in the request."""
    refresh_token = tls_client_auth_client.tokens()["refresh_token"]
    narrow = tls_client_auth_client.refresh(refresh_token, scope="accounts").json()
    assert narrow["scope"] == "accounts"
    assert tls_client_auth_client.userinfo(narrow["access_token"]).status == 403
    assert tls_client_auth_client.refresh(refresh_token).json()["scope"] == tls_client_auth_client.scope


@pytest.mark.clause("RFC6749-6")
@each("scope", ["openid email", "email", "accounts email", "openid  profile", "OPENID", "unheard_of", "*"])
def test_6_a_refresh_may_not_ask_for_more_than_was_granted(tls_client_auth_client, scope):
    """The requested scope MUST NOT include any scope not originally granted by the resource owner."""
    refresh_token = tls_client_auth_client.tokens()["refresh_token"]
    refused(tls_client_auth_client.refresh(refresh_token, scope=scope), "invalid_scope")


@pytest.mark.clause("RFC6749-6")
def test_6_a_refresh_token_is_bound_to_its_client(tls_client_auth_client, self_signed_client):
    """The server MUST ensure that the refresh token was issued to the authenticated client."""
    refresh_token = tls_client_auth_client.tokens()["refresh_token"]
    refused(self_signed_client.refresh(refresh_token), "invalid_grant")
    assert tls_client_auth_client.refresh(refresh_token).status == 200


@pytest.mark.clause("RFC6749-6")
def test_6_a_refresh_token_must_be_one_of_ours_and_in_force(tls_client_auth_client):
    """The server MUST validate the refresh token."""
    refused(tls_client_auth_client.refresh(""), "invalid_request")
    tokens = tls_client_auth_client.tokens()
    refresh_token = tokens["refresh_token"]
    secret, _, consent = refresh_token.partition(".")
    wrong = [
        "x",
        secret,
        f"{secret}.",
        f".{consent}",
        f"{'A' * 43}.{consent}",
        f"{secret}.{'A' * 43}",
        f"{refresh_token} ",
    ]
    for one in [*wrong, tokens["access_token"], tls_client_auth_client.code(), "x." * 5000]:
        refused(tls_client_auth_client.refresh(one), "invalid_grant")
    tls_client_auth_client.revoke(refresh_token)
    refused(tls_client_auth_client.refresh(refresh_token), "invalid_grant")


# 10 Security considerations


@pytest.mark.clause("RFC6749-10.10")
def test_10_10_what_we_hand_out_can_not_be_guessed(tls_client_auth_client):
    """The probability of guessing MUST be at most 2^-128 and SHOULD be at most 2^-160: here each has 256 random bits."""
    made = [[], [], [], []]
    for _ in range(4):
        request_uri = tls_client_auth_client.pushed()
        code = (
            Browser(tls_client_auth_client.bank).login(tls_client_auth_client.client_id, request_uri).parameters["code"]
        )
        tokens = tls_client_auth_client.redeem(code).json()
        values = (request_uri.removeprefix(REQUEST_URI), code, tokens["access_token"], tokens["refresh_token"])
        for kind, value in zip(made, values, strict=True):
            kind.append(value)
            assert re.fullmatch(r"[A-Za-z0-9_-]{43}", value.partition(".")[0])
            assert shannon(value) > 128
    secrets = [value.partition(".")[0] for kind in made for value in kind]
    assert len(set(secrets)) == 16


@pytest.mark.clause("RFC6749-10.12")
@pytest.mark.parametrize("where", ["login", "consent"])
@each("wrong", [{"csrf": ""}, {"csrf": "x"}, {"csrf": "\u00fc"}, {"interaction": "x"}, {"interaction": ""}])
def test_10_12_a_form_that_another_site_made_does_nothing(tls_client_auth_client, where, wrong):
    """The server MUST implement CSRF protection for its authorization endpoint, and never act without the person's awareness."""
    browser, request_uri = Browser(tls_client_auth_client.bank), tls_client_auth_client.pushed()
    shown = (browser.page if where == "login" else browser.consent_page)(tls_client_auth_client.client_id, request_uri)
    hidden = dict(re.findall(r'name="(interaction|csrf)" value="([^"]*)"', shown.text))
    action = {"login": "login", "consent": "approve"}[where]
    right = {"action": action, "username": "alice", "password": "wonderland", "one_time_code": "123456", **hidden}
    page(browser.post(f"/{where}", right | wrong), "access_denied")
    page(tls_client_auth_client.bank.send("POST", f"/{where}", form=right), "access_denied")
    assert browser.post(f"/{where}", right).leads_on


@pytest.mark.clause("RFC6749-10.13")
def test_10_13_no_page_may_stand_in_a_frame(tls_client_auth_client):
    """To prevent clickjacking, pages say X-Frame-Options, and frame-ancestors to newer browsers."""
    browser = Browser(tls_client_auth_client.bank)
    request_uri = tls_client_auth_client.pushed()
    pages = [
        browser.page(tls_client_auth_client.client_id, request_uri),
        browser.consent_page(tls_client_auth_client.client_id, request_uri),
    ]
    pages.append(browser.open("nobody", request_uri))
    for shown in pages:
        assert shown.header("x-frame-options") == "DENY"
        assert "frame-ancestors 'none'" in (shown.header("content-security-policy") or "")


@pytest.mark.clause("RFC6749-10.14")
@MANY
@given(data=st.data())
def test_10_14_no_input_of_the_back_channel_makes_us_fail(tls_client_auth_client, data):
    """The server MUST sanitize and validate any value received."""
    path = data.draw(st.sampled_from(BACK_CHANNEL))
    form = tls_client_auth_client.authenticated(
        tls_client_auth_client.request_arguments()
        | {"grant_type": "authorization_code", "code": "x", "token": "x", "refresh_token": "x"}
    )
    for name in data.draw(
        st.lists(st.sampled_from([*sorted(form), "prompt", "max_age", "client_assertion"]), max_size=3)
    ):
        form[name] = data.draw(st.one_of(ANYTHING, st.builds(lambda text, times: text * times, ANYTHING, st.just(40))))
    answer = tls_client_auth_client.bank.send("POST", path, form=form, certificate=tls_client_auth_client.certificate)
    assert answer.status in (200, 201, 400, 401, 413), answer.text
    if answer.status >= 400:
        assert answer.json().keys() == {"error", "error_description"}
        assert DESCRIPTION.fullmatch(answer.json()["error_description"])


@pytest.mark.clause("RFC6749-10.14")
@MANY
@given(client_id=ANYTHING, request_uri=st.one_of(ANYTHING, ANYTHING.map(lambda text: REQUEST_URI + text)))
@example(client_id="tls-client-auth", request_uri=REQUEST_URI)
@example(client_id="tls-client-auth", request_uri=REQUEST_URI + "x" * 9000)
@example(client_id="<script>", request_uri=REQUEST_URI + "<script>")
def test_10_14_no_input_of_the_authorization_endpoint_makes_us_fail(bank, client_id, request_uri):
    """The server MUST sanitize and validate any value received; none of it comes back on the page."""
    query = {"client_id": client_id, "request_uri": request_uri, "redirect_uri": "https://evil.example"}
    answer = bank.send("GET", "/authorize", query=query)
    assert answer.status == 400
    assert answer.page_error in ("invalid_request", "invalid_request_uri")
    assert "evil.example" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.clause("RFC6749-10.14")
@MANY
@given(key=ANYTHING, path=st.sampled_from(["/login", "/consent"]))
@example(key="x" * 3000, path="/login")
@example(key="", path="/consent")
def test_10_14_no_input_of_the_pages_makes_us_fail(bank, key, path):
    """The server MUST sanitize and validate any value received."""
    page(bank.send("GET", path, query={"interaction": key}), "access_denied")
    cookie = ("Cookie", f"__Host-ducat-{quote(key)[:16]}=x")
    form = {"interaction": key, "csrf": "x", "action": "approve"}
    page(bank.send("POST", path, form=form, headers=(cookie,)), "access_denied")


@pytest.mark.clause("RFC6749-10.15")
def test_10_15_no_parameter_of_the_authorization_endpoint_redirects_anywhere(tls_client_auth_client):
    """The authorization endpoint must not be an open redirector: outer parameters lead nowhere."""
    browser = Browser(tls_client_auth_client.bank)
    request_parameters = {
        "client_id": tls_client_auth_client.client_id,
        "request_uri": tls_client_auth_client.pushed(),
        "redirect_uri": "https://evil.example/callback",
    }
    opened = browser.get("/authorize", request_parameters)
    assert not urlsplit(opened.location).netloc
    back = browser.submit(browser.get(opened.location), "cancel")
    assert back.location.startswith(tls_client_auth_client.redirect_uri + "?")


# Appendix A, B


@pytest.mark.clause("RFC6749-A.1")
def test_a_1_a_client_id_of_any_visible_characters_works(bank, tls_client_auth_client):
    """client-id = *VSCHAR."""
    unusual = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    grants = {"grant_types": ["client_credentials"], "scope": "accounts"}
    bank.register(
        client_id=unusual,
        client_name="Unusual",
        profile="fapi2-security",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=tls-client-auth,O=Fintech\\, Inc.,C=DE",
        tls_client_certificate_bound_access_tokens=True,
        **grants,
    )
    assert tls_client_auth_client.with_(client_id=unusual).post("/token", grant_type="client_credentials").status == 200


@pytest.mark.clause("RFC6749-B")
def test_b_forms_are_read_as_the_form_encoding_says(tls_client_auth_client):
    """application/x-www-form-urlencoded: UTF-8, + for a space, %2B for a plus, escapes in either case."""
    values = tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments())
    values.pop("state")
    body = urlencode(values) + "&state=a+b%20c%2bd%2Be%26%3D%25%c3%bc"
    types = ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded; Charset=UTF-8"]
    for content_type in types:
        answer = tls_client_auth_client.bank.send(
            "POST", "/par", form=body, content_type=content_type, certificate=tls_client_auth_client.certificate
        )
        request_uri = answer.json()["request_uri"]
        back = Browser(tls_client_auth_client.bank).login(tls_client_auth_client.client_id, request_uri)
        assert back.parameters["state"] == "a b c+d+e&=%\u00fc"
    assert dict(parse_qsl(urlsplit(back.location).query))["iss"] == ISSUER
    assert CHALLENGE in body
