"""RFC 7636, Proof Key for Code Exchange: S256 alone, and always."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.actors import CHALLENGE, VERIFIER, Browser
from tests.each import each

MANY = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
PUBLISHED_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
PUBLISHED_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def challenge_of(verifier):
    """Section 4.2: BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def refused(answer, error):
    assert (answer.status, answer.error) == (400, error), answer.text
    return answer


# 4.1 The code verifier


@pytest.mark.clause("RFC7636-4.1")
@each(
    "verifier",
    ["a" * 43, "~" * 43, "-._~" * 32, "0" * 128, UNRESERVED, (UNRESERVED * 2)[:128]],
)
def test_4_1_a_verifier_of_43_to_128_unreserved_characters_is_taken(tls_client_auth_client, verifier):
    """code-verifier = 43*128unreserved; unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"."""
    code = tls_client_auth_client.code(code_challenge=challenge_of(verifier))
    assert tls_client_auth_client.redeem(code, code_verifier=verifier).status == 200


@pytest.mark.clause("RFC7636-4.1")
@each(
    "verifier",
    [
        "a" * 42,
        "a" * 129,
        "a" * 5000,
        "x",
        "a" * 42 + "+",
        "a" * 42 + "/",
        "a" * 42 + "=",
        "a" * 42 + " ",
        "a" * 43 + "\n",
        "%61" * 43,
    ],
)
def test_4_1_a_verifier_of_another_length_or_alphabet_is_refused_though_its_challenge_fits(
    tls_client_auth_client, verifier
):
    """The verifier has a minimum length of 43 characters and a maximum of 128, all of them unreserved."""
    code = tls_client_auth_client.code(code_challenge=challenge_of(verifier))
    refused(tls_client_auth_client.redeem(code, code_verifier=verifier), "invalid_grant")


# 4.2 The code challenge


@pytest.mark.clause("RFC7636-4.2")
def test_4_2_the_published_example_works(tls_client_auth_client):
    """Appendix B: the verifier and its challenge, byte for byte."""
    assert challenge_of(PUBLISHED_VERIFIER) == PUBLISHED_CHALLENGE
    code = tls_client_auth_client.code(code_challenge=PUBLISHED_CHALLENGE)
    assert tls_client_auth_client.redeem(code, code_verifier=PUBLISHED_VERIFIER).status == 200


@pytest.mark.clause("RFC7636-4.2")
@each(
    "challenge",
    [
        CHALLENGE[:-1],
        CHALLENGE + "A",
        CHALLENGE + "=",
        CHALLENGE + "\n",
        " " + CHALLENGE,
        CHALLENGE[:-1] + "+",
        CHALLENGE[:-1] + "/",
        CHALLENGE[:-1] + "~",
        CHALLENGE[:-1] + ".",
        CHALLENGE[:-1] + "\u00fc",
        sha256(b"x").hexdigest(),
    ],
)
def test_4_2_a_challenge_that_no_verifier_can_have_is_refused(tls_client_auth_client, challenge):
    """An S256 challenge is 32 bytes in base64url without padding: 43 characters of that alphabet."""
    refused(tls_client_auth_client.push(code_challenge=challenge), "invalid_request")


@pytest.mark.clause("RFC7636-4.2")
@MANY
@given(challenge=st.one_of(TEXT, st.text(UNRESERVED + "+/=% ", min_size=40, max_size=46), st.just(CHALLENGE)))
@example(challenge=PUBLISHED_CHALLENGE)
def test_4_2_a_challenge_is_taken_exactly_where_it_is_43_characters_of_base64url(tls_client_auth_client, challenge):
    """An S256 challenge is 32 bytes in base64url without padding: 43 characters of that alphabet."""
    answer = tls_client_auth_client.push(code_challenge=challenge)
    if re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
        assert answer.status == 201
    else:
        refused(answer, "invalid_request")


# 4.3 The request


@pytest.mark.clause("RFC7636-4.3")
def test_4_3_a_request_without_method_means_plain_which_is_refused(tls_client_auth_client):
    """code_challenge_method defaults to plain if it is not present in the request."""
    refused(tls_client_auth_client.push(code_challenge_method=None), "invalid_request")
    refused(tls_client_auth_client.push(code_challenge_method=""), "invalid_request")


@pytest.mark.clause("RFC7636-4.3")
@each("method", ["plain", "s256", "S256 ", "S512", "none", "S256,plain", "S256 plain", "\u0405256"])
def test_4_3_no_method_but_s256_is_taken(tls_client_auth_client, method):
    """code_challenge_method is S256 or plain, and a server may do with S256 (7.2: plain SHOULD NOT be used)."""
    refused(tls_client_auth_client.push(code_challenge_method=method), "invalid_request")


# 4.4 The code


@pytest.mark.clause("RFC7636-4.4")
def test_4_4_the_code_remembers_the_challenge_of_its_own_request(tls_client_auth_client):
    """When the server issues the code, it MUST associate code_challenge and its method with that code."""
    other = "another-code-verifier-of-forty-three-characters"
    first, second = tls_client_auth_client.code(), tls_client_auth_client.code(code_challenge=challenge_of(other))
    refused(tls_client_auth_client.redeem(first, code_verifier=other), "invalid_grant")
    refused(tls_client_auth_client.redeem(second, code_verifier=VERIFIER), "invalid_grant")
    assert tls_client_auth_client.redeem(first, code_verifier=VERIFIER).status == 200
    assert tls_client_auth_client.redeem(second, code_verifier=other).status == 200


@pytest.mark.clause("RFC7636-4.4")
def test_4_4_a_challenge_beside_the_request_uri_changes_nothing(tls_client_auth_client):
    """The challenge is the pushed one: whoever opens the link can't swap in a verifier of their own."""
    own = "the-attackers-verifier-of-forty-three-characters"
    outer = {"code_challenge": challenge_of(own), "code_challenge_method": "S256"}
    browser = Browser(tls_client_auth_client.bank)
    request_parameters = {
        "client_id": tls_client_auth_client.client_id,
        "request_uri": tls_client_auth_client.pushed(),
        **outer,
    }
    page = browser.get(browser.get("/authorize", request_parameters).location)
    code = browser.submit(browser.get(browser.sign_in(page).location), "approve").parameters["code"]
    refused(tls_client_auth_client.redeem(code, code_verifier=own), "invalid_grant")
    assert tls_client_auth_client.redeem(code).status == 200


@pytest.mark.clause("RFC7636-4.4")
def test_4_4_nobody_can_read_the_challenge_from_what_passes_through_the_browser(tls_client_auth_client):
    """The server MUST NOT include the code_challenge in a form that other entities can extract."""
    browser, request_uri = Browser(tls_client_auth_client.bank), tls_client_auth_client.pushed()
    opened = browser.open(tls_client_auth_client.client_id, request_uri)
    login = browser.get(opened.location)
    consent = browser.get(browser.sign_in(login).location)
    back = browser.submit(consent, "approve")
    seen = [request_uri, opened.location, login.text, consent.text, back.location, *browser.cookies.values()]
    assert not [text for text in seen if CHALLENGE in unquote(text)]


@pytest.mark.clause("RFC7636-4.4.1")
@each(
    "without",
    [{"code_challenge": None}, {"code_challenge": None, "code_challenge_method": None}, {"code_challenge": ""}],
)
def test_4_4_1_a_request_without_challenge_is_invalid(each_client, without):
    """If the server requires PKCE and the client sends no code_challenge, it MUST answer invalid_request and say why."""
    answer = refused(each_client.push(**without), "invalid_request")
    assert "code_challenge" in answer.json()["error_description"]


@pytest.mark.clause("RFC7636-4.4.1")
def test_4_4_1_an_unsupported_transformation_is_invalid_and_said_to_be(each_client):
    """If the server does not support the requested transformation, it MUST return invalid_request and say so."""
    answer = refused(each_client.push(code_challenge_method="plain", code_challenge=VERIFIER), "invalid_request")
    assert "code_challenge_method" in answer.json()["error_description"]


# 4.5, 4.6 The token request


@pytest.mark.clause("RFC7636-4.5")
@pytest.mark.parametrize("verifier", [None, ""])
def test_4_5_a_token_request_without_verifier_is_refused(each_client, verifier):
    """code_verifier: REQUIRED."""
    code = each_client.code()
    refused(each_client.redeem(code, code_verifier=verifier), "invalid_grant")
    assert each_client.redeem(code).status == 200


@pytest.mark.clause("RFC7636-4.6")
def test_4_6_the_challenge_itself_is_no_verifier(tls_client_auth_client):
    """The server transforms the verifier before it compares: what an eavesdropper saw of the request opens nothing."""
    refused(tls_client_auth_client.redeem(tls_client_auth_client.code(), code_verifier=CHALLENGE), "invalid_grant")
    twice = challenge_of(CHALLENGE)
    refused(tls_client_auth_client.redeem(tls_client_auth_client.code(), code_verifier=twice), "invalid_grant")


@pytest.mark.clause("RFC7636-4.6")
def test_4_6_no_other_verifier_fits(tls_client_auth_client):
    """If the values are not equal, an error response indicating invalid_grant MUST be returned."""
    code = tls_client_auth_client.code()

    @MANY
    @given(data=st.data())
    def changed(data):
        start = data.draw(st.integers(0, len(VERIFIER)))
        end = data.draw(st.integers(start, len(VERIFIER)))
        some = data.draw(st.one_of(st.text(UNRESERVED, max_size=60), TEXT))
        other = VERIFIER[:start] + some + VERIFIER[end:]
        if other != VERIFIER:
            refused(tls_client_auth_client.redeem(code, code_verifier=other), "invalid_grant")

    changed()
    for other in (VERIFIER.upper(), VERIFIER + "A", VERIFIER[:-1], f" {VERIFIER}", f"{VERIFIER}\n"):
        refused(tls_client_auth_client.redeem(code, code_verifier=other), "invalid_grant")
    assert tls_client_auth_client.redeem(code).status == 200  # so each refusal was the verifier's fault
