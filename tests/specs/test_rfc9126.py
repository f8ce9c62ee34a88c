"""RFC 9126, Pushed Authorization Requests: the only way in."""

import re
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actors import REQUEST_URI, Browser, certificate
from tests.conftest import STANDARD
from tests.each import each

MANY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
FORM = "application/x-www-form-urlencoded"


def refused(answer, *errors, status=400):
    body = answer.json()
    assert answer.status == status, answer.text
    assert body["error"] in errors
    assert answer.header("cache-control") == "no-store"
    assert "request_uri" not in body
    return answer


def page(answer, *errors):
    """An error page for a person, who is not sent on."""
    assert 400 <= answer.status < 500, (answer.status, answer.text)
    assert answer.header("location") is None
    assert answer.header("set-cookie") is None
    assert answer.page_error in errors
    return answer


def begun(answer):
    assert urlsplit(answer.location).path == "/login"
    return answer


# 2 The endpoint


@pytest.mark.clause("PAR-2")
def test_2_the_endpoint_is_https_and_authenticates_as_the_token_endpoint_does(bank, each_client):
    """The rules for client authentication of the token endpoint apply here; the URL MUST use https."""
    assert bank.metadata()["pushed_authorization_request_endpoint"].startswith("https://")
    assert each_client.push().status == 201
    without = {**each_client.request_arguments(), "client_id": each_client.client_id}
    refused(bank.send("POST", "/par", form=without), "invalid_client", status=401)


@pytest.mark.clause("PAR-2")
def test_2_a_client_that_authenticates_by_assertion_needs_no_certificate_here(fintech):
    """Nothing that is given out here is bound to a certificate, so none is asked for."""
    assert fintech.push(certificate=None).status == 201


@pytest.mark.clause("PAR-2")
@each("content_type", [FORM, f"{FORM};charset=UTF-8", FORM.upper()])
def test_2_parameters_come_as_a_form(tls_client_auth_client, content_type):
    """The endpoint accepts POST requests with parameters in the body, form-encoded, in UTF-8."""
    form = tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments(state="\u20ac \u00fc"))
    answer = tls_client_auth_client.bank.send(
        "POST", "/par", form=form, content_type=content_type, certificate=tls_client_auth_client.certificate
    )
    assert answer.status == 201
    back = Browser(tls_client_auth_client.bank).login(tls_client_auth_client.client_id, answer.json()["request_uri"])
    assert back.parameters["state"] == "\u20ac \u00fc"


@pytest.mark.clause("PAR-2")
@each("content_type", [None, "application/json", "multipart/form-data", "text/plain"])
def test_2_parameters_come_as_nothing_else(tls_client_auth_client, content_type):
    """The endpoint accepts the form encoding, and no other."""
    form = urlencode(tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments()))
    answer = tls_client_auth_client.bank.send(
        "POST", "/par", form=form, content_type=content_type, certificate=tls_client_auth_client.certificate
    )
    refused(answer, "invalid_request")


@pytest.mark.clause("PAR-2")
def test_2_parameters_in_the_query_count_for_nothing(tls_client_auth_client):
    """Parameters come in the message body: the query neither completes nor changes them."""
    form, send = (
        tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments()),
        tls_client_auth_client.bank.send,
    )
    answer = send(
        "POST",
        "/par",
        query=form,
        form={"client_id": "tls-client-auth"},
        certificate=tls_client_auth_client.certificate,
    )
    refused(answer, "invalid_request")
    query = {"state": "other", "redirect_uri": "https://evil.example", "request_uri": REQUEST_URI + "x"}
    answer = send("POST", "/par", query=query, form=form, certificate=tls_client_auth_client.certificate)
    back = Browser(tls_client_auth_client.bank).login(tls_client_auth_client.client_id, answer.json()["request_uri"])
    assert back.location.startswith(tls_client_auth_client.redirect_uri + "?")
    assert back.parameters["state"] == "a-state"


# 2.1 The request


@pytest.mark.clause("PAR-2.1")
def test_2_1_a_wrong_proof_of_who_the_client_is_gets_nothing(each_client, rival):
    """Step 1: authenticate the client in the same way as at the token endpoint."""
    wrong = (
        {"client_assertion": rival.assertion(iss="fintech", sub="fintech")}
        if each_client.auth == "private_key_jwt"
        else {}
    )
    if wrong:
        wrong["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    answer = each_client.post("/par", certificate=rival.certificate, **each_client.request_arguments(**wrong))
    refused(answer, "invalid_client", status=401)


@pytest.mark.clause("PAR-2.1")
@each("request_uri", [REQUEST_URI + "x", "https://fintech.example/request.jwt", "x", "own"])
def test_2_1_a_request_uri_is_refused(each_client, request_uri):
    """Step 2: reject the request if the request_uri authorization request parameter is provided."""
    sent = each_client.pushed() if request_uri == "own" else request_uri
    refused(each_client.push(request_uri=sent), "invalid_request")


@pytest.mark.clause("PAR-2.1")
def test_2_1_a_request_uri_without_value_was_not_sent(tls_client_auth_client):
    """Step 2 is about a value: a parameter without one is as if omitted (RFC 6749 3.1)."""
    assert tls_client_auth_client.push(request_uri="").status == 201


@pytest.mark.clause("PAR-2.1-2")
@pytest.mark.parametrize(
    "request_uri",
    [{"request_uri": REQUEST_URI + "x"}, {"request_uri": REQUEST_URI + "x", "redirect_uri": None, "scope": None}],
)
def test_2_1_2_a_request_that_only_names_another_is_refused(tls_client_auth_client, request_uri):
    """Step 2 comes before the request is looked at."""
    refused(tls_client_auth_client.push(**request_uri), "invalid_request")


@pytest.mark.clause("PAR-2.1-3")
@each(
    ("wrong", "error"),
    [
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"redirect_uri": "https://fintech.example/callback/"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": "openid phone"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"state": "x" * 4097}, "invalid_request"),
        ({"client_id": "rival"}, "invalid_client"),
    ],
)
def test_2_1_3_a_request_is_validated_when_it_is_pushed(fintech, wrong, error):
    """Step 3: validate the pushed request as one at the authorization endpoint, to refuse a fraudulent one early."""
    refused(fintech.push(**wrong), error, status=401 if error == "invalid_client" else 400)


@pytest.mark.clause("PAR-2.1-3")
def test_2_1_3_a_client_may_push_only_in_its_own_name(tls_client_auth_client, self_signed_client):
    """The client_id is the authenticated client's: nobody pushes for another."""
    refused(tls_client_auth_client.push(client_id="self-signed"), "invalid_client", status=401)
    refused(self_signed_client.push(client_id="tls-client-auth"), "invalid_client", status=401)


# 2.2 The response


@pytest.mark.clause("PAR-2.2")
def test_2_2_a_pushed_request_gets_201_a_request_uri_and_its_life(each_client):
    """201 Created, application/json, request_uri and expires_in: a positive integer of seconds."""
    answer = each_client.push()
    assert answer.status == 201
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    body = answer.json()
    assert body.keys() == {"request_uri", "expires_in"}
    assert type(body["expires_in"]) is int
    assert 5 <= body["expires_in"] < 600


@pytest.mark.clause("PAR-7.1")
def test_7_1_a_request_uri_can_not_be_guessed(tls_client_auth_client):
    """An attacker must not guess a request_uri: a urn whose last part is 256 random bits, another each time."""
    made = {tls_client_auth_client.pushed() for _ in range(30)}
    assert len(made) == 30
    assert all(re.fullmatch(re.escape(REQUEST_URI) + r"[A-Za-z0-9_-]{43}", one) for one in made)


@pytest.mark.clause("PAR-2.2")
@each("client_id", ["self-signed", "fintech", "resource-server", "nobody"])
def test_2_2_a_request_uri_is_bound_to_the_client_that_pushed(tls_client_auth_client, client_id):
    """The authorization server MUST bind the request_uri to the client that posted the authorization request."""
    request_uri = tls_client_auth_client.pushed()
    page(Browser(tls_client_auth_client.bank).open(client_id, request_uri), "invalid_request_uri")
    begun(Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, request_uri))


@pytest.mark.clause("PAR-2.2")
def test_2_2_what_was_pushed_is_what_is_answered(tls_client_auth_client):
    """The request_uri references the authorization request data that was posted, each its own."""
    first, second = (
        tls_client_auth_client.pushed(state="one", scope="openid"),
        tls_client_auth_client.pushed(state="two", scope="accounts"),
    )
    for request_uri, state, scope in ((second, "two", "accounts"), (first, "one", "openid")):
        back = Browser(tls_client_auth_client.bank).login(tls_client_auth_client.client_id, request_uri).parameters
        assert back["state"] == state
        assert tls_client_auth_client.redeem(back["code"]).json()["scope"] == scope


# 2.3 The error response


@pytest.mark.clause("PAR-2.3")
@each("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_2_3_any_method_but_post_is_not_allowed(tls_client_auth_client, method):
    """405: if the request did not use the POST method."""
    form = tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments())
    answer = tls_client_auth_client.bank.send(
        method, "/par", query=form, form=form, certificate=tls_client_auth_client.certificate
    )
    refused(answer, "invalid_request", status=405)
    assert answer.header("allow") == "POST"


@pytest.mark.clause("PAR-2.3")
def test_2_3_a_request_beyond_the_upper_bound_is_too_large(tls_client_auth_client):
    """413: if the request size was beyond the upper bound that the authorization server allows."""
    refused(tls_client_auth_client.push(extra={"foo": "x" * 65_536}), "invalid_request", status=413)
    assert tls_client_auth_client.push(extra={"foo": "x" * 60_000}).status == 201


@pytest.mark.clause("PAR-2.3")
def test_2_3_an_error_has_the_format_of_the_token_endpoints(each_client):
    """An error response of the format that RFC 6749 5.2 specifies."""
    answer = refused(each_client.push(redirect_uri="https://evil.example"), "invalid_request")
    assert answer.json().keys() == {"error", "error_description"}
    assert "evil.example" not in answer.text


@pytest.mark.clause("PAR-2.3")
def test_2_3_no_error_of_this_endpoint_is_about_the_person(tls_client_auth_client):
    """Error codes related to user interaction, such as consent_required, are never returned here."""
    request_uri = tls_client_auth_client.pushed(prompt="none")
    back = Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, request_uri)
    assert back.parameters["error"] == "login_required"


# 3 The request parameter


@pytest.mark.clause("PAR-3")
@pytest.mark.parametrize("sent", ["x", "eyJhbGciOiJub25lIn0.e30."])
def test_3_a_request_object_is_not_supported(each_client, sent):
    """Clients MAY use the request parameter where the server offers it; where it does not, it says so."""
    refused(each_client.push(request=sent), "request_not_supported")


# 4 The authorization request


@pytest.mark.clause("PAR-4")
def test_4_client_id_and_request_uri_are_enough(each_client):
    """The client uses the request_uri to build the authorization request."""
    back = Browser(each_client.bank).login(each_client.client_id, each_client.pushed())
    assert each_client.redeem(back.parameters["code"]).status == 200


@pytest.mark.clause("PAR-4")
@each(
    "outer",
    [
        {"state": "outer", "nonce": "outer"},
        {"redirect_uri": "https://evil.example/callback"},
        {"scope": "openid email", "response_type": "code id_token", "response_mode": "fragment"},
        {"prompt": "none", "max_age": "x", "request": "x"},
        "same",
    ],
)
def test_4_parameters_beside_the_request_uri_change_nothing(tls_client_auth_client, outer):
    """The pushed request alone counts, whether what stands beside it says the same or another thing."""
    request_parameters = {
        "client_id": tls_client_auth_client.client_id,
        "request_uri": tls_client_auth_client.pushed(),
        **(tls_client_auth_client.request_arguments() if outer == "same" else outer),
    }
    browser = Browser(tls_client_auth_client.bank)
    login = browser.get(begun(browser.get("/authorize", request_parameters)).location)
    back = browser.submit(browser.get(browser.sign_in(login).location), "approve")
    assert back.location.startswith(tls_client_auth_client.redirect_uri + "?")
    assert back.parameters["state"] == "a-state"
    tokens = tls_client_auth_client.redeem(back.parameters["code"]).json()
    assert tokens["scope"] == tls_client_auth_client.scope
    assert (
        tls_client_auth_client.bank.verified(tokens["id_token"], tls_client_auth_client.client_id)["nonce"] == "a-nonce"
    )


@pytest.mark.clause("PAR-4")
def test_4_a_page_may_be_loaded_again_before_the_login(tls_client_auth_client):
    """request_uri values are for one use, but duplicate requests due to a person reloading MAY be allowed."""
    browser, request_uri = Browser(tls_client_auth_client.bank), tls_client_auth_client.pushed()
    for _ in range(3):
        begun(browser.open(tls_client_auth_client.client_id, request_uri))
    assert "code" in browser.login(tls_client_auth_client.client_id, request_uri).parameters


@pytest.mark.clause("PAR-7.3")
def test_7_3_a_request_uri_is_not_used_again_after_it_was_answered(tls_client_auth_client):
    """request_uri values are for one use: once answered, a second answer is never given, in any browser."""
    browser, request_uri = Browser(tls_client_auth_client.bank), tls_client_auth_client.pushed()
    assert "code" in browser.login(tls_client_auth_client.client_id, request_uri).parameters
    page(browser.open(tls_client_auth_client.client_id, request_uri), "invalid_request_uri")
    page(
        Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, request_uri), "invalid_request_uri"
    )


@pytest.mark.clause("PAR-4")
def test_4_an_expired_request_uri_is_rejected(tls_client_auth_client):
    """An expired request_uri MUST be rejected as invalid."""
    body = tls_client_auth_client.push().json()
    tls_client_auth_client.bank.now += body["expires_in"] - 1
    begun(Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, body["request_uri"]))
    tls_client_auth_client.bank.now += 1
    page(
        Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, body["request_uri"]),
        "invalid_request_uri",
    )


@pytest.mark.clause("PAR-4")
@pytest.mark.parametrize("method", ["GET", "POST"])
@each("request_uri", [None, "", "https://fintech.example/request.jwt", "urn:ietf:params:oauth:request_uri"])
def test_4_a_request_that_was_not_pushed_is_refused_as_invalid_request(tls_client_auth_client, method, request_uri):
    """Where PAR is the only means, the server refuses with invalid_request what has no request_uri from this endpoint."""
    request_parameters = {
        **tls_client_auth_client.request_arguments(client_id=tls_client_auth_client.client_id),
        "request_uri": request_uri,
    }
    request_parameters = {name: value for name, value in request_parameters.items() if value is not None}
    where = {"form" if method == "POST" else "query": request_parameters}
    page(tls_client_auth_client.bank.send(method, "/authorize", **where), "invalid_request")


@pytest.mark.clause("PAR-4")
def test_4_a_request_object_instead_of_a_pushed_request_is_refused(tls_client_auth_client):
    """Where PAR is the only means, a request by value does not get past it either."""
    request_parameters = tls_client_auth_client.request_arguments(
        client_id=tls_client_auth_client.client_id, request="eyJhbGciOiJub25lIn0.e30."
    )
    page(tls_client_auth_client.bank.send("GET", "/authorize", query=request_parameters), "invalid_request")


@pytest.mark.clause("PAR-4")
def test_4_a_request_uri_without_client_is_refused(tls_client_auth_client):
    """client_id is a required parameter of the authorization request (RFC 9101 5)."""
    answer = tls_client_auth_client.bank.send(
        "GET", "/authorize", query={"request_uri": tls_client_auth_client.pushed()}
    )
    page(answer, "invalid_request")


@pytest.mark.clause("PAR-4")
def test_4_no_other_request_uri_opens_a_pushed_request(tls_client_auth_client):
    """A request_uri is the exact value that this endpoint gave."""
    request_uri = tls_client_auth_client.pushed()

    def opened(other):
        return Browser(tls_client_auth_client.bank).open(tls_client_auth_client.client_id, other)

    @MANY
    @given(data=st.data())
    def changed(data):
        start = data.draw(st.integers(0, len(request_uri)))
        cut = data.draw(st.integers(0, 2))
        other = request_uri[:start] + data.draw(TEXT) + request_uri[start + cut :]
        if other != request_uri:
            page(opened(other), "invalid_request_uri", "invalid_request")

    changed()
    for other in (request_uri[:-1], request_uri + "A", request_uri.upper(), f" {request_uri}", f"{request_uri}\n"):
        page(opened(other), "invalid_request_uri", "invalid_request")
    begun(opened(request_uri))


def changing(bank, client, **changes):
    """A client whose registration changes."""
    registered = {
        **STANDARD,
        "client_id": "changing",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=changing,O=Fintech\\, Inc.,C=DE",
    }
    bank.register(**registered | changes)
    return client.with_(client_id="changing", certificate=certificate("changing"))


@pytest.mark.clause("PAR-7.4")
@pytest.mark.parametrize("prompt", [None, "none"])
def test_7_4_a_redirect_uri_that_was_deregistered_since_is_not_used(bank, tls_client_auth_client, prompt):
    """The client policy might change after the push; the request is checked against it again at the authorization endpoint."""
    client = changing(bank, tls_client_auth_client)
    request_uri = client.pushed(prompt=prompt)
    changing(bank, tls_client_auth_client, redirect_uris=["https://fintech.example/new"])
    page(Browser(bank).open("changing", request_uri), "invalid_request")


@pytest.mark.clause("PAR-7.4")
def test_7_4_a_scope_that_was_withdrawn_since_is_not_granted(bank, tls_client_auth_client):
    """The client policy might change after the push; the request is checked against it again at the authorization endpoint."""
    client = changing(bank, tls_client_auth_client)
    request_uri = client.pushed()
    changing(bank, tls_client_auth_client, scope="openid")
    answer = Browser(bank).open("changing", request_uri)
    assert answer.location.startswith(client.redirect_uri + "?")
    assert answer.parameters["error"] == "invalid_scope"
    assert answer.parameters["state"] == "a-state"


# 5 Metadata


@pytest.mark.clause("PAR-5")
def test_5_metadata_name_the_endpoint_and_whether_it_is_the_only_way(bank):
    """pushed_authorization_request_endpoint; require_pushed_authorization_requests: a boolean, of every client or of none."""
    metadata = bank.metadata()
    assert metadata["pushed_authorization_request_endpoint"] == metadata["issuer"] + "/par"
    assert metadata["require_pushed_authorization_requests"] is False
